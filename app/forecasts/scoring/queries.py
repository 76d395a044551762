"""What is to be judged and what it is judged by; the scores that were stored, and their sums."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

import asyncpg
import numpy as np
import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import disclosure, organisations
from app.db import raw
from app.forecasts import calendar
from app.forecasts.days.counted import PAST_DAYS
from app.forecasts.days.queries import occupied
from app.forecasts.days.told import Stock
from app.forecasts.humility import SPEAKS, Coverage, Group, Judged, Learned, Subject, learned
from app.forecasts.judged import (
    LOOKS_BACK,
    Distance,
    Due,
    Issue,
    Last,
    Said,
    Wholes,
    can_be_judged,
    due,
    one_a_week,
    wholes,
)
from app.forecasts.queries import offers, owner, owners, refuse, told
from app.forecasts.runs import REGION, Horizon, Kind
from app.forecasts.schemas import Asked
from app.forecasts.scoring.answers import About, Row, scores
from app.forecasts.scoring.schemas import Scores, ScoresAsked
from app.forecasts.series import DAY
from app.forecasts.subjects import FORECAST, Offer
from app.forecasts.tables import ForecastRun, ForecastScore
from app.forecasts.topic import topic_of, wrong
from app.observations.queries import settled

# So many at a time, the newest first: what is left is judged the next time.
MOST_RUNS = 120
# No window is longer ago than this when it closes: 18 months, and the running one.
LONGEST = timedelta(days=580)
HOURS = timedelta(hours=1)
Counted = tuple[str, str, str]


async def wanted(session: AsyncSession, at: datetime, cut: datetime) -> tuple[list[Due], Wholes]:
    """The runs with windows to judge at `at`, the newest first; and what came true up to then."""
    found = await windows(session, at, cut)
    # The newest run that knew a unit says when its census is.
    units = {
        unit: offer
        for each in reversed(found[:MOST_RUNS])
        for unit, offer in (await offered(session, each.issue)).items()
    }
    return found, wholes(await told(session, units.values(), FORECAST, at, cut))


async def windows(session: AsyncSession, at: datetime, cut: datetime) -> list[Due]:
    """What of each stored run closed by `at` and was not judged yet, or not since it settled."""
    table = ForecastRun
    stored = await session.execute(
        select(
            table.run_id, table.horizon, table.issued_at, table.data_cut, table.probabilities
        ).where(
            table.horizon.in_(("days", "weeks", "months")),
            table.issued_at > at - LOOKS_BACK - LONGEST,
            table.issued_at <= at,
            table.known_at <= cut,
        )
    )
    issues = one_a_week(
        Issue(row.run_id, row.horizon, row.issued_at, row.data_cut, tuple(row.probabilities))
        for row in stored
        if can_be_judged(row.probabilities)
    )
    judged = await judged_until(session, [issue.run_id for issue in issues])
    found = (due(issue, judged[issue.run_id], min(at, cut)) for issue in reversed(issues))
    return [each for each in found if each is not None]


async def judged_until(
    session: AsyncSession, runs: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, dict[int, datetime]]:
    """Of each run, by the first step of a window, the newest data cut at which it was judged."""
    table = ForecastScore
    rows = await session.execute(
        select(table.run_id, table.first_step, func.max(table.data_cut).label("cut"))
        .where(table.run_id.in_(runs))
        .group_by(table.run_id, table.first_step)
    )
    found: dict[uuid.UUID, dict[int, datetime]] = defaultdict(dict)
    for row in rows:
        found[row.run_id][row.first_step] = row.cut
    return found


async def offered(session: AsyncSession, issue: Issue) -> dict[str, Offer]:
    """The units as a run knew them, also those that have ended since."""
    holds = max(issue.issued_at, issue.data_cut)
    return await offers(session, holds, issue.data_cut)


# Steps are numbered from the first of each subject. Both keys begin with the organisation.
STEPS = """
SELECT * FROM (
    SELECT org_id, subject_kind, subject, measure, resource, bed_type, at, length_s, quantiles,
           row_number() OVER (PARTITION BY org_id, subject_kind, subject, measure, resource,
                                           bed_type ORDER BY at) AS step
      FROM forecast_points
     WHERE org_id = ANY($2::int[]) AND run_id = $1 AND measure = ANY($3::text[])
       AND cardinality(quantiles) = $4) numbered
 WHERE EXISTS (SELECT FROM unnest($5::int[], $6::int[]) AS due (first, last)
                WHERE step BETWEEN due.first AND due.last)
 ORDER BY org_id, subject_kind, subject, measure, resource, bed_type, step
