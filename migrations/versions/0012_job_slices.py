"""Slices of a job, for any worker to do: what is asked, who is at it, what was found.

Safe while the previous release runs: it knows no slices, and does its jobs whole.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

WORKER = "verkeerstoren_worker"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "job_slices",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("slice", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_cut", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("found", sa.LargeBinary(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["job", "period"],
            ["job_runs.job", "job_runs.period"],
            name=op.f("job_slices_job_period_fkey"),
        ),
        sa.PrimaryKeyConstraint("job", "period", "slice", name=op.f("job_slices_pkey")),
    )
    # They are deflated already.
    for column in ("task", "found"):
        op.execute(f"ALTER TABLE job_slices ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON job_slices TO {WORKER}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("job_slices")
