"""Who offers care: organisations, facilities, units, pools, groups, and what is agreed of them."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure
from app.access.principal import Principal
from app.access.routes import OverviewReader
from app.db import Db
from app.errors import NotFound
from app.facilities import queries
from app.facilities.hours import LOCAL
from app.facilities.queries import (
    Directory,
    KnownGroup,
    KnownMandate,
    KnownSharingRule,
    KnownUnit,
)
from app.facilities.schemas import (
    BED_TYPE_NAMES,
    ROLE_NAMES,
    SUPPRESSED,
    BedTypeView,
    FacilityView,
    GroupView,
    MandateView,
    NormView,
    OrganisationView,
    RoleView,
    SharingRuleView,
    StaffPoolView,
    UnitView,
)
from app.paging import Cursor, Limit, decode, link_next
from app.wire import Slug, Wire

router = APIRouter(tags=["facilities"])
View = TypeVar("View", bound=Wire)

AsOf = Annotated[
    AwareDatetime | None,
    Query(alias="asOf", description="What held at this moment, as known now. Default: now."),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=400, description="The ETag of an earlier answer: 304 if nothing changed."),
]
Named = Annotated[Slug, Path(description="The slug, which never changes.")]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed."}}


@dataclass(frozen=True)
class Asked:
    """Of which moment, and what the client has already."""

    request: Request
    as_of: AsOf = None
    if_none_match: IfNoneMatch = None

    @property
    def at(self) -> datetime:
        return self.as_of or datetime.now(UTC)

    async def directory(self, session: AsyncSession) -> Directory:
        if self.as_of is None:
            return await queries.directory(self.request.app.state.directory, session)
        return await queries.directory_at(session, self.as_of)


@dataclass(frozen=True)
class AskedPage(Asked):
    limit: Limit = 100
    cursor: Cursor = None


One = Annotated[Asked, Depends()]
Page = Annotated[AskedPage, Depends()]


def answer(asked: Asked, told: object, link: str | None = None) -> Response:
    """JSON with a weak tag of what it says, or 304 if the client has just that."""
    content = orjson.dumps(told)
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = [each.strip() for each in (asked.if_none_match or "").split(",")]
    headers = {"ETag": tag, **({"Link": link} if link else {})}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def answer_one(asked: Asked, view: Wire) -> Response:
    return answer(asked, view.model_dump(mode="json", by_alias=True))


def answer_page(
    asked: AskedPage, views: Iterable[View], key: Callable[[View], tuple[str, ...]]
) -> Response:
    """The views after the cursor, in the order of their key."""
    ordered = sorted(views, key=key)
    after = decode(asked.cursor, len(key(ordered[0]))) if ordered else None
    left = [view for view in ordered if after is None or key(view) > tuple(after)]
    page = left[: asked.limit]
    linked = Response()
    if len(left) > len(page):
        link_next(asked.request, linked, key(page[-1]))
    told = [view.model_dump(mode="json", by_alias=True) for view in page]
    return answer(asked, told, linked.headers.get("Link"))


@router.get("/organisations", response_model=list[OrganisationView], responses=UNCHANGED)
async def organisations(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Every organisation of the region, and the region itself (`region`)."""
    found = (await queries.organisation_facts(session, asked.at)).values()
    views = (
        OrganisationView.model_construct(
            **dict(each.facts), organisation=each.organisation, valid_from=each.valid_from
        )
        for each in found
    )
    return answer_page(asked, views, lambda view: (view.organisation,))


