"""Who works: rosters per unit or pool, role and shift; sickness, gaps, and who fills them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import Block
from app.simulation.chance import generator
from app.simulation.plan import Crew, Plan, Pool, ShiftHours
from app.simulation.seasons import flu

Whole = NDArray[np.int64]
NO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Shift:
    """Heads of one role in one shift [start, end); `worked` and `absent` are -1 until it is over.

    `worked` includes `worked_temporary`.
    """

    role: str
    shift: str
    start: int
    end: int
    required: int
    rostered: int
    worked: int
    worked_temporary: int
    absent: int


@dataclass(frozen=True, slots=True)
class Shifts(Sequence[Shift]):
    """Shifts as columns int64[n], by start; `role` and `shift` number the words beside them."""

    roles: tuple[str, ...]
    names: tuple[str, ...]
    role: Whole
    shift: Whole
    start: Whole
    end: Whole
    required: Whole
    rostered: Whole
    worked: Whole
    worked_temporary: Whole
    absent: Whole

    def __len__(self) -> int:
        return len(self.start)

    def between(self, begin: int, end: int) -> "Shifts":
        """Those that end after `begin` and start before `end`."""
        keep = (self.end > begin) & (self.start < end)
        columns = (self.role, self.shift, self.start, self.end, self.required)
        heads = (self.rostered, self.worked, self.worked_temporary, self.absent)
        return Shifts(self.roles, self.names, *(each[keep] for each in (*columns, *heads)))

    @overload
    def __getitem__(self, at: int) -> Shift: ...
    @overload
    def __getitem__(self, at: slice) -> list[Shift]: ...
    def __getitem__(self, at: int | slice) -> Shift | list[Shift]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        return Shift(
            self.roles[self.role[at]],
            self.names[self.shift[at]],
            int(self.start[at]),
            int(self.end[at]),
            int(self.required[at]),
            int(self.rostered[at]),
            int(self.worked[at]),
            int(self.worked_temporary[at]),
            int(self.absent[at]),
        )


@dataclass(frozen=True, slots=True)
class Duty:
    """One place in a block: heads per role, shift and day, int64[roles, shifts, days] each."""

    roles: tuple[str, ...]
    names: tuple[str, ...]
    start: Whole  # [shifts, days]
    end: Whole
    # Whether there is such a shift of that role on that day, bool[roles, shifts, days].
    held: NDArray[np.bool_]
    required: Whole
    rostered: Whole
    absent: Whole
    temporary: Whole

    @property
    def worked(self) -> Whole:
        return self.rostered - self.absent + self.temporary


def sickness(plan: Plan, seed: int, block: Block) -> NDArray[np.float64]:
    """The share of those rostered who are absent on each day, float64[days].

    Level and rise with the flu are assumptions (fictief); the plan gives the level.
    """
    strength = flu(seed, block.midnights[:-1])
    share: NDArray[np.float64] = np.minimum(plan.sickness * (1 + 0.45 * strength), 0.3)
    return share


def duty(
    place: str,
    shifts: Sequence[ShiftHours],
    crews: Sequence[Crew],
    places: Whole,
    plan: Plan,
    seed: int,
    block: Block,
) -> Duty:
    """What the shifts of a unit need for `places` open places a day, and who is there."""
    days = len(block.days)
    required = np.zeros((len(crews), len(shifts), days), dtype=np.int64)
    held = np.zeros(required.shape, dtype=np.bool_)
    for s, shift in enumerate(shifts):
        on = block.days_off if shift.weekend_only else np.ones(days, dtype=np.bool_)
        for r, crew in enumerate(crews):
            if shift.shift in crew.per_head:
                heads = np.ceil(places / crew.per_head[shift.shift]).astype(np.int64)
                required[r, s] = np.maximum(heads, crew.at_least)
                held[r, s] = on
            elif shift.shift in crew.heads:
                required[r, s] = crew.heads[shift.shift]
                held[r, s] = on
    required *= held
    return filled(place, shifts, crews, required, held, plan, seed, block)


def filled(
    place: str,
    shifts: Sequence[ShiftHours],
    crews: Sequence[Crew],
    required: Whole,
    held: NDArray[np.bool_],
    plan: Plan,
    seed: int,
    block: Block,
) -> Duty:
    """Rostered, absent and temporary heads are binomial (assumption); who is alone is replaced,
    and of several one is always there: no ward or SEH is left to nobody.

    A physician who decides on admissions is replaced no more often than others.
    """
    chance = generator(seed, "staff", place, block.number)
    rostered = required - chance.binomial(required, plan.vacancy)
    absent = chance.binomial(rostered, np.broadcast_to(sickness(plan, seed, block), required.shape))
    gap = required - rostered + absent
    alone = required <= 1
    alone &= ~np.array([crew.admits for crew in crews], dtype=np.bool_)[:, None, None]
    temporary = chance.binomial(gap, np.where(alone, 0.95, plan.temporary))
    temporary += (required > 1) & (gap - temporary == required)
    lengths = [(shift.end - shift.start) % (24 * 60) or 24 * 60 for shift in shifts]
    return Duty(
        tuple(crew.role for crew in crews),
        tuple(shift.shift for shift in shifts),
        np.array([block.starts(shift.start) for shift in shifts]).reshape(len(shifts), -1),
        np.array(
            [block.starts(shift.start + n) for shift, n in zip(shifts, lengths, strict=True)]
        ).reshape(len(shifts), -1),
        held,
        required,
        rostered,
        absent,
        temporary,
    )


def pool_duty(pool: Pool, places: Whole, plan: Plan, seed: int, block: Block) -> Duty:
    """A pool that covers has heads for the places; one that fills gaps has a fixed number."""
    per_head = {shift.shift: pool.per_head for shift in pool.shifts} if pool.covers else {}
    crew = Crew(pool.role, per_head=per_head, heads=pool.heads)
    return duty(pool.slug, pool.shifts, (crew,), places, plan, seed, block)


def lent(pool: Duty, of_units: Mapping[str, tuple[Duty, int]]) -> dict[str, Whole]:
    """Heads of a pool that fill the largest gaps first, per unit int64[shifts, days].

    `of_units` gives each unit's duty and which of its roles limits its beds.
    """
    given = {
        unit: np.zeros(duty.start.shape, dtype=np.int64) for unit, (duty, _) in of_units.items()
    }
    for p, name in enumerate(pool.names):
        units = [unit for unit, (duty, _) in of_units.items() if name in duty.names]
        if not units:
            continue
        at = {unit: of_units[unit][0].names.index(name) for unit in units}
        gaps = np.array([gap(*of_units[unit])[at[unit]] for unit in units])
        left = pool.worked[0, p].copy()
        days = np.arange(len(left))
        for _ in range(int(left.max(initial=0))):
            worst = gaps.argmax(axis=0)
            goes = (left > 0) & (gaps[worst, days] > 0)
            gaps[worst[goes], days[goes]] -= 1
            left -= goes
            for n, unit in enumerate(units):
                given[unit][at[unit]] += goes & (worst == n)
    return given


def gap(duty: Duty, role: int) -> Whole:
    missing: Whole = duty.required[role] - duty.worked[role]
    return missing


def columns(several: Sequence[Duty], until: int) -> Shifts:
    """The shifts of successive blocks in one; who works after `until` is not known yet."""
    flat = [flattened(duty) for duty in several]
    rows = np.concatenate(flat, axis=1) if flat else np.zeros((9, 0), dtype=np.int64)
    rows = rows[:, np.lexsort((rows[0], rows[2]))]
    role, shift, start, end, required, rostered, worked, temporary, absent = rows
    over = end <= until
    return Shifts(
        several[0].roles if several else (),
        several[0].names if several else (),
        *(role, shift, start, end, required, rostered),
        np.where(over, worked, -1),
        np.where(over, temporary, -1),
        np.where(over, absent, -1),
    )


def flattened(duty: Duty) -> Whole:
    """int64[9, n] of what is held."""
    role, shift, day = np.nonzero(duty.held)
    at = (role, shift, day)
    return np.stack(
        [
            *(role, shift, duty.start[shift, day], duty.end[shift, day]),
            *(duty.required[at], duty.rostered[at], duty.worked[at]),
            *(duty.temporary[at], duty.absent[at]),
        ]
    ).astype(np.int64)
