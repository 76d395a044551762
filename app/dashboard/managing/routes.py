"""Managing: the region as it is set up, its norms, what is shared with whom, and the trail."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import queries as access
from app.access.commands import note
from app.access.principal import Principal
from app.access.routes import permit
from app.access.scopes import Audience, Scope
from app.dashboard import names
from app.dashboard.managing import matrix, queries, words
from app.dashboard.managing.queries import Party, Range
from app.dashboard.names import local_day
from app.dashboard.page import Page
from app.dashboard.routes import PAGE, Looker, answer, locked, page_of
from app.dashboard.routes import pages as templates
from app.db import Db
from app.facilities import queries as facilities
from app.facilities.exporting.queries import region_text
from app.facilities.hours import LOCAL
from app.facilities.norms import norms_of
from app.facilities.queries import directory
from app.feeds import queries as known_feeds
from app.paging import MOMENT_AND_ID, encode
from app.paging import page_of as cursor_of
from app.signals.levels import in_force

pages = APIRouter(tags=["dashboard"], include_in_schema=False)
Of = Annotated[str, Query(alias="van", max_length=64)]
MOST_CHANGES = 12


templates.globals |= {"manage": words, "names": names}


def page_at(request: Request, path: str, **asked: str) -> Page:
    """The list that a form leads back to, with an address of its own for the other language."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return replace(page_of(request), path=path, query=query)


def manages(viewer: Principal, scope: Scope) -> bool:
    return viewer.may(scope) or viewer.may("operator")


@pages.get("/beheer")
async def region(request: Request, session: Db, viewer: Looker) -> Response:
    """The region as its file set it up: who takes part, groups, pools, and what changes."""
    if viewer is None:
        return locked(request)
    now = datetime.now(UTC)
    found = await directory(request.app.state.directory, session)
    to_come, came = await facilities.later_versions(session, now, MOST_CHANGES)
    parties = await queries.parties(session)
    sites = sorted(found.facilities.values(), key=lambda each: each.facts.name)
    units = list(found.units.values())
    return answer(
        request,
        "managing-region.html",
        page_of(request),
        viewer=viewer,
        parties=[
            (
                party,
                [each for each in sites if each.org_id == party.org_id],
                sum(each.org_id == party.org_id for each in units),
            )
            for party in parties
            if party.org_id
        ],
        sites=len(sites),
        groups=list(found.groups.values()),
        units=found.units,
        today=now.astimezone(LOCAL).date(),
        pools=list(found.staff_pools.values()),
        added=await queries.added_roles(session),
        substitutions=(await facilities.substitution_pools(session, now)).values(),
        named={party.org_id: party.name for party in parties},
        to_come=to_come,
        came=came,
    )


@pages.get("/beheer/regio.yaml")
async def region_file(request: Request, session: Db, viewer: Looker) -> Response:
    """All that holds as a region file, for the operator; no key and no client is in it."""
    if viewer is None:
        return locked(request)
    permit(request, viewer, "operator")
    text = await region_text(session, known_feeds.FEEDS, datetime.now(UTC))
    note(
        *(session, viewer, "region.export", "R"),
        object_type="region",
        object_id="region",
        right="operator",
    )
    headers = {**PAGE, "Content-Disposition": 'attachment; filename="region.yaml"'}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


@pages.get("/beheer/afdelingen")
async def units(request: Request, session: Db, viewer: Looker, of: Of = "") -> Response:
    """Every unit by care setting: when it reports, what it has, what it is; of one organisation."""
    if viewer is None:
        return locked(request)
    found = await directory(request.app.state.directory, session)
    parties = [each for each in await queries.parties(session) if each.org_id]
    known = {each.org_id for each in found.units.values()}
    chosen = next((each for each in parties if each.organisation == of), None)
    wanted = [
        each for each in found.units.values() if chosen is None or each.org_id == chosen.org_id
    ]
    settings: dict[str, list[Any]] = {}
    for each in sorted(wanted, key=lambda each: (each.facts.care_setting, each.facts.name)):
        settings.setdefault(each.facts.care_setting, []).append(each)
    return answer(
        request,
        "managing-units.html",
        page_of(request),
        viewer=viewer,
        settings=settings,
        added=await queries.added_roles(session),
        total=len(wanted),
        sites=found.facilities,
        choices=[each for each in parties if each.org_id in known],
        key=chosen.organisation if chosen else "",
    )


