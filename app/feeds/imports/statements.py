"""What an import says to Postgres: one statement each, over the temporary table of the file."""

from collections.abc import Iterable

from app.feeds.profiles import Column

PARTITIONS = "SELECT ensure_partitions($1::date, $2::date)"

STOCK = """
    SELECT s.series_id, s.report_id, t.at, 0 AS length_s, NULL::timestamptz AS said,
           nullif(t.value{n}, 'NaN') AS value
      FROM file_rows t JOIN of_series s ON s.unit = t.unit AND s.place = {n}"""

PERIOD = """
    SELECT s.series_id, s.report_id, t.begins AS at, t.lasts AS length_s, {said} AS said,
           nullif(t.value{n}, 'NaN') AS value
      FROM file_rows t JOIN of_series s ON s.unit = t.unit AND s.place = {n}"""

# What came and went is said when its period is over. A plan was said by the begin of its period
# at the latest, and one for a period to come is said now.
SAID = {
    "flow": "t.begins + make_interval(secs => t.lasts)",
    "plan": "least(t.begins, $13)",
}


def store(columns: Iterable[Column]) -> str:
    """What is new or differs from the last known, with a report a unit; how many of each."""
    selects = [
        STOCK.format(n=n) if column.stock else PERIOD.format(n=n, said=SAID[column.told.time])
        for n, column in enumerate(columns)
    ]
    return STORE.replace("FIGURES", " UNION ALL ".join(selects))


# All reports of a file are known at one moment: no figure stands in it twice. A content hash is
# that of the file with the unit, since the file is what was sent.
STORE = """
WITH now AS MATERIALIZED (SELECT clock_timestamp() AS known_at, $13::timestamptz AS began),
of_unit AS MATERIALIZED (
    SELECT * FROM unnest($5::int[], $6::uuid[], $7::text[], $14::text[])
           AS u(unit, report_id, name, pool)),
of_series AS MATERIALIZED (
    SELECT s.unit, s.place, s.series_id, u.report_id
      FROM unnest($2::int[], $3::int[], $4::int[]) AS s(unit, place, series_id)
      JOIN of_unit u ON u.unit = s.unit),
last AS (
    SELECT DISTINCT ON (series_id, at, length_s) series_id, at, length_s, value
      FROM observations
     WHERE org_id = $1 AND series_id = ANY($12) AND at BETWEEN $10 AND $11
     ORDER BY series_id, at, length_s, known_at DESC),
changed AS MATERIALIZED (
    SELECT f.series_id, f.at, f.length_s, f.said, f.value, f.report_id,
           last.series_id IS NOT NULL AS again
      FROM (FIGURES) f
      LEFT JOIN last ON last.series_id = f.series_id AND last.at = f.at
                    AND last.length_s = f.length_s
     WHERE last.series_id IS NULL OR last.value IS DISTINCT FROM f.value),
reported AS (
    INSERT INTO reports (org_id, report_id, unit, staff_pool, observed_at, known_at, kind,
                         source_kind, feed, reported_by, client_id, figures, content_hash,
                         refers_to, backfilled)
    SELECT $1, u.report_id, u.name, u.pool, c.newest, now.known_at, 'report', 'import', '', $1,
           $15::int, c.figures, sha256($9 || convert_to(u.name || u.pool, 'UTF8')), NULL, true
      FROM (SELECT report_id, max(coalesce(said, at)) AS newest, count(*) AS figures
              FROM changed GROUP BY report_id) c
      JOIN of_unit u ON u.report_id = c.report_id
     CROSS JOIN now),
observed AS (
    INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                              report_id, reported_by, precision)
    SELECT $1, c.series_id, c.at, c.length_s, now.known_at, coalesce(c.said, c.at), c.value,
           c.report_id, $1, CASE WHEN c.length_s = 0 THEN $8 ELSE 'moment' END
      FROM changed c CROSS JOIN now)
SELECT count(*) FILTER (WHERE NOT again) AS added, count(*) FILTER (WHERE again) AS corrected
  FROM changed
"""

STATE = """
INSERT INTO current_state AS c (org_id, series_id, at, known_at, value, report_id, reported_by,
                                precision, doubts)
SELECT $1, s.series_id, o.at, o.known_at, o.value, o.report_id, o.reported_by, o.precision, '{}'
  FROM unnest($2::int[]) AS s(series_id)
 CROSS JOIN LATERAL (
       SELECT x.at, x.known_at, x.value, x.report_id, x.reported_by, x.precision
         FROM observations x
        WHERE x.org_id = $1 AND x.series_id = s.series_id AND x.length_s = 0 AND x.at <= $3
        ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC LIMIT 1) o
ON CONFLICT (org_id, series_id) DO UPDATE
   SET at = excluded.at, known_at = excluded.known_at, value = excluded.value,
       report_id = excluded.report_id, reported_by = excluded.reported_by,
       precision = excluded.precision, doubts = excluded.doubts
 WHERE (excluded.at, excluded.known_at) > (c.at, c.known_at)
"""

# A period may be told again, which corrects it; it may not overlap another one that is known. In
# one pass over both, by their begin: a stored one that begins before and is not over, or one that
# begins before this one is over.
OVERLAPS = """
WITH of_series AS MATERIALIZED (
    SELECT * FROM unnest($2::int[], $3::int[], $4::int[]) AS s(unit, place, series_id)),
told AS (
    SELECT s.series_id, t.begins AS at, t.lasts AS length_s, t.line, s.place
      FROM file_rows t JOIN of_series s ON s.unit = t.unit),
stored AS (
    SELECT DISTINCT ON (series_id, at, length_s) series_id, at, length_s, value
      FROM observations
     WHERE org_id = $1 AND series_id = ANY($4) AND length_s > 0
       AND at > $5::timestamptz - interval '367 days' AND at < $6::timestamptz + interval '8 days'
     ORDER BY series_id, at, length_s, known_at DESC),
other AS (
    SELECT series_id, at, length_s FROM stored WHERE value IS NOT NULL
    EXCEPT SELECT series_id, at, length_s FROM told),
beside AS (
    SELECT line, place, at, at + make_interval(secs => length_s) AS ends,
           max(at + make_interval(secs => length_s)) FILTER (WHERE line IS NULL)
               OVER (PARTITION BY series_id ORDER BY at
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ends,
           min(at) FILTER (WHERE line IS NULL)
               OVER (PARTITION BY series_id ORDER BY at
                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_begins
      FROM (SELECT series_id, at, length_s, line, place FROM told
            UNION ALL SELECT series_id, at, length_s, NULL, NULL FROM other) x)
SELECT line, place FROM beside
 WHERE line IS NOT NULL AND (before_ends > at OR next_begins < ends)
 ORDER BY line, place LIMIT $7
"""
