"""The store: tables, roles, row level security, partitions.

Safe while the previous release runs: add, fill, switch, remove, each its own release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ROLES = (
    # Roles belong to the cluster: another database of it may have made them already.
    """
    DO $$
    DECLARE name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['verkeerstoren_app', 'verkeerstoren_worker'] LOOP
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                BEGIN
                    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS', name);
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END;
            END IF;
        END LOOP;
        FOREACH name IN ARRAY ARRAY['verkeerstoren_app', 'verkeerstoren_worker'] LOOP
            -- So that the owner can take their place: jobs and imports by the owner's URL.
            IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
                EXECUTE format('GRANT %I TO %I', name, current_user);
            END IF;
        END LOOP;
    END $$
    """,
    "CREATE SCHEMA partitions",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
)

ORG = "nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"

FUNCTIONS = (
    # The app role sees no key: it may only ask for the one it was shown.
    """
    CREATE FUNCTION find_key(wanted text)
    RETURNS TABLE (org_id int, organisation text, audience text, client_id int, client text,
                   source_kind text, seal bytea, scopes text[], expires_at timestamptz,
                   revoked_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT k.org_id, o.organisation,
               (SELECT v.facts ->> 'audience' FROM organisation_versions v
                 WHERE v.org_id = k.org_id AND v.valid_from <= now()
                 ORDER BY v.valid_from DESC, v.known_at DESC LIMIT 1),
               k.client_id, c.name, c.source_kind, k.seal, k.scopes, k.expires_at, k.revoked_at
          FROM api_keys k
          JOIN clients c ON c.client_id = k.client_id
          JOIN organisations o ON o.org_id = k.org_id
         WHERE k.kid = wanted
    $$
    """,
    # A year that began before the last three stands in one partition, later ones in months.
    """
    CREATE FUNCTION ensure_partitions(since date, before date) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        made int := 0;
        this_year int := extract(year FROM now());
        y int; month date; name text; low date; high date;
    BEGIN
        IF since < date '1990-01-01' OR before > (now() + interval '2 years')::date + 31
           OR since >= before THEN
            RAISE EXCEPTION 'partitions reach from 1990 to two years ahead, not % to %',
                since, before USING ERRCODE = '22023';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
        FOR month IN SELECT generate_series(date_trunc('month', since::timestamp),
                                            before::timestamp - interval '1 day',
                                            interval '1 month')::date LOOP
            y := extract(year FROM month);
            name := format('observations_y%s', y);
            CONTINUE WHEN to_regclass('partitions.' || name) IS NOT NULL;
            IF y < this_year - 3 AND NOT EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'partitions' AND c.relname LIKE name || 'm%') THEN
                low := make_date(y, 1, 1); high := make_date(y + 1, 1, 1);
            ELSE
                low := month; high := (month + interval '1 month')::date;
                name := format('observations_y%sm%s', y, to_char(month, 'MM'));
                CONTINUE WHEN to_regclass('partitions.' || name) IS NOT NULL;
            END IF;
            EXECUTE format('CREATE TABLE partitions.%I (LIKE observations INCLUDING ALL)', name);
            -- To attach locks out no reader and no writer, unlike CREATE ... PARTITION OF.
            EXECUTE format('ALTER TABLE observations ATTACH PARTITION partitions.%I '
                           'FOR VALUES FROM (%L) TO (%L)', name,
                           low::timestamp AT TIME ZONE 'UTC', high::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        RETURN made;
    END $$
    """,
    # Raw figures are their owner's own; the region as it was known may be asked of this only.
    f"""
    CREATE FUNCTION state_as_known(as_of timestamptz, known timestamptz)
    RETURNS TABLE (org_id int, series_id int, at timestamptz, known_at timestamptz,
                   value float8, report_id uuid, reported_by int, "precision" text, doubts text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT s.org_id, s.series_id, o.at, o.known_at, o.value, o.report_id, o.reported_by,
               o.precision,
               ARRAY(SELECT d.code FROM doubts d
                      WHERE d.org_id = s.org_id AND d.report_id = o.report_id
                        AND d.series_id = s.series_id AND d.at = o.at AND d.known_at <= known
                      GROUP BY d.code HAVING bool_and(d.state = 'open') ORDER BY d.code)
          FROM series s
         CROSS JOIN LATERAL (
               SELECT x.at, x.known_at, x.value, x.report_id, x.reported_by, x.precision
                 FROM observations x
                WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.length_s = 0
                  AND x.at <= as_of AND x.known_at <= known
                ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC LIMIT 1) o
         WHERE s.org_id = {ORG} OR {REGION}
    $$
    """,
    # Likewise what came, went and is expected: sums over a stretch, and never of staff.
    f"""
    CREATE FUNCTION flows_as_known(
        as_of timestamptz, known timestamptz,
        measures text[], since timestamptz[], until timestamptz[])
    RETURNS TABLE (org_id int, unit text, measure text, resource text, bed_type text,
                   source_kind text, split boolean, amount float8, seconds float8,
                   "greatest" float8, until_ timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH asked AS (
            SELECT * FROM unnest($3, $4, $5) AS a (measure, since, until)),
        told AS (
            SELECT DISTINCT ON (o.org_id, o.series_id, o.at, o.length_s)
                   o.org_id, o.series_id, o.at, o.length_s, o.value, a.since, a.until
              FROM asked a
              JOIN series s ON s.measure = a.measure
              JOIN observations o ON o.org_id = s.org_id AND o.series_id = s.series_id
             WHERE (s.org_id = {ORG}
                    OR {REGION} AND s.role = '')
               AND o.length_s > 0 AND o.at < a.until AND o.at > a.since - interval '32 days'
               AND o.at + make_interval(secs => o.length_s) > a.since
               AND o.known_at <= $2 AND o.observed_at <= $1
             ORDER BY o.org_id, o.series_id, o.at, o.length_s, o.known_at DESC),
        cut AS (
            SELECT *, at + make_interval(secs => length_s) AS ends,
                   extract(epoch FROM least(at + make_interval(secs => length_s), told.until)
                                      - greatest(at, told.since))::float8 AS inside
              FROM told WHERE value IS NOT NULL)
        SELECT c.org_id, s.unit, s.measure, s.resource, s.bed_type, s.source_kind,
               s.role || s.urgency || s.profile || s.area || s.destination || s.reason <> '',
               sum(c.value * c.inside / c.length_s), sum(c.inside), max(c.value), max(c.ends)
          FROM cut c
          JOIN series s ON s.org_id = c.org_id AND s.series_id = c.series_id
         WHERE s.unit <> ''
         GROUP BY c.org_id, c.series_id, s.org_id, s.series_id
         ORDER BY s.unit, s.measure, s.series_id
    $$
    """,
    # Postgres has no commit order to ask for: what is older than this is settled.
    """
    CREATE FUNCTION known_horizon() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT least(clock_timestamp() - interval '10 seconds',
                     (SELECT min(started_at) FROM open_writes WHERE until > clock_timestamp()))
    $$
    """,
)

# Master data: read by all, since every answer names units; written as versions.
MASTER = (
    "organisations",
    "organisation_versions",
    "facilities",
    "facility_versions",
    "units",
    "unit_versions",
    "unit_aliases",
    "staff_pools",
    "staff_pool_versions",
    "groups",
    "group_versions",
    "rule_versions",
    "feeds",
    "forecast_runs",
    "marks",
)
# Read by all, written for one's own organisation.
SHARED = ("series", "mandate_versions", "sharing_rule_versions", "feed_versions")
# Read by all that have the reach, and then only through disclosure.
REGIONAL = (
    "current_state",
    "forecast_points",
    "forecast_subjects",
    "unit_statuses",
    "stop_versions",
    "unit_event_versions",
)
OWN = (
    "observations",
    "reports",
    "doubts",
    "quarantined_reports",
    "rejects",
    "audit_events",
    "clients",
    "api_keys",
    "outbox",
    "open_writes",
)
APP_ADDS = (
    "series",
    "mandate_versions",
    "sharing_rule_versions",
    "feed_versions",
    "current_state",
    "unit_statuses",
    "stop_versions",
    "unit_event_versions",
    "observations",
    "reports",
    "doubts",
    "quarantined_reports",
    "rejects",
    "audit_events",
    "clients",
    "api_keys",
    "outbox",
    "open_writes",
    "access_log",
)
WORKER_ADDS = ("forecast_runs", "forecast_subjects", "forecast_points", "job_runs", "audit_events")


def grants() -> list[str]:
    app, worker = "verkeerstoren_app", "verkeerstoren_worker"
    reads = [*MASTER, *SHARED, *REGIONAL, *(t for t in OWN if t != "api_keys")]
    return [
        f"GRANT USAGE ON SCHEMA public TO {app}, {worker}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}, {worker}",
        f"GRANT SELECT ON {', '.join(reads)}, alembic_version TO {app}",
        "GRANT SELECT (kid, org_id, client_id, scopes, made_at, expires_at, revoked_at) "
        f"ON api_keys TO {app}",
        f"GRANT INSERT ON {', '.join(APP_ADDS)} TO {app}",
        f"GRANT UPDATE ON current_state TO {app}",
        f"GRANT UPDATE (revoked_at) ON api_keys TO {app}",
        f"GRANT UPDATE (released_at) ON quarantined_reports TO {app}",
        f"GRANT DELETE ON open_writes TO {app}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {worker}",
        f"REVOKE SELECT ON api_keys FROM {worker}",
        f"GRANT INSERT ON {', '.join(WORKER_ADDS)} TO {worker}",
        f"GRANT UPDATE ON job_runs TO {worker}",
        f"GRANT DELETE ON outbox TO {worker}",
        "REVOKE ALL ON FUNCTION find_key, ensure_partitions, state_as_known, flows_as_known, "
        "known_horizon "
        "FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION find_key, ensure_partitions, state_as_known, flows_as_known, "
        "known_horizon "
        f"TO {app}, {worker}",
    ]


def walls() -> list[str]:
    """Row level security: no sub-selects, since Citus refuses them in policies."""
    app, worker = "verkeerstoren_app", "verkeerstoren_worker"
    mine = f"org_id = {ORG}"
    statements = []
    for table in (*SHARED, *REGIONAL, *OWN):
        see = {"s": "true", "r": f"{mine} OR {REGION}", "o": mine}[
            "s" if table in SHARED else "r" if table in REGIONAL else "o"
        ]
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY app_reads ON {table} FOR SELECT TO {app} USING ({see})",
            f"CREATE POLICY app_adds ON {table} FOR INSERT TO {app} WITH CHECK ({mine})",
            f"CREATE POLICY app_changes ON {table} FOR UPDATE TO {app} "
            f"USING ({mine}) WITH CHECK ({mine})",
            f"CREATE POLICY app_removes ON {table} FOR DELETE TO {app} USING ({mine})",
            f"CREATE POLICY worker_all ON {table} TO {worker} USING (true) WITH CHECK (true)",
            f"CREATE POLICY owner_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
        ]
    return statements


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "access_log",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("access_log_pkey")),
    )
    op.create_table(
        "audit_events",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_org", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("right", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "action in ('C', 'R', 'U', 'D', 'E')", name=op.f("audit_events_action_check")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("audit_events_pkey")),
    )
    op.create_index(
        op.f("audit_events_org_id_at_idx"), "audit_events", ["org_id", "at"], unique=False
    )
    op.create_table(
        "current_state",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("doubts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "series_id", name=op.f("current_state_pkey")),
    )
    op.create_table(
        "doubts",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("state in ('open', 'accepted')", name=op.f("doubts_state_check")),
        sa.PrimaryKeyConstraint(
            "org_id", "report_id", "series_id", "at", "code", "state", name=op.f("doubts_pkey")
        ),
    )
    op.create_table(
        "forecast_points",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length_s", sa.Integer(), nullable=False),
        sa.Column("quantiles", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("supply", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("p_short", sa.DOUBLE_PRECISION(), nullable=True),
        sa.PrimaryKeyConstraint(
            "org_id",
            "run_id",
            "subject_kind",
            "subject",
            "measure",
            "resource",
            "bed_type",
            "at",
            name=op.f("forecast_points_pkey"),
        ),
    )
    op.create_table(
        "forecast_runs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("horizon", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("data_cut", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("probabilities", postgresql.ARRAY(sa.DOUBLE_PRECISION()), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "horizon in ('days', 'weeks', 'months', 'years')",
            name=op.f("forecast_runs_horizon_check"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("forecast_runs_pkey")),
    )
    op.create_index(
        op.f("forecast_runs_horizon_issued_at_idx"),
        "forecast_runs",
        ["horizon", "issued_at"],
        unique=False,
    )
    op.create_table(
        "forecast_subjects",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state in ('known', 'unknown')", name=op.f("forecast_subjects_state_check")
        ),
        sa.CheckConstraint(
            "subject_kind in ('unit', 'group', 'careSetting')",
            name=op.f("forecast_subjects_subject_kind_check"),
        ),
        sa.PrimaryKeyConstraint(
            "org_id",
            "run_id",
            "subject_kind",
            "subject",
            "measure",
            "resource",
            "bed_type",
            name=op.f("forecast_subjects_pkey"),
        ),
    )
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("job", "period", name=op.f("job_runs_pkey")),
    )
    op.create_table(
        "marks",
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("mark", name=op.f("marks_pkey")),
    )
    op.create_table(
        "observations",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "precision in ('moment', 'day')", name=op.f("observations_precision_check")
        ),
        sa.CheckConstraint("length_s >= 0", name=op.f("observations_length_check")),
        sa.PrimaryKeyConstraint(
            "org_id", "series_id", "at", "length_s", "known_at", name=op.f("observations_pkey")
        ),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "open_writes",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("open_writes_pkey")),
    )
    op.create_table(
        "organisations",
        sa.Column("org_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("organisations_pkey")),
        sa.UniqueConstraint("organisation", name=op.f("organisations_organisation_key")),
    )
    op.create_table(
        "outbox",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("outbox_pkey")),
    )
    op.create_table(
        "quarantined_reports",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "report_id", name=op.f("quarantined_reports_pkey")),
    )
    op.create_table(
        "rejects",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("rejects_pkey")),
    )
    op.create_table(
        "reports",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("staff_pool", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("figures", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("refers_to", sa.Uuid(), nullable=True),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind in ('report', 'confirmation', 'retraction', 'release')",
            name=op.f("reports_kind_check"),
        ),
        sa.PrimaryKeyConstraint("org_id", "report_id", name=op.f("reports_pkey")),
    )
    op.create_index(
        op.f("reports_org_id_unit_observed_at_idx"),
        "reports",
        ["org_id", "unit", "observed_at"],
        unique=False,
    )
    op.create_index(
        op.f("reports_org_id_known_at_report_id_idx"),
        "reports",
        ["org_id", "known_at", "report_id"],
        unique=False,
    )
    op.create_table(
        "rule_versions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "rule", "valid_from", "known_at", name=op.f("rule_versions_pkey")
        ),
    )
    op.create_table(
        "stop_versions",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stop", sa.Uuid(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("applies_to", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("specialism", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "stop", "known_at", name=op.f("stop_versions_pkey")),
    )
    op.create_index(
        op.f("stop_versions_org_id_unit_begins_at_idx"),
        "stop_versions",
        ["org_id", "unit", "begins_at"],
        unique=False,
    )
    op.create_table(
        "unit_event_versions",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "org_id", "event", "known_at", name=op.f("unit_event_versions_pkey")
        ),
    )
    op.create_index(
        op.f("unit_event_versions_org_id_unit_begins_at_idx"),
        "unit_event_versions",
        ["org_id", "unit", "begins_at"],
        unique=False,
    )
    op.create_table(
        "unit_statuses",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('open', 'restricted', 'closed', 'unknown')",
            name=op.f("unit_statuses_status_check"),
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "unit", "at", "known_at", name=op.f("unit_statuses_pkey")
        ),
    )
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "source_kind in ('hand', 'feed')", name=op.f("clients_source_kind_check")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("clients_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("clients_pkey")),
    )
    op.create_index(op.f("clients_org_id_name_idx"), "clients", ["org_id", "name"], unique=True)
    op.create_table(
        "facilities",
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("facilities_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("facility", name=op.f("facilities_pkey")),
    )
    op.create_table(
        "feeds",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("feeds_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("feed", name=op.f("feeds_pkey")),
    )
    op.create_table(
        "groups",
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("groups_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("group", name=op.f("groups_pkey")),
    )
    op.create_table(
        "mandate_versions",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("mandate", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("mandate_versions_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "mandate", "valid_from", "known_at", name=op.f("mandate_versions_pkey")
        ),
    )
    op.create_table(
        "organisation_versions",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("organisation_versions_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "valid_from", "known_at", name=op.f("organisation_versions_pkey")
        ),
    )
    op.create_table(
        "series",
        sa.Column("series_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("staff_pool", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(unit = '') <> (staff_pool = '')", name=op.f("series_unit_or_pool_check")
        ),
        sa.CheckConstraint(
            "source_kind in ('hand', 'feed', 'mandate', 'import')",
            name=op.f("series_source_kind_check"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("series_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("series_pkey")),
        sa.UniqueConstraint(
            "org_id",
            "unit",
            "staff_pool",
            "measure",
            "resource",
            "bed_type",
            "role",
            "shift",
            "reason",
            "urgency",
            "destination",
            "profile",
            "age_band",
            "area",
            "source_kind",
            name="series_told_key",
        ),
    )
    op.create_table(
        "sharing_rule_versions",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sharing_rule", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("sharing_rule_versions_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "org_id",
            "sharing_rule",
            "valid_from",
            "known_at",
            name=op.f("sharing_rule_versions_pkey"),
        ),
    )
    op.create_table(
        "staff_pools",
        sa.Column("staff_pool", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("staff_pools_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("staff_pool", name=op.f("staff_pools_pkey")),
    )
    op.create_table(
        "units",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("units_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("unit", name=op.f("units_pkey")),
    )
    op.create_index(op.f("units_org_id_idx"), "units", ["org_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("api_keys_client_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("api_keys_org_id_fkey")
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("api_keys_pkey")),
    )
    op.create_index(
        op.f("api_keys_org_id_client_id_idx"), "api_keys", ["org_id", "client_id"], unique=False
    )
    op.create_table(
        "facility_versions",
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility"], ["facilities.facility"], name=op.f("facility_versions_facility_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "facility", "valid_from", "known_at", name=op.f("facility_versions_pkey")
        ),
    )
    op.create_table(
        "feed_versions",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("noted_by", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feeds.feed"], name=op.f("feed_versions_feed_fkey")),
        sa.PrimaryKeyConstraint("feed", "valid_from", "known_at", name=op.f("feed_versions_pkey")),
    )
    op.create_table(
        "group_versions",
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["group"], ["groups.group"], name=op.f("group_versions_group_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "group", "valid_from", "known_at", name=op.f("group_versions_pkey")
        ),
    )
    op.create_table(
        "staff_pool_versions",
        sa.Column("staff_pool", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_pool"],
            ["staff_pools.staff_pool"],
            name=op.f("staff_pool_versions_staff_pool_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "staff_pool", "valid_from", "known_at", name=op.f("staff_pool_versions_pkey")
        ),
    )
    op.create_table(
        "unit_aliases",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name=op.f("unit_aliases_org_id_fkey")
        ),
        sa.ForeignKeyConstraint(["unit"], ["units.unit"], name=op.f("unit_aliases_unit_fkey")),
        sa.PrimaryKeyConstraint("org_id", "alias", name=op.f("unit_aliases_pkey")),
    )
    op.create_table(
        "unit_versions",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.unit"], name=op.f("unit_versions_unit_fkey")),
        sa.PrimaryKeyConstraint("unit", "valid_from", "known_at", name=op.f("unit_versions_pkey")),
    )
    for statement in (*ROLES, *FUNCTIONS, *grants(), *walls()):
        op.execute(statement)
    op.execute("INSERT INTO organisations (org_id, organisation) VALUES (0, 'region')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name in (
        "state_as_known",
        "flows_as_known",
        "ensure_partitions",
        "find_key",
        "known_horizon",
    ):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP TABLE observations")
    op.execute("DROP SCHEMA partitions")
    op.drop_table("unit_versions")
    op.drop_table("unit_aliases")
    op.drop_table("staff_pool_versions")
    op.drop_table("group_versions")
    op.drop_table("feed_versions")
    op.drop_table("facility_versions")
    op.drop_index(op.f("api_keys_org_id_client_id_idx"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(op.f("units_org_id_idx"), table_name="units")
    op.drop_table("units")
    op.drop_table("staff_pools")
    op.drop_table("sharing_rule_versions")
    op.drop_table("series")
    op.drop_table("organisation_versions")
    op.drop_table("mandate_versions")
    op.drop_table("groups")
    op.drop_table("feeds")
    op.drop_table("facilities")
    op.drop_index(op.f("clients_org_id_name_idx"), table_name="clients")
    op.drop_table("clients")
    op.drop_table("unit_statuses")
    op.drop_index(
        op.f("unit_event_versions_org_id_unit_begins_at_idx"), table_name="unit_event_versions"
    )
    op.drop_table("unit_event_versions")
    op.drop_index(op.f("stop_versions_org_id_unit_begins_at_idx"), table_name="stop_versions")
    op.drop_table("stop_versions")
    op.drop_table("rule_versions")
    op.drop_index(op.f("reports_org_id_unit_observed_at_idx"), table_name="reports")
    op.drop_index(op.f("reports_org_id_known_at_report_id_idx"), table_name="reports")
    op.drop_table("reports")
    op.drop_table("rejects")
    op.drop_table("quarantined_reports")
    op.drop_table("outbox")
    op.drop_table("organisations")
    op.drop_table("open_writes")
    op.drop_table("marks")
    op.drop_table("job_runs")
    op.drop_table("forecast_subjects")
    op.drop_index(op.f("forecast_runs_horizon_issued_at_idx"), table_name="forecast_runs")
    op.drop_table("forecast_runs")
    op.drop_table("forecast_points")
    op.drop_table("doubts")
    op.drop_table("current_state")
    op.drop_index(op.f("audit_events_org_id_at_idx"), table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_table("access_log")
