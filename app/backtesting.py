"""The command `verkeerstoren backtest`: the engine and what it must beat, at rolling origins."""

import importlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Literal, Protocol, cast

import numpy as np
import typer

from app.filing import in_order, read, say, shown, unusable, usable, writing
from app.forecasting import (
    PLACES,
    Country,
    Events,
    File,
    Frequency,
    Horizon,
    Seed,
    Workers,
    known_country,
    unknown_names,
)
from app.forecasts import plans, tidy
from app.forecasts.asking import engine
from app.forecasts.backtest import Result, Trial, result, season_of, tally, together
from app.forecasts.baseline import QUANTILES, TooShort, forecast_daily, forecast_monthly
from app.forecasts.engine.asked import Floats, Freq, Past, Question
from app.forecasts.score_table import table, write
from app.forecasts.scores import seasonal_naive

ENGINE = "engine"
AGAINST = ("seasonal-naive", "calibrated-naive", "auto-ets", "scum")
# About four weeks, as forecasting.md has its origins.
EVERY: Mapping[Freq, int] = {"D": 28, "W": 4, "M": 1, "Q": 1}
FORMS = r"""
The last origin is the last step of FILE less the horizon; each earlier one lies --every steps
before. At an origin a model sees what was told up to it, and is scored where y was observed.

rel_crps is the mean scaled CRPS over that of the plain seasonal naive (days 7, weeks 52 from two
years on and else 1, months 12, quarters 4), rel_mase the same of the median's absolute error; c80
and c95 are how often the truth lay in the band. A forecast that is missing counts as the naive.

Examples:

  verkeerstoren backtest bedden.csv --freq D --horizon 28

  verkeerstoren backtest bedden.csv --freq D --horizon 28 --origins 3 --against scum
            --by-origin --out scores.csv
"""

Reference = Literal["auto-ets", "scum"]
Model = Callable[[Sequence[Past], Question], Sequence[Floats]]


class NotRun(Exception):
    """A reference that cannot be run here, and why."""


class References(Protocol):
    def reference(
        self, name: Reference, pasts: list[Past], freq: Freq, horizon: int
    ) -> list[Floats]: ...


def backtest(
    file: File,
    freq: Frequency,
    horizon: Horizon,
    origins: Annotated[int, typer.Option(min=1, help="How many origins.")] = 13,
    every: Annotated[
        int | None,
        typer.Option(min=1, help="Steps between them; left out: 28 days, 4 weeks, else 1."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="A day in the step that is the last origin."),
    ] = None,
    against: Annotated[
        str, typer.Option(help="What to run beside the engine, with commas between.")
    ] = ",".join(AGAINST),
    country: Country = "NL",
    events: Events = None,
    seed: Seed = 0,
    workers: Workers = PLACES,
    by_origin: Annotated[
        bool, typer.Option("--by-origin", help="Print each origin too, not only the whole.")
    ] = False,
    out: Annotated[
        str | None, typer.Option(help="A CSV of the scores, each origin and the whole.")
    ] = None,
) -> None:
    """Score the engine on FILE (CSV, or .gz) at rolling origins, beside simpler forecasts."""
    with usable(), writing(out or os.devnull) as text:
        models = [ENGINE, *wanted(against)]
        told = read(file, partial(tidy.read, freq=freq))
        changes = read(events, plans.changes) if events else []
        say(told.notes)
        say(unknown_names(told, {each.name for each in changes}, "--events"))
        question = Question(freq, horizon, known_country(country, told.last), changes, seed)
        steps = rolling(told, question, origins, every or EVERY[freq], last)
        tasks = (round_of(told, at, question, models) for at in steps)
        rounds = list(shown(in_order(play, tasks, min(workers, len(steps))), len(steps)))
        told_of = {model: results(model, rounds) for model in models}
        write(told_of, text)
    not_run = {model: why for each in rounds for model, why in each.not_run.items()}
    for line in table(told_of, not_run, by_origin):
        typer.echo(line)


def wanted(against: str) -> list[str]:
    names = [name.strip() for name in against.split(",") if name.strip()]
    unknown = sorted(set(names) - set(AGAINST))
    if unknown:
        unusable(f"--against does not know {', '.join(unknown)}. Give {', '.join(AGAINST)}.")
    return list(dict.fromkeys(names))


def rolling(
    told: tidy.Tidy, question: Question, count: int, every: int, last: datetime | None
) -> list[date]:
    """The first days of the steps that are origins, oldest first; those without a past fall out."""
    freq = question.freq
    end = tidy.step_of(last.date() if last else told.last, freq)
    newest = end if last else tidy.moved(end, -question.horizon, freq)
    first = min(tidy.step_of(each.begins, freq) for each in told.series)
    steps = [tidy.moved(newest, -every * back, freq) for back in reversed(range(count))]
    kept = [step for step in steps if step >= first]
    if not kept:
        unusable(f"At {newest} no series has begun. Give a --last or a --horizon that leaves some.")
    if len(kept) < count:
        say([f"{count - len(kept)} origins lie before {first}, where the file begins: left out."])
    return kept


