"""A region file is applied by adding versions: nothing is overwritten, nothing moves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import demo_key
from app.access.queries import find_principal
from app.access.tables import AuditEvent, Mark
from app.errors import Conflict
from app.facilities import queries
from app.facilities.commands import Kind, add_clients, apply
from app.facilities.region import Region, facts_of
from app.facilities.region_file import parse
from app.facilities.schemas import FeedFacts
from app.facilities.tables import UnitVersion
from app.facilities.years.schemas import Population
from app.feeds.tables import Feed, FeedVersion
from tests import make
from tests.facilities.test_region_file import DEMO, SMALL, a_pool, a_unit, changed

FEEDS = Kind("feed", FeedFacts, FeedVersion, ("feed",), Feed)
PEPPER = b"a pepper of the tests, and of nothing else"
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = MONDAY + timedelta(days=1)


def small(**changes: Any) -> Region:
    return parse(changed(**changes))


def with_unit(**facts: Any) -> Region:
    return small(units=[a_unit(**facts)])


def a_feed(**facts: Any) -> list[dict[str, Any]]:
    told = {"feed": "f", "organisation": "huis", "format": "reo", "name": "Feed", "units": {}}
    return [{**told, **facts}]


async def told(session: AsyncSession, region: Region, at: datetime, **ways: Any) -> list[str]:
    return [str(each) for each in await apply(session, region, at=at, feeds=FEEDS, **ways)]


async def test_the_demo_is_applied_whole_and_then_nothing_is_left_to_do(
    session: AsyncSession,
) -> None:
    region = parse(DEMO)

    first = await apply(session, region, at=MONDAY, feeds=FEEDS)
    again = await apply(session, region, at=LATER, feeds=FEEDS)

    assert len(first) > 60
    assert {each.deed for each in first} == {"mark", "new", "alias"}
    assert again == []
    assert await session.get(Mark, "fictief") is not None
    units = await queries.units(session, LATER)
    assert units.keys() == {unit.unit for unit in region.units}
    assert units["reo-flex"].organisation == "reo-zoetermeer"


async def test_what_is_new_holds_since_the_day_that_the_file_names(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)

    assert "kamer" in await queries.units(session, datetime(2024, 1, 1, tzinfo=UTC))
    assert "kamer" not in await queries.units(session, datetime(2023, 12, 31, tzinfo=UTC))


async def test_a_dry_run_says_the_same_and_writes_nothing(session: AsyncSession) -> None:
    dry = await told(session, small(), MONDAY, dry_run=True)

    assert await queries.organisation_facts(session, MONDAY) == {}
    assert await session.get(Mark, "fictief") is None
    assert dry == await told(session, small(), MONDAY)


async def test_a_change_is_a_new_version_and_the_old_answer_stays(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)

    found = await told(session, with_unit(name="Zaal", secured=True), LATER)

    assert found == ["~ unit kamer (huis): name, secured from 2026-11-24T08:00:00Z"]
    assert (await queries.units(session, MONDAY))["kamer"].facts.name == "Kamer"
    assert (await queries.units(session, LATER))["kamer"].facts.name == "Zaal"


async def test_an_answer_can_be_asked_as_it_was_known(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)
    known = await session.scalar(select(func.clock_timestamp()))
    await apply(session, with_unit(name="Zaal"), at=MONDAY)

    before = await queries.units(session, MONDAY, known)
    after = await queries.units(session, MONDAY)

    assert (before["kamer"].facts.name, after["kamer"].facts.name) == ("Kamer", "Zaal")


async def test_facts_that_say_the_same_in_an_older_form_are_no_change(
    session: AsyncSession,
) -> None:
    await apply(session, small(), at=MONDAY)
    older = {
        "name": "Kamer",
        "facility": "gebouw",
        "careSetting": "reo",
        "beds": [{"bedType": "observation-elderly", "law": "Zvw"}],
        "reporting": {"moments": ["08:00:00", "15:30:00"]},
    }
    await session.execute(update(UnitVersion).values(facts=older))

    assert await told(session, small(), LATER) == []


async def test_what_is_absent_stays_until_it_is_ended_on_purpose(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)

    kept = await told(session, small(units=[]), LATER)
    ended = await told(session, small(units=[]), LATER, end_absent=True)

    assert kept == ["? unit kamer (huis): is not in the file and stays; --end-absent ends it"]
    assert ended == ["- unit kamer (huis): is not in the file and ends at 2026-11-24T08:00:00Z"]
    assert "kamer" in await queries.units(session, LATER - timedelta(seconds=1))
    assert "kamer" not in await queries.units(session, LATER)
    assert await told(session, small(units=[]), LATER) == []


async def test_what_was_ended_can_hold_again_but_not_in_between(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)
    await apply(session, small(units=[]), at=LATER, end_absent=True)

    found = await told(session, small(), LATER + timedelta(days=1))

    assert found == ["+ unit kamer (huis): holds again from 2026-11-25T08:00:00Z"]
    assert "kamer" not in await queries.units(session, LATER)
    assert "kamer" in await queries.units(session, LATER + timedelta(days=1))


async def test_the_performer_of_a_unit_never_changes(session: AsyncSession) -> None:
    await apply(session, small(), at=MONDAY)

    with pytest.raises(Conflict) as refused:
        await apply(session, with_unit(organisation="post"), at=LATER)

    assert refused.value.code == "cannot-move"
    assert "kamer is of huis" in refused.value.faults[0].detail


async def test_a_feed_keeps_its_format(session: AsyncSession) -> None:
    await apply(session, small(feeds=a_feed()), at=MONDAY, feeds=FEEDS)

    with pytest.raises(Conflict) as refused:
        await apply(session, small(feeds=a_feed(format="caz")), at=LATER, feeds=FEEDS)

    assert [fault.code for fault in refused.value.faults] == ["other-format"]


async def test_a_feed_released_through_the_api_is_not_locked_up_again(
    session: AsyncSession,
) -> None:
    await apply(session, small(feeds=a_feed()), at=MONDAY, feeds=FEEDS)
    facts = {"name": "Feed", "state": "released", "units": {}}
    version = FeedVersion(feed="f", org_id=1, valid_from=LATER, facts=facts, noted_by=2)
    session.add(version)
    await session.flush()

    found = await told(session, small(feeds=a_feed()), LATER)

    assert found == [
        "= feed f (huis): stays as it was changed through the API, though the file differs in state"
    ]


async def test_a_region_with_feeds_is_not_applied_without_them(session: AsyncSession) -> None:
    with pytest.raises(ValueError, match="feeds"):
        await apply(session, small(feeds=a_feed()), at=MONDAY)


async def test_a_mandate_ends_on_its_day_and_is_not_given_again(session: AsyncSession) -> None:
    mandate = {"mandate": "m", "organisation": "huis", "to": "post", "units": ["kamer"]}
    region = small(mandates=[{**mandate, "until": "2026-11-24"}])
    await apply(session, region, at=MONDAY)

    (known,) = await queries.mandates(session, MONDAY)

    assert known.until == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert await queries.mandates(session, LATER) == []
    assert await told(session, region, LATER) == []


async def test_a_made_up_region_and_a_real_one_never_share_a_database(
    session: AsyncSession,
) -> None:
    real = parse(SMALL.replace(" (fictief)", "").replace("fictief: true", "fictief: false"))
    await apply(session, small(), at=MONDAY)

    with pytest.raises(Conflict, match="made-up region"):
        await apply(session, real, at=MONDAY)


async def test_a_made_up_region_does_not_enter_a_real_database(session: AsyncSession) -> None:
    real = parse(SMALL.replace(" (fictief)", "").replace("fictief: true", "fictief: false"))
    await apply(session, real, at=MONDAY)

    with pytest.raises(Conflict, match="the file is fictief"):
        await apply(session, small(), at=MONDAY)


async def test_a_code_of_a_sender_never_changes_its_meaning(session: AsyncSession) -> None:
    alias = {"organisation": "huis", "alias": "K-1", "unit": "kamer"}
    rooms = [a_unit(), a_unit(unit="zaal")]
    await apply(session, small(aliases=[alias]), at=MONDAY)

    with pytest.raises(Conflict, match="codes never"):
        await apply(session, small(units=rooms, aliases=[{**alias, "unit": "zaal"}]), at=LATER)

    assert await queries.aliases(session, 1) == {"K-1": "kamer"}


async def test_each_change_leaves_a_trace(session: AsyncSession) -> None:
    found = await apply(session, small(), at=MONDAY)
    await apply(session, with_unit(name="Zaal"), at=LATER)

    events = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.at)))

    assert len(events) == len(found) + 1
    assert {(each.event, each.actor_org, each.right) for each in events} == {
        ("region.apply", 0, "operator")
    }
    assert (events[-1].action, events[-1].object_id, events[-1].org_id) == ("U", "kamer", 1)


async def test_the_published_keys_of_the_demo_open_their_clients(session: AsyncSession) -> None:
    region = parse(DEMO)
    await apply(session, region, at=MONDAY, feeds=FEEDS)

    keys = await add_clients(session, region, PEPPER)
    again = await add_clients(session, region, PEPPER)

    assert keys == again == {each.client: demo_key(each.client) for each in region.clients}
    principal = await find_principal(session, keys["caz-bord"], PEPPER)
    assert principal is not None
    assert (principal.organisation, principal.audience) == ("caz-zoetermeer", "coordinator")


async def test_a_database_that_is_not_fictief_takes_no_published_keys(
    session: AsyncSession,
) -> None:
    with pytest.raises(Conflict, match="fictief"):
        await add_clients(session, parse(DEMO), PEPPER)


async def test_the_rules_of_the_region_can_be_asked_with_their_source(
    session: AsyncSession,
) -> None:
    await apply(session, parse(DEMO), at=MONDAY, feeds=FEEDS)

    levels = await queries.rules(session, "level", MONDAY)
    population = await queries.population(session, MONDAY)
    use = await queries.use(session, MONDAY)

    assert levels["seh"].settings == {"drukFrom": 100, "volFrom": 140}
    assert levels["seh"].year == 2004
    assert population == [facts_of(Population, each) for each in parse(DEMO).population]
    (reo,) = (each for each in use if each.care_setting == "reo")
    assert reo.drift.p90 == 1.04


async def test_a_substitution_pool_is_kept_as_versions(session: AsyncSession) -> None:
    elv = a_pool("elv", "elv-low", "elv-high")
    wider = a_pool("elv", "elv-low", "elv-high", "grz")
    await apply(session, small(substitutionPools=[elv]), at=MONDAY)

    dry = await told(session, small(substitutionPools=[wider]), LATER, dry_run=True)
    found = await told(session, small(substitutionPools=[wider]), LATER)
    ended = await told(session, small(), LATER + timedelta(days=1), end_absent=True)

    assert dry == found
    assert found == ["~ rule substitution-pool/elv: settings from 2026-11-24T08:00:00Z"]
    assert ended[0].startswith("- rule substitution-pool/elv")
    before = await queries.substitution_pools(session, MONDAY)
    assert before["elv"].bed_types == ("elv-low", "elv-high")
    after = await queries.substitution_pools(session, LATER)
    assert after["elv"].bed_types == ("elv-low", "elv-high", "grz")
    assert await queries.substitution_pools(session, LATER + timedelta(days=1)) == {}


async def test_a_group_is_who_was_in_it_that_day(session: AsyncSession) -> None:
    await apply(session, parse(DEMO), at=MONDAY, feeds=FEEDS)

    caz = (await queries.groups(session, MONDAY))["caz"]

    since = datetime(2025, 1, 1, tzinfo=UTC).date()
    assert "rtp" in caz.members_on(since)
    assert "rtp" not in caz.members_on(since - timedelta(days=1))


async def test_the_directory_is_read_once_a_second_at_most(session: AsyncSession) -> None:
    await make.a_unit(session, "kamer")
    cache, patient = queries.DirectoryCache(seconds=0), queries.DirectoryCache(seconds=60)
    await queries.directory(patient, session)
    await make.a_unit(session, "zaal")

    fresh = await queries.directory(cache, session)
    kept = await queries.directory(patient, session)

    assert fresh.units.keys() == {"kamer", "zaal"}
    assert kept.units.keys() == {"kamer"}
    assert fresh.organisations[fresh.units["kamer"].org_id] == "reo"
