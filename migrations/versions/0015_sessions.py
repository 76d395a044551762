"""Sessions of people and of paired phones, and the pairings that wait for a phone.

Safe while the previous release runs: it knows nothing of this table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

TABLE = "sessions"
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
MINE = "org_id = nullif(current_setting('app.org', true), '')::int"
# An organisation sees its own, and never a seal: a session is found by the seal of its token alone,
# through `find_session`. It ends with the key that it was begun with.
SEEN = "org_id, id, client_id, kind, kid, scopes, unit, begun_at, expires_at, ended_at"
WALLS = (
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY app_reads ON {TABLE} FOR SELECT TO {APP} USING ({MINE})",
    f"CREATE POLICY app_adds ON {TABLE} FOR INSERT TO {APP} WITH CHECK ({MINE})",
    f"CREATE POLICY app_changes ON {TABLE} FOR UPDATE TO {APP} USING ({MINE}) WITH CHECK ({MINE})",
    f"CREATE POLICY app_removes ON {TABLE} FOR DELETE TO {APP} USING ({MINE})",
    f"CREATE POLICY worker_all ON {TABLE} TO {WORKER} USING (true) WITH CHECK (true)",
    f"CREATE POLICY owner_all ON {TABLE} TO CURRENT_USER USING (true) WITH CHECK (true)",
    f"GRANT SELECT ({SEEN}), INSERT, UPDATE (ended_at) ON {TABLE} TO {APP}",
)
FIND_SESSION = """
CREATE FUNCTION find_session(wanted bytea)
RETURNS TABLE (id uuid, kind text, org_id int, organisation text, audience text, client_id int,
               client text, source_kind text, scopes text[], unit text, kid text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.kind, s.org_id, o.organisation,
           (SELECT v.facts ->> 'audience' FROM organisation_versions v
             WHERE v.org_id = s.org_id AND v.valid_from <= now()
             ORDER BY v.valid_from DESC, v.known_at DESC LIMIT 1),
           s.client_id, c.name, c.source_kind, s.scopes, s.unit, s.kid
      FROM sessions s
      JOIN clients c ON c.client_id = s.client_id
      JOIN organisations o ON o.org_id = s.org_id
     WHERE s.seal = wanted AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
       AND (s.kid = '' OR EXISTS (
           SELECT FROM api_keys k
            WHERE k.kid = s.kid AND k.revoked_at IS NULL
              AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())))
$$
"""
# Of a made-up region alone, whose keys are published.
DEMO_CLIENTS = """
CREATE FUNCTION demo_clients()
RETURNS TABLE (client text, organisation text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.name, o.organisation,
           (SELECT v.facts ->> 'name' FROM organisation_versions v
             WHERE v.org_id = k.org_id AND v.valid_from <= now()
             ORDER BY v.valid_from DESC, v.known_at DESC LIMIT 1)
      FROM api_keys k
      JOIN clients c ON c.client_id = k.client_id
      JOIN organisations o ON o.org_id = k.org_id
     WHERE starts_with(k.kid, 'demo-') AND k.revoked_at IS NULL
       AND EXISTS (SELECT FROM marks WHERE mark = 'fictief')
     ORDER BY 3, 1
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        TABLE,
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "begun_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('person', 'pairing', 'phone')", name=op.f("sessions_kind_check")
        ),
        sa.CheckConstraint("(kind = 'person') = (unit = '')", name=op.f("sessions_unit_check")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("sessions_org_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("sessions_client_id_fkey")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("sessions_pkey")),
    )
    op.create_index(op.f("sessions_seal_idx"), TABLE, ["seal"], unique=True)
    op.create_index(op.f("sessions_org_id_unit_idx"), TABLE, ["org_id", "unit"], unique=False)
    for statement in (*WALLS, FIND_SESSION, DEMO_CLIENTS):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION find_session, demo_clients FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION find_session, demo_clients TO {APP}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP FUNCTION demo_clients")
    op.execute("DROP FUNCTION find_session")
    op.drop_index(op.f("sessions_org_id_unit_idx"), table_name=TABLE)
    op.drop_index(op.f("sessions_seal_idx"), table_name=TABLE)
    op.drop_table(TABLE)
