"""In which language a page speaks: Dutch as it is written in the code, English by the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from app.dashboard.english import ENGLISH

Language = Literal["nl", "en"]
# The language of the page that is being made. It stands here and is no argument, as with gettext:
# every sentence and every number of a page needs it.
SPOKEN: ContextVar[Language] = ContextVar("spoken", default="nl")


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    before = SPOKEN.set(language)
    try:
        yield
    finally:
        SPOKEN.reset(before)


MANY = 10_000
DUTCH = str.maketrans(",.", ".,")


def spoken() -> Language:
    return SPOKEN.get()


def _(dutch: str, **values: object) -> str:
    """The text in the language of the page, with its values filled in.

    A text that English lacks stays Dutch; a test finds each of them.
    """
    text = ENGLISH.get(dutch, dutch) if spoken() == "en" else dutch
    return text.format(**values) if values else text


def number(value: float) -> str:
    """At most one decimal, after a comma in Dutch, with a real minus sign; nothing has no sign.

    From ten thousand on its thousands stand apart.
    """
    many = "," if abs(value) >= MANY else ""
    text = f"{round(value, 1) + 0.0:{many}.1f}".removesuffix(".0")
    return (text if spoken() == "en" else text.translate(DUTCH)).replace("-", "−")


def signed(value: float) -> str:
    """With its sign; what rounds to nothing has none."""
    return f"+{number(value)}" if round(value, 1) > 0 else number(round(value, 1) + 0.0)


def percent(share: float) -> str:
    """Never 0% or 100% for what is neither: those would say that it is certain."""
    if 0 < share < 0.005:
        return _("minder dan 1%")
    if 0.995 <= share < 1:
        return _("meer dan 99%")
    return f"{share * 100:.0f}%"


def listed(names: Sequence[str]) -> str:
    """ "a", "a en b", "a, b en c"."""
    *first, last = names
    return _("{first} en {last}", first=", ".join(first), last=last) if first else last


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
