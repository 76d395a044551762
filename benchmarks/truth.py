"""The forecast of the tower against the truth of a made-up region (fictief), into docs/method.md.

`python -m benchmarks.truth --seeds 20`. Of each seed the region of Zoetermeer is played for two
years; what was occupied at the census of each day goes through the tower's own pipeline, the region
is played on, and the bands are held against what came. There are three families: the region as it
is; one whose stays have a heavier tail; and one in which nobody tells that places are closed.

The rule was set before anything was looked at. A seed passes when over its units and the 28 days
ahead the bands of 80% hold 65 to 92% of the truths, and those of 95% at least 90%. So wide because
the unit-days of one seed are no independent draws: an error lasts a week or two, so that 28 days
are some three of them, and units share the calendar, the flu and each other's patients. About 40
series are then taken to be worth 60 draws. Of a calibrated forecast the share within 80% deviates
by sqrt(.8 x .2 / 60) = .052 from seed to seed and that within 95% by .028: 65 to 92% is from 2.9
deviations below to 2.3 above, 90% is 1.8 below. Nineteen in twenty calibrated seeds pass. Of bands
half as wide a Gaussian error lies within 80% in 48% of cases, and within 95% in 67%: none does.
At least nine in ten seeds must pass.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from app.forecasts import asking, calendar, scores
from app.forecasts.baseline import QUANTILES
from app.forecasts.calendar import CENSUS
from app.forecasts.demand import Part
from app.forecasts.issue import DAYS
from app.forecasts.runs import Issued, Kind
from app.forecasts.series import DAY, Daily
from app.forecasts.subjects import SUPPLIED, SUPPLY, WAITING, Offer, Region, questions
from app.forecasts.together import answers
from app.simulation import stays
from app.simulation.calendar import Block, instant
from app.simulation.chance import generator
from app.simulation.journey import Journey
from app.simulation.kinds import Kind as Figure
from app.simulation.ledger import Ledger, of_people
from app.simulation.plan import Plan, Unit
from app.simulation.rosters import Rosters
from app.simulation.script import PLACES, Line, Script
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer

Floats = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "method.md"
BEGIN, END = "<!-- written by python -m benchmarks.truth: begin -->", "<!-- end of truth -->"

FIRST = date(2023, 1, 2)
# Days that the region is played before anybody looks, and that are told to the forecast.
SETTLES, KNOWN = 30, 700
# Cut-offs of successive seeds lie so far apart, so that they see all times of the year.
APART = 53
# A run is made at 04:00 on the day after its last census.
RUN_AFTER = timedelta(hours=20)
NEAR = 28
WIDER = 1.6  # times the spread of each lognormal stay, at the same mean
# One unit in so many has a third of its beds closed: 21 days ago, or a week from now.
ONE_IN, LEFT, CLOSED_AGO, CLOSES_IN = 6, 2 / 3, 21, 7

SMALL = 8  # places
ENDS = {0.80: (0.1, 0.9), 0.95: (0.025, 0.975)}

LEAST_80, MOST_80, LEAST_95, LEAST_SEEDS = 0.65, 0.92, 0.90, 0.90
# Of the closed family: what is left if the bands of closed units never hold and all others do.
FLOOR_95 = LEAST_95 * (1 - 1 / ONE_IN)
# What a shortage is: of the units that tell who waits, and of those that do not.
NEEDED, THERE = "more who are there or wait than places", "more who are there than places"
BINS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Secret:
    """From `since` (seconds) on units have fewer places than anybody tells."""

    units: frozenset[str]
    since: int


class Closing(Script):
    """Tells of all places and opens fewer."""

    def __init__(
        self,
        secret: Secret,
        plan: Plan,
        seed: int,
        begin: int,
        rosters: Rosters,
        journey: Journey,
        ledger: Ledger,
    ) -> None:
        # Before the first block is loaded, which asks for it.
        self.secret = secret
        super().__init__(plan, seed, begin, rosters, journey, ledger)

    def places(self, of: Block) -> Iterator[Line]:
        """As they are, those of the secret limited; one that falls in the block begins then."""
        held: dict[int, Line] = {}
        for line in super().places(of):
            if line[1] == PLACES and line[0] <= self.secret.since:
                held[line[2]] = line
            yield self.limited(line)
        if of.begin <= self.secret.since < of.end:
            yield from (self.limited((self.secret.since, *line[1:])) for line in held.values())

    def limited(self, line: Line) -> Line:
        at, what, cell, staffed, usable, *rest = line
        if what != PLACES or at < self.secret.since:
            return line
        place = self.journey.cells.cells[cell]
        if self.plan.units[place.unit].slug not in self.secret.units:
            return line
        most = int(place.places * LEFT)
        return (at, what, cell, min(staffed, most), min(usable, most), rest[0], rest[1])


def played(plan: Plan, seed: int, begin: int, until: int, secret: Secret | None) -> Truth:
    """What a region was until a moment; with a secret as `World` plays it, but for telephones."""
    if secret is None:
        world = World(plan, seed, begin)
        world.advance(until)
        return world.truth
    rosters, journey, ledger = Rosters(plan, seed), Journey(plan, seed, begin), Ledger()
    script = Closing(secret, plan, seed, begin, rosters, journey, ledger)
    truth = Truth(plan, seed, begin, rosters, journey, ledger)
    script.play(until)
    truth.until = until
    return truth


def heavier(plan: Plan) -> Plan:
    """Every lognormal part of every stay with a wider spread at the same mean."""
    return replace(
        plan, needs=tuple(replace(need, stay=stretched(need.stay)) for need in plan.needs)
    )


def stretched(stay: stays.Stay) -> stays.Stay:
    """exp(mu + s^2 / 2) is the mean of a lognormal, so that mu gives way as s grows."""
    parts = []
    for part in stay.parts:
        spread = part.spread * WIDER
        median = part.days * float(np.exp((part.spread**2 - spread**2) / 2))
        parts.append(replace(part, days=median, spread=spread) if part.lognormal else part)
    return stays.Stay(tuple(parts))


# What was, as it is told


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """Of each unit and bed type what was occupied and staffed at the census: float64[s, d].

    Days from `first` on: the first 700 are told, the last 98 are what came. `waiting` is NaN where
    a unit has several types: who waits for it is not told by type.
    """

    units: Mapping[str, Unit]
    kinds: Sequence[tuple[str, str]]
    first: date
    occupied: Floats
    staffed: Floats
    waiting: Floats

    @property
    def last(self) -> date:
        return self.first + (KNOWN - 1) * DAY


def begins(seed: int) -> date:
    return FIRST + timedelta(days=seed * APART % 365)


def cut_off(seed: int) -> date:
    return begins(seed) + timedelta(days=SETTLES + KNOWN - 1)


def told(plan: Plan, seed: int, secret: Secret | None = None) -> Story:
    begin, first = instant(begins(seed), 0), begins(seed) + SETTLES * DAY
    days = calendar.days_from(first, KNOWN + DAYS)
    moments = np.array([int(calendar.moment(day, CENSUS).timestamp()) for day in days])
    truth = played(plan, seed, begin, int(moments[-1]), secret)
    units = {unit.slug: unit for unit in plan.units if unit.resource == "bed" and unit.beds}
    kinds = [(slug, beds.type) for slug, unit in units.items() for beds in unit.beds]
    figures = {
        measure: np.array(
            [truth.at(u, Figure(measure, resource="bed", bed_type=b), moments) for u, b in kinds]
        )
        for measure in (SUPPLIED, SUPPLY)
    }
    waiting = np.array([waiting_for(truth, units[slug], moments) for slug, _ in kinds])
    return Story(units, kinds, first, figures[SUPPLIED], figures[SUPPLY], waiting)


def waiting_for(truth: Truth, unit: Unit, moments: NDArray[np.int64]) -> Floats:
    if len(unit.beds) > 1:
        return np.full(len(moments), np.nan)
    return truth.at(unit.slug, of_people("waiting", unit), moments)


def region(story: Story) -> Region:
    """What a run knows of it: each figure at the census, and nothing of closures."""
    offers = {
        slug: Offer(slug, 1, unit.setting, "bed", tuple(beds.type for beds in unit.beds), CENSUS)
        for slug, unit in story.units.items()
    }
    figures = ((SUPPLIED, story.occupied), (SUPPLY, story.staffed), (WAITING, story.waiting))
    parts = {
        (unit, Kind(measure, "bed", bed_type)): [Part((), Daily(story.first, row[:KNOWN]))]
        for measure, rows in figures
        for (unit, bed_type), row in zip(story.kinds, rows, strict=True)
        if np.isfinite(row).any()
    }
    at = calendar.moment(story.last, CENSUS) + RUN_AFTER
    return Region(at, offers, {}, parts, {}, {})


def forecast(story: Story) -> list[Issued]:
    """The run of 98 days, by the very functions of the tower, in this process."""
    units, totals = questions(region(story))
    found = asking.found_of([asking.work(task) for task in asking.tasks(units, seed=0)])
    weeks, _ = answers(units, totals, found, seed=0).issued()
    return weeks


# What was told against what came


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Of one seed and family; s units and bed types, t totals, h = 98 days, q quantiles.

    `short` is the chance told (0..1). By what it is held against: `came` float64[s, h] of 1 and 0,
    NaN not known, and `usual` float64[s], the share of the past in which that was so.
    """

    seed: int
    truth: Floats
    quantiles: Floats
    total: Floats
    total_quantiles: Floats
    short: Floats
    came: Mapping[str, Floats]
    usual: Mapping[str, Floats]
    closed: NDArray[np.bool_]

    def within(self, share: float, days: int = NEAR, width: float = 1.0) -> Floats:
        """float64[s, days] of 1 and 0; `width` < 1 narrows the bands about their medians."""
        return inside(self.truth, self.quantiles, share, width)[:, :days]

    def too_high(self) -> Floats:
        """By how many places the medians stand above what came: float64[s, 28]."""
        middle = self.quantiles[:, :NEAR, QUANTILES.index(0.5)]
        found: Floats = middle - self.truth[:, :NEAR]
        return found

    def within_totals(self, share: float, days: int = NEAR) -> Floats:
        return inside(self.total, self.total_quantiles, share, 1.0)[:, :days]


