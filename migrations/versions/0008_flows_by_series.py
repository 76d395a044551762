"""Sums of flows series by series: only the partitions of the asked stretch are looked at.

The same answer as before; the plan is chosen for each stretch, so two years of months behind it
cost nothing. Safe while the previous release runs: it calls the function by the same name.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

BEGIN = """
    CREATE OR REPLACE FUNCTION flows_as_known(
        as_of timestamptz, known timestamptz,
        measures text[], since timestamptz[], until timestamptz[])
    RETURNS TABLE (org_id int, unit text, measure text, resource text, bed_type text,
                   source_kind text, split boolean, amount float8, seconds float8,
                   "greatest" float8, until_ timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
"""
ORG = "nullif(current_setting('app.org', true), '')::int"
REGION = "current_setting('app.reach', true) = 'region'"
BY_SERIES = f"""{BEGIN}
        SELECT s.org_id, s.unit, s.measure, s.resource, s.bed_type, s.source_kind,
               s.role || s.urgency || s.profile || s.area || s.destination || s.reason <> '',
               f.amount, f.seconds, f.most, f.ends
          FROM unnest($3, $4, $5) AS a (measure, since, until)
          JOIN series s ON s.measure = a.measure
         CROSS JOIN LATERAL (
               SELECT sum(told.value * told.inside / told.length_s) AS amount,
                      sum(told.inside) AS seconds, max(told.value) AS most,
                      max(told.ends) AS ends
                 FROM (SELECT DISTINCT ON (o.at, o.length_s) o.value, o.length_s,
                              o.at + make_interval(secs => o.length_s) AS ends,
                              extract(epoch FROM
                                  least(o.at + make_interval(secs => o.length_s), a.until)
                                  - greatest(o.at, a.since))::float8 AS inside
                         FROM observations o
                        WHERE o.org_id = s.org_id AND o.series_id = s.series_id
                          AND o.length_s > 0 AND o.at < a.until
                          AND o.at > a.since - interval '32 days'
                          AND o.at + make_interval(secs => o.length_s) > a.since
                          AND o.known_at <= $2 AND o.observed_at <= $1
                        ORDER BY o.at, o.length_s, o.known_at DESC) told
                WHERE told.value IS NOT NULL) f
         WHERE (s.org_id = {ORG} OR {REGION} AND s.role = '')
           AND s.unit <> '' AND f.ends IS NOT NULL
         ORDER BY s.unit, s.measure, s.series_id
    $$
"""
AT_ONCE = f"""{BEGIN}
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
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(BY_SERIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(AT_ONCE)