@router.get("/facilities", response_model=list[FacilityView], responses=UNCHANGED)
async def facilities(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Every site, with the area that it stands in."""
    views = (
        FacilityView.model_construct(
            **dict(each.facts),
            facility=each.facility,
            organisation=each.organisation,
            valid_from=each.valid_from,
        )
        for each in (await asked.directory(session)).facilities.values()
    )
    return answer_page(asked, views, lambda view: (view.facility,))


@router.get("/units", response_model=list[UnitView], responses=UNCHANGED)
async def units(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Every unit, with its beds, hours and reporting moments."""
    found = (await asked.directory(session)).units.values()
    views = (unit_view(each, principal) for each in found)
    return answer_page(asked, views, lambda view: (view.unit,))


@router.get("/units/{unit}", response_model=UnitView, responses=UNCHANGED)
async def unit(session: Db, principal: OverviewReader, unit: Named, asked: One) -> Response:
    """One unit as it stands."""
    found = (await asked.directory(session)).units.get(unit)
    if found is None:
        raise NotFound(
            "There is no such unit at this moment. GET /v1/units lists them.", code="unknown-unit"
        )
    return answer_one(asked, unit_view(found, principal))


def unit_view(known: KnownUnit, viewer: Principal) -> UnitView:
    """Contacts, contract and catchment are for its own organisation and those who place people."""
    told: dict[str, Any] = {
        **dict(known.facts),
        "unit": known.unit,
        "organisation": known.organisation,
        "valid_from": known.valid_from,
    }
    disclosed = Disclosure(viewer)
    if not (disclosed.owns(known.org_id) or disclosed.places_people):
        told |= {"contacts": (), "contract_holder": None, "catchment": (), "suppressed": SUPPRESSED}
    return UnitView.model_construct(**told)


@router.get("/groups", response_model=list[GroupView], responses=UNCHANGED)
async def groups(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Every group of units, such as the Centrum Acute Zorg, with its dated membership."""
    found = (await asked.directory(session)).groups.values()
    views = (group_view(each, asked.at) for each in found)
    return answer_page(asked, views, lambda view: (view.group,))


@router.get("/groups/{group}", response_model=GroupView, responses=UNCHANGED)
async def group(session: Db, principal: OverviewReader, group: Named, asked: One) -> Response:
    """One group, and the units that are in it on that day."""
    found = (await asked.directory(session)).groups.get(group)
    if found is None:
        raise NotFound(
            "There is no such group at this moment. GET /v1/groups lists them.",
            code="unknown-group",
        )
    return answer_one(asked, group_view(found, asked.at))


def group_view(known: KnownGroup, at: datetime) -> GroupView:
    return GroupView.model_construct(
        **dict(known.facts),
        group=known.group,
        organisation=known.organisation,
        units=known.members_on(at.astimezone(LOCAL).date()),
        valid_from=known.valid_from,
    )


@router.get("/staff-pools", response_model=list[StaffPoolView], responses=UNCHANGED)
async def staff_pools(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Every staff pool, with the units that it covers."""
    views = (
        StaffPoolView.model_construct(
            **dict(each.facts),
            staff_pool=each.staff_pool,
            organisation=each.organisation,
            valid_from=each.valid_from,
        )
        for each in (await asked.directory(session)).staff_pools.values()
    )
    return answer_page(asked, views, lambda view: (view.staff_pool,))


@router.get("/bed-types", response_model=list[BedTypeView], responses=UNCHANGED)
async def bed_types(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """The bed types of this region with their Dutch names."""
    names = {**BED_TYPE_NAMES, **await added_names(session, "bed-type", asked.at)}
    views = (BedTypeView(bed_type=word, name=name) for word, name in names.items())
    return answer_page(asked, views, lambda view: (view.bed_type,))


@router.get("/roles", response_model=list[RoleView], responses=UNCHANGED)
async def roles(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """The roles of staff in this region with their Dutch names."""
    names = {**ROLE_NAMES, **await added_names(session, "role", asked.at)}
    views = (RoleView(role=word, name=name) for word, name in names.items())
    return answer_page(asked, views, lambda view: (view.role,))


async def added_names(session: AsyncSession, kind: str, at: datetime) -> dict[str, str]:
    found = await queries.rules(session, kind, at)
    return {word: facts.settings["name"] for word, facts in found.items()}


@router.get("/norms", response_model=list[NormView], responses=UNCHANGED)
async def norms(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """The norms and assumptions of this region, each with its source and year."""
    found = await queries.rules(session, "norm", asked.at)
    views = (NormView.model_construct(**dict(facts), norm=norm) for norm, facts in found.items())
    return answer_page(asked, views, lambda view: (view.norm,))


@router.get("/mandates", response_model=list[MandateView], responses=UNCHANGED)
async def mandates(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """Who may report for whom: mandates by or to you; all of them for those who place people."""
    found = await queries.mandates(session, asked.at)
    views = (
        MandateView.model_construct(
            **dict(each.facts),
            mandate=each.mandate,
            organisation=each.organisation,
            valid_from=each.valid_from,
            until=each.until,
        )
        for each in found
        if concerns(each, principal)
    )
    return answer_page(asked, views, lambda view: (view.organisation, view.mandate))


def concerns(mandate: KnownMandate, viewer: Principal) -> bool:
    disclosed = Disclosure(viewer)
    to_you = mandate.facts.to == viewer.organisation
    return disclosed.places_people or disclosed.owns(mandate.org_id) or to_you


@router.get("/sharing-rules", response_model=list[SharingRuleView], responses=UNCHANGED)
async def sharing_rules(session: Db, principal: OverviewReader, asked: Page) -> Response:
    """What you share beside the default, and what others share with you."""
    found = await queries.sharing_rules(session, asked.at)
    views = (
        SharingRuleView.model_construct(
            **dict(each.facts),
            sharing_rule=each.sharing_rule,
            owner=each.organisation,
            valid_from=each.valid_from,
        )
        for each in found
        if Disclosure(principal).owns(each.org_id) or meant_for(each, principal)
    )
    return answer_page(asked, views, lambda view: (view.owner, view.sharing_rule))


def meant_for(rule: KnownSharingRule, viewer: Principal) -> bool:
    named = rule.facts.organisation in (None, viewer.organisation)
    return named and rule.facts.audience in (None, viewer.audience)