def inside(truth: Floats, quantiles: Floats, share: float, width: float) -> Floats:
    middle = quantiles[:, :, [QUANTILES.index(0.5)]]
    bands = middle + width * (quantiles - middle)
    rows = [scores.covered(t, q, QUANTILES, share) for t, q in zip(truth, bands, strict=True)]
    return np.array(rows)


def seen(seed: int, story: Story, weeks: Sequence[Issued], closed: frozenset[str]) -> Seen:
    """`story` may have gone on otherwise than what the forecast knew."""
    known = [each for each in weeks if each.state == "known"]
    by = {(each.subject, each.kind.bed_type): each for each in known if each.subject_kind == "unit"}
    units = [by[kind] for kind in story.kinds]
    totals = [
        each
        for each in known
        if each.subject_kind == "careSetting" and each.kind.measure == SUPPLIED
    ]
    rows = {kind: row for row, kind in enumerate(story.kinds)}
    members = [
        [rows[unit, each.kind.bed_type] for unit in each.detail["members"]] for each in totals
    ]
    ahead = story.occupied[:, KNOWN:]
    asked = story.occupied + story.waiting
    others = np.where(np.isfinite(asked), np.nan, story.occupied)
    against = {NEEDED: above(asked, story.staffed), THERE: above(others, story.staffed)}
    return Seen(
        seed,
        ahead,
        quantiles_of(units),
        np.array([ahead[member].sum(axis=0) for member in members]),
        quantiles_of(totals),
        np.array([[step.p_short for step in each.steps] for each in units], dtype=np.float64),
        {name: each[:, KNOWN:] for name, each in against.items()},
        {name: each[:, :KNOWN].mean(axis=1) for name, each in against.items()},
        np.array([unit in closed for unit, _ in story.kinds]),
    )


