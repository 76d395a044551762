import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import ApiKey, AuditEvent
from app.dashboard.managing import queries
from app.dashboard.managing.matrix import through
from app.facilities.tables import RuleVersion, UnitVersion
from app.feeds.tables import Feed, FeedVersion
from app.overview.routes import told_now
from tests import make
from tests.dashboard.test_page import Outline, demo
from tests.dashboard.test_sign_in import HERE, at_once, signed_in
from tests.overview.lay import told

__all__ = ["demo"]
PARTS = ("", "/afdelingen", "/normen", "/delen", "/sleutels", "/aanvoer", "/spoor")


async def seen(client: AsyncClient, path: str, key: dict[str, str] | None = None) -> str:
    answer = await client.get(path, headers=key)
    assert answer.status_code == 200, answer.text
    return Outline(answer.text).text


async def a_feed(session: AsyncSession, organisation: str, state: str = "released") -> str:
    org_id = await make.an_organisation(session, organisation)
    feed = f"{organisation}-feed"
    session.add(Feed(feed=feed, org_id=org_id, format="reo"))
    await session.flush()
    facts = {"name": f"Bedlijst van {organisation}", "state": state, "units": {}}
    session.add(FeedVersion(feed=feed, org_id=org_id, valid_from=make.LONG_AGO, facts=facts))
    await session.commit()
    return feed


async def an_operator(session: AsyncSession) -> dict[str, str]:
    return await make.a_key(
        session, "operator", "overview:read", organisation="toren", audience="operator"
    )


def kid_of(key: dict[str, str]) -> str:
    return key["Authorization"].split("_")[1]


async def client_of(session: AsyncSession, key: dict[str, str]) -> str:
    name: str = (
        await session.execute(
            text("SELECT name FROM clients JOIN api_keys USING (client_id) WHERE kid = :kid"),
            {"kid": kid_of(key)},
        )
    ).scalar_one()
    return name


async def test_each_part_opens_in_both_languages_and_for_nobody_without_a_key(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)

    dutch = [await seen(client, f"/beheer{part}", key) for part in PARTS]
    english = [await seen(client, f"/en/beheer{part}", key) for part in PARTS]
    closed = [(await client.get(f"/beheer{part}")).status_code for part in PARTS]

    assert all("Normen en drempels" in page for page in dutch)
    assert all("Norms and thresholds" in page for page in english)
    assert set(closed) == {401}


