"""Feeds that are fetched: when each is due, who is at it, and how its last tries went.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("feed_pulls", "feed_pull_tries")
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"


def walls(table: str) -> list[str]:
    """Each organisation its own; the worker shares the work of all."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY app_reads ON {table} FOR SELECT TO {APP} USING ({MINE})",
        f"CREATE POLICY app_adds ON {table} FOR INSERT TO {APP} WITH CHECK ({MINE})",
        f"CREATE POLICY app_changes ON {table} FOR UPDATE TO {APP} "
        f"USING ({MINE}) WITH CHECK ({MINE})",
        f"CREATE POLICY app_removes ON {table} FOR DELETE TO {APP} USING ({MINE})",
        f"CREATE POLICY worker_all ON {table} TO {WORKER} USING (true) WITH CHECK (true)",
        f"CREATE POLICY owner_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
    ]


# A try is noted in the transaction that stores what it read, so by the app; which feeds are due,
# and the leases on them, are the worker's.
GRANTS = (
    f"GRANT SELECT, UPDATE ON feed_pulls TO {APP}",
    f"GRANT SELECT, INSERT ON feed_pull_tries TO {APP}",
    f"GRANT SELECT, INSERT, UPDATE ON feed_pulls TO {WORKER}",
    f"GRANT SELECT, DELETE ON feed_pull_tries TO {WORKER}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "feed_pulls",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("breaker", sa.Text(), server_default="closed", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_bytes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "breaker in ('closed', 'open', 'half-open')", name=op.f("feed_pulls_breaker_check")
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("feed_pulls_failures_check")),
        sa.ForeignKeyConstraint(["feed"], ["feeds.feed"], name=op.f("feed_pulls_feed_fkey")),
        sa.PrimaryKeyConstraint("org_id", "feed", name=op.f("feed_pulls_pkey")),
    )
    op.create_table(
        "feed_pull_tries",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome in ('taken', 'unchanged', 'failed')",
            name=op.f("feed_pull_tries_outcome_check"),
        ),
        sa.ForeignKeyConstraint(["feed"], ["feeds.feed"], name=op.f("feed_pull_tries_feed_fkey")),
        sa.PrimaryKeyConstraint("org_id", "feed", "tried_at", name=op.f("feed_pull_tries_pkey")),
    )
    for statement in [*(wall for table in TABLES for wall in walls(table)), *GRANTS]:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in reversed(TABLES):
        op.drop_table(table)