def above(need: Floats, places: Floats) -> Floats:
    """1 where there are more than places, NaN not known."""
    return np.where(np.isfinite(need), np.where(need > places, 1.0, 0.0), np.nan)


def quantiles_of(issued: Sequence[Issued]) -> Floats:
    return np.array([[step.quantiles for step in each.steps] for each in issued])


def passes(*seeds: Seen, width: float = 1.0) -> bool:
    """The rule, of one seed or of several taken together."""
    c80, c95 = (
        float(np.mean([seed.within(share, width=width) for seed in seeds]))
        for share in (0.80, 0.95)
    )
    return LEAST_80 <= c80 <= MOST_80 and c95 >= LEAST_95


def passing(all_seen: Sequence[Seen], width: float = 1.0) -> float:
    """The share of seeds that pass; it must be at least `LEAST_SEEDS`."""
    return sum(passes(each, width=width) for each in all_seen) / len(all_seen)


# The families


@lru_cache(maxsize=1)
def usual_run(seed: int) -> tuple[Story, list[Issued]]:
    story = told(zoetermeer(), seed)
    return story, forecast(story)


def as_it_is(seed: int) -> Seen:
    return seen(seed, *usual_run(seed), frozenset())


def other_stay(seed: int) -> Seen:
    story = told(heavier(zoetermeer()), seed)
    return seen(seed, story, forecast(story), frozenset())


