"""All that the audit trail notes has words on the page of the trail."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import app
from app.access.queries import SessionKind
from app.dashboard.managing.words import EVENTS, OBJECTS
from app.facilities.commands import KINDS
from app.forecasts.staffing.schemas import SubjectKind

HERE = Path(app.__file__).parent
EVENT = re.compile(r"[a-z]+\.[a-z]+")
# What stands for more than one word: an expression, and the words that it may be.
EVENT_WORDS: Mapping[str, Sequence[str]] = {
    "f'sessions.{kind}'": [f"sessions.{kind}" for kind in get_args(SessionKind)],
    "f'feeds.{state}'": ["feeds.released", "feeds.suspended"],
}
OBJECT_WORDS: Mapping[str, Sequence[str]] = {
    "object_type": ["status", "stop", "event"],
    "told.subject_kind": get_args(SubjectKind),
    "word": [*(kind.word for kind in KINDS), "mark", "alias"],
}


def notes() -> Iterator[tuple[ast.Module, ast.Call]]:
    """The calls of `note` of the audit trail, each in its module."""
    for path in HERE.rglob("*.py"):
        module = ast.parse(path.read_text("utf-8"))
        imports = (each for each in module.body if isinstance(each, ast.ImportFrom))
        ours = path == HERE / "access" / "commands.py" or any(
            each.module == "app.access.commands" and "note" in {name.name for name in each.names}
            for each in imports
        )
        for call in ast.walk(module) if ours else ():
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "note":
                yield module, call


def event_of(call: ast.Call) -> ast.expr:
    flat: list[ast.expr] = []
    for each in call.args:
        spread = isinstance(each, ast.Starred) and isinstance(each.value, ast.Tuple)
        flat += each.value.elts if spread else [each]  # type: ignore[attr-defined]
    return flat[2]


def object_of(call: ast.Call) -> ast.expr:
    return next(each.value for each in call.keywords if each.arg == "object_type")


def said(module: ast.Module, told: ast.expr, words: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The words that an expression may be; of an event that is handed on, those handed to any
    call in its module, but for what is told to the outbox."""
    if isinstance(told, ast.Constant):
        return [str(told.value)]
    if isinstance(told, ast.IfExp):
        return [*said(module, told.body, words), *said(module, told.orelse, words)]
    if ast.unparse(told) != "event":
        return words[ast.unparse(told)]
    return [
        str(each.value)
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and ast.unparse(call.func) != "tell"
        for each in call.args
        if isinstance(each, ast.Constant) and EVENT.fullmatch(str(each.value))
    ]


def test_each_event_of_the_trail_has_words() -> None:
    noted = {
        event for module, call in notes() for event in said(module, event_of(call), EVENT_WORDS)
    }

    assert {"hold.begin", "stops.end", "mandates.give", "signals.acknowledge"} <= noted
    assert noted - set(EVENTS) == set()


def test_each_thing_that_an_event_is_of_has_words() -> None:
    noted = {
        word for module, call in notes() for word in said(module, object_of(call), OBJECT_WORDS)
    }

    assert {"hold", "stop", "signal", "staffPool", "staffing"} <= noted
    assert noted - set(OBJECTS) == set()
