"""How long a message was may be unknown: it was refused unread, or laid down in bulk.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.alter_column("feed_messages", "bytes", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    # The release before knows no unknown length.
    op.execute("UPDATE feed_messages SET bytes = 0 WHERE bytes IS NULL")
    op.alter_column("feed_messages", "bytes", existing_type=sa.Integer(), nullable=False)
