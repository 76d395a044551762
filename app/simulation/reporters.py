"""Those who report, with their flaws: what of the truth becomes known, when, and through whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import HOUR
from app.simulation.kinds import Kind
from app.simulation.reporters_clock import Moments, Schedule, local_days, offsets
from app.simulation.reporters_flaws import (
    AGAIN_AFTER,
    CORRECTED_AFTER,
    PERFECT,
    Dice,
    Flaws,
    Which,
)
from app.simulation.reporters_sheet import PLANS, Sheet, figures, flows, one_way, rosters, together
from app.simulation.truth import Truth

Values = NDArray[np.float64]
SourceKind = Literal["hand", "feed", "mandate"]
EVERY_HOUR = Schedule(interval=HOUR, sparse=())
# Who counts by hand is one off in these.
MISCOUNTED = frozenset({"occupied", "reserved", "waiting", "present"})


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who tells of one unit or staff pool, when and how well; through a feed or by hand.

    With `measures` only those are told. `hourly` flows are told by the hour, whatever the schedule.
    """

    place: str
    schedule: Schedule
    source_kind: SourceKind = "hand"
    feed: str = ""
    flaws: Flaws = PERFECT
    measures: frozenset[str] | None = None
    hourly: bool = False

    @property
    def name(self) -> str:
        return f"{self.place}/{self.source_kind}/{self.feed}"

    def tells(self, kind: Kind) -> bool:
        return self.measures is None or kind.measure in self.measures


@dataclass(frozen=True, slots=True)
class Reporters:
    """All who report, and the seed of their flaws."""

    seed: int
    reporters: tuple[Reporter, ...]

    def perfect(self) -> "Reporters":
        """The same who tell the truth, all of it and at once."""
        return replace(self, reporters=tuple(replace(r, flaws=PERFECT) for r in self.reporters))


@dataclass(frozen=True, slots=True)
class Block:
    """What one reporter told of one place: a row is one message, a column one figure of it.

    `observed_at` and `known_at` int64[n]; `starts` and `lengths` in seconds int64[n, k], length 0
    for a figure that is counted at `observed_at`; `values` float64[n, k], NaN for what was told
    as unknown; `told` bool[n, k]. `sheet` tells apart the messages of one moment.
    """

    place: str
    source_kind: SourceKind
    feed: str
    sheet: str
    kinds: tuple[Kind, ...]
    observed_at: Moments
    known_at: Moments
    starts: Moments
    lengths: Moments
    values: Values
    told: Which


def blocks(
    truth: Truth, reporters: Reporters, since: int, until: int, *, dense_from: int
) -> Iterator[Block]:
    """All that becomes known in [since, until), not after `truth.until`, by place.

    The same whatever pieces time is cut into: it follows from the truth, the seed and the moments.
    Before `dense_from` intervals are told at 08:00, 15:30 and 23:00 only.
    """
    for reporter in reporters.reporters:
        # What was so up to then may still become known.
        begin = max(since - reporter.flaws.reach, truth.begin)
        for sheet in sheets(truth, reporter, begin, until, dense_from):
            if len(sheet.moments) and sheet.kinds:
                yield from known(Dice(reporters.seed, reporter.name), reporter, sheet, since, until)


def sheets(
    truth: Truth, reporter: Reporter, since: int, until: int, dense_from: int
) -> Iterator[Sheet]:
    place, schedule = reporter.place, reporter.schedule
    times = (since, until, dense_from)
    stocks, happened, plans = (
        [kind for kind in one_way(kinds) if reporter.tells(kind)]
        for kinds in (truth.stocks(place), truth.flows(place), truth.plans(place))
    )
    told = figures(truth, place, stocks, plans, schedule, times)
    if reporter.hourly:
        by_hour = replace(EVERY_HOUR, hours=schedule.hours)
        yield told
        yield flows(truth, place, happened, by_hour, times)
    else:
        yield together(told, flows(truth, place, happened, schedule, times))
    if reporter.measures is None:
        yield from rosters(truth, place, since, until)


def known(dice: Dice, reporter: Reporter, sheet: Sheet, since: int, until: int) -> Iterator[Block]:
    """A sheet as it was told, then what was corrected of it, then what was told again."""
    flaws, moments = reporter.flaws, sheet.moments
    if flaws == PERFECT:
        yield from block(reporter, sheet, moments, moments, since, until)
        return
    silent = dice.happens("silent", moments, flaws.silent)
    silent |= dice.in_spell("silence", moments, flaws.silences, flaws.silence_days)
    sheet = sheet.rows(np.asarray(~silent, bool))
    moments = sheet.moments
    known_at = moments + dice.delays(moments, flaws.late, flaws.latest)
    sheet, observed_at = wrong_zone(dice, flaws, claimed(dice, flaws, sheet))
    first, wrong = miscounted(dice, flaws, sheet)
    yield from block(reporter, first, observed_at, known_at, since, until)
    later = known_at + dice.seconds("corrected after", moments, CORRECTED_AFTER)
    which = np.asarray(wrong.any(axis=1), bool)
    corrected = replace(sheet, told=wrong, name=f"{sheet.name} corrected").rows(which)
    yield from block(reporter, corrected, observed_at[which], later[which], since, until)
    which = dice.happens("again", moments, flaws.again)
    later = known_at + dice.seconds("again after", moments, AGAIN_AFTER)
    again = replace(first, name=f"{sheet.name} again").rows(which)
    yield from block(reporter, again, observed_at[which], later[which], since, until)


