"""Files that are brought in: those under way with how far they are, and what became of them.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
WALLS = (
    "ALTER TABLE imports ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE imports FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY app_reads ON imports FOR SELECT TO {APP} USING ({MINE})",
    f"CREATE POLICY app_adds ON imports FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"CREATE POLICY app_changes ON imports FOR UPDATE TO {APP} USING ({MINE}) WITH CHECK ({MINE})",
    f"CREATE POLICY app_removes ON imports FOR DELETE TO {APP} USING ({MINE})",
    f"CREATE POLICY worker_all ON imports TO {WORKER} USING (true) WITH CHECK (true)",
    "CREATE POLICY owner_all ON imports TO CURRENT_USER USING (true) WITH CHECK (true)",
    # One that was refused, or that was never finished, leaves no row.
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON imports TO {APP}",
    f"GRANT SELECT ON imports TO {WORKER}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "imports",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column(
            "started_at", moment, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("alive_until", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("added", sa.BigInteger(), nullable=True),
        sa.Column("corrected", sa.BigInteger(), nullable=True),
        sa.Column("since", moment, nullable=True),
        sa.Column("until", moment, nullable=True),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("imports_pkey")),
    )
    op.create_index(
        op.f("imports_org_id_started_at_id_idx"), "imports", ["org_id", "started_at", "id"]
    )
    for statement in WALLS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("imports_org_id_started_at_id_idx"), table_name="imports")
    op.drop_table("imports")
