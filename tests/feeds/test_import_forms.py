"""Each form says the same in its own way, and a column is named by what it tells."""

import csv
import gzip
import io
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.feeds.cells import Wrong
from app.feeds.importing import read
from app.feeds.imports.asked import profile_of
from app.feeds.imports.columns import column_of, sayable
from app.feeds.imports.commands import import_file
from app.feeds.imports.periods import over
from app.feeds.imports.schemas import Asked
from app.feeds.profiles import Column
from app.observations.measures import AGE_BANDS, DESTINATIONS, MEASURES, REASONS, URGENCIES
from app.observations.words import ROLES, SHIFTS
from tests import make
from tests.conftest import Database
from tests.feeds.test_import import fetch

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "measure", "of"),
    [
        ("occupied", "occupied", {}),
        ("closedPlaces[staff]", "closedPlaces", {"reason": "staff"}),
        ("medicallyReady[elv]", "medicallyReady", {"destination": "elv"}),
        (
            "medicallyReady[elv, days-3-7]",
            "medicallyReady",
            {"destination": "elv", "ageBand": "days-3-7"},
        ),
        ("rostered[nurse,dag]", "rostered", {"role": "nurse", "shift": "dag"}),
        ("rostered[dag,nurse]", "rostered", {"role": "nurse", "shift": "dag"}),
        ("worked[role=wound-nurse]", "worked", {"role": "wound-nurse"}),
        ("occupied[ic]", "occupied", {"bedType": "ic"}),
        ("consults[u1]", "consults", {"urgency": "u1"}),
        ("startsToday[night]", "startsToday", {"profile": "night"}),
        ("startsToday[area=meerzicht]", "startsToday", {"area": "meerzicht"}),
        ("admissions[bedType=recovery]", "admissions", {"bedType": "recovery"}),
    ],
)
def test_a_column_is_named_by_its_measure_and_its_words(
    name: str, measure: str, of: dict[str, str]
) -> None:
    assert column_of(name) == Column(measure, of)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bezet", "unknown-column"),
        ("", "unknown-column"),
        ("rostered[nurse", "unknown-column"),
        ("occupied[]", "unknown-column"),
        ("closedPlaces", "missing"),
        ("closedPlaces[elv]", "unknown-word"),
        ("admissions[recovery]", "unknown-word"),  # a bed type and a profile
        ("occupied[Jan Jansen]", "unknown-word"),
        ("occupied[role=nurse]", "not-for-this-measure"),
        ("rostered[nurse,gp]", "word-twice"),
    ],
)
def test_a_name_that_says_too_little_or_too_much_is_refused(name: str, code: str) -> None:
    with pytest.raises(Wrong) as wrong:
        column_of(name)

    assert wrong.value.code == code
    assert "Jan" not in wrong.value.detail


WORDS: Mapping[str, Sequence[str]] = {
    "reason": sorted(REASONS),
    "urgency": sorted(URGENCIES),
    "destination": sorted(DESTINATIONS),
    "ageBand": sorted(AGE_BANDS),
    "role": sorted(ROLES),
    "shift": sorted(SHIFTS),
}


@given(st.sampled_from(sorted(MEASURES)), st.randoms(use_true_random=False))
def test_every_measure_has_a_name_for_each_of_its_columns(name: str, chance: random.Random) -> None:
    measure = MEASURES[name]
    of = {
        dimension: chance.choice(sorted((measure.words or {}).get(dimension) or WORDS[dimension]))
        for dimension in measure.needs | measure.may
        if dimension in WORDS and (dimension in measure.needs or chance.random() < 0.5)
    }
    column = Column(name, of)

    told = sayable(column)

    assert told is not None
    assert column_of(told) == column


def test_a_word_that_may_be_two_things_is_said_with_which_it_is() -> None:
    to_rehabilitation = Column("medicallyReady", {"destination": "grz"})

    told = sayable(to_rehabilitation)

    assert told == "medicallyReady[destination=grz]"
    assert column_of(told) == to_rehabilitation


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_days_and_weeks_follow_each_other_without_a_gap(day: date) -> None:
    for period, days in (("day", 1), ("week", 7)):
        begin, end = over(day, period)  # type: ignore[arg-type]

        assert end == over(day + timedelta(days=days), period)[0]  # type: ignore[arg-type]
        assert abs((end - begin) - timedelta(days=days)) <= timedelta(hours=1)


