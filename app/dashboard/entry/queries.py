"""What the phone form is filled with, and what its sender gets back."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import mandated_units
from app.dashboard.entry.sheet import SAID, Sheet, day_of, local_day, sheet_of, without_places
from app.db import Standing, act_as
from app.errors import NotFound
from app.facilities.hours import LOCAL, missed
from app.facilities.queries import Directory, KnownUnit
from app.feeds.reports.queries import at_probability
from app.observations import queries as observed
from app.observations.notices import queries as notices

# domain.md 2: what a ward wants back is whether there will be a place at five.
EVENING = time(17)
NEWEST = text(
    "SELECT unit, max(observed_at) AS observed_at FROM reports "
    "WHERE org_id = :org_id AND unit = ANY(:units) GROUP BY unit"
)
PLANNED = text("""
    SELECT s.bed_type, p.at, o.value
      FROM series s
     CROSS JOIN unnest(CAST(:days AS timestamptz[]), CAST(:lengths AS int[])) AS p(at, length_s)
     CROSS JOIN LATERAL (
           SELECT x.value, x.known_at FROM observations x
            WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.at = p.at
              AND x.length_s = p.length_s
            ORDER BY x.known_at DESC LIMIT 1) o
     WHERE s.org_id = :org_id AND s.unit = :unit AND s.measure = 'expectedDischarges'
     ORDER BY o.known_at
""")
# Of the newest days: what is asked in the step that is going on, and when there may be no place.
TODAY = text("""
    SELECT p.bed_type, p.at, p.length_s, p.arrivals, p.no_place_at, p.no_place, r.probabilities
      FROM forecast_points p
      JOIN (SELECT run_id, probabilities FROM forecast_runs
             WHERE horizon = 'days' ORDER BY issued_at DESC, known_at DESC LIMIT 1) r
        ON r.run_id = p.run_id
     WHERE p.org_id = :org_id AND p.subject_kind = 'unit' AND p.subject = :unit
       AND p.measure = 'occupied' AND p.no_place IS NOT NULL
       AND p.at + make_interval(secs => p.length_s) > :now AND p.at < :until
     ORDER BY p.bed_type, p.at
""")


@dataclass(frozen=True, slots=True)
class UnitDue:
    """A unit that one may report for: when it was told last, and how many moments were missed."""

    unit: KnownUnit
    by_mandate: bool
    observed_at: datetime | None
    missed: int | None

    @property
    def up_to_date(self) -> bool:
        return self.missed == 0


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one kind of beds: requests until `until`, and the chance of a place at `at`."""

    bed_type: str
    until: datetime
    low: float | None
    high: float | None
    at: datetime | None
    chance: float | None


async def units_due(
    session: AsyncSession, who: Principal, directory: Directory, now: datetime
) -> Sequence[UnitDue]:
    """Own units and those by mandate; of a paired phone its one unit."""
    mandated = await mandated_units(session, who, now)
    units = [
        known
        for known in directory.units.values()
        if (known.org_id == who.org_id or known.unit in mandated) and who.unit in ("", known.unit)
    ]
    newest: dict[str, datetime] = {}
    for org_id in sorted({known.org_id for known in units}):
        ours = [known.unit for known in units if known.org_id == org_id]
        await act_as(session, Standing(org_id, "own"))
        newest |= await newest_reports(session, org_id, ours)
    await act_as(session, Standing(who.org_id, "own"))
    found = [due(known, newest.get(known.unit), who, now) for known in units]
    return sorted(found, key=lambda each: (each.up_to_date, each.by_mandate, each.unit.facts.name))


async def newest_reports(
    session: AsyncSession, org_id: int, units: Collection[str]
) -> dict[str, datetime]:
    rows = await session.execute(NEWEST, {"org_id": org_id, "units": list(units)})
    return {row.unit: row.observed_at for row in rows}


def due(known: KnownUnit, at: datetime | None, who: Principal, now: datetime) -> UnitDue:
    gone = missed(known.facts.reporting, known.facts.opening_hours, at, now)
    return UnitDue(known, known.org_id != who.org_id, at, gone)


def unit_of(directory: Directory, unit: str) -> KnownUnit:
    known = directory.units.get(unit)
    if known is None:
        raise NotFound("There is no unit of this name now.", code="unknown-unit")
    return known


async def sheet(session: AsyncSession, who: Principal, known: KnownUnit, now: datetime) -> Sheet:
    """The form of a unit of one's own, or by mandate; filled in for who may read its reports."""
    org_id = await observed.act_for(session, who, known.unit, now)
    asks = without_places(known.facts) and who.may("events:write")
    if not who.may("reports:read"):
        return replace(sheet_of(known.unit, known.facts, [], {}, now), status="" if asks else None)
    standing = [dict(row) for row in await observed.current(session, org_id, known.unit)]
    made = sheet_of(known.unit, known.facts, standing, await plans(session, known, now), now)
    if asks:
        said = (await notices.statuses(session, now, unit=known.unit)).get(known.unit)
        made = replace(made, status=said.status if said and said.status in SAID else "")
    latest = await observed.latest_report(session, org_id, known.unit)
    if latest is None:
        return made
    told = (str(latest["report_id"]), latest["observed_at"])
    return replace(made, report=told[0], observed_at=told[1])


async def plans(
    session: AsyncSession, known: KnownUnit, now: datetime
) -> Mapping[tuple[str, datetime], float | None]:
    """Who was said to leave today and tomorrow, by bed type and begin of the day."""
    days = [day_of(local_day(now), ahead) for ahead in (0, 1)]
    asked = {
        "org_id": known.org_id,
        "unit": known.unit,
        "days": [start for start, _end in days],
        "lengths": [int((end - start).total_seconds()) for start, end in days],
    }
    rows = await session.execute(PLANNED, asked)
    return {(row.bed_type, row.at): row.value for row in rows}


async def expected(session: AsyncSession, known: KnownUnit, now: datetime) -> Sequence[Expected]:
    """What the newest forecast of the days says of the rest of this day, per kind of beds."""
    until = day_of(local_day(now))[1]
    asked = {"org_id": known.org_id, "unit": known.unit, "now": now, "until": until}
    steps: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(TODAY, asked):
        steps[row.bed_type].append(row)
    return [expected_of(bed_type, rows, now) for bed_type, rows in steps.items()]


def expected_of(bed_type: str, rows: Sequence[Row[Any]], now: datetime) -> Expected:
    """Requests of the step that is going on; the place at 17:00, or at the next moment told."""
    first = rows[0]
    end = first.at + timedelta(seconds=first.length_s)
    chances = [
        (at, chance)
        for row in rows
        for at, chance in zip(row.no_place_at, row.no_place, strict=True)
        if at > now and chance is not None
    ]
    at, no_place = min(chances, key=lambda each: far(each[0]), default=(None, None))
    low, high = (
        at_probability(wanted, first.probabilities, first.arrivals) if first.arrivals else None
        for wanted in (0.1, 0.9)
    )
    chance = None if no_place is None else 1 - no_place
    return Expected(bed_type, end, low, high, at, chance)


def far(at: datetime) -> tuple[bool, datetime]:
    return at.astimezone(LOCAL).time() != EVENING, at
