"""Every message of a feed leaves a trace, also one that is refused; rejects are found by feed.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0003"

APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
WALL = (
    "ALTER TABLE feed_messages ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE feed_messages FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY app_reads ON feed_messages FOR SELECT TO {APP} USING ({MINE})",
    f"CREATE POLICY app_adds ON feed_messages FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"CREATE POLICY app_changes ON feed_messages FOR UPDATE TO {APP} "
    f"USING ({MINE}) WITH CHECK ({MINE})",
    f"CREATE POLICY app_removes ON feed_messages FOR DELETE TO {APP} USING ({MINE})",
    f"CREATE POLICY worker_all ON feed_messages TO {WORKER} USING (true) WITH CHECK (true)",
    "CREATE POLICY owner_all ON feed_messages TO CURRENT_USER USING (true) WITH CHECK (true)",
    # Added once, and never changed.
    f"GRANT SELECT, INSERT ON feed_messages TO {APP}",
    f"GRANT SELECT ON feed_messages TO {WORKER}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "feed_messages",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("moments", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.CheckConstraint("way in ('pushed', 'pulled')", name=op.f("feed_messages_way_check")),
        sa.CheckConstraint(
            "outcome in ('taken', 'partly', 'refused')", name=op.f("feed_messages_outcome_check")
        ),
        sa.ForeignKeyConstraint(["feed"], ["feeds.feed"], name=op.f("feed_messages_feed_fkey")),
        sa.PrimaryKeyConstraint(
            "org_id", "feed", "arrived_at", "message", name=op.f("feed_messages_pkey")
        ),
    )
    op.create_index(
        op.f("rejects_org_id_source_at_idx"), "rejects", ["org_id", "source", "at"], unique=False
    )
    for statement in WALL:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("rejects_org_id_source_at_idx"), table_name="rejects")
    op.drop_table("feed_messages")
