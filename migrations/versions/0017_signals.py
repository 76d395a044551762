"""Signals as they went, and who saw them. Rows are only added.

Safe while the previous release runs: it knows nothing of these tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SIGNALS, SEEN = "signal_versions", "signal_acknowledgements"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"


def walls(table: str) -> tuple[str, ...]:
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY app_reads ON {table} FOR SELECT TO {APP} USING ({MINE} OR {REGION})",
        f"CREATE POLICY worker_all ON {table} TO {WORKER} USING (true) WITH CHECK (true)",
        f"CREATE POLICY owner_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
    )


# The worker adds signals, an organisation that it saw one. Nobody changes or removes a row.
WALLS = (
    *walls(SIGNALS),
    *walls(SEEN),
    f"CREATE POLICY app_adds ON {SEEN} FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"GRANT SELECT ON {SIGNALS} TO {APP}",
    f"GRANT SELECT, INSERT ON {SIGNALS} TO {WORKER}",
    f"GRANT SELECT, INSERT ON {SEEN} TO {APP}",
    f"GRANT SELECT ON {SEEN} TO {WORKER}",
)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def moment(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def known_at() -> sa.Column[object]:
    return sa.Column(
        "known_at",
        sa.DateTime(timezone=True),
        server_default=sa.text("clock_timestamp()"),
        nullable=False,
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        SIGNALS,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signal", sa.Uuid(), nullable=False),
        known_at(),
        *(text(name) for name in ("kind", "unit", "care_setting", "resource", "bed_type")),
        *(text(name) for name in ("stop", "specialism", "level")),
        *(moment(name) for name in ("began_at", "asks_since")),
        *(moment(name, nullable=True) for name in ("eased_at", "ended_at")),
        sa.CheckConstraint(
            "kind in ('stop', 'places', 'phone', 'silent')", name=op.f("signal_versions_kind_check")
        ),
        sa.CheckConstraint(
            "level in ('vol', 'druk', 'oud')", name=op.f("signal_versions_level_check")
        ),
        sa.CheckConstraint("began_at <= asks_since", name=op.f("signal_versions_asks_check")),
        sa.PrimaryKeyConstraint("org_id", "signal", "known_at", name=op.f("signal_versions_pkey")),
    )
    op.create_index(op.f("signal_versions_known_at_idx"), SIGNALS, ["known_at"], unique=False)
    op.create_table(
        SEEN,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signal", sa.Uuid(), nullable=False),
        moment("asks_since"),
        sa.Column("client_id", sa.Integer(), autoincrement=False, nullable=False),
        text("client"),
        sa.Column("places_people", sa.Boolean(), nullable=False),
        known_at(),
        sa.PrimaryKeyConstraint(
            *("org_id", "signal", "asks_since", "client_id"),
            name=op.f("signal_acknowledgements_pkey"),
        ),
    )
    op.create_index(op.f("signal_acknowledgements_signal_idx"), SEEN, ["signal"], unique=False)
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("signal_acknowledgements_signal_idx"), table_name=SEEN)
    op.drop_table(SEEN)
    op.drop_index(op.f("signal_versions_known_at_idx"), table_name=SIGNALS)
    op.drop_table(SIGNALS)
