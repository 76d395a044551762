"""What really was beside what was told, figure by figure, for a person to judge (fictief)."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from app.demo.load.series import series_of
from app.demo.truth.queries import Key, Told
from app.facilities.hours import LOCAL
from app.observations.measures import DIMENSIONS
from app.observations.words import Place
from app.simulation.calendar import DAY
from app.simulation.kinds import Kind
from app.simulation.truth import Truth

COLUMNS = ("place", "measure", *DIMENSIONS, "over", "true", "told", "state", "observedAt", "by")
HEADER = ("place", "figure", "true", "told", "observed", "by")


@dataclass(frozen=True)
class Beside:
    """One figure: `true` at a moment or over the 24 hours before it; `told` None is never."""

    place: str
    kind: Kind
    flow: bool
    true: float
    told: Told | None

    @property
    def figure(self) -> str:
        words = (getattr(self.kind, name) for name in Kind.__slots__)
        return " ".join(
            [*(word for word in words if word), *(["in 24 hours"] if self.flow else [])]
        )

    @property
    def state(self) -> str:
        if self.told is None:
            return "never told"
        return "unknown" if self.told.value is None else "known"


def besides(
    truth: Truth,
    at: int,
    places: Mapping[str, Place],
    stocks: Mapping[Key, Told],
    flows: Mapping[Key, Told],
    only: str | None = None,
) -> Iterator[Beside]:
    """Every figure of the truth at a moment (seconds since 1970), place by place."""
    moment, before = np.array([at]), np.array([max(truth.begin, at - DAY)])
    for name in truth.places():
        if name not in places or only not in (None, name):
            continue
        for kind in truth.stocks(name):
            value = float(truth.at(name, kind, moment)[0])
            told = stocks.get(series_of(places[name], kind).key)
            yield Beside(name, kind, False, value, told)
        for kind in truth.flows(name):
            value = float(truth.over(name, kind, before, moment)[0])
            told = flows.get(series_of(places[name], kind).key)
            yield Beside(name, kind, True, value, told)


def as_csv(rows: Sequence[Beside]) -> str:
    written = io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        words = [getattr(row.kind, name) for name in Kind.__slots__]
        over = "24h" if row.flow else ""
        table.writerow([row.place, *words, over, number(row.true), *told_cells(row)])
    return written.getvalue()


def told_cells(row: Beside) -> list[str]:
    told = row.told
    if told is None:
        return ["", row.state, "", ""]
    value = "" if told.value is None else number(told.value)
    return [value, row.state, told.observed_at.isoformat(), told.source_kind]


def as_table(rows: Sequence[Beside]) -> Iterator[str]:
    """Lines with columns under each other; a star where something else was told."""
    cells = [HEADER, *(line(row) for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(HEADER))]
    for n, row in enumerate(cells):
        differs = n > 0 and row[3] not in ("-", row[2])
        told = [
            each.rjust(width) if at in (2, 3) else each.ljust(width)
            for at, (each, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("* " if differs else "  ") + "  ".join(told).rstrip()


def line(row: Beside) -> tuple[str, ...]:
    told = row.told
    if told is None:
        return (row.place, row.figure, number(row.true), "-", row.state, "")
    value = "?" if told.value is None else number(told.value)
    when = f"{local(told.observed_at)}" + (f", {told.hours:g} h" if row.flow else "")
    return (row.place, row.figure, number(row.true), value, when, told.source_kind)


def local(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%d-%m %H:%M}"


def number(value: float) -> str:
    return f"{value:g}" if value < 1_000_000 else f"{value:.0f}"
