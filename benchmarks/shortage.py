"""The chance of a shortage on real daily series, into docs/method.md.

`python -m benchmarks.shortage`. Of none of the real sets does what was occupied pass the places
that there were: a hospital opens beds, or people wait elsewhere. So places are laid where they
would have been passed: as many as sufficed on 75, 85 or 90% of the days of the year before each
origin, and no more in the 28 days after it. The chance is that of the command (`p_short`), and is
held against the share of that year on which they did not suffice. Needs the folder `data/` of
SHARED_DIR.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from app.filing import in_order
from app.forecasts.engine.asked import Floats
from app.forecasts.engine.outlook import outlooks
from app.forecasts.forecast_file import p_short
from benchmarks.conditions import HORIZON, SETS, YEAR, Scene, scenes
from benchmarks.evaluate import ROOT, write

BEGIN, END = "<!-- written by python -m benchmarks.shortage: begin -->", "<!-- end of shortage -->"
SUFFICED = (0.75, 0.85, 0.90)
BINS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
FEWEST = 100  # series-days of a bin that counts for the worst


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Of n series-days: the chance told, the usual share, and what came (1, 0): float64[n]."""

    chance: Floats
    usual: Floats
    came: Floats

    @property
    def brier(self) -> float:
        return float(((self.chance - self.came) ** 2).mean())

    @property
    def skill(self) -> float:
        """1 - Brier / that of the usual share (Murphy 1973): 0 is no better, 1 is perfect."""
        return 1 - self.brier / float(((self.usual - self.came) ** 2).mean())

    def bins(self) -> Iterator[tuple[float, float, int, float, float]]:
        """Of each that has any: its bounds, how many, the mean chance, the share that came."""
        for low, high in pairwise(BINS):
            of = (self.chance >= low) & ((self.chance < high) | (high == BINS[-1]))
            if of.any():
                yield low, high, int(of.sum()), self.chance[of].mean(), self.came[of].mean()

    @property
    def worst(self) -> float:
        return max(abs(told - came) for _, _, many, told, came in self.bins() if many >= FEWEST)


def together(all_told: Sequence[Told]) -> Told:
    return Told(
        *(np.concatenate([getattr(each, name) for each in all_told]) for name in Told.__slots__)
    )


def played(scene: Scene) -> Mapping[float, Told]:
    """What one process does with one origin; series of which nothing was told lately fall out."""
    found: dict[float, list[Told]] = {share: [] for share in SUFFICED}
    for past, outlook in zip(scene.pasts, outlooks(scene.pasts, scene.question), strict=True):
        year = past.values[-YEAR:]
        year, truth = year[np.isfinite(year)], scene.truths[past.name]
        for share in SUFFICED if year.size else ():
            places = float(np.quantile(year, share))
            chance = p_short(outlook, np.full(HORIZON, places))
            usual = np.full(HORIZON, (year > places).mean())
            known = np.isfinite(truth + chance)
            came = np.where(truth > places, 1.0, 0.0)
            found[share].append(Told(chance[known], usual[known], came[known]))
    sys.stderr.write(f"{scene.file} {scene.origin}\n")
    return {share: together(each) for share, each in found.items()}


def main(
    origins: Annotated[int, typer.Option(min=1, help="How many, 28 days apart.")] = 13,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    page: Annotated[bool, typer.Option(help="Write the tables into docs/method.md.")] = True,
) -> None:
    """Forecast each set at its origins and hold the chances against what came; three minutes."""
    data = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        sys.exit("There is no data: set SHARED_DIR to the folder that holds data/.")
    by_set = {}
    for file, country in SETS.items():
        every = list(in_order(played, scenes(data, file, country, origins), workers))
        by_set[file] = {share: together([each[share] for each in every]) for share in SUFFICED}
    lines = [*scores(by_set), "", *reliability(by_set)]
    if page:
        write([f"{origins} origins of each set.", "", *lines], BEGIN, END)
    else:
        print(*lines, sep="\n")


def scores(by_set: Mapping[str, Mapping[float, Told]]) -> Iterator[str]:
    yield (
        "| set | places sufficed before | series-days | came | Brier | of the usual share | skill "
        "| worst bin of 100 and more |"
    )
    yield "|" + "---|" * 8
    for file, of in by_set.items():
        for share, told in of.items():
            usual = Told(told.usual, told.usual, told.came).brier
            yield (
                f"| {file} | {share:.0%} of days | {len(told.came)} | {told.came.mean():.3f} "
                f"| {told.brier:.4f} | {usual:.4f} | {told.skill:.3f} | {told.worst:.3f} |"
            )


def reliability(by_set: Mapping[str, Mapping[float, Told]]) -> Iterator[str]:
    yield "| set | places sufficed before | chance | series-days | told | came |"
    yield "|" + "---|" * 6
    for file, of in by_set.items():
        for low, high, many, told, came in of[SUFFICED[0]].bins():
            yield (
                f"| {file} | {SUFFICED[0]:.0%} of days | {low:g} to {high:g} | {many} "
                f"| {told:.3f} | {came:.3f} |"
            )


if __name__ == "__main__":
    typer.run(main)
