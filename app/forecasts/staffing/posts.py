"""The posts of a region: which role is needed in which shift, for whom, by which norm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.facilities.norms import NamedNorm, Norms
from app.facilities.schemas import ENTRANCES, Shift, StaffPoolFacts, UnitFacts
from app.forecasts import calendar
from app.forecasts.days.hours import HOUR, local, seconds
from app.forecasts.days.known import offering_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
DAY = timedelta(days=1)
# A shift is held on a day on which the unit is open for at least so much of it.
HELD = 0.5


@dataclass(frozen=True)
class Place:
    """A unit or staff pool, and whose it is."""

    name: str
    org_id: int
    pool: bool


@dataclass(frozen=True)
class Post:
    """One role in one shift of a unit, or of a staff pool over its units.

    `fills`: a pool without a norm of its own, whose people go where units are short.
    """

    place: Place
    role: str
    shift: str
    start: time
    end: time
    units: tuple[str, ...]
    norm: NamedNorm | None
    fills: bool = False

    @property
    def hours(self) -> float:
        """How long it lasts by the clock."""
        begin, end = (at.hour + at.minute / 60 for at in (self.start, self.end))
        return (end - begin) % 24 or 24.0


@dataclass(frozen=True)
class Covered:
    """A role and shift of a unit for which a pool is asked instead."""

    unit: str
    role: str
    shift: str
    staff_pool: str


@dataclass(frozen=True)
class Posts:
    """All posts; what a pool covers for a unit; and what has no norm: (unit or pool, role, shift).

    What has no norm is a post too, of which the need is unknown.
    """

    posts: tuple[Post, ...]
    covered: tuple[Covered, ...]

    @property
    def without_norm(self) -> list[Post]:
        return [post for post in self.posts if post.norm is None and not post.fills]


def posts_of(
    units: Mapping[str, tuple[int, UnitFacts]],
    pools: Mapping[str, tuple[int, StaffPoolFacts]],
    norms: Norms,
) -> Posts:
    """A pool with a norm of its own is asked for all of its units, and they are not asked again."""
    found: list[Post] = []
    covers: dict[tuple[str, str, str], str] = {}
    for name, (org_id, facts) in sorted(pools.items()):
        members = tuple(unit for unit in facts.units if unit in units)
        for role in facts.roles:
            for shift in facts.shifts or shifts_of(units, members):
                norm = norms.of_pool(name, role, shift.shift)
                place = Place(name, org_id, pool=True)
                ends = (shift.shift, shift.start, shift.end)
                found.append(Post(place, role, *ends, members, norm, fills=norm is None))
                if norm is not None:
                    covers |= {(unit, role, shift.shift): name for unit in members}
    covered = []
    for name, (org_id, unit) in sorted(units.items()):
        for shift in unit.shifts:
            for role in unit.roles:
                pool = covers.get((name, role, shift.shift))
                if pool is not None:
                    covered.append(Covered(name, role, shift.shift, pool))
                    continue
                norm = norms.of_unit(name, unit.care_setting, role, shift.shift)
                ends = (shift.shift, shift.start, shift.end)
                found.append(Post(Place(name, org_id, pool=False), role, *ends, (name,), norm))
    return Posts(tuple(found), tuple(covered))


def shifts_of(
    units: Mapping[str, tuple[int, UnitFacts]], members: Sequence[str]
) -> Sequence[Shift]:
    """Those of a pool's first unit that has any, where the pool names none."""
    return next((units[unit][1].shifts for unit in members if units[unit][1].shifts), ())


@dataclass(frozen=True, slots=True, eq=False)
class Shifts:
    """When a shift is held: `days` the local days on which it begins, `starts` and `ends` int64[h]
    s, and `relieved` int64[h] s: from when the next shift of the same place has begun."""

    days: tuple[date, ...]
    starts: Whole
    ends: Whole
    relieved: Whole

    def __len__(self) -> int:
        return len(self.days)

    def between(self, first: date, until: date) -> "Shifts":
        """Those that begin on a day from `first` to before `until`."""
        keep = np.array([first <= day < until for day in self.days], dtype=np.bool_)
        days = tuple(day for day in self.days if first <= day < until)
        return Shifts(days, self.starts[keep], self.ends[keep], self.relieved[keep])


def shifts_ahead(
    post: Post, units: Mapping[str, tuple[int, UnitFacts]], first: date, days: int, since: datetime
) -> Shifts:
    """The shifts of a post that begin on these local days, are held, and end after `since`."""
    members = [units[unit][1] for unit in post.units]
    starts = sorted({shift.start for facts in members for shift in facts.shifts} | {post.start})
    later = [at for at in starts if at > post.start]
    opened = opens_of(members)
    now = seconds(since)
    rows = []
    # A night that began yesterday may still run.
    for day in calendar.days_from(first - DAY, days + 1):
        begin = second_of(day, post.start)
        end = second_of(day if post.end > post.start else day + DAY, post.end)
        if end <= now or open_share(begin, end, opened) < HELD:
            continue
        after = [second_of(day, at) for at in later] + [second_of(day + DAY, starts[0])]
        rows.append((day, begin, end, min(end, min(after))))
    columns = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 3)
    return Shifts(tuple(row[0] for row in rows), *columns.T)


def opens_of(members: Sequence[UnitFacts]) -> Floats | None:
    """In which part of each hour of the week any of these is open, float64[168]; None: always."""
    if any(len(facts.opening_hours) < len(ENTRANCES) for facts in members):
        return None
    found = [offering_of("", 0, facts).opens for facts in members]
    return np.maximum.reduce(found) if found else None


@lru_cache(maxsize=1 << 14)
def second_of(day: date, at: time) -> int:
    return seconds(calendar.moment(day, at))


def span(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    """An end at or before its start lies on the next day."""
    last = day if end > start else day + DAY
    return calendar.moment(day, start), calendar.moment(last, end)


def open_share(begin: int, end: int, opened: Floats | None) -> float:
    """Which part of a shift the unit is open; a recognised holiday is as a Sunday."""
    if opened is None:
        return 1.0
    parts = [float(opened[hour_of_week(at)]) for at in range(begin // HOUR, (end - 1) // HOUR + 1)]
    return sum(parts) / len(parts)


def hour_of_week(hour: int) -> int:
    return local(hour)[0]
