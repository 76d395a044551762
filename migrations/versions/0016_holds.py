"""Soft holds of places. Rows are only added.

Safe while the previous release runs: it knows nothing of this table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TABLE = "hold_versions"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"
# Read by all that have the reach, since a hold lowers what search offers to others; an organisation
# adds its own. Nobody changes or removes one.
WALLS = (
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY app_reads ON {TABLE} FOR SELECT TO {APP} USING ({MINE} OR {REGION})",
    f"CREATE POLICY app_adds ON {TABLE} FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"CREATE POLICY app_changes ON {TABLE} FOR UPDATE TO {APP} USING ({MINE}) WITH CHECK ({MINE})",
    f"CREATE POLICY app_removes ON {TABLE} FOR DELETE TO {APP} USING ({MINE})",
    f"CREATE POLICY worker_all ON {TABLE} TO {WORKER} USING (true) WITH CHECK (true)",
    f"CREATE POLICY owner_all ON {TABLE} TO CURRENT_USER USING (true) WITH CHECK (true)",
    f"GRANT SELECT, INSERT ON {TABLE} TO {APP}",
    f"GRANT SELECT ON {TABLE} TO {WORKER}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        TABLE,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hold", sa.Uuid(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ended_at is null or ended_at <= held_until", name=op.f("hold_versions_ends_check")
        ),
        sa.PrimaryKeyConstraint("org_id", "hold", "known_at", name=op.f("hold_versions_pkey")),
    )
    op.create_index(
        op.f("hold_versions_held_until_unit_idx"), TABLE, ["held_until", "unit"], unique=False
    )
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("hold_versions_held_until_unit_idx"), table_name=TABLE)
    op.drop_table(TABLE)
