"""What is said to Postgres when a region is laid down."""

VERSIONS = (
    *("organisation_versions", "facility_versions", "unit_versions", "staff_pool_versions"),
    *("group_versions", "rule_versions", "mandate_versions", "sharing_rule_versions"),
    "feed_versions",
)
KNOWN_SINCE = """
UPDATE {table} SET known_at = valid_from WHERE valid_from <= $1 AND known_at > $1
"""
MARK = """
INSERT INTO demo_loads (org_id, place, until, seed, begin_at, dense_from, rows)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
TEMPORARY = """
CREATE TEMP TABLE told_figures (series_id int, at timestamptz, length_s int, known_at timestamptz,
                                observed_at timestamptz, value float8, report_id uuid,
                                reported_by int) ON COMMIT DROP;
CREATE TEMP TABLE told_reports (report_id uuid, observed_at timestamptz, known_at timestamptz,
                                figures int, content_hash bytea, teller int) ON COMMIT DROP
"""
FIGURES = """
INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value, report_id,
                          reported_by, precision)
SELECT $1, series_id, at, length_s, known_at, observed_at, nullif(value, 'NaN'), report_id,
       reported_by, 'moment'
  FROM told_figures
"""
REPORTS = """
INSERT INTO reports (org_id, report_id, unit, staff_pool, observed_at, known_at, kind, source_kind,
                     feed, reported_by, client_id, figures, content_hash, refers_to, backfilled)
SELECT $1, r.report_id, $2, $3, r.observed_at, r.known_at, 'report', t.source_kind, t.feed,
       t.reported_by, t.client_id, r.figures, r.content_hash, NULL, true
  FROM told_reports r
  JOIN unnest($4::int[], $5::text[], $6::text[], $7::int[], $8::int[])
       AS t(teller, source_kind, feed, reported_by, client_id) ON t.teller = r.teller
"""
STATE = """
INSERT INTO current_state AS c (org_id, series_id, at, known_at, value, report_id, reported_by,
                                precision, doubts)
SELECT $1, n.series_id, timestamptz '2000-01-01Z' + n.at * interval '1 microsecond',
       timestamptz '2000-01-01Z' + n.known_at * interval '1 microsecond', nullif(n.value, 'NaN'),
       n.report_id, n.reported_by, 'moment', '{}'
  FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::float8[], $6::uuid[], $7::int[])
       AS n(series_id, at, known_at, value, report_id, reported_by)
ON CONFLICT (org_id, series_id) DO UPDATE
   SET at = excluded.at, known_at = excluded.known_at, value = excluded.value,
       report_id = excluded.report_id, reported_by = excluded.reported_by,
       precision = excluded.precision, doubts = excluded.doubts
 WHERE (excluded.at, excluded.known_at) > (c.at, c.known_at)
"""
STOP = """
INSERT INTO stop_versions (org_id, stop, known_at, unit, kind, applies_to, specialism, begins_at,
                           expected_until, ended_at, reason, source, reported_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'LPZ', $1)
ON CONFLICT DO NOTHING
"""
STATUS = """
INSERT INTO unit_statuses (org_id, unit, at, known_at, status, reason, source, reported_by)
VALUES ($1, $2, $3, $4, $5, $6, 'LPZ', $1)
ON CONFLICT DO NOTHING
"""
