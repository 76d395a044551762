"""The days against the truth of the whole made-up region (fictief), told with flaws."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from app.demo.reporters import reporters_of
from app.facilities.region_file import parse
from app.facilities.schemas import RuleFacts
from app.forecasts.baseline import QUANTILES
from app.forecasts.days.hours import seconds
from app.forecasts.days.issue import run
from app.forecasts.days.known import (
    FLOWS,
    PLANNED,
    ROSTERED,
    SAID,
    STOCKS,
    Known,
    Told,
    offering_of,
)
from app.forecasts.days.rule import rule_of
from app.forecasts.days.told import Stock, stock_of
from app.forecasts.queries import WORDS
from app.opening import ZOETERMEER
from app.simulation.kinds import Kind
from app.simulation.reporters import Block, blocks
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer

pytestmark = [pytest.mark.more]
REGION = parse(ZOETERMEER.read_text("utf-8"))
BED_TYPES = {unit.unit: len(unit.beds) for unit in REGION.units}
END = datetime(2026, 11, 20, 3, tzinfo=UTC)
ORIGINS = [END - timedelta(days=9 * n, hours=5 * (n % 3)) for n in range(4)]
RANKS = {"hand": 1, "feed": 2, "mandate": 3}
PLANS = (SAID, PLANNED, ROSTERED)
Column = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def a_world(seed: int) -> Truth:
    world = World(zoetermeer(), seed, seconds(END - timedelta(days=186)))
    world.advance(seconds(END + timedelta(days=5)))
    return world.truth


def told_by(truth: Truth, seed: int, at: datetime) -> Iterator[Block]:
    since, dense = (seconds(at - timedelta(days=days)) for days in (92, 28))
    reporters = reporters_of(REGION, seed)
    return blocks(truth, reporters, since, seconds(at), dense_from=dense)


def known_at(truth: Truth, seed: int, at: datetime) -> Known:
    """What had become known by then, as the store would give it."""
    columns: dict[tuple[str, Kind, int], list[Column]] = defaultdict(list)
    for block in told_by(truth, seed, at):
        for number, kind in enumerate(block.kinds):
            rows = block.told[:, number]
            told = (block.starts, block.lengths, block.values)
            of_kind = (*(each[rows, number] for each in told), block.observed_at[rows])
            columns[block.place, kind, RANKS[block.source_kind]].append(of_kind)
    flows: dict[tuple[str, str], list[Told]] = defaultdict(list)
    stocks: dict[tuple[str, str, str, str], list[tuple[int, Stock]]] = defaultdict(list)
    for (place, kind, rank), several in columns.items():
        starts, lengths, values, said_at = (
            np.concatenate(part) for part in zip(*several, strict=True)
        )
        words = tuple(getattr(kind, word) for word in WORDS)
        if kind.measure in (*FLOWS, *PLANS):
            one = (place, kind.measure, kind.resource, kind.bed_type, words, rank)
            figure = Told(*one, starts, lengths, values, said_at)
            flows[place, kind.measure].append(figure if kind.measure in PLANS else newest(figure))
        elif kind.measure in STOCKS and not any(words):
            key = (place, kind.measure, kind.resource, kind.bed_type)
            moments, last = np.unique(said_at[::-1], return_index=True)
            stocks[key].append((rank, Stock(moments, values[::-1][last])))
    norms = {norm.norm: RuleFacts(**norm.model_dump(exclude={"norm"})) for norm in REGION.norms}
    counted = {
        key: stock_of([(rank, each.moments, each.values) for rank, each in told], 4 * 3600)
        for key, told in stocks.items()
    }
    offerings = {unit.unit: offering_of(unit.unit, 1, unit) for unit in REGION.units}
    return Known(at, rule_of(norms), offerings, {}, flows, counted)


def newest(told: Told) -> Told:
    """Of each period what was told last."""
    key = told.starts * (1 << 20) + told.lengths
    _, last = np.unique(key[::-1], return_index=True)
    rows = len(key) - 1 - last
    names = ("starts", "lengths", "values", "said_at")
    return replace(told, **{name: getattr(told, name)[rows] for name in names})


class Judged(NamedTuple):
    """Of each step of a unit: whether the truth lay in the band, whether there was room, and of a
    unit of one bed type the chance that it is short and whether it was, else NaN."""

    inside: NDArray[np.bool_]
    room: NDArray[np.bool_]
    chance: NDArray[np.float64]
    short: NDArray[np.float64]


def judged(truth: Truth, seed: int, at: datetime) -> Iterator[Judged]:
    for each in run(known_at(truth, seed, at), at).issued:
        if each.subject_kind != "unit" or each.kind.measure != "occupied" or not each.steps:
            continue
        ends = np.array([seconds(step.at) + step.length_s for step in each.steps])
        words = {"resource": each.kind.resource, "bed_type": each.kind.bed_type}
        there, places, promised = (
            truth.at(each.subject, Kind(name, **words), ends)
            for name in ("occupied", "staffed", "reserved")
        )
        bands = np.array([step.quantiles for step in each.steps])
        low, high = bands[:, QUANTILES.index(0.1)], bands[:, QUANTILES.index(0.9)]
        unknown = np.full(len(ends), np.nan)
        waiting = unknown
        if BED_TYPES[each.subject] == 1:
            waiting = truth.at(each.subject, Kind("waiting", **words), ends)
        chance = np.array([step.p_short for step in each.steps], dtype=np.float64)
        yield Judged(
            (low <= there) & (there <= high),
            places - there - promised > 0,
            chance,
            np.where(np.isnan(waiting + chance), np.nan, there + waiting > places),
        )


def test_the_band_of_80_percent_holds_what_really_was_there_and_a_shortage_is_told_as_it_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    truths = {seed: a_world(seed) for seed in (1, 2)}

    every = [
        each for seed, truth in truths.items() for at in ORIGINS for each in judged(truth, seed, at)
    ]

    found = Judged(*(np.concatenate(column) for column in zip(*every, strict=True)))
    inside, room = found.inside.mean(), found.inside[found.room].mean()
    chance, short = (each[np.isfinite(found.short)] for each in (found.chance, found.short))
    brier, usual = ((chance - short) ** 2).mean(), short.mean() * (1 - short.mean())
    told = (
        f"{len(found.inside)} steps, {inside:.3f} inside the band of 80%, {room:.3f} with room; "
        f"short: Brier {brier:.3f}, the usual share {usual:.3f}"
    )
    with capsys.disabled():
        print(f"\ndays of the region: {told}", end="")  # noqa: T201
    assert 0.7 < inside < 0.9
    assert 0.7 < room < 0.9
    assert brier < 0.8 * usual
