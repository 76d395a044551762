"""A message's list of stops is the whole truth of its feed, whoever else told of stops."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.parts import identity
from app.feeds.stops.changes import Change, changes
from app.feeds.stops.listed import Listed, Noticing, own
from app.observations.notices.known import StopKnown
from app.observations.notices.schemas import StopTold
from tests import make
from tests.feeds.region import bearer

BEGIN = datetime(2026, 11, 22, 8, tzinfo=UTC)
FEED = identity("caz")
Changing = Callable[..., list[Change]]


def listed(soort: str = "opnamestop", van: datetime = BEGIN, **told: Any) -> dict[str, Any]:
    routes = {"geldtVoor": ["ambulance"]} if soort == "seh-stop" else {}
    name = {"specialisme": "neurologie"} if soort == "specialismestop" else {}
    return {"soort": soort, "van": van.isoformat(), "reden": "vol", **routes, **name, **told}


def told(*stops: dict[str, Any]) -> tuple[StopTold, ...]:
    found = own(Noticing.model_validate({"stops": list(stops)}), FEED, "seh", BEGIN).stops
    assert found is not None
    return found


def stored(stop: StopTold, **changed: Any) -> StopKnown:
    known = StopKnown(
        org_id=1,
        unit="seh",
        stop=stop.id,
        known_at=BEGIN,
        kind=stop.kind,
        applies_to=stop.applies_to,
        specialism=stop.specialism,
        begins_at=stop.begins_at,
        expected_until=stop.expected_until,
        ended_at=None,
        reason=stop.reason,
        source=stop.source or "feed",
        reported_by=1,
    )
    return replace(known, **changed)


def after(known: Sequence[StopKnown], done: Sequence[Change]) -> list[StopKnown]:
    """The stops as they are once this was done."""
    found = {stop.stop: stop for stop in known}
    for each in done:
        if each.deed == "end":
            found[each.stop] = replace(found[each.stop], ended_at=each.at)
        elif each.told is not None:
            assert (each.deed == "begin") == (each.stop not in found)
            found[each.stop] = stored(each.told)
    return list(found.values())


def at(minutes: int) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def deeds(done: Sequence[Change]) -> list[str]:
    return [each.deed for each in done]


def test_a_stop_begins_once_changes_and_ends() -> None:
    first, more = told(listed()), told(listed(reden="personeel"))

    begun = changes(first, [], FEED, at(5), at(6), late=False)
    known = after([], begun)
    again = changes(first, known, FEED, at(10), at(11), late=False)
    changed = changes(more, known, FEED, at(15), at(16), late=False)
    ended = changes((), after(known, changed), FEED, at(20), at(21), late=False)

    assert deeds(begun) == ["begin"]
    assert again == []
    assert [(each.deed, each.told and each.told.reason) for each in changed] == [
        ("change", "staff")
    ]
    assert [(each.deed, each.at) for each in ended] == [("end", at(20))]


def test_a_stop_that_comes_back_begins_anew_and_is_then_known() -> None:
    stop = told(listed(verwachtTot=at(10).isoformat()))
    ended = [stored(stop[0], ended_at=at(20))]

    back = changes(stop, ended, FEED, at(30), at(31), late=False)
    known = after(ended, back)

    assert [(each.deed, each.told and each.told.begins_at) for each in back] == [("begin", at(30))]
    assert changes(stop, known, FEED, at(45), at(46), late=False) == []
    assert deeds(changes((), known, FEED, at(60), at(61), late=False)) == ["end"]


def test_a_stop_still_to_come_is_called_off() -> None:
    [planned] = told(listed(van=at(60)))

    [off] = changes((), [stored(planned)], FEED, at(5), at(6), late=False)
    [begun] = changes((), [stored(planned)], FEED, at(59), at(61), late=False)

    assert off.at == at(5)
    assert begun.at == at(60)


def check_a_late_list_only_begins(twin: Changing) -> None:
    here, gone = told(listed("intakestop"), listed("seh-stop"))
    known = [stored(here), stored(gone, ended_at=at(20))]
    late = told(listed("seh-stop"), listed("opnamestop"))

    done = twin(late, known, FEED, at(10), at(31), late=True)

    assert [(each.deed, each.told and each.told.kind) for each in done] == [("begin", "opnamestop")]


def test_a_late_list_only_begins_what_was_not_known() -> None:
    check_a_late_list_only_begins(changes)


def test_a_reader_that_takes_a_late_list_for_the_newest_is_caught() -> None:
    def twin(*args: Any, late: bool) -> list[Change]:
        return changes(*args, late=False)

    with pytest.raises(AssertionError):
        check_a_late_list_only_begins(twin)


KINDS = st.sampled_from(["opnamestop", "intakestop", "seh-stop", "specialismestop"])
LISTS = st.lists(st.tuples(KINDS, st.integers(0, 3)), max_size=4, unique_by=lambda one: one[0]).map(
    lambda found: [listed(kind, at(10 * begin)) for kind, begin in found]
)


def check_the_list_is_the_truth(twin: Changing, lists: Sequence[Any]) -> None:
    others = replace(stored(told(listed())[0]), stop=uuid.uuid4())
    known = [others]
    for n, stops in enumerate(lists):
        moment = at(60 + n)
        known = after(known, twin(told(*stops), known, FEED, moment, moment, late=False))
        standing = [stop for stop in known if stop.ended_at is None and stop != others]
        assert sorted(stop.kind for stop in standing) == sorted(each.kind for each in told(*stops))
        assert twin(told(*stops), known, FEED, moment, moment, late=False) == []
    assert others in known


@given(st.lists(LISTS, max_size=8))
def test_after_each_list_its_stops_hold_and_no_others_of_the_feed(
    lists: list[list[dict[str, Any]]],
) -> None:
    check_the_list_is_the_truth(changes, lists)


def test_a_reader_that_never_ends_a_stop_is_caught() -> None:
    def twin(*args: Any, late: bool) -> list[Change]:
        return [each for each in changes(*args, late=late) if each.deed != "end"]

    with pytest.raises(AssertionError):
        check_the_list_is_the_truth(twin, [[listed()], []])


@pytest.mark.parametrize(
    "wrong",
    [
        listed("seh-stop", geldtVoor=[]),
        listed(specialisme="neurologie"),
        listed("specialismestop") | {"specialisme": ""},
        listed(geldtVoor=["ambulance", "ambulance"]),
        listed(verwachtTot=BEGIN.isoformat()),
        listed(reden="iemand is ziek"),
        listed(bron="de buurman"),
        listed(soort="sluiting"),
        listed(toelichting="x"),
        listed() | {"van": "2026-11-22"},
    ],
)
def test_a_stop_that_says_too_much_or_too_little_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Listed.model_validate(wrong)


def seh(ago: timedelta = timedelta(0), **told: Any) -> dict[str, Any]:
    moment = (make.now() - ago).isoformat()
    return {"peilmoment": moment, "seh": [{"code": "SEH-1", "aanwezig": 9, **told}]}


async def send(client: AsyncClient, message: Any, feed: str = "caz", key: str = "") -> Any:
    headers = bearer(key or f"{feed}-koppeling")
    answer = await client.post(f"/v1/feeds/{feed}/messages", json=message, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def stops_of(client: AsyncClient, unit: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/units/{unit}/stops", headers=bearer("caz-bord"))
    found: list[dict[str, Any]] = answer.json()["stops"]
    return found


async def count(session: AsyncSession, table: str) -> int:
    await session.rollback()
    return await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


NOW_STOP = listed("seh-stop", make.now() - timedelta(hours=2), bron="LPZ")


async def test_the_caz_tells_a_stop_of_its_member_under_a_mandate(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    message = seh(timedelta(minutes=30), stops=[NOW_STOP])

    await send(client, message)
    await send(client, message)

    [stop] = await stops_of(client, "seh")
    said = (stop["kind"], stop["appliesTo"], stop["source"], stop["reason"])
    assert said == ("seh-stop", ["ambulance"], "LPZ", "full")
    assert await count(session, "stop_versions") == 1
    kinds = await session.execute(text("SELECT DISTINCT source_kind FROM reports"))
    assert kinds.scalars().all() == ["mandate"]


async def test_a_stop_ends_when_it_is_no_longer_listed_and_not_when_nothing_is_said(
    zoetermeer: None,
    client: AsyncClient,
) -> None:
    by_hand = {"id": str(uuid.uuid4()), "kind": "opnamestop", "reason": "staff"}
    by_hand["beginsAt"] = (make.now() - timedelta(hours=1)).isoformat()
    hand = await client.post("/v1/units/seh/stops", json=by_hand, headers=bearer("caz-bord"))
    assert hand.status_code == 201, hand.text
    await send(client, seh(timedelta(minutes=30), stops=[NOW_STOP]))

    await send(client, seh(timedelta(minutes=20)))
    silent = await stops_of(client, "seh")
    await send(client, seh(timedelta(minutes=10), stops=[]))
    empty = await stops_of(client, "seh")

    assert {stop["kind"] for stop in silent} == {"seh-stop", "opnamestop"}
    assert [stop["id"] for stop in empty] == [by_hand["id"]]


async def test_a_late_list_ends_nothing(
    zoetermeer: None,
    client: AsyncClient,
) -> None:
    await send(client, seh(timedelta(minutes=10), stops=[NOW_STOP], status="gesloten"))

    await send(client, seh(timedelta(minutes=40), stops=[], status="open"))

    assert [stop["kind"] for stop in await stops_of(client, "seh")] == ["seh-stop"]
    status = await client.get("/v1/units/seh/status", headers=bearer("caz-bord"))
    assert status.json()["status"] == "closed"


async def test_stops_of_one_s_own_unit_and_of_a_member_go_together(
    zoetermeer: None,
    client: AsyncClient,
) -> None:
    message = seh(stops=[NOW_STOP])
    message["rtp"] = [{"code": "RTP-1", "wachtenden": 2, "stops": [listed("intakestop")]}]
    message["apotheek"] = [{"code": "APO-1", "wachtenden": 0, "status": "beperkt"}]

    receipt = await send(client, message)

    assert {report["outcome"] for report in receipt["reports"]} == {"stored"}
    assert [stop["kind"] for stop in await stops_of(client, "rtp")] == ["intake-stop"]
    status = await client.get("/v1/units/dienstapotheek/status", headers=bearer("caz-bord"))
    assert (status.json()["status"], status.json()["source"]) == ("restricted", "feed")


async def test_two_messages_at_once_in_another_order_do_not_wait_for_each_other(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    def message(n: int) -> dict[str, Any]:
        lines = seh(timedelta(seconds=n), stops=[NOW_STOP])
        rtp = [{"code": "RTP-1", "wachtenden": n, "stops": [listed("intakestop")]}]
        pharmacy = [{"code": "APO-1", "wachtenden": n, "status": "open"}]
        parts = [*lines.items(), ("rtp", rtp), ("apotheek", pharmacy)]
        return dict(parts if n % 2 else reversed(parts))

    receipts = await asyncio.gather(*(send(client, message(n)) for n in range(6)))

    outcomes = {report["outcome"] for receipt in receipts for report in receipt["reports"]}
    assert outcomes == {"stored"}
    assert await count(session, "stop_versions") == 2


async def test_a_status_that_is_said_again_does_not_undo_what_was_typed_in(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    def reo(ago: int) -> dict[str, Any]:
        moment = (make.now() - timedelta(minutes=ago)).isoformat()
        place = {"code": "REO-1", "wachtenden": 0, "status": "open"}
        return {"peilmoment": moment, "locaties": [place]}

    await send(client, reo(30), "reo")
    typed = {"status": "closed", "at": (make.now() - timedelta(minutes=20)).isoformat()}
    await client.post("/v1/units/reo-flex/status", json=typed, headers=bearer("reo-invoer"))
    await send(client, reo(10), "reo")

    status = await client.get("/v1/units/reo-flex/status", headers=bearer("caz-bord"))
    assert status.json()["status"] == "closed"
    assert await count(session, "unit_statuses") == 2


async def test_stops_of_a_feed_in_quarantine_are_not_stored(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    await session.execute(
        text(
            "INSERT INTO feed_versions (feed, org_id, valid_from, facts, noted_by) "
            "SELECT feed, org_id, now(), facts || jsonb_build_object('state', 'quarantine'), org_id"
            " FROM feed_versions WHERE feed = 'caz'"
        )
    )
    await session.commit()

    receipt = await send(client, seh(stops=[NOW_STOP], status="open"))

    assert receipt["reports"][0]["outcome"] == "quarantined"
    assert await count(session, "stop_versions") == await count(session, "unit_statuses") == 0


async def test_without_the_right_to_tell_stops_the_unit_is_refused_and_the_others_are_not(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    await session.execute(text("UPDATE api_keys SET scopes = array_remove(scopes, 'events:write')"))
    await session.commit()
    message = seh(stops=[NOW_STOP]) | {"rtp": [{"code": "RTP-1", "wachtenden": 2}]}

    receipt = await send(client, message)

    outcomes = {report["unit"]: report for report in receipt["reports"]}
    assert outcomes["rtp"]["outcome"] == "stored"
    assert [(e["code"], e["pointer"]) for e in outcomes[None]["errors"]] == [
        ("missing-scope", "/seh/0")
    ]
    assert await count(session, "stop_versions") == 0


async def test_without_a_mandate_no_stop_is_stored(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
) -> None:
    await session.execute(text("DELETE FROM mandate_versions"))
    await session.commit()

    answer = await client.post(
        "/v1/feeds/caz/messages", json=seh(stops=[NOW_STOP]), headers=bearer("caz-koppeling")
    )

    assert answer.status_code == 403
    assert await count(session, "stop_versions") == 0