async def test_the_region_is_told_with_what_changed_and_what_will(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    org_id = await make.an_organisation(session)
    same = dict((await session.execute(select(UnitVersion.facts))).scalar_one())
    for moment, name in ((make.now(), "Nieuwe naam"), (make.now() + timedelta(days=9), "Later")):
        facts = {**same, "name": name}
        session.add(UnitVersion(unit="reo-flex", org_id=org_id, valid_from=moment, facts=facts))
    await session.commit()

    page = await seen(client, "/beheer", key)

    assert "1 organisaties, 1 locaties, 1 afdelingen" in page
    assert re.search(r"Op komst .* reo-flex : naam", page)
    assert re.search(r"Laatst gewijzigd .* reo-flex : naam", page)


async def test_a_closure_to_come_leads_with_its_day_however_much_has_changed(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-dicht")
    key = await make.a_key(session)
    org_id = await make.an_organisation(session)
    versions = {row.unit: row for row in await session.scalars(select(UnitVersion))}
    versions["reo-dicht"].valid_to = datetime(2099, 5, 4, 10, tzinfo=UTC)
    await session.commit()
    for n in range(15):
        facts = {**versions["reo-flex"].facts, "name": f"Naam {n}"}
        moment = make.now() - timedelta(hours=n)
        session.add(UnitVersion(unit="reo-flex", org_id=org_id, valid_from=moment, facts=facts))
    await session.commit()

    page = await seen(client, "/beheer", key)

    assert re.search(r"Op komst \S+ 4 mei[^:]*12:00: afdeling reo-dicht eindigt", page), page
    assert "Laatst gewijzigd" in page


async def test_units_are_told_in_words(client: AsyncClient, session: AsyncSession) -> None:
    hours = [{"days": ["mon", "tue", "wed"], "start": "09:00", "end": "17:00"}]
    await make.a_unit(session, admissionHours=hours, roles=["nurse"], target="somatic")
    await make.a_unit(session, "caz-anders", "caz")
    key = await make.a_key(session)

    page = await seen(client, "/beheer/afdelingen?van=reo", key)

    assert "REO-bed 08:00 en 15:30 somatisch, opname ma t/m wo 09:00–17:00 verpleeg" in page
    assert "caz-anders" not in page


async def test_norms_say_their_value_source_and_since_when(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    settings = {"role": "nurse", "shift": "dag", "patientsPerHead": 4, "atLeast": 2}
    facts = {"source": "Afspraak van de regio", "year": 2025, "settings": settings}
    org_id = await make.an_organisation(session)
    session.add(
        RuleVersion(
            kind="norm", rule="nurses", org_id=org_id, valid_from=make.LONG_AGO, facts=facts
        )
    )
    await session.commit()

    page = await seen(client, "/beheer/normen", key)

    assert "1 op 4, ten minste 2 Afspraak van de regio (2025) 1 jan 2020" in page
    assert "met een kans van 30% of meer" in page
    assert "NEDOCS boven 140, of niets opneembaar" in page


async def made(client: AsyncClient, key: dict[str, str], **fields: str) -> Response:
    body = {"id": str(uuid.uuid4()), "nieuw": "bord", "overview:read": "1", **fields}
    return await client.post("/beheer/sleutels/reo/nieuw", data=body, headers=key)


def shown_key(answer: Response) -> str:
    found = re.search(r"vt_[a-z0-9-]+_[A-Za-z0-9_-]{43}", Outline(answer.text).text)
    assert found, answer.text
    return found[0]


async def test_a_key_is_made_shown_once_and_opens_the_door(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    answer = await made(client, key, eindigt="90")

    new = shown_key(answer)
    assert answer.headers["cache-control"] == "no-store"
    opened = await client.get("/v1/overview", headers={"Authorization": f"Bearer {new}"})
    assert opened.status_code == 200
    assert new.split("_", 2)[2] not in await seen(client, "/beheer/sleutels", key)
    noted = (await session.scalars(select(AuditEvent).where(AuditEvent.event == "keys.add"))).one()
    assert (noted.right, noted.detail["client"]) == ("keys:admin", "bord")
    kept = await session.execute(text("SELECT k::text, a::text FROM api_keys k, audit_events a"))
    assert new.split("_", 2)[2] not in str(kept.all())


async def test_the_same_form_makes_one_key_and_shows_it_no_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    form = {"id": str(uuid.uuid4())}

    answers = [await made(client, key, **form) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert "vt_" not in Outline(answers[1].text).text
    assert "al gemaakt" in Outline(answers[1].text).text
    assert await session.scalar(text("SELECT count(*) FROM api_keys")) == 2


async def test_of_a_client_two_keys_live(client: AsyncClient, session: AsyncSession) -> None:
    key = await make.a_key(session)

    answers = [await made(client, key) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 409]
    assert "al twee sleutels" in Outline(answers[2].text).text


async def test_an_expired_key_makes_room_for_a_new_one_and_is_told_so(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    for _ in range(2):
        await made(client, key, eindigt="90")
    ends = "UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE kid <> :kid"
    await session.execute(text(ends), {"kid": kid_of(key)})
    await session.commit()

    answer = await made(client, key)

    assert answer.status_code == 200
    assert Outline(answer.text).text.count("verlopen") == 2


WRONG: Sequence[tuple[dict[str, str], int]] = (
    ({"operator": "1"}, 403),
    ({"history:backdate": "1"}, 403),
    ({"nieuw": "Jan Jansen"}, 400),
    ({"nieuw": "bord-123456782"}, 400),
    ({"overview:read": "1", "anders": "x"}, 400),
    ({"eindigt": "7"}, 400),
    ({"reports:read": "123456782"}, 400),
    ({"id": "niets"}, 400),
)


async def test_what_may_not_be_given_is_not_made(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    answers = [await made(client, key, **fields) for fields, _ in WRONG]

    assert [each.status_code for each in answers] == [status for _, status in WRONG]
    assert all("Dit is niet gedaan" in Outline(each.text).text for each in answers)
    assert await session.scalar(text("SELECT count(*) FROM api_keys")) == 1


async def test_a_made_up_region_makes_keys_that_are_good_there_alone(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_key(session)
    await session.execute(text("UPDATE api_keys SET kid = 'demo-reo'"))
    await session.commit()
    demo.state.fictief = False
    key = await make.a_key(session)
    await signed_in(client, key)
    demo.state.fictief = True

    answer = await client.post(
        "/beheer/sleutels/reo/nieuw",
        data={"id": str(uuid.uuid4()), "nieuw": "bord", "overview:read": "1"},
        headers=HERE,
    )

    new = {"Authorization": f"Bearer {shown_key(answer)}"}
    assert (await client.get("/v1/overview", headers=new)).status_code == 200
    demo.state.fictief = False
    await at_once(demo)
    assert (await client.get("/v1/overview", headers=new)).status_code == 401


async def test_a_key_is_revoked_after_a_question_and_its_sessions_end(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    other = await make.a_key(session)
    await signed_in(client, other)
    path = f"/beheer/sleutels/reo/{kid_of(other)}/intrekken"

    question = await seen(client, path, key)
    answers = [await client.post(path, headers=key) for _ in range(2)]
    await at_once(app)

    assert "Ook dit eindigt: Aangemeld op een pagina" in question
    assert [each.status_code for each in answers] == [200, 200]
    assert (await client.get("/")).status_code == 401
    assert "ingetrokken op" in await seen(client, "/beheer/sleutels", key)


async def test_who_is_signed_in_is_listed_and_can_be_ended(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    await signed_in(client, key)
    page = Outline((await client.get("/beheer/sleutels", headers=key)).text)
    [stop] = [f["action"] or "" for f in page.all("form") if "stoppen" in (f["action"] or "")]

    answer = await client.post(stop, headers=key)
    await at_once(app)

    assert answer.status_code == 200
    assert "Aangemeld op een pagina: client-" in page.text
    assert (await client.get("/")).status_code == 401


async def test_who_lacks_the_right_reads_which_it_is(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_key(session)
    key = await make.a_key(session, "overview:read")
    own = await client_of(session, key)

    keys, trail, feeds = [
        await seen(client, f"/beheer/{part}", key) for part in ("sleutels", "spoor", "aanvoer")
    ]

    assert "het recht keys:admin nodig: sleutels beheren" in keys
    assert "het recht audit:read nodig: audit lezen" in trail
    assert "het recht feeds:admin nodig: koppelingen beheren" in feeds
    assert "client-" not in (keys + trail + feeds).replace(own, "")


async def test_the_visitor_of_a_demo_sees_the_region_and_the_way_to_sign_in(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    pages = {part: await seen(client, f"/beheer{part}") for part in PARTS}
    written = await client.post("/beheer/sleutels/reo/nieuw", data={"id": "x"}, headers=HERE)

    assert "reo-flex (fictief)" in pages["/afdelingen"]
    assert all("Meld u aan" in pages[part] for part in ("/delen", "/sleutels", "/aanvoer"))
    assert "vt_" not in "".join(pages.values())
    assert written.status_code == 401


async def a_neighbour(session: AsyncSession, client: AsyncClient) -> Sequence[str]:
    """Another provider with a key, a session, a feed and a trail; what nobody may see of it."""
    key = await make.a_key(session, organisation="caz")
    await signed_in(client, key)
    client.cookies.clear()
    await a_feed(session, "caz")
    return [kid_of(key), await client_of(session, key), "Bedlijst van caz"]


async def test_nobody_sees_keys_sessions_feeds_or_trail_of_another(
    client: AsyncClient, session: AsyncSession
) -> None:
    secret = await a_neighbour(session, client)
    keys = [
        await make.a_key(session, organisation=audience, audience=audience)
        for audience in ("provider", "coordinator", "municipality", "insurer")
    ]

    pages = [
        await seen(client, f"/beheer{part}?van=caz", key)
        for part in ("/sleutels", "/aanvoer", "/spoor")
        for key in keys
    ]

    assert [each for each in secret if each in "".join(pages)] == []


async def test_the_operator_sees_and_does_it_for_all(
    client: AsyncClient, session: AsyncSession
) -> None:
    kid, name, feed = await a_neighbour(session, client)
    key = await an_operator(session)

    keys = await seen(client, "/beheer/sleutels", key)
    feeds = await seen(client, "/beheer/aanvoer", key)
    trail = await seen(client, "/beheer/spoor", key)
    revoked = await client.post(f"/beheer/sleutels/caz/{kid}/intrekken", headers=key)

    assert kid in keys
    assert feed in feeds
    assert name in trail
    assert "ingetrokken op" in Outline(revoked.text).text
    noted = select(AuditEvent.right).where(AuditEvent.event == "keys.revoke")
    assert await session.scalar(noted) == "operator"
    assert "caz (fictief)" in await seen(client, "/beheer/spoor?van=caz", key)


async def test_only_who_runs_the_tower_gets_a_key_to_run_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.an_organisation(session)
    key = await an_operator(session)

    answer = await made(client, key, operator="1")
    body = {"id": str(uuid.uuid4()), "nieuw": "bord", "operator": "1"}
    of_the_region = await client.post("/beheer/sleutels/region/nieuw", data=body, headers=key)

    assert (answer.status_code, of_the_region.status_code) == (403, 404)


async def test_a_feed_is_suspended_by_its_own_and_released_by_the_operator(
    client: AsyncClient, session: AsyncSession
) -> None:
    feed = await a_feed(session, "reo")
    key, operator = await make.a_key(session), await an_operator(session)
    path = f"/beheer/aanvoer/reo/{feed}"

    stopped = await client.post(f"{path}/stilzetten", headers=key)
    page = await seen(client, "/beheer/aanvoer", key)
    refused = await client.post(f"{path}/vrijgeven", headers=key)
    released = await client.post(f"{path}/vrijgeven", headers=operator)

    assert (stopped.status_code, refused.status_code, released.status_code) == (200, 403, 200)
    assert "stilgezet sinds" in page
    assert "op eigen verzoek" in page
    assert "telt mee" in await seen(client, "/beheer/aanvoer", key)


OF_ANOTHER = (
    "/beheer/sleutels/caz/nieuw",
    "/beheer/sleutels/caz/{kid}/intrekken",
    "/beheer/sleutels/caz/sessies/{session}/stoppen",
    "/beheer/aanvoer/caz/caz-feed/stilzetten",
    "/beheer/aanvoer/caz/caz-feed/vrijgeven",
    "/beheer/sleutels/reo/{kid}/intrekken",
    "/beheer/sleutels/reo/sessies/{session}/stoppen",
    "/beheer/aanvoer/reo/caz-feed/stilzetten",
)


async def test_who_has_a_feed_does_not_overwrite_why_the_operator_suspended_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    feed = await a_feed(session, "reo")
    key, operator = await make.a_key(session), await an_operator(session)
    path = f"/beheer/aanvoer/reo/{feed}/stilzetten"
    await client.post(path, data={"reden": "person-data"}, headers=operator)

    again = await client.post(path, headers=key)

    assert again.status_code == 200
    assert "gegevens van personen" in await seen(client, "/beheer/aanvoer", key)


async def test_nothing_of_another_can_be_changed_by_any_address(
    client: AsyncClient, session: AsyncSession
) -> None:
    kid, _name, _feed = await a_neighbour(session, client)
    number = await session.scalar(text("SELECT id FROM sessions"))
    key = await make.a_key(session)
    paths = [path.format(kid=kid, session=number) for path in OF_ANOTHER]
    body = {"id": str(uuid.uuid4()), "nieuw": "bord", "overview:read": "1"}

    answers = [await client.post(path, headers=key) for path in paths]
    answers.append(await client.post(paths[0], data=body, headers=key))
    question = await client.get(f"/beheer/sleutels/caz/{kid}/intrekken", headers=key)

    assert {each.status_code for each in answers} == {403, 404}
    assert question.status_code == 403
    kept = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"
    assert await session.scalar(text(kept)) == 2
    ended = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL"
    assert await session.scalar(text(ended)) == 0
    assert await session.scalar(text("SELECT count(*) FROM feed_versions")) == 1


async def test_another_site_changes_nothing(client: AsyncClient, session: AsyncSession) -> None:
    key = await make.a_key(session)
    await signed_in(client, key)
    path = f"/beheer/sleutels/reo/{kid_of(key)}/intrekken"

    answer = await client.post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert await session.scalar(select(ApiKey.revoked_at)) is None


async def test_the_trail_is_told_in_words_by_day_and_can_be_narrowed(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await client.post("/v1/reports", json=make.a_report(), headers=key)
    weak = await make.a_key(session, "reports:write")
    await client.get("/v1/overview", headers=weak)

    all_of_it = await seen(client, "/beheer/spoor", key)
    refused = await seen(client, "/beheer/spoor?hoe=geweigerd", key)
    reports = await seen(client, "/beheer/spoor?wat=reports.write", key)
    again = await seen(client, "/beheer/spoor?wat=audit.read", key)

    assert "Melding gedaan melding" in all_of_it
    assert "melden gelukt" in all_of_it
    assert "geweigerd: geen recht" in refused
    assert "Melding gedaan melding" not in refused
    assert "geweigerd: geen recht" not in reports
    assert "Spoor bekeken spoor van reo" in again
    assert "{" not in all_of_it


async def test_an_older_page_of_the_trail_goes_on_where_the_last_one_ended(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    key = await make.a_key(session)
    for name in ("a", "b", "c"):
        await made(client, key, nieuw=f"bord-{name}")
    path = "/beheer/spoor?wat=keys.add"

    newest = Outline((await client.get(path, headers=key)).text)
    [older] = [a["href"] or "" for a in newest.all("a") if a.get("rel") == "next"]
    rest = await seen(client, older, key)

    assert re.findall(r"voor (bord-\w)", newest.text) == ["bord-c", "bord-b"]
    assert re.findall(r"voor (bord-\w)", rest) == ["bord-a"]


async def two_providers(session: AsyncSession) -> dict[str, str]:
    """Each with a small unit of one pool: the chance of no rests on the figures of both."""
    for unit, organisation, occupied in (("reo-flex", "reo", 5171), ("caz-flex", "caz", 6323)):
        await make.a_unit(session, unit, organisation)
        await told(session, unit, staffed=7001, occupied=occupied, reserved=0)
    await make.an_organisation(session, "ziekenhuis")
    await make.an_organisation(session, "gemeente", "municipality")
    return await make.a_key(session)


async def test_the_matrix_tells_the_default_and_ones_own_rules(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await two_providers(session)
    await make.a_mandate(session, "reo-flex", of="reo", to="ziekenhuis", confirmed=False)
    await make.a_mandate(session, "caz-flex", of="caz", to="ziekenhuis")
    await make.a_sharing_rule(session, "reo", "occupancy", "exact", audience="municipality")
    await make.a_sharing_rule(session, "reo", "admittable", "exact", organisation="ziekenhuis")
    await make.a_sharing_rule(session, "caz", "demand", "exact", audience="provider")

    page = await seen(client, "/beheer/delen", key)

    monthly = "per maand, samen met twee andere aanbieders of meer"
    row = f"Bezet, vrij en dicht elk cijfer niet gedeeld elk cijfer eigen afspraak {monthly}"
    assert row in page
    assert "ziekenhuis (fictief), opneembaar, drukte en status: elk cijfer eigen afspraak" in page
    assert "Aanvragen, wachten, klaar voor vertrek elk cijfer niet gedeeld niet gedeeld" in page
    assert "ziekenhuis (fictief) meldt voor reo (fictief): reo-flex (fictief) nog niet" in page
    assert "caz-flex" not in page


async def test_ones_own_units_are_seen_as_another_sees_them(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await two_providers(session)
    await make.a_sharing_rule(session, "reo", "admittable", "exact", organisation="ziekenhuis")

    coordinator, provider, hospital, municipality = [
        await seen(client, f"/beheer/delen?{asked}", key)
        for asked in (
            *("als=coordinator", "als=provider", "als=provider&wie=ziekenhuis"),
            "als=municipality&wie=gemeente",
        )
    ]

    row = r"reo-flex \(fictief\) gemeld 1 min geleden REO-bed ruim"
    assert re.search(rf"{row} 1830 1830 5171 7001", coordinator)
    assert re.search(rf"{row} 1830 (niet gedeeld ){{2}}", hospital)
    hidden = r"wanneer gemeld: niet gedeeld REO-bed (niet gedeeld ){7}"
    assert re.search(hidden, provider)
    assert re.search(hidden, municipality)


async def leaks(client: AsyncClient, key: dict[str, str]) -> list[str]:
    """What the eyes of any audience tell a provider of its neighbour, by the neighbour's number."""
    pages = [
        await seen(client, f"/beheer/delen?van=caz&als={audience}&wie={organisation}", key)
        for audience, organisation in (
            *(("coordinator", ""), ("provider", ""), ("provider", "caz")),
            *(("municipality", ""), ("insurer", ""), ("operator", "caz"), ("provider", "reo")),
        )
    ]
    of_caz = ("6323", "678", "caz-flex")
    return [each for each in of_caz for page in pages if re.search(rf"\b{each}\b", page)]


async def test_through_anothers_eyes_nobody_sees_a_neighbour(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await two_providers(session)
    await make.a_sharing_rule(session, "reo", "occupancy", "exact", audience="provider")

    assert await leaks(client, key) == []


async def test_the_same_test_finds_eyes_that_show_all_they_see(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def whole(request: Any, session: Any, viewer: Any, owner: Any, eyes: Any) -> Any:
        return (await told_now(request, session, eyes)).units

    monkeypatch.setattr(queries, "seen_by", whole)
    key = await two_providers(session)

    assert "6323" in await leaks(client, key)


KNOWN = {"value": 0.4, "state": "known", "of": {"current": 2, "total": 3}}
HIDDEN = {"value": None, "state": "suppressed", "of": None}


def test_a_chance_that_rests_on_others_is_not_seen_through_a_coordinators_eyes() -> None:
    theirs = {"unit": "reo-flex", "places": [{"refusalRisk": KNOWN, "free": KNOWN}]}
    own = {"unit": "reo-flex", "places": [{"refusalRisk": HIDDEN, "free": KNOWN}]}

    assert through(theirs, own) == own


def test_what_another_may_not_see_stays_hidden_where_the_owner_sees_it() -> None:
    theirs = {"stops": None, "places": [{"free": HIDDEN}], "short": []}
    own = {"stops": [{"kind": "seh-stop"}], "places": [{"free": KNOWN}], "short": [KNOWN]}

    assert through(theirs, own) == theirs
