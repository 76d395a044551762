"""Sample paths of the last runs: a row for each unit and kind, removed with the run after next.

Safe while the previous release runs: it knows nothing of this table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TABLE = "forecast_paths"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"
# As those of the forecasts themselves: read by all that have the reach, and then only through
# disclosure; added and removed by the worker alone.
WALLS = (
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY app_reads ON {TABLE} FOR SELECT TO {APP} USING ({MINE} OR {REGION})",
    f"CREATE POLICY app_adds ON {TABLE} FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"CREATE POLICY app_changes ON {TABLE} FOR UPDATE TO {APP} USING ({MINE}) WITH CHECK ({MINE})",
    f"CREATE POLICY app_removes ON {TABLE} FOR DELETE TO {APP} USING ({MINE})",
    f"CREATE POLICY worker_all ON {TABLE} TO {WORKER} USING (true) WITH CHECK (true)",
    f"CREATE POLICY owner_all ON {TABLE} TO CURRENT_USER USING (true) WITH CHECK (true)",
    f"GRANT SELECT ON {TABLE} TO {APP}",
    f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO {WORKER}",
)
KEY = ("org_id", "run_id", "unit", "measure", "resource", "bed_type")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        TABLE,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("bits", sa.SmallInteger(), nullable=False),
        sa.Column("paths", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("bits in (16, 32)", name=op.f("forecast_paths_bits_check")),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("forecast_paths_pkey")),
    )
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table(TABLE)
