"""The engine where it is hard to forecast, on real daily series, into docs/method.md.

`python -m benchmarks.conditions`. A series that begins (cold start), places that close shortly
before the origin, and days that nobody told: each is made of a real past, and what the engine then
says is held against what it says of the past as it was, on the same points. Needs the folder
`data/` of SHARED_DIR.

What begins is one series in five while all others keep their past, in five calls, so that each
series begins once; or all at once. A closure leaves 70% of the level of a third of the series, from
some days before the origin on and through what came: what is said there is divided by .7, so that
both are held against the same truth. Gaps are in all series: a tenth of the days of each by chance,
or 21 days of all of them.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from app.backtesting import ahead, plain
from app.filing import in_order, read
from app.forecasts import tidy
from app.forecasts.backtest import Tally, tally, together
from app.forecasts.engine.asked import Change, Floats, Grade, Past, Question
from app.forecasts.engine.outlook import outlooks
from benchmarks.evaluate import ROOT, write

BEGIN, END = (
    "<!-- written by python -m benchmarks.conditions: begin -->",
    "<!-- end of conditions -->",
)
SETS: Mapping[str, str] = {"divi_icu_daily": "DE", "nhs_icb_nctr_daily": "GB-ENG"}
HORIZON, APART = 28, 28
LONGEST = 1096  # days of past that are told: three years
YEAR = 365  # the naive of a long past, and the scale, are of so many days
SEED = 2026
PARTS = 5  # so many calls, in each of which another part of the series begins
BEGINS = (14, 28, 56)  # days
CLOSED_IN, LEFT = 3, 0.7  # one series in three, and the share of its level that is left
GAPS = 0.10
BLOCK = 21
WHOLE = "the past as it was"


class Answer(NamedTuple):
    """What was said of one series when told `past`, on the level that it had undisturbed."""

    past: Past
    quantiles: Floats
    grade: Grade


@dataclass(frozen=True, slots=True)
class Scene:
    """One origin of one set: pasts of at most three years, and what came, float64[28]."""

    file: str
    origin: date
    pasts: Sequence[Past]
    truths: Mapping[str, Floats]
    question: Question

    def part(self, count: int) -> Sequence[frozenset[str]]:
        """The series in `count` parts by chance, the same ones at every origin."""
        names = sorted(self.truths)
        drawn = np.random.default_rng([SEED, count]).permutation(len(names))
        return [frozenset(names[n] for n in drawn[first::count]) for first in range(count)]


def answers(
    scene: Scene,
    pasts: Sequence[Past],
    of: frozenset[str] | None = None,
    changes: Sequence[Change] = (),
    level: float = 1.0,
) -> list[Answer]:
    """What the engine says of the series `of` (None: of all) when told these pasts."""
    told = outlooks(pasts, replace(scene.question, changes=changes))
    return [
        Answer(past, outlook.quantiles / level, outlook.grade)
        for past, outlook in zip(pasts, told, strict=True)
        if of is None or past.name in of
    ]


def undisturbed(scene: Scene) -> list[Answer]:
    return answers(scene, scene.pasts)


def begun(past: Past, days: int) -> Past:
    """As if its first day was `days` before the end."""
    cut = max(0, len(past.values) - days)
    return Past(past.name, past.first + timedelta(days=cut), past.values[cut:])


def one_begins(scene: Scene, days: int) -> list[Answer]:
    return [
        answer
        for part in scene.part(PARTS)
        for answer in answers(
            scene,
            [begun(past, days) if past.name in part else past for past in scene.pasts],
            part,
        )
    ]


def all_begin(scene: Scene, days: int) -> list[Answer]:
    return answers(scene, [begun(past, days) for past in scene.pasts])


def closed(scene: Scene, days: int, told: bool) -> list[Answer]:
    """In its last `days` a closed series has 70% of its level, and so it will have."""
    shut = scene.part(CLOSED_IN)[0]
    pasts = [
        replace(past, values=lowered(past.values, days)) if past.name in shut else past
        for past in scene.pasts
    ]
    since = scene.origin - timedelta(days=days - 1)
    changes = [Change(name, since, None, LEFT) for name in sorted(shut)] if told else []
    return answers(scene, pasts, shut, changes, LEFT)


def lowered(values: Floats, days: int) -> Floats:
    found = values.copy()
    found[-days:] *= LEFT
    return found


def with_gaps(scene: Scene) -> list[Answer]:
    chance = np.random.default_rng([SEED, scene.origin.toordinal()])
    return answers(
        scene,
        [
            replace(past, values=np.where(chance.random(len(past.values)) < GAPS, np.nan, of))
            for past in scene.pasts
            for of in [past.values]
        ],
    )


def with_a_block(scene: Scene, before: int) -> list[Answer]:
    """The last of 21 untold days lies `before` days before the origin."""
    return answers(
        scene,
        [replace(past, values=without(past.values, before)) for past in scene.pasts],
    )


def without(values: Floats, before: int) -> Floats:
    found = values.copy()
    end = max(0, len(values) - before)
    found[max(0, end - BLOCK) : end] = np.nan
    return found


Condition = Callable[[Scene], list[Answer]]
COLD: Mapping[str, Condition] = {
    **{f"one in {PARTS}, {n} days": partial(one_begins, days=n) for n in BEGINS},
    **{f"all, {n} days": partial(all_begin, days=n) for n in BEGINS},
}
DISTURBED: Mapping[str, Condition] = {
    "closed 7 days ago, told": partial(closed, days=7, told=True),
    "closed 7 days ago, untold": partial(closed, days=7, told=False),
    "closed 21 days ago, untold": partial(closed, days=21, told=False),
    "a tenth of the days untold": with_gaps,
    "21 days untold, until 30 before": partial(with_a_block, before=30),
    "21 days untold, until 10 before": partial(with_a_block, before=10),
}
TO_REACH: Mapping[str, str] = {
    "one in 5, 14 days": "<= .82",
    "one in 5, 28 days": "<= .79",
    "one in 5, 56 days": "<= .77",
    "closed 7 days ago, told": "<= 1.05",
    "closed 21 days ago, untold": "<= 1.20",
    "a tenth of the days untold": "<= 1.03",
    "21 days untold, until 30 before": "<= 1.03",
    "21 days untold, until 10 before": "<= 1.03",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A condition against what came: the engine, the naive of the very past that was told, and the
    engine on the past as it was, on the same points."""

    told: Tally
    naive: Tally
    usual: Tally
    grades: Mapping[str, int]

    @property
    def to_naive(self) -> float:
        """relCRPS against the naive of the same short past."""
        return ratio(self.told, self.naive)

    @property
    def to_usual(self) -> float:
        return ratio(self.told, self.usual)


