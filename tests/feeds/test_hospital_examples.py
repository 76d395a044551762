"""The examples of the hospital's three forms are stored whole in the demo region."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.bed_lines import COLUMNS
from app.feeds.beds import STATES
from app.feeds.counts import BED_TYPE, MOMENT, place_columns, ward_columns
from app.feeds.formats import read_body
from app.observations.rules import judge
from tests.feeds.region import ROOT, place, units_of

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
DOCS = ROOT / "docs/feeds"
EXAMPLES = sorted((DOCS / "examples").glob("hospital*"))
PAGE = (DOCS / "hospital.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_each_example_is_stored_whole(example: Path) -> None:
    feed = "hospital-bedden" if "bedden" in example.stem else "hospital"
    media_type = "text/csv" if example.suffix == ".csv" else "application/json"
    units = units_of(feed)

    parts = read_body("hospital", media_type, example.read_bytes(), units, feed, NOW)

    judged = [judge(part.report, place(part.report.place), NOW) for part in parts if part.report]
    assert [part.faults for part in parts if part.faults] == []
    assert [fault for each in judged for fault in each.faults] == []
    assert len(judged) == len(parts)
    assert len(parts) == (6 if feed == "hospital-bedden" else len(parts))


def test_there_is_an_example_of_each_form_with_and_without_moments() -> None:
    assert {path.name for path in EXAMPLES} == {
        f"hospital{form}{now}{suffix}"
        for form, suffix in (("", ".json"), ("-tellingen", ".csv"), ("-bedden", ".csv"))
        for now in ("", "-nu")
    }


def test_each_column_stands_on_the_page() -> None:
    fields = {step for name in ward_columns() for step in name.split(".")}
    readme = (DOCS / "README.md").read_text()

    missing = {name for name in fields if f"`{name}`" not in PAGE + readme}

    assert missing == set()
    named = [
        *COLUMNS,
        MOMENT,
        BED_TYPE,
        *(f"{name}" for name in place_columns() if "." not in name),
    ]
    assert [name for name in named if f"| `{name}` |" not in PAGE] == []


def test_the_map_of_the_states_stands_on_the_page_as_it_is_in_the_code() -> None:
    rows = {
        (f"`{letter}`", state.dutch, state.occupied, state.closed)
        for letter, state in STATES.items()
    }

    told = [[cell.strip() for cell in row.split("|")[1:-1]] for row in PAGE.splitlines()]
    written = {
        (row[0], row[2], row[5] == "1", row[6].partition("`")[2].partition("`")[0])
        for row in told
        if len(row) == 8 and row[0] in {each[0] for each in rows}
    }
    assert written == rows


# The parts of a curl line, in the order in which they stand.
CURL = re.compile(
    r"curl -s http://127\.0\.0\.1:8000(\S+) \S+\s+-H \"Authorization: ([^\"]+)\" \S+\s+"
    r"-H \"Content-Type: ([^\"]+)\" \S+\s+--data-binary @(\S+)"
)
LINES = CURL.findall(PAGE)


def test_the_page_has_a_line_for_each_form() -> None:
    assert len(LINES) == PAGE.count("curl ") == 3


@pytest.mark.parametrize("line", LINES, ids=lambda line: Path(line[3]).name)
async def test_each_line_of_the_page_is_stored_and_held_by_the_region(
    zoetermeer: None, client: AsyncClient, session: AsyncSession, line: tuple[str, str, str, str]
) -> None:
    path, authorization, media_type, example = line
    headers = {"Authorization": authorization, "Content-Type": media_type}

    answer = await client.post(path, content=(ROOT / example).read_bytes(), headers=headers)

    assert answer.status_code == 200, answer.text
    assert {each["outcome"] for each in answer.json()["reports"]} == {"stored"}
    stored = await session.scalar(text("SELECT count(*) FROM current_state"))
    assert stored
    assert stored > 5


async def test_a_wrong_line_is_named_by_row_and_column_and_the_others_are_stored(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    headers = {"Authorization": LINES[2][1], "Content-Type": "text/csv; charset=utf-8"}
    listed = (
        "afdeling;kamer;bed;status;bedsoort\nLON;1;a;O;\nNEU;1;a;O;\nNEU;1;a;U;\nORT;1;a;O;ic\n"
    )

    answer = await client.post(
        "/v1/feeds/hospital-bedden/messages", content=listed.encode(), headers=headers
    )

    told = answer.json()["reports"]
    faults = [fault for each in told for fault in each["errors"]]
    assert [each["unit"] for each in told if each["outcome"] == "stored"] == ["zhz-longziekten"]
    assert {(each["row"], each["column"], each["code"]) for each in faults} == {
        (4, "bed", "bed-twice"),
        (5, "bedsoort", "unknown-word"),
    }
    places = await session.scalars(text("SELECT DISTINCT place FROM rejects ORDER BY place"))
    assert list(places) == ["/4/bed", "/5/bedsoort"]
