"""Keys and feeds: how they stand, and what is done about them, by whom and with which right."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import queries as access
from app.access.commands import end_session, give_key, revoke_key
from app.access.keys import key_for
from app.access.principal import Principal
from app.access.scopes import SCOPES, Scope
from app.dashboard.forms import fields, strange
from app.dashboard.managing import queries, words
from app.dashboard.managing.queries import Party, Range
from app.dashboard.managing.routes import Of, manages, page_at
from app.dashboard.routes import PAGE, Looker, answer, by_form, locked, page_of, render
from app.dashboard.signing.routes import asked
from app.db import Db, Standing, undo
from app.errors import Forbidden, Invalid, NotFound, Refusal
from app.facilities.queries import directory
from app.facilities.region import LONGEST_CLIENT
from app.feeds import queries as known_feeds
from app.feeds.states import commands as feed_states
from app.observations.notices.routes import drop_overview
from app.observations.persons import code_of_text
from app.wire import Slug, Word

pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(tags=["dashboard"], include_in_schema=False)
CLIENT: TypeAdapter[str] = TypeAdapter(Annotated[Word, Field(max_length=LONGEST_CLIENT)])


@pages.get("/beheer/aanvoer")
async def feeds(request: Request, session: Db, viewer: Looker) -> Response:
    """The feeds with their units and their state, and the way to stop one or take it in."""
    if viewer is None:
        return locked(request)
    return await feeds_shown(request, session, viewer)


async def feeds_shown(request: Request, session: AsyncSession, viewer: Principal) -> Response:
    may = viewer.may("reports:read") or manages(viewer, "feeds:admin")
    known, units = await queries.feeds(request, session, viewer) if may else ((), {})
    return answer(
        request,
        "managing-feeds.html",
        page_at(request, "/beheer/aanvoer"),
        viewer=viewer,
        may=may,
        feeds=known,
        units=units,
        stops=manages(viewer, "feeds:admin"),
        releases=viewer.may("operator"),
    )


@pages.get("/beheer/sleutels")
async def keys(request: Request, session: Db, viewer: Looker, of: Of = "") -> Response:
    """The keys of one's organisation, and who is signed in by them; the operator's of all."""
    if viewer is None:
        return locked(request)
    return await keys_shown(request, session, viewer, of)


async def keys_shown(
    request: Request, session: AsyncSession, viewer: Principal, of: str, **values: object
) -> Response:
    may = manages(viewer, "keys:admin")
    chosen = await queries.range_of(session, viewer, of) if may else Range((), (), "")
    now = datetime.now(UTC)
    told = {
        "may": may,
        "doors": await queries.doors(session, viewer, chosen.shown),
        "choices": chosen.choices,
        "key": chosen.key,
        "one": chosen.one,
        "now": now,
        "number": uuid.uuid4(),
        "scopes": grantable(viewer, chosen.one),
    }
    told |= values
    page = page_at(request, "/beheer/sleutels", van=chosen.key)
    # Where a new key may stand: never packed, nor kept by the browser.
    html = render("managing-keys.html", page, viewer=viewer, **told)
    return HTMLResponse(html, headers={**PAGE, "Cache-Control": "no-store"})


def grantable(viewer: Principal, to: Party | None) -> list[Scope]:
    """The rights that this viewer may give to a client of this organisation."""
    return [scope for scope in SCOPES if may_give(viewer, to, scope)]


def may_give(viewer: Principal, to: Party | None, scope: Scope) -> bool:
    if scope not in words.OF_THE_OPERATOR:
        return True
    # Who runs the tower is an organisation of its own: no provider gets the keys of all.
    operates = to is not None and to.audience == "operator"
    return viewer.may("operator") and (scope != "operator" or operates)


@pages.get("/beheer/sleutels/{organisation}/{kid}/intrekken")
async def ask_revoke(
    request: Request, session: Db, viewer: Looker, organisation: Slug, kid: Slug
) -> Response:
    """Whether this key is really to end, and what ends with it."""
    if viewer is None:
        return locked(request)
    party = await queries.party_of(session, organisation)
    mine = party is not None and party.org_id == viewer.org_id
    if party is None or not (viewer.may("operator") or (mine and viewer.may("keys:admin"))):
        raise Forbidden("This key is of another organisation.", code="not-yours")
    await queries.act_for(session, party.org_id)
    key = await access.key_of(session, party.org_id, kid)
    if key is None:
        raise NotFound("There is no key of this id.", code="unknown-key")
    live = await access.live_sessions(session, party.org_id, datetime.now(UTC), kid)
    return answer(
        request,
        "managing-revoke.html",
        page_of(request),
        viewer=viewer,
        party=party,
        key=key,
        sessions=live,
        own=viewer.kid,
    )


@dataclass(frozen=True)
class Deed:
    """Somebody who changes something of one organisation, with what was sent."""

    request: Request
    session: AsyncSession
    who: Principal
    party: Party
    told: Mapping[str, str]
    right: Scope

    def only(self, *names: str) -> None:
        if not set(self.told) <= set(names):
            raise strange()


KeyManager = Annotated[Principal | None, Depends(by_form("keys:admin", or_operator=True))]
FeedManager = Annotated[Principal | None, Depends(by_form("feeds:admin", or_operator=True))]


async def done(
    request: Request,
    session: AsyncSession,
    who: Principal | None,
    organisation: str,
    scope: Scope,
    does: Callable[[Deed], Awaitable[Response]],
) -> Response:
    """What a deed comes to; a refusal is a page too, in words for who reads it."""
    if who is None:
        return await asked(request, session, page_of(request).link("/beheer"), status=401)
    told = fields(await request.body())
    try:
        party = await queries.party_of(session, organisation)
        if party is None:
            raise NotFound("There is no such organisation.", code="unknown-organisation")
        if party.org_id != who.org_id and not who.may("operator"):
            raise Forbidden("This is of another organisation.", code="not-yours")
        await queries.act_for(session, party.org_id)
        right: Scope = scope if who.may(scope) and party.org_id == who.org_id else "operator"
        return await does(Deed(request, session, who, party, told, right))
    except Refusal as refusal:
        await undo(session)
        session.info["standing"] = Standing(who.org_id, "own")
        told_so = words.REFUSALS.get(refusal.code, words.REFUSALS["other-form"])
        page = page_of(request)
        values = {"viewer": who, "reason": told_so}
        return HTMLResponse(render("managing-refused.html", page, **values), refusal.status, PAGE)


@forms.post("/beheer/sleutels/{organisation}/nieuw")
async def make_key(request: Request, session: Db, who: KeyManager, organisation: Slug) -> Response:
    """A new key of a client; its text is in this answer and nowhere else."""
    return await done(request, session, who, organisation, "keys:admin", made)


async def made(deed: Deed) -> Response:
    deed.only("id", "client", "nieuw", "bron", "eindigt", *SCOPES)
    wanted = [scope for scope in SCOPES if scope in deed.told]
    if any(deed.told[scope] != "1" for scope in wanted):
        raise strange()
    if not wanted:
        raise Invalid("Choose at least one right.", code="no-scopes")
    if not all(may_give(deed.who, deed.party, scope) for scope in wanted):
        raise Forbidden("The operator alone gives this right.", code="beyond-you")
    state = deed.request.app.state
    new, text = await new_key(deed, wanted, state.pepper, state.fictief)
    return await back(deed, made=text if new else "", again=not new)


async def new_key(
    deed: Deed, wanted: list[Scope], pepper: bytes, fictief: bool
) -> tuple[bool, str]:
    days = deed.told.get("eindigt", "0")
    source_kind = deed.told.get("bron", "feed")
    if days not in words.LASTS or source_kind not in words.SOURCES:
        raise strange()
    try:
        number = uuid.UUID(deed.told.get("id", ""))
    except ValueError:
        raise strange() from None
    client = await client_named(deed)
    ends = datetime.now(UTC) + timedelta(days=int(days)) if days != "0" else None
    key = key_for(number, deed.party.organisation, pepper, fictief)
    kind: Literal["hand", "feed"] = "hand" if source_kind == "hand" else "feed"
    told = (client, kind, wanted, pepper, key, ends, deed.right)
    new = await give_key(deed.session, deed.who, deed.party.org_id, *told)
    return new, key.text


async def client_named(deed: Deed) -> str:
    """One that is there, or a new one with a word for a name in which no person is."""
    name = deed.told.get("nieuw", "")
    if not name:
        name = deed.told.get("client", "")
        if name in {key.client for key in await access.keys_of(deed.session, deed.party.org_id)}:
            return name
    try:
        if code_of_text(CLIENT.validate_python(name)) is None:
            return name
    except ValidationError:
        pass
    raise Invalid("A client has a word for a name.", code="bad-client")


@forms.post("/beheer/sleutels/{organisation}/{kid}/intrekken")
async def end_key(
    request: Request, session: Db, who: KeyManager, organisation: Slug, kid: Slug
) -> Response:
    """This key opens nothing more, nor do the sessions and phones that were begun with it."""

    async def ended(deed: Deed) -> Response:
        deed.only()
        found = await access.key_of(deed.session, deed.party.org_id, kid)
        if found is None:
            raise NotFound("There is no key of this id.", code="unknown-key")
        if found.revoked_at is None:
            await revoke_key(deed.session, deed.who, kid, deed.right)
        return await back(deed)

    return await done(request, session, who, organisation, "keys:admin", ended)


@forms.post("/beheer/sleutels/{organisation}/sessies/{number}/stoppen")
async def stop_session(
    request: Request, session: Db, who: KeyManager, organisation: Slug, number: uuid.UUID
) -> Response:
    """Whoever is signed in so, or this phone, must come in anew. Harmless to send again."""

    async def ended(deed: Deed) -> Response:
        deed.only()
        if not await access.there_was(deed.session, deed.party.org_id, number):
            raise NotFound("There is no session of this number.", code="unknown-session")
        await end_session(deed.session, deed.who, number, deed.party.org_id, deed.right)
        return await back(deed)

    return await done(request, session, who, organisation, "keys:admin", ended)


async def back(deed: Deed, **values: object) -> Response:
    """The keys as they are now; to send a form again is harmless."""
    await deed.session.flush()
    of = deed.party.organisation if deed.who.may("operator") else ""
    return await keys_shown(deed.request, deed.session, deed.who, of, **values)


@forms.post("/beheer/aanvoer/{organisation}/{feed}/stilzetten")
async def suspend(
    request: Request, session: Db, who: FeedManager, organisation: Slug, feed: Slug
) -> Response:
    """Nothing more of this feed is taken: at one's own request, or for a reason of the operator."""

    async def stopped(deed: Deed) -> Response:
        deed.only("reden")
        reason = deed.told.get("reden", "at-own-request")
        if reason not in words.REASONS:
            raise strange()
        now = datetime.now(UTC)
        known = await feed_of(deed, feed, now)
        operates = deed.who.may("operator")
        told: Any = reason if operates else "at-own-request"
        # Why the operator stopped it is not for its owner to rewrite.
        if operates or known.facts.state != "suspended":
            await feed_states.suspend(deed.session, deed.who, known, told, now, deed.right)
        return await feeds_shown(request, deed.session, deed.who)

    return await done(request, session, who, organisation, "feeds:admin", stopped)


@forms.post("/beheer/aanvoer/{organisation}/{feed}/vrijgeven")
async def release(
    request: Request, session: Db, who: FeedManager, organisation: Slug, feed: Slug
) -> Response:
    """The feed counts from now on, with what was kept of it: the operator says so."""

    async def released(deed: Deed) -> Response:
        deed.only()
        if not deed.who.may("operator"):
            raise Forbidden("The operator releases a feed.", code="not-yours")
        state, now = request.app.state, datetime.now(UTC)
        known = await feed_of(deed, feed, now)
        found = await directory(state.directory, deed.session)
        await feed_states.release(deed.session, deed.who, known, found, state.series, now)
        drop_overview(request, deed.session)
        return await feeds_shown(request, deed.session, deed.who)

    return await done(request, session, who, organisation, "feeds:admin", released)


async def feed_of(deed: Deed, feed: str, now: datetime) -> known_feeds.KnownFeed:
    known = await known_feeds.feed(deed.session, feed, now)
    if known is None or known.org_id != deed.party.org_id:
        raise NotFound("There is no feed of this name.", code="unknown-feed")
    return known
