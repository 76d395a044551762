"""The years as they were reckoned, and the what-ifs on them. Rows are only added.

Safe while the previous release runs: it knows nothing of this table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

TABLE = "scenarios"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"
# Read by all that have the reach, and then only through disclosure; an organisation adds its own,
# the worker the baseline. Nobody changes or removes one.
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
    f"GRANT SELECT, INSERT ON {TABLE} TO {WORKER}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        TABLE,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("told", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assumed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(scenario = 'baseline') = (based_on is null)",
            name=op.f("scenarios_baseline_check"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("scenarios_pkey")),
        sa.UniqueConstraint(
            "org_id", "scenario", "version", name=op.f("scenarios_org_id_scenario_version_key")
        ),
    )
    op.create_index(op.f("scenarios_known_at_id_idx"), TABLE, ["known_at", "id"], unique=False)
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("scenarios_known_at_id_idx"), table_name=TABLE)
    op.drop_table(TABLE)
