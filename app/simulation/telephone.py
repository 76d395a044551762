"""Lines that are called out of office hours, by the hour: calls, waits, consults and visits.

How long callers wait follows Erlang C with the heads on duty in the hour: P(wait > t) =
C(c, a) exp(-(c - a) t / h) for c heads, offered load a and mean handling time h (Erlang, 1917;
Gans, Koole and Mandelbaum, 2003, Manufacturing & Service Operations Management 5:79-141).
An overloaded hour is held at a load of 0.97 c, and more callers hang up.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import HOUR, Block
from app.simulation.chance import generator
from app.simulation.changes import Steps
from app.simulation.kinds import Kind
from app.simulation.ledger import Ledger
from app.simulation.plan import Phone, Plan, ShiftHours, Visiting
from app.simulation.rosters import Rosters
from app.simulation.seasons import flu, winter

Whole = NDArray[np.int64]
Figures = NDArray[np.float64]
# When people call a huisartsenpost: by hour of a workday and of a day off, as a factor of the mean
# (assumption, fictief): an evening peak, and a longer one on the mornings of a day off.
WORKDAY = (
    *(0.55, 0.45, 0.35, 0.35, 0.40, 0.45, 0.75, 1.2, 0, 0, 0, 0),
    *(0, 0, 0, 0, 0, 2.0, 2.1, 2.1, 1.9, 1.5, 1.1, 0.8),
)
DAY_OFF = (
    *(0.75, 0.6, 0.5, 0.5, 0.5, 0.6, 0.9, 1.8, 3.6, 4.2, 4.4, 4.1),
    *(3.6, 3.3, 3.2, 3.1, 3.1, 3.0, 2.8, 2.4, 2.0, 1.6, 1.2, 0.9),
)
# Who hangs up does so after about this long (assumption, fictief).
HANGS_UP_AFTER = 420.0
FULLEST = 0.97


def erlang_c(heads: Whole, load: Figures) -> Figures:
    """The chance to wait, float64[n], for `heads` int64[n] >= 1 and load < heads in erlang.

    From Erlang B by its recursion B(k) = a B(k-1) / (k + a B(k-1)), C = B / (1 - (a / c)(1 - B))
    (Erlang, 1917).
    """
    blocked, chance = np.ones(len(load)), np.ones(len(load))
    for k in range(1, int(heads.max(initial=0)) + 1):
        blocked = load * blocked / (k + load * blocked)
        waits = blocked / (1 - (load / np.maximum(heads, 1)) * (1 - blocked))
        chance = np.where(heads == k, waits, chance)
    return chance


class Telephone:
    """Every line and visiting team of a plan, block by block; only marks and levels come of it."""

    def __init__(self, plan: Plan, seed: int, begin: int, rosters: Rosters, ledger: Ledger) -> None:
        self.plan, self.seed, self.begin = plan, seed, begin
        self.rosters, self.ledger = rosters, ledger
        # Visits to be made, by line and urgency.
        self.open_visits: dict[tuple[str, str], int] = {}

    def tell(self, of: Block) -> None:
        for phone in self.plan.phones:
            self.tell_phone(phone, of)
        for team in self.plan.visits:
            self.tell_visits(team, of)

    # Calls

    def tell_phone(self, phone: Phone, of: Block) -> None:
        chance = generator(self.seed, "calls", phone.unit, of.number)
        heads = self.rosters.on_duty(phone.unit, phone.role, of)
        answering = of.anw & (heads > 0)
        rate = called(phone, of, self.seed) * of.anw
        calls = chance.poisson(rate)
        load = np.minimum(rate * phone.handling_minutes / 60, FULLEST * np.maximum(heads, 1))
        over = np.maximum(rate * phone.handling_minutes / 60 - load, 0) / np.maximum(load, 1e-9)
        waits = erlang_c(np.maximum(heads, 1), load)
        drain = (np.maximum(heads, 1) - load) / (phone.handling_minutes * 60)
        hangs_up = np.clip(waits / (1 + HANGS_UP_AFTER * drain) + over / (1 + over), 0, 1)
        hangs_up = np.where(answering, hangs_up, 1.0)
        abandoned = chance.binomial(calls, hangs_up)
        answered = calls - abandoned
        soon = np.clip(1 - waits * np.exp(-drain * 120), 0, 1)
        late = np.clip(waits * np.exp(-drain * 600), 0, 1)
        within = chance.binomial(answered, soon)
        beyond = chance.binomial(
            answered - within, np.clip(late / np.maximum(1 - soon, 1e-9), 0, 1)
        )
        urgent = chance.binomial(answered, phone.urgent)
        # The urgent line goes first: its callers wait only for a head to be free.
        quick = chance.binomial(urgent, np.clip(1 - 0.5 * waits * np.exp(-drain * 30), 0, 1))
        longest = longest_wait(waits, drain, answered, within, beyond, chance)
        last = of.hours + HOUR - 1
        told = {
            "calls": calls,
            "answered": answered,
            "answeredWithin120s": within,
            "answeredOver600s": beyond,
            "abandoned": abandoned,
            "urgentAnswered": urgent,
            "urgentWithin30s": quick,
        }
        for measure, counts in told.items():
            self.mark(phone.unit, Kind(measure), last, counts)
        keep = (answered > 0) & (last >= self.begin)
        waited = self.ledger.longest_of(phone.unit, Kind("longestWaitSeconds"))
        waited.extend(last[keep], longest[keep])
        self.after_calls(phone, of, answered, chance)

    def after_calls(
        self, phone: Phone, of: Block, answered: Whole, chance: np.random.Generator
    ) -> None:
        """Advice by telephone, a consult at the post, or a visit by car, by urgency."""
        last = of.hours + HOUR - 1
        if not phone.urgencies:
            resource = next(u.resource for u in self.plan.units if u.slug == phone.unit)
            self.mark(phone.unit, Kind("consults"), last, chance.binomial(answered, phone.seen))
            self.mark(phone.unit, Kind("requests", resource=resource), last, answered)
            return
        shares = np.array([share for _, share, _, _ in phone.urgencies])
        by_urgency = chance.multinomial(answered, shares / shares.sum()).T
        cars = self.rosters.on_duty(phone.unit, phone.driver, of)
        free = chance.poisson(cars * phone.visits_per_hour)
        for (urgency, _, seen, visited), count in zip(phone.urgencies, by_urgency, strict=True):
            consults = chance.binomial(count, seen)
            wanted = chance.binomial(count - consults, visited / max(1 - seen, 1e-9))
            self.mark(phone.unit, Kind("consults", urgency=urgency), last, consults)
            at_once = urgency in ("u0", "u1")
            free = self.visit(phone, Kind("homeVisits", urgency=urgency), at_once, of, wanted, free)

    def visit(
        self, phone: Phone, kind: Kind, at_once: bool, of: Block, wanted: Whole, free: Whole
    ) -> Whole:
        """Visits made in each hour, the urgent first; returns the room that is left, int64[h].

        What is not for at once is made in a later hour than it was asked in.
        """
        key = (phone.unit, kind.urgency)
        open_now = self.open_visits.get(key, 0)
        made, still = np.zeros_like(wanted), np.zeros_like(wanted)
        rows = zip(wanted.tolist(), free.tolist(), of.anw.tolist(), strict=True)
        for hour, (new, room, anw) in enumerate(rows):
            # At eight in the morning the visits left go to the person's own GP.
            done = min(open_now + new if at_once else open_now, room) if anw else 0
            open_now = open_now + new - done if anw else 0
            made[hour], still[hour] = done, open_now
        self.open_visits[key] = open_now
        last = of.hours + HOUR - 1
        self.mark(phone.unit, kind, last, made)
        self.ledger.level(phone.unit, replace(kind, measure="visitsOpen")).extend(last, still)
        return free - made

    def mark(self, place: str, kind: Kind, at: Whole, counts: Whole) -> None:
        keep = (counts > 0) & (at >= self.begin)
        self.ledger.mark(place, kind).extend(at[keep], counts[keep])

    # Visits at short notice

    def tell_visits(self, team: Visiting, of: Block) -> None:
        """Requests take the visits that the heads on duty have left, until the next shift."""
        unit = next(unit for unit in self.plan.units if unit.slug == team.unit)
        chance = generator(self.seed, "visits", team.unit, of.number)
        heads = self.rosters.on_duty(team.unit, team.role, of)
        shape = np.array(team.hours) / np.mean(team.hours)
        rate = team.requests_per_day / 24 * shape[of.hour] * (1 + 0.15 * winter(of.hours))
        counts = chance.poisson(rate)
        asked = np.repeat(of.hours, counts) + chance.integers(0, HOUR, int(counts.sum()))
        asked.sort()
        begins = shift_starts(unit.shifts, of)
        shift = np.searchsorted(begins, asked, side="right") - 1
        slots = np.floor(on_shift(heads, begins, of) * team.per_head).astype(np.int64)
        # Of each request: how many came before it in the shift.
        before = np.arange(len(asked)) - np.searchsorted(shift, shift)
        room = slots[shift]
        granted = before < room
        home = {"resource": unit.resource}
        self.mark(team.unit, Kind("requests", **home), asked, np.ones_like(asked))
        full = Kind("refused", reason="full", **home)
        self.mark(team.unit, full, asked[~granted], np.ones_like(asked[~granted]))
        if any(name.shift == "nacht" for name in unit.shifts):
            night = granted & at_night(asked, of)
            kind = Kind("unplannedNight", resource="home-visit")
            self.mark(team.unit, kind, asked[night], np.ones_like(asked[night]))
        free = self.ledger.level(team.unit, Kind("acuteVisitsFree", resource="home-visit"))
        levels(free, begins, slots, asked[granted], (room - before - 1)[granted])


def called(phone: Phone, of: Block, seed: int) -> Figures:
    """Expected calls in each hour, float64[hours]; 0 when the line is closed."""
    shape = np.where(of.off, np.array(DAY_OFF)[of.hour], np.array(WORKDAY)[of.hour])
    weather = (1 + 0.08 * winter(of.hours)) * (1 + 0.25 * flu(seed, of.hours))
    rate: Figures = phone.calls_per_hour * shape * weather
    return rate


def longest_wait(
    waits: Figures,
    drain: Figures,
    answered: Whole,
    within: Whole,
    beyond: Whole,
    chance: np.random.Generator,
) -> Whole:
    """The longest of the waits of an hour, seconds; never at odds with the counts, int64[n]."""
    drawn = chance.random(len(waits)) ** (1 / np.maximum(answered, 1))
    longest = np.log(np.maximum(waits, 1e-12) / np.maximum(1 - drawn, 1e-12)) / drain
    longest = np.clip(longest, 0, 2700)
    longest = np.where(beyond > 0, np.maximum(longest, 601), np.minimum(longest, 600))
    none_late = within == answered
    longest = np.where(none_late, np.minimum(longest, 119), np.maximum(longest, 121))
    return longest.astype(np.int64)


def shift_starts(shifts: Sequence[ShiftHours], of: Block) -> Whole:
    """Where shifts begin, in order; the night that runs into a block is dealt anew there."""
    begins = [of.starts(shift.start) for shift in shifts]
    return np.unique(np.concatenate([of.midnights[:1], *begins]))


def on_shift(heads: Whole, begins: Whole, of: Block) -> Whole:
    """Heads in the first full hour of each shift, int64[shifts]."""
    hour = np.clip(np.searchsorted(of.hours, begins), 0, len(of.hours) - 1)
    found: Whole = heads[hour]
    return found


def at_night(asked: Whole, of: Block) -> NDArray[np.bool_]:
    """Whether each moment lies between 23 and 7 o'clock."""
    hour = of.hour[np.searchsorted(of.hours, asked, side="right") - 1]
    night: NDArray[np.bool_] = (hour >= 23) | (hour < 7)
    return night


def levels(level: Steps, begins: Whole, slots: Whole, asked: Whole, left: Whole) -> None:
    """A level that begins each shift anew and falls with each visit."""
    times = np.concatenate([begins, asked])
    order = np.argsort(times, kind="stable")
    level.extend(times[order], np.concatenate([slots, left])[order])
