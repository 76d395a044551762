"""Every text of a page is there in Dutch and in English, with the same values in it."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from jinja2 import nodes
from sqlalchemy.ext.asyncio import AsyncSession

import app.dashboard
from app.dashboard import fans, names, sentences
from app.dashboard.about import feeds
from app.dashboard.ahead import gaps, judged, rosters, tonight
from app.dashboard.english import ENGLISH
from app.dashboard.entry import sheet, words
from app.dashboard.finding import told as finding
from app.dashboard.language import _, listed, number, percent, signed, speaking
from app.dashboard.managing import words as managing
from app.dashboard.page import FOOT, MENU
from app.dashboard.queries import NAMES
from app.dashboard.refusing import words as refusals
from app.dashboard.routes import pages
from app.dashboard.unit import back
from app.dashboard.whatif.form import KNOBS
from app.facilities.schemas import BED_TYPE_NAMES, ROLE_NAMES
from app.signals.levels import Level
from tests import make
from tests.dashboard.test_page import Outline, demo
from tests.overview.lay import told

__all__ = ["demo"]
HERE = Path(app.dashboard.__file__).parent
# Texts that are asked for by a name: `_(STATES[state])`.
BY_NAME: tuple[Mapping[Any, str], ...] = (
    *(sentences.SETTINGS, sentences.RESOURCES, sentences.STATES, sentences.LEVELS),
    *(sentences.SEVERAL, sentences.STATUSES, sentences.STOPS, sentences.ENTRANCES),
    *(sentences.CLOSED, sentences.FRESHNESS, sentences.FEEDS),
    *(sentences.BANDS, sentences.DOUBTS, names.CAUSES, names.SHORT_CAUSES, fans.AHEAD),
    *(BED_TYPE_NAMES, ROLE_NAMES, KNOBS, sheet.REASONS, words.REFUSALS, words.MEASURES),
    *(sheet.SAID, *sheet.OFFERED.values()),
    *(*sheet.ASKED_NOW.values(), *sheet.ASKED_OF_AN_HOUR.values()),
    *(feeds.REASONS, feeds.SORTS, finding.REFUSALS),
    *(back.STEPS, back.EVENTS, back.SOURCES, back.REPORTS),
    *(managing.AUDIENCES, managing.VIEWER_NAMES, managing.SHOWN, managing.DETAILS),
    *(managing.SCOPE_NAMES, managing.SOURCES, managing.SESSIONS, managing.LASTS),
    *(managing.EVENTS, managing.OBJECTS, managing.OUTCOMES, managing.REASONS),
    *(managing.ATTRIBUTES, managing.TARGETS, managing.FIELDS, managing.REFUSALS, managing.RULES),
)
LEVELS: tuple[Level, ...] = sentences.ORDER
LISTS = (
    *(*sentences.MONTHS, *sentences.DAYS, *fans.COLUMNS, *LEVELS),
    *(item.name for item in (*MENU, *FOOT)),
    *(tab.name for tab in NAMES),
    *(each.name for each in back.BACKS),
    *(*tonight.COLUMNS, *judged.COLUMNS, *gaps.COLUMNS),
    *(*rosters.COLUMNS, *rosters.SHEET),
    *(*feeds.COLUMNS, *feeds.REJECTED, feeds.OTHERWISE),
    *(text for told in (*refusals.BY_STATUS.values(), refusals.OURS) for text in told[:2]),
    *("niet", "een week geleden", "vier weken geleden"),
    *("plekken", "fte", "plek", "72 uur"),
    *(item.name for item in managing.TABS),
    *(words for words, _form in managing.SETTINGS_SAID.values()),
)


def in_code() -> Iterator[str]:
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.func.id == "_" and node.args else None
                if isinstance(first, ast.Constant):
                    yield str(first.value)


def in_templates() -> Iterator[str]:
    for path in (HERE / "templates").iterdir():
        for call in pages.parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                first = call.args[0]
                if isinstance(first, nodes.Const):
                    yield first.value


def texts() -> set[str]:
    by_name = {text for mapping in BY_NAME for text in mapping.values()}
    return {*in_code(), *in_templates(), *by_name, *LISTS}


def test_every_text_is_in_english_and_nothing_else_is() -> None:
    assert len(texts()) > 200
    assert texts() - set(ENGLISH) == set()
    assert set(ENGLISH) - texts() == set()


def test_both_languages_hold_the_same_values() -> None:
    for dutch, english in ENGLISH.items():
        assert set(re.findall(r"{\w+}", dutch)) == set(re.findall(r"{\w+}", english)), dutch
        assert english.strip() == english or dutch.strip() != dutch, dutch


def test_numbers_are_written_as_each_language_does() -> None:
    dutch = (number(-1.25), signed(2.5), percent(0.001), listed(["a", "b"]))
    nothing = (number(-0.0), number(-0.04), signed(-0.04))
    many = (number(9999), number(12345.6), number(-1234567))

    with speaking("en"):
        english = (number(-1.25), signed(2.5), percent(0.001), listed(["a", "b"]))

    assert dutch == ("−1,2", "+2,5", "minder dan 1%", "a en b")
    assert nothing == ("0", "0", "0")
    assert many == ("9999", "12.345,6", "−1.234.567")
    assert english == ("−1.2", "+2.5", "less than 1%", "a and b")


async def test_the_same_page_stands_under_en(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=9, occupied=4, reserved=1)

    dutch, english = await client.get("/"), await client.get("/en/")

    page = Outline(english.text)
    assert page.all("html")[0]["lang"] == "en"
    assert "REO has room" in page.text
    assert "Admittable now" in page.text
    assert "/en/" in [link["href"] for link in Outline(dutch.text).all("a")]
    assert "/" in [link["href"] for link in page.all("a")]


@pytest.mark.parametrize("path", ["/en", "/fr/"])
async def test_there_is_no_other_language(demo: FastAPI, client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


def test_a_text_that_english_lacks_stays_dutch() -> None:
    with speaking("en"):
        assert _("iets dat nergens staat") == "iets dat nergens staat"