def ratio(one: Tally, other: Tally) -> float:
    """Of the errors of two forecasts of the same points; NaN if those are not as many."""
    if one.points != other.points or not other.crps > 0:
        return float("nan")
    return one.crps / other.crps


def held(scene: Scene, said: Sequence[Answer], usual: Sequence[Answer]) -> Held:
    """The scale and the naive of relCRPS are those of the last year of the past as it was."""
    known = {past.name: past.values[-YEAR:] for past in scene.pasts}
    names = {answer.past.name for answer in said}

    def against(quantiles: Mapping[str, Floats]) -> Tally:
        return together(
            tally(known[name], scene.truths[name], quantiles[name], scene.question.freq)
            for name in sorted(names)
        )

    naive = plain([answer.past for answer in said], scene.question)
    return Held(
        against({answer.past.name: answer.quantiles for answer in said}),
        against({answer.past.name: each for answer, each in zip(said, naive, strict=True)}),
        against({answer.past.name: answer.quantiles for answer in usual}),
        Counter(answer.grade for answer in said),
    )


def over(all_held: Sequence[Held]) -> Held:
    """Several origins as one."""
    grades: Counter[str] = Counter()
    for each in all_held:
        grades.update(each.grades)
    return Held(
        together(each.told for each in all_held),
        together(each.naive for each in all_held),
        together(each.usual for each in all_held),
        grades,
    )


class Played(NamedTuple):
    file: str
    origin: date
    by_condition: Mapping[str, Held]


def play(scene: Scene) -> Played:
    """What one process does with one origin: some 25 calls of the engine."""
    usual = undisturbed(scene)
    found = {WHOLE: held(scene, usual, usual)}
    for name, condition in {**COLD, **DISTURBED}.items():
        found[name] = held(scene, condition(scene), usual)
        one = found[name]
        sys.stderr.write(
            f"{scene.file} {scene.origin}, {name}: relCRPS {one.told.rel_crps:.3f}, "
            f"{one.to_usual:.3f} of the usual error, c80 {one.told.c80:.3f}\n"
        )
    return Played(scene.file, scene.origin, found)