@dataclass(frozen=True)
class Form:
    """One way to write a table of two measures."""

    asked: Asked
    header: tuple[str, ...]
    separator: str = ","
    decimal: str = "."
    days: str = "%Y-%m-%d"
    unknown: str = ""

    def text(self, table: Mapping[tuple[str, date], tuple[float | None, float | None]]) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator)
        writer.writerow(self.header)
        for (unit, day), values in table.items():
            told = [
                self.unknown if v is None else repr(v).replace(".", self.decimal) for v in values
            ]
            writer.writerow([unit, day.strftime(self.days), *told])
        return text.getvalue()

    def cell(self, value: float | None) -> str:
        return self.unknown if value is None else repr(value).replace(".", self.decimal)


TIDY: dict[str, Any] = {"profile": "tidy", "measure": "occupied", "capMeasure": "admissions"}
COLUMNS = ("unit", "ds", "occupied", "admissions")
FORMS = (
    Form(Asked(**TIDY), ("unique_id", "ds", "y", "cap")),
    Form(Asked(profile="columns"), COLUMNS),
    Form(Asked(profile="columns"), COLUMNS, unknown="NA"),
    Form(Asked(profile="columns"), COLUMNS, separator=";", decimal=","),
    Form(Asked(profile="columns", decimal="point"), COLUMNS, separator=";"),
    Form(Asked(profile="columns", decimal="comma"), COLUMNS, decimal=","),
    Form(
        Asked(profile="columns", separator="semicolon", date_form="DD-MM-YYYY", unknown_as=("-",)),
        *(COLUMNS, ";", ",", "%d-%m-%Y", "-"),
    ),
)
NAMES = st.sampled_from(["a", "b", "regio zuid", "Ü"])
VALUES = st.none() | st.floats(0, 9_999_999).map(lambda v: round(v, 3))
TABLES = st.dictionaries(
    st.tuples(NAMES, st.dates(date(1990, 1, 1), date(2026, 11, 20))),
    st.tuples(VALUES, VALUES),
    min_size=1,
    max_size=20,
)


@given(TABLES)
def test_a_table_reads_the_same_in_every_form(
    table: dict[tuple[str, date], tuple[float | None, float | None]],
) -> None:
    for form in FORMS:
        reading = read(io.StringIO(form.text(table), newline=""), profile_of(form.asked), now=NOW)

        rows = list(reading)

        assert {(row.unique_id, row.at): row.values for row in rows} == table
        assert [c.measure for c in reading.profile.columns.values()] == ["occupied", "admissions"]


def a_table(seed: int) -> dict[tuple[str, date], tuple[float | None, float | None]]:
    chance = random.Random(seed)
    days = [date(2025, 3, 25) + timedelta(days=n) for n in chance.sample(range(300), 20)]
    return {
        (unit, day): (chance.choice([None, 0.0, 12.5, 7.0]), chance.choice([None, 0.0, 3.0]))
        for unit in ("reo-flex", "reo-kort")
        for day in days
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_table_is_stored_once_whatever_form_it_comes_in(
    database: Database, session: AsyncSession, tmp_path: Path, seed: int
) -> None:
    for unit in ("reo-flex", "reo-kort"):
        await make.a_unit(session, unit)
    table = a_table(seed)
    added = []

    for n, form in enumerate(FORMS):
        path = tmp_path / f"{n}.csv"
        text = form.text(table).encode()
        path.write_bytes(gzip.compress(text) if n % 2 else text)
        done = await import_file(
            database.urls.app, path, profile_of(form.asked), organisation="reo"
        )
        added.append((done.added, done.corrected, done.figures))

    figures = 2 * len(table)
    assert added == [(figures, 0, figures)] + [(0, 0, figures)] * (len(FORMS) - 1)
    rows = await fetch(
        database,
        "SELECT s.unit, s.measure, (o.at AT TIME ZONE 'Europe/Amsterdam')::date AS day, o.value "
        "FROM observations o JOIN series s USING (series_id)",
    )
    stored = {(r["unit"], r["measure"], r["day"]): r["value"] for r in rows}
    assert stored == {
        (unit, measure, day): values[n]
        for (unit, day), values in table.items()
        for n, measure in enumerate(("occupied", "admissions"))
    }


def test_a_decimal_sign_is_never_guessed() -> None:
    text = "unit;ds;occupied\na;2026-11-01;1.234\n"

    with pytest.raises(Invalid) as refused:
        list(read(io.StringIO(text), profile_of(Asked(profile="columns")), now=NOW))
    declared = profile_of(Asked(profile="columns", decimal="point"))
    [row] = read(io.StringIO(text), declared, now=NOW)

    assert [fault.code for fault in refused.value.faults] == ["not-a-number"]
    assert math.isclose(row.values[0] or 0, 1.234)
