"""What managing asks of the parts before it, each time for one organisation at a time."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import queries as access
from app.access.commands import note
from app.access.principal import Principal
from app.access.scopes import Audience
from app.access.tables import AuditEvent
from app.dashboard.language import _
from app.dashboard.managing.matrix import through, viewer_of
from app.db import Standing, act_as
from app.facilities import queries as facilities
from app.facilities.queries import KnownMandate, directory
from app.facilities.routes import concerns
from app.feeds.health.queries import feeds as known_feeds
from app.feeds.health.schemas import FeedKnown
from app.feeds.queries import all_feeds
from app.overview.routes import told_now
from app.overview.schemas import UnitNow

PAGE = 50
After = tuple[datetime, uuid.UUID] | None


@dataclass(frozen=True)
class Party:
    """An organisation by its number, its slug, its name and its audience."""

    org_id: int
    organisation: str
    name: str
    audience: Audience


async def parties(session: AsyncSession) -> list[Party]:
    """Every organisation of the region, and the region itself first."""
    found = await facilities.organisation_facts(session, datetime.now(UTC))
    told = [
        Party(each.org_id, each.organisation, each.facts.name, each.facts.audience)
        for each in found.values()
    ]
    return sorted(told, key=lambda each: (each.org_id > 0, each.name))


@dataclass(frozen=True)
class Range:
    """Whose things are shown: one's own, and for the operator those of one or of all."""

    shown: Sequence[Party]
    choices: Sequence[Party]
    key: str

    @property
    def one(self) -> Party | None:
        return self.shown[0] if len(self.shown) == 1 else None


async def range_of(
    session: AsyncSession, viewer: Principal, wanted: str, region: bool = False
) -> Range:
    """`region` is whether things of the region itself count too: it has a trail, and no keys."""
    found = [each for each in await parties(session) if region or each.org_id]
    if not viewer.may("operator"):
        return Range([each for each in found if each.org_id == viewer.org_id], (), "")
    chosen = [each for each in found if each.organisation == wanted]
    return Range(chosen or found, found, wanted if chosen else "")


async def added_roles(session: AsyncSession) -> dict[str, str]:
    """The names of the roles that this region has beside those that every region has."""
    found = await facilities.rules(session, "role", datetime.now(UTC))
    return {role: str(facts.settings["name"]) for role, facts in found.items()}


async def party_of(session: AsyncSession, organisation: str) -> Party | None:
    """The region itself has no keys and no feeds."""
    found = (each for each in await parties(session) if each.org_id)
    return next((each for each in found if each.organisation == organisation), None)


async def mandates_of(session: AsyncSession, viewer: Principal) -> list[KnownMandate]:
    """Who reports for whom: by one's organisation and for it; all for those who place people."""
    found = await facilities.mandates(session, datetime.now(UTC))
    return [each for each in found if concerns(each, viewer)]


async def act_for(session: AsyncSession, org_id: int) -> None:
    """For the operator: what follows is read or done for this organisation."""
    await act_as(session, Standing(org_id, "own"))


@dataclass(frozen=True)
class Door:
    """What opens the tower for one organisation: its keys, and who is signed in by them."""

    party: Party
    keys: Sequence[Any]
    sessions: Sequence[Any]

    @property
    def clients(self) -> Sequence[str]:
        return list(dict.fromkeys(key.client for key in self.keys))


async def doors(session: AsyncSession, viewer: Principal, shown: Sequence[Party]) -> Sequence[Door]:
    now, found = datetime.now(UTC), []
    for party in shown:
        await act_for(session, party.org_id)
        keys = await access.keys_of(session, party.org_id)
        signed_in = await access.live_sessions(session, party.org_id, now)
        if keys or party.org_id == viewer.org_id or len(shown) == 1:
            found.append(Door(party, keys, signed_in))
    await act_for(session, viewer.org_id)
    return found


async def feeds(
    request: Request, session: AsyncSession, viewer: Principal
) -> tuple[Sequence[FeedKnown], dict[str, list[str]]]:
    """One's own feeds, all for the operator, and the units that each tells of."""
    found = await directory(request.app.state.directory, session)
    now = datetime.now(UTC)
    known = await known_feeds(session, viewer, found, now)
    units = {each.feed: list(each.facts.units.values()) for each in await all_feeds(session, now)}
    named = {
        feed: [found.units[unit].facts.name if unit in found.units else unit for unit in told]
        for feed, told in units.items()
    }
    return known, named


async def seen_by(
    request: Request, session: AsyncSession, viewer: Principal, owner: Party, eyes: Principal
) -> list[UnitNow]:
    """The owner's units as this other viewer sees them: by the overview that it would get.

    Nothing of anybody else is in it, and nothing that the real viewer may not see itself.
    """
    theirs = {each.unit: each for each in (await told_now(request, session, eyes)).units}
    own = {each.unit: each for each in (await told_now(request, session, viewer)).units}
    return [
        UnitNow.model_validate(through(as_told(theirs[name]), as_told(mine)))
        for name, mine in own.items()
        if mine.organisation == owner.organisation and name in theirs
    ]


def as_told(unit: UnitNow) -> dict[str, Any]:
    return unit.model_dump(mode="json", by_alias=True)


async def eyes_of(
    session: AsyncSession, audience: Audience, organisation: str, owner: Party
) -> Principal:
    """Of any viewer of an audience, or of one organisation of it; never of the owner itself."""
    for each in await parties(session):
        if each.organisation == organisation and each.audience == audience and each != owner:
            return viewer_of(audience, organisation, each.org_id)
    return viewer_of(audience)


@dataclass(frozen=True)
class Trace:
    """One event of the audit, with whose trail it is in and who did it."""

    event: AuditEvent
    of: Party
    who: str


async def traces(
    session: AsyncSession,
    viewer: Principal,
    shown: Range,
    after: After,
    event: str,
    refused: bool | None,
) -> tuple[Sequence[Trace], bool]:
    """A page of the trail, newest first, and whether there is more; that it is read is noted."""
    names = {each.org_id: each.name for each in await parties(session)}
    found: list[Trace] = []
    for party in shown.shown:
        await act_for(session, party.org_id)
        rows = await access.trail(session, party.org_id, PAGE + 1, after, event, refused)
        found += [Trace(told, party, who(told, client, names)) for told, client in rows]
    of = shown.one or Party(viewer.org_id, viewer.organisation, "", viewer.audience)
    await act_for(session, of.org_id)
    note(
        *(session, viewer, "audit.read", "R"),
        object_type="audit",
        object_id=of.organisation if shown.one else "region",
        org_id=of.org_id,
        right="audit:read" if viewer.may("audit:read") else "operator",
    )
    await session.flush()
    await act_for(session, viewer.org_id)
    found.sort(key=lambda each: (each.event.at, each.event.id), reverse=True)
    return found[:PAGE], len(found) > PAGE


def who(told: AuditEvent, client: str | None, names: dict[int, str]) -> str:
    """The client, and of another organisation its name; a refusal may be of nobody known."""
    if client:
        return client
    if told.actor_org == 0:
        return "" if told.event == "refused" else _("de beheerder, op de machine zelf")
    return names.get(told.actor_org, "")