def block(
    reporter: Reporter,
    sheet: Sheet,
    observed_at: Moments,
    known_at: Moments,
    since: int,
    until: int,
) -> Iterator[Block]:
    """The rows that become known in [since, until) and tell something, by when they do."""
    here = np.flatnonzero((known_at >= since) & (known_at < until) & sheet.told.any(axis=1))
    if not len(here):
        return
    order = here[np.lexsort((observed_at[here], known_at[here]))]
    yield Block(
        reporter.place,
        reporter.source_kind,
        reporter.feed,
        sheet.name,
        sheet.kinds,
        observed_at[order],
        known_at[order],
        sheet.starts[order],
        sheet.lengths[order],
        sheet.values[order],
        sheet.told[order],
    )


def wrong_zone(dice: Dice, flaws: Flaws, sheet: Sheet) -> tuple[Sheet, Moments]:
    """A clock that shows UTC taken for a local one: what is so now is said of an hour or two ago.

    The other way round it would be of the future, which the tower refuses; so it refuses periods
    that overlap those told before, and flows are not among what is told.
    """
    moments = sheet.moments
    wrong = dice.in_spell("zone", moments, flaws.wrong_zone, flaws.zone_days)
    if not wrong.any():
        return sheet, moments
    behind = np.where(wrong, offsets(moments), 0)
    stocks = sheet.stocks
    starts = np.where(stocks, sheet.starts - behind[:, None], sheet.starts)
    flow = np.array([kind.measure not in PLANS for kind in sheet.kinds]) & ~stocks
    told = sheet.told & ~(wrong[:, None] & flow)
    return replace(sheet, starts=starts, told=told), moments - behind


def claimed(dice: Dice, flaws: Flaws, sheet: Sheet) -> Sheet:
    """On some days more is told as staffed than there is, or free places as promised already."""
    values = sheet.values
    days = local_days(sheet.moments)
    if flaws.claims:
        values = values.copy()
        more = flaws.claims * dice.happens("claims", days, flaws.claimed)
        for _, of in by_places(sheet.kinds, "closedPlaces", "staff"):
            (staffed,) = of["staffed"]
            for closed in of["closedPlaces"]:
                taken = np.minimum(values[:, closed], more)
                values[:, closed] -= taken
                values[:, staffed] += taken
    if flaws.held:
        values = values.copy()
        hold = flaws.held * dice.happens("holds", days, flaws.holding)
        for _, of in by_places(sheet.kinds, "reserved", ""):
            (staffed,), (occupied,), (reserved,) = of["staffed"], of["occupied"], of["reserved"]
            free = values[:, staffed] - values[:, occupied] - values[:, reserved]
            values[:, reserved] += np.clip(free, 0, hold)
    return replace(sheet, values=values)


def by_places(
    kinds: Sequence[Kind], measure: str, reason: str
) -> Iterator[tuple[tuple[str, str], Mapping[str, list[int]]]]:
    """Per resource and bed type the columns of each measure, where this one is among them."""
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for k, kind in enumerate(kinds):
        if kind.measure in ("staffed", "occupied", "reserved") or (
            kind.measure == measure and kind.reason == reason
        ):
            of = found.setdefault((kind.resource, kind.bed_type), {})
            of.setdefault(kind.measure, []).append(k)
    for place, of in found.items():
        if measure in of and all(len(of.get(m, ())) == 1 for m in ("staffed", "occupied")):
            yield place, of


def miscounted(dice: Dice, flaws: Flaws, sheet: Sheet) -> tuple[Sheet, Which]:
    """Now and then one figure is told one off; which is corrected later, bool[n, k]."""
    wrong = np.zeros(sheet.told.shape, bool)
    columns = np.array([k for k, kind in enumerate(sheet.kinds) if kind.measure in MISCOUNTED])
    rows = np.flatnonzero(dice.happens("corrected", sheet.moments, flaws.corrected))
    if not len(columns) or not len(rows):
        return sheet, wrong
    chance = dice.numbers("which", sheet.moments[rows])
    column = columns[(chance % np.uint64(len(columns))).astype(np.int64)]
    fewer = (chance >> np.uint64(32)) % np.uint64(2) == 1
    values = sheet.values.copy()
    values[rows, column] += np.where(fewer & (values[rows, column] > 0), -1, 1)
    wrong[rows, column] = sheet.told[rows, column]
    return replace(sheet, values=values), wrong
