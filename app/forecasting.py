"""The command `verkeerstoren forecast`: any tidy file forecast by the engine, without a store."""

import csv
import importlib
import io
import math
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app.filing import in_order, read, say, shown, unusable, usable, writing
from app.forecasts import forecast_file, plans, tidy
from app.forecasts.asking import engine
from app.forecasts.engine.asked import Freq, Outlook, Past, Question, steps_from
from app.forecasts.rows import YEARS

PLACES = os.cpu_count() or 1
FORMS = r"""
FILE has a row for each series and step: unique_id, ds (2026-11-22), y and, if known, cap; with
commas or semicolons between the cells, plain or .gz. An empty cell, NA or NaN is not observed.

Events (unique_id, begins, ends, ratio) are closures and openings: a ratio of 0.7 from 2026-11-01
on means that 30% is closed from that day. A cap plan (unique_id, ds, cap) tells the places there
will be from a day on.

OUT has a row for each series, cut-off and step: unique_id, cutoff, ds, the quantiles q0.025 to
q0.975, mean, p_short (the chance that y is above cap; 0.025 says "at most", 0.975 "at least")
and grade. Where a forecast cannot be made its cells are empty, and the reason is said.

Examples:

  verkeerstoren forecast bedden.csv --freq D --horizon 28 --out verwachting.csv

  verkeerstoren forecast bedden.csv.gz --freq D --horizon 98 --cutoff 2026-06-01
            --cutoff 2026-09-01 --events sluitingen.csv --cap-plan plan.csv --out -

  verkeerstoren forecast maanden.csv --freq M --horizon 18 --country GB-ENG --out out.csv
"""

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Frequency = Annotated[
    Freq, typer.Option(help="How long a step is: a day, a week, a month or a quarter.")
]
Horizon = Annotated[int, typer.Option(min=1, max=3660, help="How many steps ahead.")]
Country = Annotated[str, typer.Option(help="Whose holidays: NL, or GB-ENG for a part.")]
Events = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV of closures and openings; see below."),
]
Seed = Annotated[int, typer.Option(min=0, help="Chance; the same seed gives the same numbers.")]
Workers = Annotated[
    int, typer.Option(min=1, help="How many processes share the cut-offs; the answer is the same.")
]


def forecast(
    file: File,
    freq: Frequency,
    horizon: Horizon,
    out: Annotated[str, typer.Option(help="The CSV that is written once it is whole; -: stdout.")],
    cutoff: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The last day that is seen, may be given several times; left out: the file's.",
        ),
    ] = None,
    country: Country = "NL",
    events: Events = None,
    cap_plan: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV of places to come; see below."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = PLACES,
) -> None:
    """Forecast each series of FILE (CSV, or .gz), from nothing but its rows up to a cut-off."""
    with usable(), writing(out) as text:
        told = read(file, partial(tidy.read, freq=freq))
        changes = read(events, plans.changes) if events else []
        caps = read(cap_plan, plans.cap_plan) if cap_plan else {}
        say(told.notes)
        say(unknown_names(told, {each.name for each in changes}, "--events"))
        say(unknown_names(told, caps.keys(), "--cap-plan"))
        question = Question(freq, horizon, known_country(country, told.last), changes, seed)
        cutoffs = begun(told, {each.date() for each in cutoff or []} or {told.last})
        short = told.has_cap or cap_plan is not None
        tasks = (slice_of(told, at, question, caps if short else None) for at in cutoffs)
        text.write(",".join(forecast_file.columns(short)) + "\n")
        reasons: list[str] = []
        for issue in shown(in_order(work, tasks, min(workers, len(cutoffs))), len(cutoffs)):
            text.write(issue.text)
            reasons += issue.reasons
        say(reasons)


@dataclass(frozen=True, slots=True)
class Slice:
    """All that is to be known of one cut-off: pasts by axis, and the caps of each series.

    `caps` has the last known cap and the plan; None: `p_short` is not asked.
    """

    cutoff: date
    pasts: Sequence[Sequence[Past]]
    question: Question
    caps: Mapping[str, tuple[float, Sequence[tuple[date, float]]]] | None


@dataclass(frozen=True, slots=True)
class Issue:
    """The lines of one cut-off, and why the series without a forecast have none."""

    cutoff: date
    text: str
    series: int
    reasons: Sequence[str]

    @property
    def said(self) -> str:
        return f"{self.cutoff}: {self.series} series, {len(self.reasons)} without a forecast."


def slice_of(
    told: tidy.Tidy, cutoff: date, question: Question, plan: plans.CapPlan | None
) -> Slice:
    freq = question.freq
    pasts = tidy.cut(told.series, cutoff, freq)
    caps = None
    if plan is not None:
        last = {each.name: tidy.last_cap(each, cutoff, freq) for each in told.series}
        caps = {
            past.name: (last[past.name], ahead(plan, past.name, last, cutoff)) for past in pasts
        }
    return Slice(cutoff, tidy.on_one_axis(pasts, freq), question, caps)


def ahead(
    plan: plans.CapPlan, name: str, last: Mapping[str, float], cutoff: date
) -> Sequence[tuple[date, float]]:
    """What is planned after the cut-off; before it what FILE tells stands, where it tells any."""
    known = not math.isnan(last[name])
    return [(day, cap) for day, cap in plan.get(name, ()) if day > cutoff or not known]


def work(task: Slice) -> Issue:
    """What one process does with one cut-off."""
    model = engine()
    found = [
        (past, outlook)
        for pasts in task.pasts
        for past, outlook in zip(pasts, model.outlooks(pasts, task.question), strict=True)
    ]
    found.sort(key=lambda each: each[0].name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for past, outlook in found:
        writer.writerows(rows_of(past, outlook, task))
    reasons = [
        f"{task.cutoff} {past.name}: {outlook.reason}"
        for past, outlook in found
        if outlook.grade == "unknown"
    ]
    return Issue(task.cutoff, text.getvalue(), len(found), reasons)


def rows_of(past: Past, outlook: Outlook, task: Slice) -> Iterator[list[str]]:
    question = task.question
    after = tidy.moved(past.first, len(past.values), question.freq)
    steps = steps_from(after, question.horizon, question.freq)
    short = None
    if task.caps is not None:
        short = forecast_file.p_short(outlook, plans.caps_ahead(*task.caps[past.name], steps))
    return forecast_file.rows(past.name, task.cutoff, steps, outlook, short)


def begun(told: tidy.Tidy, asked: set[date]) -> Sequence[date]:
    """The cut-offs in order, each with something before it."""
    cutoffs, first = sorted(asked), min(each.begins for each in told.series)
    if cutoffs[0] < first:
        unusable(f"At {cutoffs[0]} no series has begun. Give a cut-off from {first} on.")
    if cutoffs[-1].year not in YEARS:
        unusable(f"Give a cut-off from {YEARS[0]} to {YEARS[-1]}.")
    return cutoffs


def unknown_names(told: tidy.Tidy, names: Set[str], option: str) -> list[str]:
    """What is told of series that are not there may be a slip of the pen."""
    unknown = sorted(names - {each.name for each in told.series})
    listed = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
    return [f"{option} tells of what FILE does not have: {listed}."] if unknown else []


def known_country(country: str, last: date) -> str:
    """Looked at before the work begins. Imported late, as the engine is."""
    days = importlib.import_module("app.forecasts.special_days")
    try:
        days.year_of(country.upper(), last.year)
    except ValueError as error:
        unusable(str(error))
    return country.upper()