"""
SUBJECTS = """
SELECT org_id, subject_kind, subject, measure, resource, bed_type,
       detail ->> 'served' AS served, (detail -> 'members')::text AS members
  FROM forecast_subjects
 WHERE org_id = ANY($2::int[]) AND run_id = $1 AND state = 'known'
"""


async def said(session: AsyncSession, each: Due) -> tuple[list[Said], Wholes]:
    """What a run said at the steps that are to be judged; and the past, as known at its own cut."""
    issue = each.issue
    units = await offered(session, issue)
    steps = await steps_of(session, each)
    if not steps:
        return [], {}
    past = await told(session, units.values(), FORECAST, issue.issued_at, issue.data_cut)
    return steps, wholes(past)


async def steps_of(session: AsyncSession, each: Due) -> list[Said]:
    """By subject and kind, the steps of the due windows."""
    orgs = [REGION, *await organisations(session)]
    connection = await raw(session)
    run_id, levels = each.issue.run_id, len(each.issue.probabilities)
    first, last = map(list, zip(*each.distances, strict=True))
    rows = await connection.fetch(STEPS, run_id, orgs, list(FORECAST), levels, first, last)
    known = {subject_of(row): row for row in await connection.fetch(SUBJECTS, run_id, orgs)}
    by_subject = groupby(rows, key=subject_of)
    return [said_of(known[key], list(found)) for key, found in by_subject if key in known]


# Of each subject who is in a place at the end of each step, and when each begins. Runs from before
# the need stood beside it told who would be there if nobody was refused.
IN_PLACE = """
SELECT p.org_id, p.subject_kind, p.subject, p.measure, p.resource, p.bed_type,
       array_agg(p.at ORDER BY p.at) AS at, array_agg(p.length_s ORDER BY p.at) AS length_s,
       array_agg(p.quantiles ORDER BY p.at) AS quantiles,
       (s.detail -> 'members')::text AS members
  FROM forecast_points p
  JOIN forecast_subjects s USING (org_id, run_id, subject_kind, subject, measure, resource,
                                  bed_type)
 WHERE p.org_id = ANY($2::int[]) AND p.run_id = $1 AND p.need IS NOT NULL
   AND p.measure = 'occupied'
 GROUP BY p.org_id, p.subject_kind, p.subject, p.measure, p.resource, p.bed_type, s.detail
"""


async def said_of_days(session: AsyncSession, each: Due) -> list[Said]:
    """By subject and kind, who is in a place at the end of the steps of the due windows."""
    orgs = [REGION, *await organisations(session)]
    rows = await (await raw(session)).fetch(IN_PLACE, each.issue.run_id, orgs)
    return [in_place(row, each) for row in rows]


def in_place(row: asyncpg.Record, each: Due) -> Said:
    """Steps are numbered by how many hours ahead they end."""
    members = row["members"]
    begin = row["at"]
    end = [at + timedelta(seconds=lasts) for at, lasts in zip(begin, row["length_s"], strict=True)]
    numbers = [ceil((at - each.issue.issued_at) / HOURS) for at in end]
    return Said(
        row["org_id"],
        row["subject_kind"],
        row["subject"],
        Kind(row["measure"], row["resource"], row["bed_type"]),
        "engine" if members is None else "sum",
        None if members is None else tuple(orjson.loads(members)),
        np.array(numbers),
        [calendar.local_day(at) for at in begin],
        begin,
        end,
        np.array(row["quantiles"], dtype=np.float64),
    )


async def counts_of(
    session: AsyncSession, each: Due, cut: datetime
) -> tuple[Mapping[Counted, Stock], Mapping[Counted, Stock]]:
    """Counts up to the issue as known at the run's own cut; and those of its days, as known now."""
    issue = each.issue
    units = list(await offered(session, issue))
    since = issue.issued_at - timedelta(days=PAST_DAYS + 1)
    until = issue.issued_at + timedelta(days=4)
    past = await occupied(session, units, since, issue.issued_at, issue.data_cut)
    return past, await occupied(session, units, issue.issued_at - HOURS, until, cut)


