"""What the next days tell of a step beside its quantiles: who comes, who leaves, what is free.

Empty columns of steps of other horizons, and of runs that were issued before. Safe while the
previous release runs: it names the columns that it reads and writes.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

ADDED: dict[str, Any] = {
    "arrivals": postgresql.ARRAY(sa.REAL()),
    "departures": postgresql.ARRAY(sa.REAL()),
    "net": postgresql.ARRAY(sa.REAL()),
    "at_least_90": sa.DOUBLE_PRECISION(),
    "at_least_70": sa.DOUBLE_PRECISION(),
    "no_place_at": postgresql.ARRAY(sa.DateTime(timezone=True)),
    "no_place": postgresql.ARRAY(sa.DOUBLE_PRECISION()),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name, kind in ADDED.items():
        op.add_column("forecast_points", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name in reversed(ADDED):
        op.drop_column("forecast_points", name)
