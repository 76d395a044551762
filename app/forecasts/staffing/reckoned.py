"""Every post of a question reckoned: its shifts, the need on every path, and who will be there."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.facilities.norms import Norms
from app.facilities.schemas import UnitFacts
from app.forecasts import calendar
from app.forecasts.days.hours import seconds
from app.forecasts.issue import MONTHS_AHEAD, Why
from app.forecasts.paths import COUNT
from app.forecasts.staffing.hourly import Asking, hours_of
from app.forecasts.staffing.need import by_patients, by_rate, mean_by_patients, of_shift
from app.forecasts.staffing.posts import Post, Shifts, shifts_ahead
from app.forecasts.staffing.roster import (
    NONE,
    Absence,
    Balance,
    Told,
    agreed,
    balance,
    drawn,
    learned,
)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
MadeFrom = Literal["need", "paths", "hourly", "minimum", "shortage"]
WEEKS_DAYS = 91

NO_NORM = Why("no-norm", "The region has no norm for this role in this shift.")
NO_UNIT_TOLD = Why(
    "too-few-requests", "Fewer than 14 days were told of who asks; there is no profile of the week."
)


@dataclass(frozen=True, slots=True, eq=False)
class Patients:
    """Who is to be nursed on each path from `first` (a day, or the first of a month) on: [500, n].

    Of days whole people int64; of `months` means float64. `waits`: who waits for a place is among
    them, else they are those who are there.
    """

    first: date
    paths: NDArray[np.generic]
    months: bool = False
    need: bool = False

    @property
    def made_from(self) -> MadeFrom:
        return "need" if self.need else "paths"

    def since(self, first: date) -> NDArray[np.generic]:
        """The steps from a later day, or month, on."""
        steps = (first - self.first).days
        if self.months:
            steps = 12 * (first.year - self.first.year) + first.month - self.first.month
        return self.paths[:, steps:]


@dataclass(frozen=True)
class Basis:
    """What a question is reckoned from; `at` is the moment it is asked of.

    `patients` has of each unit its people or why they are unknown; `asking` the same by unit and
    measure; `told` by place, measure, role and shift ('' where none was told).
    """

    at: datetime
    today: date
    norms: Norms
    units: Mapping[str, tuple[int, UnitFacts]]
    patients: Mapping[str, Patients | Why] = field(default_factory=dict)
    asking: Mapping[tuple[str, str], Asking] = field(default_factory=dict)
    told: Mapping[tuple[str, str, str, str], Told] = field(default_factory=dict)

    def asks(self, post: Post) -> list[Asking] | None:
        """Who asks of each unit of a post by the hour; None unless it is known of all."""
        measure = post.norm.says.measure if post.norm else None
        told = [self.asking.get((unit, measure)) for unit in post.units] if measure else []
        known = [each for each in told if each is not None]
        return known if known and len(known) == len(told) else None

    def level_weeks(self, post: Post) -> int | None:
        """For so many weeks ahead it is known of all of them how far levels move."""
        asks = self.asks(post)
        return None if asks is None else min(each.weeks for each in asks)

    def roster(self, post: Post, measure: str = "rostered") -> Told:
        """Of the shift by its name, else what was told of the role alone."""
        place = post.place.name
        named = self.told.get((place, measure, post.role, post.shift))
        return named or self.told.get((place, measure, post.role, ""), NONE)

    def absence(self, post: Post) -> Absence | None:
        """Learned of the role at its place over its shifts; else as a norm has it, or unknown."""
        place, now = post.place.name, seconds(self.at)
        absent, rostered = (
            past(joined(each for key, each in self.told.items() if key[:3] == of), now)
            for of in ((place, "absent", post.role), (place, "rostered", post.role))
        )
        if found := learned(absent, rostered):
            return found
        says = post.norm.says.absence if post.norm else None
        if post.norm and says is not None:
            return agreed(says, post.norm.source)
        general = self.norms.settings.absence
        return None if general is None else agreed(general, self.norms.source)


def joined(told: Iterable[Told]) -> Told:
    """The periods of several shifts as one, in order; heads of equal starts are added."""
    parts = list(told)
    if len(parts) < 2:
        return parts[0] if parts else NONE
    starts = np.concatenate([each.starts for each in parts])
    lengths = np.concatenate([each.lengths for each in parts])
    values = np.concatenate([each.values for each in parts])
    first, back = np.unique(starts, return_inverse=True)
    longest = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(longest, back, lengths)
    heads = np.bincount(back, weights=values, minlength=len(first)).astype(np.float64)
    return Told(first, longest, heads)


def past(told: Told, now: int) -> Told:
    keep = told.starts + told.lengths <= now
    return Told(told.starts[keep], told.lengths[keep], told.values[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Reckoned:
    """A post with its shifts; `why` where nothing is known of the need."""

    post: Post
    shifts: Shifts
    balance: Balance
    made_from: MadeFrom | None
    why: Why | None
    absence: Absence | None
    level_weeks: int | None = None


def reckoned(posts: Sequence[Post], basis: Basis, probabilities: Sequence[float]) -> list[Reckoned]:
    """Pools that fill come after the units that they fill; in the order given."""
    own = {post: of_post(post, basis, probabilities) for post in posts if not post.fills}
    found = []
    for post in posts:
        if not post.fills:
            found.append(own[post])
            continue
        members = [
            own.get(each) or of_post(each, basis, probabilities) for each in basis_posts(post, own)
        ]
        found.append(of_filling(post, members, basis, probabilities))
    return found


def basis_posts(pool: Post, own: Mapping[Post, Reckoned]) -> list[Post]:
    """The posts of its units that a pool fills: of the same role and shift."""
    return [
        post
        for post in own
        if (post.role, post.shift) == (pool.role, pool.shift)
        and not post.place.pool
        and post.place.name in pool.units
    ]


def of_post(post: Post, basis: Basis, probabilities: Sequence[float]) -> Reckoned:
    shifts = shifts_ahead(post, basis.units, basis.today, WEEKS_DAYS, basis.at)
    told = need_of(post, shifts, basis)
    steps = len(shifts)
    why, need, known, made_from = None, np.zeros((1, steps), np.int64), np.zeros(steps, bool), None
    if isinstance(told, Why):
        why = told
    else:
        need, known, made_from = told
    absence = basis.absence(post)
    rostered = basis.roster(post).at(shifts.starts)
    found = balance(need, known, rostered, absence, probabilities)
    return Reckoned(post, shifts, found, made_from, why, absence, basis.level_weeks(post))


Need = tuple[Whole, NDArray[np.bool_], MadeFrom]


def need_of(post: Post, shifts: Shifts, basis: Basis) -> Need | Why:
    """Heads on each path in each shift, in which of them that is known, and from what."""
    if post.norm is None:
        return NO_NORM
    says = post.norm.says
    steps = len(shifts)
    if says.measure is not None:
        return by_hours(post, shifts, basis)
    if says.patients_per_head is None:
        need = np.full((1, steps), says.minimum, dtype=np.int64)
        return need, np.ones(steps, dtype=np.bool_), "minimum"
    people = people_of(post, basis)
    if isinstance(people, Why):
        return people
    columns = np.array([(day - people.first).days for day in shifts.days], dtype=np.int64)
    # A run that was made after a day's count begins with the next: that is the nearest it tells.
    columns += columns == -1
    inside = (columns >= 0) & (columns < people.paths.shape[1])
    counts = people.paths[:, np.where(inside, columns, 0)].astype(np.int64)
    need = by_patients(counts, says.patients_per_head, says.minimum)
    return need, inside, people.made_from


def people_of(post: Post, basis: Basis) -> Patients | Why:
    """All the people of the units of a post together, path by path."""
    found = []
    for unit in post.units:
        people = basis.patients.get(unit, NO_RUN)
        if isinstance(people, Why):
            return people if len(post.units) == 1 else Why(people.code, f"{unit}: {people.detail}")
        found.append(people)
    if not found:
        return NO_RUN
    first = max(each.first for each in found)
    cut = [each.since(first) for each in found]
    width = min(each.shape[1] for each in cut)
    whole = reduce(np.add, [each[:, :width] for each in cut])
    return Patients(first, whole, found[0].months, any(each.need for each in found))


NO_RUN = Why("no-run", "No run tells who will be there.")


def by_hours(post: Post, shifts: Shifts, basis: Basis) -> Need | Why:
    assert post.norm is not None
    says = post.norm.says
    asks = basis.asks(post)
    if asks is None:
        return NO_UNIT_TOLD
    hours = hours_of(shifts)
    known = np.array([all(ask.knows(each) for ask in asks) for each in hours], dtype=np.bool_)
    need = np.full((COUNT, len(shifts)), says.minimum, dtype=np.int64)
    inside = [each for each, told in zip(hours, known, strict=True) if told]
    if inside:
        every = np.concatenate(inside)
        rates = reduce(np.add, [each.rates(every) for each in asks])
        patience = inf if says.patience_minutes is None else says.patience_minutes / 60
        within = (says.target_wait_seconds or 0.0) / 3600
        target = (says.target_share, within, patience)
        heads = by_rate(rates, says.handling_hours, says.minimum, *target)
        need[:, known] = of_shift(heads, [len(each) for each in inside])
    return need, known, "hourly"


def of_filling(
    post: Post, members: Sequence[Reckoned], basis: Basis, probabilities: Sequence[float]
) -> Reckoned:
    """On each path what its units lack together in the same shift of the same day; drawn, so that
    a unit with enough helps no other."""
    shifts = shifts_ahead(post, basis.units, basis.today, WEEKS_DAYS, basis.at)
    steps = len(shifts)
    need, known = np.zeros((COUNT, steps), np.int64), np.ones(steps, dtype=np.bool_)
    for member in members:
        place = {day: step for step, day in enumerate(member.shifts.days)}
        at = np.array([place.get(day, -1) for day in shifts.days], dtype=np.int64)
        told = member.balance
        usable = (at >= 0) & told.known[at] & np.isfinite(told.rostered[at])
        known &= usable & (member.absence is not None)
        if member.absence is None or not usable.any():
            continue
        name = f"{member.post.place.name}/{post.role}/{post.shift}"
        chance = np.random.default_rng([zlib.crc32(name.encode())])
        chances = chance.random((COUNT, int(usable.sum())))
        there = drawn(told.rostered[at[usable]], member.absence, chances)
        need[:, usable] += np.maximum(told.need[:, at[usable]] - there, 0)
    why = None if members and known.any() else NOTHING_TO_FILL
    known = known if members else np.zeros(steps, dtype=np.bool_)
    absence = basis.absence(post)
    rostered = basis.roster(post).at(shifts.starts)
    found = balance(need, known, rostered, absence, probabilities)
    return Reckoned(post, shifts, found, None if why else "shortage", why, absence)


NOTHING_TO_FILL = Why(
    "shortage-unknown",
    "Of no unit of this pool need, roster and absence are all known in this shift.",
)


# The first month, heads a shift in the mean on each path float64[paths, months], and from what.
Monthly = tuple[date, Floats, MadeFrom]


def monthly(post: Post, basis: Basis) -> Monthly | Why:
    """Mean heads a shift in each month."""
    if post.norm is None:
        return NO_NORM
    says = post.norm.says
    if says.measure is not None:
        return monthly_by_hours(post, basis)
    if says.patients_per_head is None:
        heads = np.full((1, MONTHS_AHEAD), float(says.minimum))
        return calendar.month_of(basis.today), heads, "minimum"
    people = people_of(post, basis)
    if isinstance(people, Why):
        return people
    counts = people.paths.astype(np.float64)
    heads = mean_by_patients(counts, says.patients_per_head, says.minimum)
    return people.first, heads, people.made_from


def monthly_by_hours(post: Post, basis: Basis) -> Monthly | Why:
    """What the shifts of each month need in the mean; one month at a time, for they are many."""
    first = calendar.month_of(basis.today)
    found = []
    for begin, shifts in by_month(post, basis, first, MONTHS_AHEAD):
        told = by_hours(post, shifts, basis)
        if isinstance(told, Why):
            return told
        need, known, _ = told
        if not known.all():
            return Why("not-reached", f"Who asks is not reckoned as far as {begin}.")
        # In a month without such a shift nobody is needed.
        found.append(need.mean(axis=1) if len(shifts) else np.zeros(COUNT))
    return first, np.column_stack(found), "hourly"


def by_month(post: Post, basis: Basis, first: date, months: int) -> Iterator[tuple[date, Shifts]]:
    """The shifts of a post that begin in each of these months, those that are past too."""
    last = calendar.months_after(first, months)
    since = calendar.day_start(first)
    whole = shifts_ahead(post, basis.units, first, (last - first).days, since)
    for n in range(months):
        begin = calendar.months_after(first, n)
        yield begin, whole.between(begin, calendar.months_after(first, n + 1))


def days_a_week(post: Post, basis: Basis, first: date, months: int) -> Floats:
    """On how many days of a week the shift is held in each month: float64[months]."""
    return np.array(
        [
            7.0 * len(shifts) / (calendar.months_after(begin, 1) - begin).days
            for begin, shifts in by_month(post, basis, first, months)
        ]
    )