@dataclass(frozen=True, slots=True)
class Round:
    """All that is to be known of one origin; `truths` float64[h] are for the scores only."""

    origin: date
    pasts: Sequence[list[Past]]
    truths: Mapping[str, Floats]
    question: Question
    models: Sequence[str]


@dataclass(frozen=True, slots=True)
class Played:
    """How each model did at one origin, and why those that were not run were not."""

    origin: date
    trials: Mapping[str, Trial]
    not_run: Mapping[str, str]

    @property
    def said(self) -> str:
        trial = self.trials[ENGINE]
        return f"{self.origin}: relCRPS {trial.tally.rel_crps:.3f}, {trial.tally.points:,} points."


def round_of(told: tidy.Tidy, origin: date, question: Question, models: Sequence[str]) -> Round:
    freq = question.freq
    # A month may be told by its last day: all of the step of the origin is known.
    whole = tidy.moved(origin, 1, freq) - timedelta(days=1)
    pasts = tidy.cut(told.series, whole if freq in tidy.MONTHS else origin, freq)
    lengths = {past.name: len(past.values) for past in pasts}
    truths = {
        each.name: ahead(each.values, lengths[each.name], question.horizon)
        for each in told.series
        if each.name in lengths
    }
    return Round(origin, tidy.on_one_axis(pasts, freq), truths, question, models)


def ahead(values: Floats, after: int, horizon: int) -> Floats:
    """What came in the `horizon` steps after the first `after`, NaN where the series is over."""
    truth = np.full(horizon, np.nan)
    found = values[after : after + horizon]
    truth[: len(found)] = found
    return truth


def play(task: Round) -> Played:
    """What one process does with one origin."""
    trials, not_run = {}, {}
    for name in task.models:
        try:
            trials[name] = trial(name, task)
        except NotRun as reason:
            not_run[name] = str(reason)
    return Played(task.origin, trials, not_run)


def trial(name: str, task: Round) -> Trial:
    model = model_of(name, task.question.freq)
    pasts = [past for group in task.pasts for past in group]
    began = time.process_time()
    told = [each for group in task.pasts for each in model(group, task.question)]
    seconds = time.process_time() - began
    scored = together(
        tally(past.values, task.truths[past.name], quantiles, task.question.freq)
        for past, quantiles in zip(pasts, told, strict=True)
    )
    return Trial(name, task.origin, scored, len(pasts), seconds)


def model_of(name: str, freq: Freq) -> Model:
    """Loaded here, so that the time of a trial is that of the work alone."""
    if name == ENGINE:
        loaded = engine()
        return lambda pasts, question: [
            outlook.quantiles for outlook in loaded.outlooks(pasts, question)
        ]
    if name == "seasonal-naive":
        return plain
    if name == "calibrated-naive":
        if freq not in ("D", "M"):
            raise NotRun("it is made for days and months only")
        return calibrated
    return partial(referred, references(), cast(Reference, name))


def plain(pasts: Sequence[Past], question: Question) -> list[Floats]:
    return [
        seasonal_naive(
            past.values, question.horizon, QUANTILES, season_of(question.freq, len(past.values))
        )
        for past in pasts
    ]


def calibrated(pasts: Sequence[Past], question: Question) -> list[Floats]:
    model = forecast_daily if question.freq == "D" else forecast_monthly
    return [one_calibrated(model, past, question.horizon) for past in pasts]


def one_calibrated(model: Callable[[Floats, int], Floats], past: Past, horizon: int) -> Floats:
    try:
        return model(past.values, horizon)
    except TooShort:
        return np.full((horizon, len(QUANTILES)), np.nan)


def references() -> References:
    """The engines of others, where they are installed; they are as heavy as our own."""
    try:
        return cast(References, importlib.import_module("app.forecasts.engine.references"))
    except ImportError as error:
        raise NotRun(f"it is not installed here ({error})") from None


def referred(
    others: References, name: Reference, pasts: Sequence[Past], question: Question
) -> list[Floats]:
    try:
        return others.reference(name, list(pasts), question.freq, question.horizon)
    except ImportError as error:
        raise NotRun(f"it is not installed here ({error})") from None


def results(model: str, rounds: Sequence[Played]) -> list[Result]:
    """The whole, then each origin; none if it was not run at every origin."""
    trials = [each.trials[model] for each in rounds if model in each.trials]
    if len(trials) < len(rounds):
        return []
    return [result(trials), *(result([each], each.origin) for each in trials)]