def subject_of(row: asyncpg.Record) -> tuple[object, ...]:
    """What the statements above begin with."""
    return tuple(row)[:6]


def said_of(subject: asyncpg.Record, rows: Sequence[asyncpg.Record]) -> Said:
    members = subject["members"]
    return Said(
        subject["org_id"],
        subject["subject_kind"],
        subject["subject"],
        Kind(subject["measure"], subject["resource"], subject["bed_type"]),
        subject["served"] or "engine",
        None if members is None else tuple(orjson.loads(members)),
        np.array([row["step"] for row in rows]),
        [calendar.local_day(row["at"]) for row in rows],
        [row["at"] for row in rows],
        [row["at"] + timedelta(seconds=row["length_s"]) for row in rows],
        np.array([row["quantiles"] for row in rows], dtype=np.float64),
    )


# The newest judgement of each window that closed in a stretch, as known by a moment.
NEWEST = """
SELECT DISTINCT ON (s.org_id, s.subject_kind, s.subject, s.measure, s.resource, s.bed_type,
                    s.run_id, s.first_step) s.*, r.horizon, r.model, r.issued_at
  FROM forecast_scores s JOIN forecast_runs r USING (run_id)
 WHERE s.ends_at > $1 AND s.ends_at <= $2 AND s.known_at <= $3 AND {only}
 ORDER BY s.org_id, s.subject_kind, s.subject, s.measure, s.resource, s.bed_type, s.run_id,
          s.first_step, s.known_at DESC
"""
OF_SUBJECT = f"""
SELECT n.resource, n.bed_type, n.first_step, n.last_step, n.run_id, n.issued_at, n.known_at,
       n.ends_at, n.points, n.crps, n.baseline_crps, n.c80, n.c95, n.bias, n.mae, n.said_at,
       n.said_step, n.said_low, n.said_median, n.said_high, n.came_true,
       (f.detail -> 'members')::text AS members
  FROM ({
    NEWEST.format(
        only="s.org_id = $4 AND s.subject_kind = $5 AND s.subject = $6 AND s.measure = $7 "
        "AND r.horizon = $8"
    )
}) n
  JOIN forecast_subjects f USING (org_id, run_id, subject_kind, subject, measure, resource,
                                  bed_type)
 ORDER BY n.resource, n.bed_type, n.first_step, n.ends_at
"""


async def answer(
    session: AsyncSession, viewer: Principal, asked: ScoresAsked, now: datetime
) -> Scores:
    """How the forecasts of a subject did, as far as this viewer may see it."""
    question = Asked(**{name: getattr(asked, name) for name in SAME})
    refuse(wrong(question))
    topic = topic_of(question)
    org_id = await owner(session, topic)
    known_at = await settled(session, asked.known_at)
    moment = known_at or now
    stretch = (moment - timedelta(days=asked.days), moment, moment)
    about = (org_id, topic.subject_kind, topic.subject, asked.measure, asked.horizon)
    found = await (await raw(session)).fetch(OF_SUBJECT, *stretch, *about)
    rows = [row_of(row, asked.measure) for row in found]
    if topic.subject_kind == "unit":
        of = {topic.subject: org_id}
    else:
        of = await owners(session, {unit for row in rows for unit in row.members})
    return scores(
        About(
            topic.subject_kind,
            topic.subject,
            asked.horizon,
            asked.measure,
            asked.days,
            moment,
            of,
            await disclosure(session, viewer, moment, known_at),
        ),
        rows,
    )