def scenes(data: Path, file: str, country: str, origins: int) -> Iterator[Scene]:
    """The newest origin first; it lies a horizon before the end."""
    told = read(data / f"{file}.csv", partial(tidy.read, freq="D"))
    for back in range(origins):
        origin = told.last - timedelta(days=HORIZON + back * APART)
        pasts = tidy.cut(told.series, origin, "D")
        lengths = {past.name: len(past.values) for past in pasts}
        truths = {
            each.name: ahead(each.values, lengths[each.name], HORIZON)
            for each in told.series
            if each.name in lengths
        }
        recent = [begun(past, LONGEST) for past in pasts]
        yield Scene(file, origin, recent, truths, Question("D", HORIZON, country))


# The page


def main(
    origins: Annotated[int, typer.Option(min=1, help="How many, 28 days apart.")] = 6,
    only: Annotated[
        str | None, typer.Option(help="Only files whose name begins so; the page stays as it is.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    page: Annotated[bool, typer.Option(help="Write the tables into docs/method.md.")] = True,
) -> None:
    """Begin, close and leave out: some two minutes of a processor for each set and origin."""
    data = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        sys.exit("There is no data: set SHARED_DIR to the folder that holds data/.")
    asked = {file: country for file, country in SETS.items() if file.startswith(only or "")}
    tasks = (
        scene for file, country in asked.items() for scene in scenes(data, file, country, origins)
    )
    found = list(in_order(play, tasks, workers))
    by_set = {file: whole([each for each in found if each.file == file]) for file in asked}
    lines = [*cold_table(by_set), "", *disturbed_table(by_set)]
    if page and only is None:
        write([f"{origins} origins of each set.", "", *lines], BEGIN, END)
    else:
        print(*lines, sep="\n")


def whole(played: Sequence[Played]) -> Mapping[str, Held]:
    """All origins of one set as one, by condition."""
    return {
        name: over([each.by_condition[name] for each in played])
        for name in (WHOLE, *COLD, *DISTURBED)
    }


def cold_table(by_set: Mapping[str, Mapping[str, Held]]) -> Iterator[str]:
    yield (
        "| what begins | set | rel_crps, naive of a year | to reach "
        "| rel_crps, naive of the same past | c80 | c95 | made of | points |"
    )
    yield "|" + "---|" * 9
    for name in (WHOLE, *COLD):
        each = {file: of[name] for file, of in by_set.items()}
        for file, one in each.items():
            grades = ", ".join(f"{grade} {n}" for grade, n in sorted(one.grades.items()))
            yield (
                f"| {name} | {file} | {one.told.rel_crps:.3f} | | {one.to_naive:.3f} "
                f"| {one.told.c80:.3f} | {one.told.c95:.3f} | {grades} | {one.told.points} |"
            )
        of_all = list(each.values())
        rel = geometric([one.told.rel_crps for one in of_all])
        short = geometric([one.to_naive for one in of_all])
        yield (
            f"| {name} | **all sets** | **{rel:.3f}** | {TO_REACH.get(name, '')} | {short:.3f} "
            f"| {middle(one.told.c80 for one in of_all):.3f} "
            f"| {middle(one.told.c95 for one in of_all):.3f} | | |"
        )


def disturbed_table(by_set: Mapping[str, Mapping[str, Held]]) -> Iterator[str]:
    yield (
        "| what is disturbed | set | error against undisturbed | to reach | c80 | c95 "
        "| undisturbed: c80 | c95 | points |"
    )
    yield "|" + "---|" * 9
    for name in DISTURBED:
        each = {file: of[name] for file, of in by_set.items()}
        for file, one in each.items():
            yield (
                f"| {name} | {file} | {one.to_usual:.3f} | | {one.told.c80:.3f} "
                f"| {one.told.c95:.3f} | {one.usual.c80:.3f} | {one.usual.c95:.3f} "
                f"| {one.told.points} |"
            )
        of_all = list(each.values())
        rel = geometric([one.to_usual for one in of_all])
        yield (
            f"| {name} | **all sets** | **{rel:.3f}** | {TO_REACH.get(name, '')} "
            f"| {middle(one.told.c80 for one in of_all):.3f} "
            f"| {middle(one.told.c95 for one in of_all):.3f} "
            f"| {middle(one.usual.c80 for one in of_all):.3f} "
            f"| {middle(one.usual.c95 for one in of_all):.3f} | |"
        )


def geometric(ratios: Sequence[float]) -> float:
    """The geometric mean, in which twice as bad and half as bad cancel."""
    return float(np.exp(np.mean(np.log(ratios))))


def middle(shares: Iterator[float]) -> float:
    return float(np.mean(list(shares)))


if __name__ == "__main__":
    typer.run(main)