def closed_before(seed: int) -> Seen:
    secret = a_secret(seed, -CLOSED_AGO)
    story = told(zoetermeer(), seed, secret)
    return seen(seed, story, forecast(story), secret.units)


def closes_ahead(seed: int) -> Seen:
    """What is known at the cut-off is as it is, and so is the forecast."""
    secret = a_secret(seed, CLOSES_IN)
    return seen(seed, told(zoetermeer(), seed, secret), usual_run(seed)[1], secret.units)


def a_secret(seed: int, days: int) -> Secret:
    """The same units whenever it begins, at seven in the morning."""
    able = [unit.slug for unit in zoetermeer().units if unit.resource == "bed" and unit.beds]
    drawn = generator(seed, "in secret").choice(able, round(len(able) / ONE_IN), replace=False)
    return Secret(frozenset(drawn.tolist()), instant(cut_off(seed) + days * DAY, 7 * 60))


FAMILIES: Mapping[str, Callable[[int], Seen]] = {
    "as it is": as_it_is,
    "closes in a week": closes_ahead,
    "closed 3 weeks ago": closed_before,
    "other stay": other_stay,
}
CLOSED = ("closed 3 weeks ago", "closes in a week")


# The page


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Of the region as it is and other stays.")] = 20,
    secret: Annotated[int, typer.Option(min=0, help="Of each family with closed places.")] = 5,
    page: Annotated[bool, typer.Option(help="Write the tables into docs/method.md.")] = True,
) -> None:
    """Play, forecast and judge: half a minute a seed and family."""
    found: dict[str, list[Seen]] = {name: [] for name in FAMILIES}
    began = time.monotonic()
    for seed in range(1, seeds + 1):
        for name, family in FAMILIES.items():
            if name in CLOSED and seed > secret:
                continue
            one = family(seed)
            found[name].append(one)
            shares = [float(one.within(share).mean()) for share in (0.80, 0.95)]
            sys.stderr.write(
                f"seed {seed}, {name}: {shares[0]:.3f} {shares[1]:.3f} "
                f"{'passes' if passes(one) else 'fails'}, {time.monotonic() - began:.0f} s\n"
            )
    lines = [
        *coverage({name: each for name, each in found.items() if each}),
        "",
        *sizes({name: found[name] for name in ("as it is", "other stay")}),
        "",
        *secrets(found),
        "",
        *shortages({name: found[name] for name in ("as it is", "other stay")}),
    ]
    if page:
        write(lines)
    else:
        print(*lines, sep="\n")


def coverage(found: Mapping[str, Sequence[Seen]]) -> Iterator[str]:
    yield (
        "| family | seeds | pass | pass, bands halved | c80 (least to most) | between seeds "
        "| c95 (least to most) | between seeds | totals c80, c95 | 98 days c80, c95 |"
    )
    yield "|" + "---|" * 10
    for name, of in found.items():
        c80, c95 = (np.array([each.within(share).mean() for each in of]) for share in (0.80, 0.95))
        totals = [np.mean([each.within_totals(share) for each in of]) for share in (0.80, 0.95)]
        far = [np.mean([each.within(share, DAYS) for each in of]) for share in (0.80, 0.95)]
        yield (
            f"| {name} | {len(of)} | {passing(of):.2f} | {passing(of, 0.5):.2f} "
            f"| {spread(c80)} | {np.std(c80):.3f} | {spread(c95)} | {np.std(c95):.3f} "
            f"| {totals[0]:.3f}, {totals[1]:.3f} | {far[0]:.3f}, {far[1]:.3f} |"
        )


def spread(shares: Floats) -> str:
    return f"{shares.mean():.3f} ({shares.min():.3f} to {shares.max():.3f})"


def secrets(found: Mapping[str, Sequence[Seen]]) -> Iterator[str]:
    """The units that are closed and the others, against themselves in the region as it is."""
    yield "| family | units | c80 | c95 | as it is: c80 | c95 | mean of median less truth, places |"
    yield "|" + "---|" * 7
    for name in CLOSED:
        usual = {each.seed: each for each in found["as it is"]}
        for which in ("closed", "others"):
            pairs = [(each, usual[each.seed], of_which(each, which)) for each in found[name]]
            if pairs:
                yield (
                    f"| {name} | {which} | "
                    + " | ".join(
                        f"{np.concatenate(rows).mean():.3f}"
                        for rows in (
                            [each.within(0.80)[rows] for each, _, rows in pairs],
                            [each.within(0.95)[rows] for each, _, rows in pairs],
                            [same.within(0.80)[rows] for _, same, rows in pairs],
                            [same.within(0.95)[rows] for _, same, rows in pairs],
                            [each.too_high()[rows] for each, _, rows in pairs],
                        )
                    )
                    + " |"
                )


