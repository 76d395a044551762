"""What the master data said at a moment, as known then; and the directory of now."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Row, Text, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import REGION
from app.access.queries import as_known, organisations
from app.access.tables import MandateVersion, OrganisationVersion, SharingRuleVersion
from app.facilities.schemas import (
    FacilityFacts,
    GroupFacts,
    MandateFacts,
    OrganisationFacts,
    RuleFacts,
    SharingRuleFacts,
    StaffPoolFacts,
    SubstitutionPool,
    UnitFacts,
)
from app.facilities.tables import (
    FacilityVersion,
    GroupVersion,
    RuleVersion,
    StaffPoolVersion,
    UnitAlias,
    UnitVersion,
)
from app.facilities.years.schemas import Labour, Population, Use
from app.wire import Wire

Facts = TypeVar("Facts", bound=Wire)


@dataclass(frozen=True)
class KnownOrganisation:
    organisation: str
    org_id: int
    facts: OrganisationFacts = field(hash=False)
    valid_from: datetime


@dataclass(frozen=True)
class KnownFacility:
    facility: str
    org_id: int
    organisation: str
    facts: FacilityFacts = field(hash=False)
    valid_from: datetime


@dataclass(frozen=True)
class KnownUnit:
    """A unit with what held of it; `organisation` performs the care and is counted."""

    unit: str
    org_id: int
    organisation: str
    facts: UnitFacts = field(hash=False)
    known_at: datetime
    valid_from: datetime


@dataclass(frozen=True)
class KnownPool:
    staff_pool: str
    org_id: int
    organisation: str
    facts: StaffPoolFacts = field(hash=False)
    valid_from: datetime


@dataclass(frozen=True)
class KnownGroup:
    group: str
    org_id: int
    organisation: str
    facts: GroupFacts = field(hash=False)
    valid_from: datetime

    def members_on(self, day: date) -> tuple[str, ...]:
        """The units in it on this local day, each once; `until` is the first day outside."""
        found = (
            member.unit
            for member in self.facts.members
            if member.since <= day and (member.until is None or day < member.until)
        )
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class KnownMandate:
    """`organisation` lets `facts.to` report for its units until `until`."""

    mandate: str
    org_id: int
    organisation: str
    facts: MandateFacts = field(hash=False)
    valid_from: datetime
    until: datetime | None


@dataclass(frozen=True)
class KnownSharingRule:
    sharing_rule: str
    org_id: int
    organisation: str
    facts: SharingRuleFacts = field(hash=False)
    valid_from: datetime


@dataclass(frozen=True)
class KnownRule:
    """A rule, norm or assumption of the region, and since when it holds."""

    rule: str
    facts: RuleFacts = field(hash=False)
    valid_from: datetime


@dataclass(frozen=True)
class Version:
    """One version of a thing beside the one before it: `fields` are those that differ.

    `begins_at` may be still to come; with `ends_at` the thing itself ends.
    """

    word: str
    name: str
    org_id: int
    begins_at: datetime
    ends_at: datetime | None
    known_at: datetime
    fields: tuple[str, ...]

    def next_at(self, at: datetime) -> datetime:
        """When this changes what holds at a moment: it begins, or else it ends."""
        return self.begins_at if self.begins_at > at or self.ends_at is None else self.ends_at


@dataclass(frozen=True)
class Directory:
    """The master data that held at one moment."""

    organisations: Mapping[int, str]
    facilities: Mapping[str, KnownFacility]
    units: Mapping[str, KnownUnit]
    staff_pools: Mapping[str, KnownPool]
    groups: Mapping[str, KnownGroup]
    levels: Mapping[str, RuleFacts]
    at: datetime
    # What the region is called.
    region: str = ""
    # What later parts derive from it, made once for as long as it is kept.
    derived: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)


@lru_cache(maxsize=20_000)
def read(kind: type[Facts], facts: str) -> Facts:
    """A version says the same for ever, so its text is read once."""
    return kind.model_validate_json(facts)


async def versions(
    session: AsyncSession,
    table: type[Any],
    *key: str,
    at: datetime,
    known_at: datetime | None,
) -> list[Row[Any]]:
    """The versions that held, in order of their key, with their facts as text."""
    columns = [getattr(table, name) for name in key]
    known = as_known(table, *columns, at=at, known_at=known_at).subquery()
    told = [known.c[name] for name in dict.fromkeys(("org_id", *key))]
    times = (known.c.valid_from, known.c.known_at, known.c.valid_to)
    asked = select(*told, *times, cast(known.c.facts, Text).label("facts"))
    return list(await session.execute(asked.order_by(*(known.c[name] for name in key))))


async def organisation_facts(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, KnownOrganisation]:
    names = await organisations(session)
    rows = await versions(session, OrganisationVersion, "org_id", at=at, known_at=known_at)
    found = [
        KnownOrganisation(
            names[row.org_id], row.org_id, read(OrganisationFacts, row.facts), row.valid_from
        )
        for row in rows
    ]
    return {each.organisation: each for each in sorted(found, key=lambda each: each.organisation)}


async def facilities(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, KnownFacility]:
    names = await organisations(session)
    rows = await versions(session, FacilityVersion, "facility", at=at, known_at=known_at)
    return {
        row.facility: KnownFacility(
            row.facility,
            row.org_id,
            names[row.org_id],
            read(FacilityFacts, row.facts),
            row.valid_from,
        )
        for row in rows
    }


async def units(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, KnownUnit]:
    names = await organisations(session)
    rows = await versions(session, UnitVersion, "unit", at=at, known_at=known_at)
    return {
        row.unit: KnownUnit(
            row.unit,
            row.org_id,
            names[row.org_id],
            read(UnitFacts, row.facts),
            row.known_at,
            row.valid_from,
        )
        for row in rows
    }


async def staff_pools(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, KnownPool]:
    names = await organisations(session)
    rows = await versions(session, StaffPoolVersion, "staff_pool", at=at, known_at=known_at)
    return {
        row.staff_pool: KnownPool(
            row.staff_pool,
            row.org_id,
            names[row.org_id],
            read(StaffPoolFacts, row.facts),
            row.valid_from,
        )
        for row in rows
    }


async def groups(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, KnownGroup]:
    names = await organisations(session)
    rows = await versions(session, GroupVersion, "group", at=at, known_at=known_at)
    return {
        row.group: KnownGroup(
            row.group, row.org_id, names[row.org_id], read(GroupFacts, row.facts), row.valid_from
        )
        for row in rows
    }


async def mandates(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> list[KnownMandate]:
    names = await organisations(session)
    rows = await versions(session, MandateVersion, "org_id", "mandate", at=at, known_at=known_at)
    return [
        KnownMandate(
            row.mandate,
            row.org_id,
            names[row.org_id],
            read(MandateFacts, row.facts),
            row.valid_from,
            row.valid_to,
        )
        for row in rows
    ]


async def sharing_rules(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> list[KnownSharingRule]:
    names = await organisations(session)
    table = SharingRuleVersion
    rows = await versions(session, table, "org_id", "sharing_rule", at=at, known_at=known_at)
    return [
        KnownSharingRule(
            row.sharing_rule,
            row.org_id,
            names[row.org_id],
            read(SharingRuleFacts, row.facts),
            row.valid_from,
        )
        for row in rows
    ]


async def rules(
    session: AsyncSession, kind: str, at: datetime, known_at: datetime | None = None
) -> dict[str, RuleFacts]:
    """Rules, norms and assumptions of a kind: `level`, `norm`, `population`, `use`, `labour`,
    `bed-type`, `role`, `substitution-pool`, `region`."""
    rows = await versions(session, RuleVersion, "kind", "rule", at=at, known_at=known_at)
    return {row.rule: read(RuleFacts, row.facts) for row in rows if row.kind == kind}


async def known_rules(
    session: AsyncSession, kinds: Collection[str], at: datetime
) -> dict[str, list[KnownRule]]:
    """The same of some kinds, each rule with since when it holds."""
    found: dict[str, list[KnownRule]] = {kind: [] for kind in kinds}
    for row in await versions(session, RuleVersion, "kind", "rule", at=at, known_at=None):
        if row.kind in found:
            known = KnownRule(row.rule, read(RuleFacts, row.facts), row.valid_from)
            found[row.kind].append(known)
    return found


CHANGING: Mapping[str, tuple[type[Any], tuple[str, ...]]] = {
    "facility": (FacilityVersion, ("facility",)),
    "unit": (UnitVersion, ("unit",)),
    "staff-pool": (StaffPoolVersion, ("staff_pool",)),
    "group": (GroupVersion, ("group",)),
    "rule": (RuleVersion, ("kind", "rule")),
}


async def later_versions(
    session: AsyncSession, at: datetime, most: int
) -> tuple[list[Version], list[Version]]:
    """What is still to change, the soonest first, and what changed last, the newest first.

    The first version of a thing that holds already is no change.
    """
    to_come: list[Version] = []
    came: list[Version] = []
    for word, (table, key) in CHANGING.items():
        columns = [getattr(table, name) for name in key]
        before = func.lag(table.facts).over(
            partition_by=columns, order_by=(table.valid_from, table.known_at)
        )
        told = select(
            *(*columns, table.org_id, table.valid_from, table.valid_to, table.known_at),
            *(table.facts, before.label("before")),
        ).subquery()
        began, ends = told.c.valid_from <= at, told.c.valid_to > at
        new = (told.c.before.is_not(None)) & (told.c.facts != told.c.before)
        over = told.c.valid_to <= at
        soonest = case((began, told.c.valid_to), else_=told.c.valid_from)
        # Apart: what is to come is not to be crowded out by what was told later.
        ahead = select(told).where(~began | ends).order_by(soonest).limit(most)
        past = (
            select(told)
            .where(began, over | (told.c.valid_to.is_(None) & new))
            .order_by(func.greatest(told.c.known_at, told.c.valid_to).desc())
            .limit(most)
        )
        for asked, versions_told in ((ahead, to_come), (past, came)):
            for row in await session.execute(asked):
                name = "/".join(str(getattr(row, column)) for column in key)
                times = (row.valid_from, row.valid_to, row.known_at)
                fields = differing(row.before, row.facts)
                versions_told.append(Version(word, name, row.org_id, *times, fields))
    to_come.sort(key=lambda each: each.next_at(at))
    came.sort(key=lambda each: max(each.known_at, each.ends_at or each.known_at), reverse=True)
    return to_come[:most], came[:most]


def differing(before: dict[str, Any] | None, facts: dict[str, Any]) -> tuple[str, ...]:
    names = sorted((before or {}).keys() | facts.keys()) if before is not None else []
    return tuple(name for name in names if (before or {}).get(name) != facts.get(name))


async def population(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> list[Population]:
    """People per age band and year, of each municipality; none if the region file gives none."""
    found = await rules(session, "population", at, known_at)
    return [
        Population(source=facts.source, year=facts.year, **facts.settings)
        for _, facts in sorted(found.items())
    ]


async def use(session: AsyncSession, at: datetime, known_at: datetime | None = None) -> list[Use]:
    """What a person asks in a year of each kind of care, in the bands of the population."""
    found = await rules(session, "use", at, known_at)
    return [
        Use(source=facts.source, year=facts.year, **facts.settings)
        for _, facts in sorted(found.items())
    ]


async def labour(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> list[Labour]:
    """The people of each role, who comes and who goes, and what care asks of them."""
    found = await rules(session, "labour", at, known_at)
    return [
        Labour(source=facts.source, year=facts.year, **facts.settings)
        for _, facts in sorted(found.items())
    ]


async def substitution_pools(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> dict[str, SubstitutionPool]:
    """The bed types that are declared to stand in for each other, by the slug of their pool."""
    found = await rules(session, "substitution-pool", at, known_at)
    return {
        pool: SubstitutionPool(source=facts.source, year=facts.year, **facts.settings)
        for pool, facts in sorted(found.items())
    }


async def aliases(session: AsyncSession, org_id: int) -> dict[str, str]:
    """The own unit codes of an organisation that sends, each with the unit that it means."""
    told = select(UnitAlias.alias, UnitAlias.unit).where(UnitAlias.org_id == org_id)
    return {row.alias: row.unit for row in await session.execute(told)}


async def directory_at(
    session: AsyncSession, at: datetime, known_at: datetime | None = None
) -> Directory:
    """For old answers, and in a transaction that changes master data itself."""
    return Directory(
        organisations=await organisations(session),
        facilities=await facilities(session, at, known_at),
        units=await units(session, at, known_at),
        staff_pools=await staff_pools(session, at, known_at),
        groups=await groups(session, at, known_at),
        levels=await rules(session, "level", at, known_at),
        at=at,
        region=await region_name(session, at, known_at),
    )


async def region_name(session: AsyncSession, at: datetime, known_at: datetime | None = None) -> str:
    """What the region is called; empty before it is."""
    known = as_known(
        OrganisationVersion, OrganisationVersion.org_id, at=at, known_at=known_at
    ).subquery()
    named = select(known.c.facts["name"].astext).where(known.c.org_id == REGION)
    return await session.scalar(named) or ""


class DirectoryCache:
    """The directory of now, read again once it is older than a second.

    One for each app, on `app.state.directory`. Requests that find it old wait for one reading.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.until = 0.0
        self.found: Directory | None = None
        self.reading = asyncio.Lock()


async def directory(cache: DirectoryCache, session: AsyncSession) -> Directory:
    """The master data of now. Not for a transaction that has changed it: others would see it."""
    if cache.found is not None and time.monotonic() < cache.until:
        return cache.found
    async with cache.reading:
        if cache.found is None or time.monotonic() >= cache.until:
            # Counted from before the reading, so that nothing is served beyond the second.
            began = time.monotonic()
            cache.found = await directory_at(session, datetime.now(UTC))
            cache.until = began + cache.seconds
        return cache.found
