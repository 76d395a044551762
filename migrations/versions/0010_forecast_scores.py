"""Scores: how each run did, compared with what came true since. Rows are only added.

Safe while the previous release runs: it knows nothing of this table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TABLE = "forecast_scores"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"
# As those of the forecasts themselves: read by all that have the reach, and then only through
# disclosure; added by the worker alone.
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
    f"GRANT SELECT, INSERT ON {TABLE} TO {WORKER}",
)
KEY = (
    *("org_id", "subject_kind", "subject", "measure", "resource", "bed_type"),
    *("run_id", "first_step", "known_at"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        TABLE,
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("first_step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_cut", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("crps", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("baseline_crps", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("scale", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("c80", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("c95", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("bias", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("mae", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_step", sa.Integer(), nullable=True),
        sa.Column("said_low", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("said_median", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("said_high", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("came_true", sa.DOUBLE_PRECISION(), nullable=True),
        sa.CheckConstraint(
            "subject_kind in ('unit', 'group', 'careSetting')",
            name=op.f("forecast_scores_subject_kind_check"),
        ),
        sa.CheckConstraint(
            "served in ('engine', 'pooled', 'naive', 'sum')",
            name=op.f("forecast_scores_served_check"),
        ),
        sa.CheckConstraint(
            "(points > 0) = (crps is not null)", name=op.f("forecast_scores_points_check")
        ),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("forecast_scores_pkey")),
    )
    op.create_index(op.f("forecast_scores_run_id_idx"), TABLE, ["run_id"], unique=False)
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("forecast_scores_run_id_idx"), table_name=TABLE)
    op.drop_table(TABLE)