SAME = ("unit", "group", "care_setting", "horizon", "measure")


def row_of(row: asyncpg.Record, measure: str) -> Row:
    members = row["members"]
    return Row(
        kind=Kind(measure, row["resource"], row["bed_type"]),
        distance=Distance(row["first_step"], row["last_step"]),
        members=() if members is None else tuple(orjson.loads(members)),
        last=None if row["said_at"] is None else Last(*(row[name] for name in SAID)),
        **{name: row[name] for name in AS_STORED},
    )


AS_STORED = (
    *("run_id", "issued_at", "known_at", "ends_at", "points", "crps", "baseline_crps"),
    *("c80", "c95", "bias", "mae"),
)
SAID = ("said_at", "said_step", "said_low", "said_median", "said_high", "came_true")
# What a model itself said: not the naive in its place, nor a total, which is a sum of units.
OURS = "r.horizon = $4 AND r.model = $5 AND s.served IN ('engine', 'pooled')"
SUMS = f"""
SELECT org_id, subject_kind, subject, measure, resource, bed_type,
       count(DISTINCT run_id) AS runs, sum(points) AS points,
       sum(points * crps) / sum(points) AS crps,
       sum(points * baseline_crps) / sum(points) AS baseline_crps
  FROM ({NEWEST.format(only=OURS)}) n
 WHERE points > 0
 GROUP BY org_id, subject_kind, subject, measure, resource, bed_type
"""


async def judged(
    session: AsyncSession, horizon: Horizon, model: str, at: datetime, cut: datetime
) -> list[Judged]:
    """What this model did for each subject in the 60 days before `at`, as known at the cut.

    What was served as the naive is left out, and so is what an earlier model did.
    """
    stretch = (at - SPEAKS, at, cut)
    rows = await (await raw(session)).fetch(SUMS, *stretch, horizon, model)
    return [
        Judged(
            Subject(
                *(row["org_id"], row["subject_kind"], row["subject"]),
                Kind(row["measure"], row["resource"], row["bed_type"]),
            ),
            *(row["runs"], row["points"], row["crps"], row["baseline_crps"]),
        )
        for row in rows
    ]


COVERED = f"""
SELECT measure, resource, first_step, last_step, ends_at, sum(points) AS points,
       sum(points * c80) / sum(points) AS c80
  FROM ({NEWEST.format(only=OURS)}) n
 WHERE points > 0
 GROUP BY measure, resource, first_step, last_step, ends_at
"""


async def coverage(
    session: AsyncSession, horizon: Horizon, model: str, at: datetime, cut: datetime
) -> list[Coverage]:
    """Of each day of the last year: what this model's 80% bands held of windows that ended."""
    stretch = (at - LOOKS_BACK, at, cut)
    return [
        Coverage(
            Group(
                row["measure"],
                row["resource"],
                horizon,
                Distance(row["first_step"], row["last_step"]),
            ),
            calendar.local_day(row["ends_at"]) - DAY,
            row["points"],
            row["c80"],
        )
        for row in await (await raw(session)).fetch(COVERED, *stretch, horizon, model)
    ]


async def learned_from(session: AsyncSession, model: str, at: datetime, cut: datetime) -> Learned:
    """What the run at `at` makes of how this model did, as known at the cut."""
    horizons: tuple[Horizon, ...] = ("weeks", "months")
    of = {horizon: await judged(session, horizon, model, at, cut) for horizon in horizons}
    held = [
        each for horizon in horizons for each in await coverage(session, horizon, model, at, cut)
    ]
    return learned(of, held)