def sizes(found: Mapping[str, Sequence[Seen]]) -> Iterator[str]:
    """Small units and large ones; and what would be held of whole counts, each one place wide."""
    yield "| family | places | unit-days | c80 | c95 | as whole counts: c80 | c95 |"
    yield "|" + "---|" * 7
    plan = zoetermeer()
    beds = [each.places for u in plan.units if u.resource == "bed" for each in u.beds]
    small = np.array(beds) <= SMALL
    for name, of in found.items():
        for which, rows in ((f"up to {SMALL}", small), ("more", ~small)):
            shares = [
                np.mean([held[rows, :NEAR] for held in (how(each, share) for each in of)])
                for how in (Seen.within, whole_within)
                for share in (0.80, 0.95)
            ]
            count = int(rows.sum()) * NEAR * len(of)
            told = " | ".join(f"{share:.3f}" for share in shares)
            yield f"| {name} | {which} | {count} | {told} |"


def whole_within(seen: Seen, share: float) -> Floats:
    """1 where the band touches k - 1/2 to k + 1/2 of the count k that came: float64[s, h]."""
    low, high = (seen.quantiles[:, :, QUANTILES.index(level)] for level in ENDS[share])
    return np.where((low <= seen.truth + 0.5) & (high >= seen.truth - 0.5), 1.0, 0.0)


def of_which(seen: Seen, which: str) -> NDArray[np.bool_]:
    return seen.closed if which == "closed" else ~seen.closed


def shortages(found: Mapping[str, Sequence[Seen]]) -> Iterator[str]:
    """The chance of a shortage that was told, against what came."""
    yield (
        "| family | shortage | unit-days | came | Brier | of the usual share of the unit | skill "
        "| of one share for all | skill | worst bin of 100 and more |"
    )
    yield "|" + "---|" * 10
    bins: list[str] = []
    for name, of in found.items():
        for against in of[0].came:
            chance, true, base = shortage(of, against)
            ours, theirs = ((chance - true) ** 2).mean(), ((base - true) ** 2).mean()
            flat = float(np.var(true))
            rows = [*reliability(chance, true)]
            worst = max(abs(told - seen) for _, _, count, told, seen in rows if count >= 100)
            yield (
                f"| {name} | {against} | {len(true)} | {true.mean():.3f} | {ours:.4f} "
                f"| {theirs:.4f} | {1 - ours / theirs:.3f} | {flat:.4f} | {1 - ours / flat:.3f} "
                f"| {worst:.3f} |"
            )
            bins += [
                f"| {name} | {against} | {low:g} to {high:g} | {count} | {told:.3f} | {seen:.3f} |"
                for low, high, count, told, seen in rows
            ]
    yield from ("", "| family | shortage | chance | unit-days | told | came |", "|" + "---|" * 6)
    yield from bins


def shortage(of: Sequence[Seen], against: str) -> tuple[Floats, Floats, Floats]:
    """Of each unit-day of 28: the chance told, whether it came, and the usual share."""
    told = np.concatenate([each.short[:, :NEAR].ravel() for each in of])
    true = np.concatenate([each.came[against][:, :NEAR].ravel() for each in of])
    base = np.concatenate([np.repeat(each.usual[against], NEAR) for each in of])
    known = np.isfinite(told + true)
    return told[known], true[known], base[known]


def reliability(chance: Floats, true: Floats) -> Iterator[tuple[float, float, int, float, float]]:
    """Of each bin that has any: its bounds, how many, the mean chance told, the share that came."""
    for low, high in pairwise(BINS):
        rows = (chance >= low) & ((chance < high) | (high == BINS[-1]))
        if rows.any():
            yield low, high, int(rows.sum()), float(chance[rows].mean()), float(true[rows].mean())


def write(lines: Sequence[str]) -> None:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    when = f"{datetime.now(UTC):%d %B %Y}, commit {done.stdout.strip()}"
    before, begin, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE.name} has lost the marks between which the tables stand.")
    body = "\n".join([BEGIN, "", f"{when}, Python {sys.version.split()[0]}.", "", *lines, "", END])
    PAGE.write_text(before + body + after, "utf-8")


if __name__ == "__main__":
    typer.run(main)
