"""Stops and statuses by the moment at which they were known, for the live stream.

Safe while the previous release runs: two indexes that it does not ask for.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = ("stop_versions", "unit_statuses")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in TABLES:
        op.create_index(op.f(f"{table}_known_at_idx"), table, ["known_at"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in TABLES:
        op.drop_index(op.f(f"{table}_known_at_idx"), table_name=table)
