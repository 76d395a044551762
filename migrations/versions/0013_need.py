"""What the supply of a step is held against, where that is more than the band that is told.

An empty column of the steps before. Safe while the previous release runs: it names the columns
that it reads and writes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("forecast_points", sa.Column("need", postgresql.ARRAY(sa.REAL())))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("forecast_points", "need")
