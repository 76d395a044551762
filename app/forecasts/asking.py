"""What a run asks of the engine: which series together, for days and for months."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from app.forecasts.engine.asked import Freq, Outlook, Past
from app.forecasts.engine.asked import Question as Asked
from app.forecasts.issue import DAYS, MONTHS_AHEAD, Question, Why, months_too_short, standing
from app.forecasts.series import monthly

Floats = NDArray[np.float64]
# So many series are learned from together: memory and time grow with each, what is gained does not.
TOGETHER = 500
# A past of fewer days is answered by its peers or the naive, in no time.
LONG = 200


class Engine(Protocol):
    def outlooks(self, pasts: Sequence[Past], question: Asked) -> list[Outlook]: ...


def engine() -> Engine:
    # Imported when a run or a command asks, never with this module: it loads lightgbm and
    # statsforecast, which what is served must not carry.
    return cast(Engine, importlib.import_module("app.forecasts.engine.outlook"))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One question to the engine, about series of one measure whose pasts end on one step."""

    pasts: Sequence[Past]
    asked: Asked

    @property
    def long(self) -> bool:
        return self.asked.freq == "D" and any(len(past.values) >= LONG for past in self.pasts)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the engine says of each series, by its name."""

    days: Mapping[str, Outlook]
    months: Mapping[str, Outlook]


def tasks(questions: Sequence[Question], seed: int) -> list[Task]:
    """Series in the order of their names, at most `TOGETHER` a task; those silent not at all."""
    able = [each for each in questions if not isinstance(standing(each), Why)]
    able.sort(key=lambda each: each.name)
    found = []
    for alike in together(able):
        changes = [change for question in alike for change in question.changes]
        found.append(Task(list(map(days_of, alike)), Asked("D", DAYS, changes=changes, seed=seed)))
        months = [past for past in map(months_of, alike) if not months_too_short(past.values)]
        if months:
            found.append(Task(months, Asked("M", MONTHS_AHEAD, changes=changes, seed=seed)))
    return found


def together(questions: Sequence[Question]) -> Iterator[list[Question]]:
    alike: dict[tuple[str, date], list[Question]] = {}
    for question in questions:
        assert question.demand is not None
        alike.setdefault((question.kind.measure, question.demand.after), []).append(question)
    for _, each in sorted(alike.items()):
        for start in range(0, len(each), TOGETHER):
            yield each[start : start + TOGETHER]


def days_of(question: Question) -> Past:
    assert question.demand is not None
    return Past(question.name, question.demand.first, question.demand.values)


def months_of(question: Question) -> Past:
    """The means of the months that have ended."""
    assert question.demand is not None
    found = monthly(question.demand)
    return Past(question.name, found.first, found.values)


def work(task: Task) -> list[tuple[str, Freq, Outlook]]:
    """What one process does with one task."""
    return named(task, engine().outlooks(task.pasts, task.asked))


def named(task: Task, told: Sequence[Outlook]) -> list[tuple[str, Freq, Outlook]]:
    freq = task.asked.freq
    return [(past.name, freq, each) for past, each in zip(task.pasts, told, strict=True)]


def found_of(worked: Sequence[Sequence[tuple[str, Freq, Outlook]]]) -> Found:
    told = [each for part in worked for each in part]
    by = {freq: {name: each for name, of, each in told if of == freq} for freq in ("D", "M")}
    return Found(by["D"], by["M"])
