"""Up to when the made-up region has been laid down; the owner's own, in a fictief database.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WALL = (
    "ALTER TABLE demo_loads ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE demo_loads FORCE ROW LEVEL SECURITY",
    "CREATE POLICY owner_all ON demo_loads TO CURRENT_USER USING (true) WITH CHECK (true)",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "demo_loads",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("begin_at", moment, nullable=False),
        sa.Column("dense_from", moment, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("loaded_at", moment, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "place", "until", name=op.f("demo_loads_pkey")),
    )
    for statement in WALL:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("demo_loads")
