"""The years of each role, as the run of the years keeps them, for one viewer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.access.disclosure import Disclosure
from app.forecasts.answers import Asked as Intervals
from app.forecasts.answers import amount, band, sees_years
from app.forecasts.issue import Why
from app.forecasts.runs import REGION
from app.forecasts.schemas import Band, RunView, Source
from app.forecasts.staffing.schemas import RoleYears, Staffing, WorstYear, YearStep
from app.forecasts.staffing.steps import SHORT
from app.forecasts.staffing.view import WITHHELD, reason

DIGITS = 1
# What is kept of one role: see `app/planning/staff.py`.
Kept = Mapping[str, Any]
Quantiles = Sequence[float | None]

NO_RUN = Why("no-run", "The years were not reckoned yet: the next run is at 04:00.")
NO_TABLE = Why("no-table", "The region file has no table of who works (`labour`).")
NOT_TOLD = Why("not-kept", "The last run of the years tells nothing of staff: wait for the next.")


@dataclass(frozen=True)
class YearsTopic:
    """What is asked of a run: of one role or of all, which intervals, as known at which moment."""

    role: str | None
    intervals: Intervals
    run: RunView
    known_at: datetime


def units_of(kept: Kept | None) -> set[str]:
    """The units that stand behind any role."""
    roles = kept["roles"] if kept else ()
    return {unit for role in roles for units in role["kinds"] for unit in units}


def staff_years(
    kept: Kept | None, topic: YearsTopic, seen: Disclosure, owners: Mapping[str, int]
) -> Staffing:
    """What this viewer is told; `kept` is None of a run that tells nothing of staff."""
    asked = [role for role in kept["roles"] if topic.role in (None, role["role"])] if kept else []
    age = topic.known_at - topic.run.issued_at
    roles = [
        role_years(role, kept["years"], topic.intervals, seen, owners, age)
        for role in asked
        if kept
    ]
    states = {each.state for each in roles}
    why = reason(NO_TABLE if kept else NOT_TOLD) if not roles else roles[0].reason
    return Staffing(
        subject_kind="region",
        subject="region",
        horizon="years",
        levels=tuple(topic.intervals.levels),
        state=states.pop() if states else "unknown",
        reason=why,
        known_at=topic.known_at,
        run=topic.run,
        years=tuple(roles),
        worst_by_year=tuple(worst_by_year(roles)),
        sources=tuple(Source(what=role["role"], **role["source"]) for role in asked),
    )


def no_years(known_at: datetime) -> Staffing:
    return Staffing(
        subject_kind="region",
        subject="region",
        horizon="years",
        levels=(),
        state="unknown",
        reason=reason(NO_RUN),
        known_at=known_at,
    )


def role_years(
    role: Kept,
    years: Sequence[int],
    intervals: Intervals,
    seen: Disclosure,
    owners: Mapping[str, int],
    age: timedelta,
) -> RoleYears:
    """All of it to who may see the totals of all kinds of care behind it; else the need by the
    tables that are open, so that what one kind told cannot be read off it."""
    if seen.detail(REGION, "years") not in ("exact", "total"):
        return RoleYears(role=role["role"], state="suppressed", reason=WITHHELD)
    whole = all(
        sees_years(seen, "careSetting", {owners[unit] for unit in units if unit in owners}, age)
        for units in role["kinds"]
    )
    figures = role["whole" if whole else "tables"]
    rows = zip(
        years, figures["need"], role["supply"], figures["gap"], figures["pShort"], strict=True
    )
    return RoleYears(
        role=role["role"],
        state="known",
        level=role["level"] if whole else "tables",
        steps=tuple(step(intervals, *row) for row in rows),
    )


def step(
    intervals: Intervals,
    year: int,
    need: Quantiles,
    supply: Quantiles,
    gap: Quantiles,
    likely: float | None,
) -> YearStep:
    return YearStep(
        year=year,
        short=None if likely is None else likely >= SHORT,
        need=of(intervals, need),
        supply=of(intervals, supply),
        gap=of(intervals, gap),
        p_short=amount(likely, "known", 3),
    )


def of(intervals: Intervals, quantiles: Quantiles) -> Band:
    known = [intervals.tidy(each) for each in quantiles if each is not None]
    return band(known if len(known) == len(quantiles) else None, intervals)


def worst_by_year(roles: Sequence[RoleYears]) -> Iterator[WorstYear]:
    """On a tie of the chances the smallest median gap, then the first by name."""
    by_year: dict[int, list[tuple[float, float, str, YearStep]]] = {}
    for role in roles:
        for each in role.steps:
            if each.p_short.value is not None and each.gap.median is not None:
                key = (-each.p_short.value, each.gap.median, role.role, each)
                by_year.setdefault(each.year, []).append(key)
    for year, found in sorted(by_year.items()):
        _, gap, role_name, each = min(found, key=lambda row: row[:3])
        yield WorstYear(
            year=year,
            role=role_name,
            short=bool(each.short),
            p_short=each.p_short,
            gap=amount(gap, "known", DIGITS),
        )
