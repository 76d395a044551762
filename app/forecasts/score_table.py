"""The scores of a back-test as lines: a table to read, and a file to keep."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

import numpy as np

from app.forecasts.backtest import Result

COLUMNS = (
    *("model", "origin", "rel_crps", "rel_mase", "c80", "c95", "worst_c80", "points"),
    "cpu_seconds_per_series",
)


def cells(found: Result) -> list[str]:
    """In the order of `COLUMNS`."""
    scored = found.tally
    figures = (scored.rel_crps, scored.rel_mase, scored.c80, scored.c95, found.worst_c80)
    return [
        *(found.model, f"{found.origin or ''}"),
        *("" if np.isnan(figure) else repr(figure) for figure in figures),
        *(f"{scored.points}", f"{found.seconds_per_series:.6f}"),
    ]


def write(told: Mapping[str, Sequence[Result]], text: TextIO) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(cells(found) for found_of in told.values() for found in found_of)


def table(
    told: Mapping[str, Sequence[Result]], not_run: Mapping[str, str], by_origin: bool
) -> Iterator[str]:
    """A line for each model, over all its origins first; those that were not run say why."""
    head = ("relCRPS", "relMASE", "c80", "c95", "worst c80", "points", "CPU s/series")
    yield f"{'model':18}{'origin':12}" + "".join(f"{name:>13}" for name in head)
    for model, found in told.items():
        if model in not_run:
            yield f"{model:18}not run: {not_run[model]}"
        for each in found if by_origin else found[:1]:
            yield line(each)


def line(found: Result) -> str:
    scored = found.tally
    figures = (
        *(f"{scored.rel_crps:.3f}", f"{scored.rel_mase:.3f}"),
        *(f"{100 * share:.1f}" for share in (scored.c80, scored.c95, found.worst_c80)),
        *(f"{scored.points:,}", f"{found.seconds_per_series:.4f}"),
    )
    where = f"{found.origin or 'all'}"
    return f"{found.model:18}{where:12}" + "".join(f"{figure:>13}" for figure in figures)
