"""The page of the figures: thirty days of one's own feeds, what was refused, and how to begin."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.dashboard.about.beats import beat_of
from app.dashboard.about.feeds import OTHERWISE, PERSON, reason
from app.dashboard.drawing.strip import Day, strip
from app.facilities.schemas import UnitFacts
from app.feeds.health import queries as health
from app.feeds.punctuality import Heard
from tests import make
from tests.dashboard.test_page import Outline
from tests.feeds.test_feed_health import BSN, a_feed, a_message

SCOPES: tuple[Scope, ...] = ("overview:read", "reports:read", "reports:write")


async def test_who_owns_a_feed_sees_thirty_days_of_it_and_why_anything_was_refused(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await a_feed(session)
    await a_message(session, timedelta(hours=1), "reo-flex")
    key = await make.a_key(session, *SCOPES)
    await client.post("/v1/feeds/reo/messages", json={"bsn": BSN}, headers=key)

    page = Outline((await client.get("/gegevens", headers=key)).text)
    strip = await client.get("/gegevens?grafiek=koppeling-reo.csv", headers=key)
    rejects = await client.get("/gegevens?grafiek=geweigerd-reo.csv", headers=key)

    assert [figure["id"] for figure in page.all("figure")] == ["koppeling-reo"]
    assert PERSON in page.text
    assert "POST /v1/feeds/reo/messages" in page.text
    assert len(list(csv.DictReader(io.StringIO(strip.text), delimiter=";"))) == 30
    (row,) = csv.DictReader(io.StringIO(rejects.text), delimiter=";")
    assert (row["Code"], row["Wat er mis was"]) == ("person-detected", PERSON)
    assert BSN not in page.text + rejects.text


async def test_who_told_nothing_yet_is_told_how_to_begin(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session, *SCOPES)
    other = await make.a_key(session, *SCOPES, organisation="caz")
    rtp = await make.a_key(session, "overview:read", organisation="rtp", audience="coordinator")

    page, english, without, coordinator = [
        Outline((await client.get(path, headers=of)).text)
        for path, of in (
            ("/gegevens", key),
            ("/en/gegevens", key),
            ("/gegevens", other),
            ("/gegevens", rtp),
        )
    ]

    assert "Nog geen gegevens van reo-flex (fictief). Zo sluit u aan" in page.text
    assert "/invoer" in [a["href"] for a in page.all("a")]
    assert "This is how to connect" in english.text
    assert "U heeft nog geen koppeling" in without.text
    assert "reo-flex (fictief). Zo sluit u aan" not in coordinator.text


async def test_the_last_day_of_a_unit_beats_for_its_owner_alone(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session, *SCOPES)
    await client.post("/v1/reports", json=[make.a_report()], headers=key)
    rtp = await make.a_key(session, *SCOPES, organisation="rtp", audience="coordinator")

    own, other = [Outline((await client.get("/gegevens", headers=of)).text) for of in (key, rtp)]

    assert "Uw afdelingen in de afgelopen 24 uur" in own.text
    assert "Uw afdelingen in de afgelopen 24 uur" not in other.text


async def test_a_unit_that_has_been_silent_for_days_is_among_the_beats(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session, *SCOPES)
    await client.post("/v1/reports", json=[make.a_report()], headers=key)
    days = "interval '5 days'"
    moved = f"known_at = known_at - {days}, observed_at = observed_at - {days}"
    await session.execute(text(f"UPDATE reports SET {moved}"))
    await session.commit()

    page = Outline((await client.get("/gegevens", headers=key)).text)

    assert "Uw afdelingen in de afgelopen 24 uur" in page.text
    assert "0 van 2 op tijd" in page.text


async def test_what_was_refused_is_read_for_its_file_alone(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.a_unit(session)
    await a_feed(session)
    key = await make.a_key(session, *SCOPES)
    await client.post("/v1/feeds/reo/messages", json={"bsn": BSN}, headers=key)
    monkeypatch.delattr(health, "rejects_of")

    page = Outline((await client.get("/gegevens", headers=key)).text)

    assert "/gegevens?grafiek=geweigerd-reo.csv" in [a["href"] for a in page.all("a")]


NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)


def facts() -> UnitFacts:
    told = {"name": "Afdeling", "careSetting": "reo", "resource": "bed", "facility": "f"}
    return UnitFacts.model_validate({**told, "reporting": {"moments": ["08:00"]}})


def test_an_hour_is_on_time_missed_told_or_nothing_was_due() -> None:
    at_eight = [Heard(NOON - timedelta(hours=4), NOON - timedelta(hours=4))]
    too_late = [Heard(NOON - timedelta(hours=2), NOON - timedelta(hours=2))]

    on_time, late = (beat_of("a", facts(), told, NOON) for told in (at_eight, too_late))

    assert (on_time.met, on_time.due, on_time.pulses[-5:].count("fresh")) == (1, 1, 1)
    assert (late.met, late.due) == (0, 1)
    assert [each for each in late.pulses if each != "closed"] == ["stale", "more"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("person-detected", PERSON),
        ("int-parsing", "Hier hoort een heel getal, zoals 12."),
        ("timezone-naive", "Hier hoort een moment met tijdzone, zoals 2026-11-22T08:00:00+01:00."),
        ("nooit-gezien", OTHERWISE),
    ],
)
def test_each_code_has_a_reason_in_plain_words(code: str, said: str) -> None:
    assert reason(code) == said


def test_a_day_is_told_by_its_number_and_not_by_its_colour_alone() -> None:
    shares = (1.0, 0.4, 0.999, 0.0, None)

    drawn = str(strip([Day(share, "", refused=share == 0.4) for share in shares]))

    assert [said for said in ("✓", ">40<", "&gt;99", ">0<", "–") if said not in drawn] == []
    assert drawn.count('class="refused"') == 1
    assert drawn.count('"day missed"') == 1