@pages.get("/beheer/normen")
async def norms(request: Request, session: Db, viewer: Looker) -> Response:
    """What is shown with which level, and how many people a shift needs: value, source, since."""
    if viewer is None:
        return locked(request)
    now = datetime.now(UTC)
    found = await directory(request.app.state.directory, session)
    rules = await facilities.known_rules(session, ("norm", "level", "role"), now)
    told = {each.rule: each for each in rules["norm"]}
    levels = {each.rule: each for each in rules["level"]}
    of_staff = norms_of({name: each.facts for name, each in told.items()})
    return answer(
        request,
        "managing-norms.html",
        page_of(request),
        viewer=viewer,
        levels=[(rule, facts, levels.get(rule)) for rule, facts in in_force(found.levels).items()],
        norms=[(each, told[each.name]) for each in of_staff.named],
        general=of_staff,
        added={each.rule: each.facts.settings["name"] for each in rules["role"]},
        units=found.units,
        pools=found.staff_pools,
    )


@pages.get("/beheer/delen")
async def sharing(
    request: Request,
    session: Db,
    viewer: Looker,
    of: Of = "",
    audience: Annotated[Audience, Query(alias="als")] = "coordinator",
    organisation: Annotated[str, Query(alias="wie", max_length=64)] = "",
) -> Response:
    """Who sees what of one's figures, in words; and one's own units through another's eyes."""
    if viewer is None:
        return locked(request)
    parties = await queries.parties(session)
    found = await directory(request.app.state.directory, session)
    owning = {each.org_id for each in found.units.values()}
    owner, choices = owner_of(viewer, parties, of, owning)
    rules = (await access.disclosure(session, viewer, datetime.now(UTC))).rules
    # Whom no rule is of: what stands there is what holds for everybody by default.
    of_whom = owner.org_id if owner else -1
    others = [
        matrix.viewer_of(each.audience, each.organisation, each.org_id)
        for each in parties
        if each.org_id and each != owner and each.audience in words.VIEWERS
    ]
    audience = audience if audience in words.VIEWERS else "coordinator"
    told = []
    if owner is not None:
        eyes = await queries.eyes_of(session, audience, organisation, owner)
        organisation = eyes.organisation
        told = await queries.seen_by(request, session, viewer, owner, eyes)
    return answer(
        request,
        "managing-sharing.html",
        page_of(request),
        viewer=viewer,
        owner=owner,
        choices=choices,
        rows=matrix.matrix(rules, of_whom, words.VIEWERS),
        apart=list(matrix.apart(rules, of_whom, others)),
        named={each.organisation: each.name for each in parties},
        audience=audience,
        who=organisation,
        others=[each for each in parties if each.org_id and each != owner],
        units=told,
        mandates=await queries.mandates_of(session, viewer),
        unit_names={name: each.facts.name for name, each in found.units.items()},
    )


def owner_of(
    viewer: Principal, parties: list[Party], wanted: str, owning: set[int]
) -> tuple[Party | None, list[Party]]:
    """Whose sharing is shown: one's own; the operator chooses among those with units."""
    if not viewer.may("operator"):
        own = (each for each in parties if each.org_id == viewer.org_id and each.org_id in owning)
        return next(own, None), []
    choices = [each for each in parties if each.org_id in owning]
    chosen = next((each for each in choices if each.organisation == wanted), None)
    return chosen or (choices[0] if choices else None), choices


@pages.get("/beheer/spoor")
async def trail(
    request: Request,
    session: Db,
    viewer: Looker,
    of: Of = "",
    event: Annotated[str, Query(alias="wat", max_length=40)] = "",
    outcome: Annotated[Literal["", "gelukt", "geweigerd"], Query(alias="hoe")] = "",
    cursor: Annotated[str, Query(alias="na", max_length=400)] = "",
) -> Response:
    """Who did what, when, with which right and how it ended; newest first, by day."""
    if viewer is None:
        return locked(request)
    may = manages(viewer, "audit:read")
    chosen = await queries.range_of(session, viewer, of, region=True) if may else Range((), (), "")
    traces, more = [], False
    if may:
        after = cursor_of(cursor or None, MOMENT_AND_ID, "na")
        refused = None if not outcome else outcome == "geweigerd"
        event = event if event in words.EVENTS else ""
        found, more = await queries.traces(session, viewer, chosen, after, event, refused)
        traces = [*found]
    kept = {"van": chosen.key, "wat": event, "hoe": outcome}
    last = traces[-1].event if more else None
    onward = {**kept, "na": encode([last.at.isoformat(), str(last.id)])} if last else {}
    return answer(
        request,
        "managing-trail.html",
        page_of(request),
        viewer=viewer,
        may=may,
        days=[
            (day, list(of_day))
            for day, of_day in groupby(traces, lambda each: local_day(each.event.at))
        ],
        choices=chosen.choices,
        several=len(chosen.shown) > 1,
        key=chosen.key,
        event=event,
        outcome=outcome,
        begun=bool(cursor),
        first=urlencode({name: value for name, value in kept.items() if value}),
        onward=urlencode({name: value for name, value in onward.items() if value}),
    )
