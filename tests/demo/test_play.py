"""The region lives on through the real API: each sender under its own key, nothing lost."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from structlog.testing import capture_logs

from app.access.keys import demo_key
from app.demo.messages import Telling, reported
from app.demo.play.commands import keep_playing
from app.demo.play.senders import NobodyTells, Senders
from app.demo.play.sendings import Due, Sending, sendings
from app.demo.play.stops import stop_sendings
from app.demo.play.tellings import Play
from app.demo.reporters import reporters_of
from app.facilities.region_file import parse
from app.main import create_app
from app.opening import ZOETERMEER, apply_region
from app.simulation.kinds import Kind
from app.simulation.reporters_stops import StopTold
from app.simulation.stops import Stop
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.conftest import Database

SENDERS = Senders(parse(ZOETERMEER.read_text("utf-8")))
CALM = 0.02


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def due(
    unit: str,
    *figures: Any,
    feed: str = "",
    kind: str = "hand",
    at: datetime | None = None,
    known: int = 0,
) -> Due:
    sender = SENDERS.sender(unit, kind, feed)
    told = Telling(
        SENDERS.places[unit],
        at or now(),
        figures or (reported(Kind("occupied"), 1),),
        sender.codes.get(unit, ""),
        SENDERS.care_settings[unit],
    )
    return Due(sender, known, told)


def once(*found: Sending) -> Callable[[int, int], list[Sending]]:
    """All at the first look, and nothing after."""
    left = list(found)

    def between(since: int, until: int) -> list[Sending]:
        told = list(left)
        left.clear()
        return told

    return between


async def play(client: AsyncClient, between: Any, kept: list[tuple[int, int]], since: int) -> None:
    async def keep(told: int, begun: int) -> None:
        kept.append((told, begun))

    playing = asyncio.create_task(keep_playing(client, between, since, keep, every=CALM))
    await until(playing, lambda: len(kept) > 2 and kept[-1][0] > since)


async def until(playing: asyncio.Task[None], seen: Callable[[], bool]) -> None:
    """Lets it play until this is seen, and ends it."""
    give_up = time.monotonic() + 180
    while not (seen() or playing.done() or time.monotonic() > give_up):
        await asyncio.sleep(0.02)
    playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing


@asynccontextmanager
async def tower(database: Database) -> AsyncIterator[AsyncClient]:
    """The demo region, with its published keys."""
    await apply_region(database.settings(), SENDERS.region)
    app: FastAPI = create_app(database.settings())
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


def as_client(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo_key(name).text}"}


async def ask(client: AsyncClient, path: str, name: str = "caz-bord") -> Any:
    answer = await client.get(path, headers=as_client(name))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_figure_has_its_sender() -> None:
    by_hand = SENDERS.sender("elv-kort", "hand", "")
    by_mandate = SENDERS.sender("elv-kort", "mandate", "")
    by_feed = SENDERS.sender("seh", "mandate", "caz")

    assert by_hand.client == "verpleeghuis-invoer"
    assert by_mandate.client == "caz-bord"
    assert (by_feed.client, by_feed.format, by_feed.codes["seh"]) == (
        "caz-koppeling",
        "caz",
        "SEH-1",
    )
    with pytest.raises(NobodyTells):
        SENDERS.sender("zhz-interne", "mandate", "")


def test_every_unit_and_pool_of_the_region_can_be_told_by_hand() -> None:
    told = {place: SENDERS.sender(place, "hand", "").client for place in SENDERS.places}

    assert len(told) > 60
    assert all(told.values())


def test_a_message_names_each_unit_once_and_is_of_one_moment() -> None:
    before = now() - timedelta(minutes=15)
    twice = [due("zhz-interne", feed="hospital", kind="feed", known=n, at=before) for n in (1, 2)]
    other = due("zhz-ic", feed="hospital", kind="feed", known=2, at=before)
    later = due("zhz-ic", feed="hospital", kind="feed", known=3)

    sent = [json.loads(each.body) for each in sendings([later, *twice, other])]

    assert [[ward["code"] for ward in each["afdelingen"]] for each in sent] == [
        ["INT"],
        ["INT", "IC"],
        ["IC"],
    ]


async def test_feeds_hands_and_mandates_are_all_stored(database: Database) -> None:
    kept: list[tuple[int, int]] = []
    figures = (reported(Kind("present"), 9), reported(Kind("staffed"), 18))
    unfit = reported(Kind("extra24h", bed_type="ward"), 3)
    told = [
        due("seh", *figures, feed="caz", kind="mandate"),
        due("elv-kort", reported(Kind("waiting"), 4), kind="mandate"),
        due("zhz-interne", reported(Kind("occupied"), 20), unfit, feed="hospital", kind="feed"),
        due("thuiszorg-team", reported(Kind("startsToday"), 2)),
    ]

    async with tower(database) as client:
        await play(client, once(*sendings(told)), kept, since=1)
        first = await ask(client, "/v1/units/zhz-interne/reports/latest", "ziekenhuis-koppeling")
        await play(client, once(*sendings(told)), kept, since=1)
        again = await ask(client, "/v1/units/zhz-interne/reports/latest", "ziekenhuis-koppeling")
        seh = await ask(client, "/v1/units/seh/reports/latest", "caz-koppeling")
        elv = await ask(client, "/v1/units/elv-kort/reports/latest")

    assert "extra24h" in json.dumps(first)
    assert "occupied" in json.dumps(first)
    assert json.dumps(again["figures"]) == json.dumps(first["figures"])
    assert "present" in json.dumps(seh)
    assert "waiting" in json.dumps(elv)


async def test_a_stop_is_told_when_it_begins_and_when_it_ends(database: Database) -> None:
    began = int(now().timestamp()) - 7200
    stop = Stop("seh", "seh-stop", ("ambulance",), "", began, began + 9000, began + 3600, "staff")
    beginning = list(stop_sendings([StopTold(stop, began + 60)], SENDERS))
    ending = list(stop_sendings([StopTold(stop, began + 3700, began + 3600)], SENDERS))

    async with tower(database) as client:
        await play(client, once(*beginning, *beginning), [], since=1)
        [holds] = (await ask(client, "/v1/units/seh/stops"))["stops"]
        await play(client, once(*ending, *ending), [], since=1)
        over = (await ask(client, "/v1/units/seh/stops"))["stops"]

    assert (holds["kind"], holds["source"], holds["endedAt"]) == ("seh-stop", "LPZ", None)
    assert over == []


def aged(unit: dict[str, Any]) -> float:
    return math.inf if unit["ageSeconds"] is None else float(unit["ageSeconds"])


@pytest.mark.more
async def test_a_day_of_the_region_is_taken_whole_from_every_feed(database: Database) -> None:
    until = int(now().timestamp())
    begin = until - 4 * 86400
    world = World(zoetermeer(), 2026, begin)
    world.advance(until)
    region = Play(world, reporters_of(SENDERS.region, 2026), SENDERS, dense_from=begin)

    async with tower(database) as client:
        with capture_logs() as logs:
            await play(client, once(*region.between(until - 26 * 3600, until)), [], since=1)
        overview = await ask(client, "/v1/overview")
        told = [
            feed
            for name in ("reo", "caz", "hap", "ziekenhuis")
            for feed in (await ask(client, "/v1/feeds", f"{name}-koppeling"))["items"]
            if feed["state"] == "released"
        ]

    assert [line for line in logs if "refused" in line["event"]] == []
    # Before eight in the morning what was told in the afternoon is stale, yet there.
    lately = [u for u in overview["units"] if u["freshness"] == "fresh" or aged(u) < 24 * 3600]
    assert len(lately) > 0.8 * len(overview["units"])
    assert len(told) == 5
    assert all(feed["health"]["lastDay"]["figures"] > 50 for feed in told)
    assert all(feed["health"]["rejects"] == [] for feed in told)


def a_tower_that(*statuses: int | None) -> tuple[AsyncClient, list[tuple[str, bytes]]]:
    """Answers each status in turn and then 200; None: it cannot be reached."""
    seen: list[tuple[str, bytes]] = []
    answers = iter(statuses)

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.headers["authorization"], request.content))
        status = next(answers, 200)
        if status is None:
            raise httpx.ConnectError("down", request=request)
        told = {"errors": [{"code": "observed-in-future"}]} if status == 400 else {}
        return httpx.Response(status, json=told, headers={"Retry-After": "0"})

    return AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test"), seen


async def test_what_the_tower_cannot_take_now_is_sent_again_in_its_order() -> None:
    client, seen = a_tower_that(None, 503, 429)
    first, second = Sending("a", "POST", "/x", b"1"), Sending("a", "POST", "/x", b"2")
    kept: list[tuple[int, int]] = []

    await play(client, once(first, second), kept, since=1)

    assert [body for _, body in seen] == [b"1"] * 4 + [b"2"]
    assert kept[0][0] == 1, "nothing is called told before it is"
    assert kept[-1][0] > 1


async def test_what_is_refused_is_said_with_its_reason_and_not_sent_again() -> None:
    client, seen = a_tower_that(400)

    with capture_logs() as logs:
        await play(client, once(Sending("a", "POST", "/x", b"1")), [], since=1)

    assert len(seen) == 1
    [line] = [each for each in logs if "refused" in each["event"]]
    assert (line["client"], line["reasons"]) == ("a", ["observed-in-future"])


async def test_a_sender_that_is_held_up_holds_up_no_other() -> None:
    client, seen = a_tower_that(503, 200)
    told = [Sending(name, "POST", "/x", name.encode()) for name in ("slow", "quick")]

    await play(client, once(*told), [], since=1)

    assert [body for _, body in seen] == [b"slow", b"quick", b"slow"]


async def test_what_was_on_its_way_at_the_end_is_not_called_told() -> None:
    client, _ = a_tower_that(*[503] * 1000)
    kept: list[tuple[int, int]] = []
    looked: list[tuple[int, int]] = []
    only = once(Sending("a", "POST", "/x", b"1"))

    def between(since: int, until: int) -> list[Sending]:
        looked.append((since, until))
        return only(since, until)

    async def keep(told: int, begun: int) -> None:
        kept.append((told, begun))

    playing = asyncio.create_task(keep_playing(client, between, 1, keep, every=CALM))
    await until(playing, lambda: len(looked) > 10)

    assert {told for told, _ in kept} == {1}
    assert [begun for _, begun in kept] == [until for _, until in looked]


async def test_nothing_is_sent_while_the_store_cannot_keep_that_it_will_be() -> None:
    client, seen = a_tower_that()
    looked: list[tuple[int, int]] = []
    failures = iter([OSError("the store is away"), OSError("the store is away"), None])

    def between(since: int, until: int) -> list[Sending]:
        looked.append((since, until))
        return [Sending("a", "POST", "/x", b"1")] if len(looked) == 1 else []

    async def keep(told: int, begun: int) -> None:
        failure = next(failures, None)
        if failure is not None:
            assert seen == []
            raise failure

    playing = asyncio.create_task(keep_playing(client, between, 1, keep, every=CALM))
    await until(playing, lambda: bool(seen) and len(looked) > 10)

    assert len(seen) == 1
    assert looked[0][0] == 1
