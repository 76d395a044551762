"""A region as its file describes it: everything that is set up at once, with who owns what."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from app.facilities.hours import instant_of
from app.facilities.schemas import (
    Choice,
    ClientFacts,
    FacilityFacts,
    FeedFacts,
    GroupFacts,
    MandateFacts,
    Name,
    OrganisationFacts,
    RuleFacts,
    SharingRuleFacts,
    StaffPoolFacts,
    SubstitutionPool,
    UnitFacts,
)
from app.facilities.years.schemas import Labour, Population, Use
from app.wire import Slug, Wire, Word

# Organisation number 0: who owns what is nobody's own.
REGION = "region"
# The kinds of rules that a region file gives; others are made elsewhere.
RULES = frozenset(
    {"norm", "level", "bed-type", "role", "population", "use", "labour", "substitution-pool"}
)
# A demo key is named after its client, and its name holds no more.
LONGEST_CLIENT = 27


class RegionFacts(Wire):
    name: Name
    fictief: bool
    since: date | None = None


class Entry(Wire):
    """One item of a section; `named` are the fields that tell it from the others there."""

    section: ClassVar[str]
    named: ClassVar[tuple[str, ...]]
    # Whether one alone may stand there without a list around it.
    single: ClassVar[bool] = False


class OrganisationEntry(Entry, OrganisationFacts):
    section: ClassVar[str] = "organisations"
    named: ClassVar[tuple[str, ...]] = ("organisation",)
    organisation: Slug


class FacilityEntry(Entry, FacilityFacts):
    section: ClassVar[str] = "facilities"
    named: ClassVar[tuple[str, ...]] = ("facility",)
    facility: Slug
    organisation: Slug


class UnitEntry(Entry, UnitFacts):
    section: ClassVar[str] = "units"
    named: ClassVar[tuple[str, ...]] = ("unit",)
    unit: Slug
    organisation: Slug


class StaffPoolEntry(Entry, StaffPoolFacts):
    section: ClassVar[str] = "staffPools"
    named: ClassVar[tuple[str, ...]] = ("staffPool",)
    staff_pool: Slug
    organisation: Slug


class GroupEntry(Entry, GroupFacts):
    section: ClassVar[str] = "groups"
    named: ClassVar[tuple[str, ...]] = ("group",)
    group: Slug
    organisation: Slug = REGION


class MandateEntry(Entry, MandateFacts):
    section: ClassVar[str] = "mandates"
    named: ClassVar[tuple[str, ...]] = ("organisation", "mandate")
    mandate: Slug
    organisation: Slug
    until: date | None = None


class SharingRuleEntry(Entry, SharingRuleFacts):
    section: ClassVar[str] = "sharingRules"
    named: ClassVar[tuple[str, ...]] = ("owner", "sharingRule")
    sharing_rule: Slug
    owner: Slug


class NormEntry(Entry, RuleFacts):
    section: ClassVar[str] = "norms"
    named: ClassVar[tuple[str, ...]] = ("norm",)
    norm: Slug


class LevelEntry(Entry, RuleFacts):
    section: ClassVar[str] = "levels"
    named: ClassVar[tuple[str, ...]] = ("level",)
    level: Slug


class PopulationEntry(Entry, Population):
    section: ClassVar[str] = "population"
    named: ClassVar[tuple[str, ...]] = ("municipality",)
    single: ClassVar[bool] = True


class UseEntry(Entry, Use):
    section: ClassVar[str] = "use"
    named: ClassVar[tuple[str, ...]] = ("careSetting", "bedType")


class LabourEntry(Entry, Labour):
    section: ClassVar[str] = "labour"
    named: ClassVar[tuple[str, ...]] = ("role",)


class FeedEntry(Entry, FeedFacts):
    section: ClassVar[str] = "feeds"
    named: ClassVar[tuple[str, ...]] = ("feed",)
    feed: Slug
    organisation: Slug
    format: Word


class ClientEntry(Entry, ClientFacts):
    section: ClassVar[str] = "clients"
    named: ClassVar[tuple[str, ...]] = ("client",)
    client: Annotated[Slug, Field(max_length=LONGEST_CLIENT)]
    organisation: Slug


class AliasEntry(Entry):
    section: ClassVar[str] = "aliases"
    named: ClassVar[tuple[str, ...]] = ("organisation", "alias")
    organisation: Slug
    alias: Annotated[str, Field(min_length=1, max_length=60)]
    unit: Slug


class AddedChoice(Choice):
    """A bed type or role that this region has beside those that every region has."""

    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)


class BedTypeEntry(Entry, AddedChoice):
    section: ClassVar[str] = "bedTypes"
    named: ClassVar[tuple[str, ...]] = ("bedType",)
    bed_type: Word


class RoleEntry(Entry, AddedChoice):
    section: ClassVar[str] = "roles"
    named: ClassVar[tuple[str, ...]] = ("role",)
    role: Word


class SubstitutionPoolEntry(Entry, SubstitutionPool):
    section: ClassVar[str] = "substitutionPools"
    named: ClassVar[tuple[str, ...]] = ("substitutionPool",)
    substitution_pool: Slug


class Region(Wire):
    """All that a region file says."""

    region: RegionFacts
    organisations: tuple[OrganisationEntry, ...] = ()
    facilities: tuple[FacilityEntry, ...] = ()
    units: tuple[UnitEntry, ...] = ()
    staff_pools: tuple[StaffPoolEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    mandates: tuple[MandateEntry, ...] = ()
    sharing_rules: tuple[SharingRuleEntry, ...] = ()
    norms: tuple[NormEntry, ...] = ()
    levels: tuple[LevelEntry, ...] = ()
    population: tuple[PopulationEntry, ...] = ()
    use: tuple[UseEntry, ...] = ()
    labour: tuple[LabourEntry, ...] = ()
    feeds: tuple[FeedEntry, ...] = ()
    clients: tuple[ClientEntry, ...] = ()
    aliases: tuple[AliasEntry, ...] = ()
    bed_types: tuple[BedTypeEntry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()
    substitution_pools: tuple[SubstitutionPoolEntry, ...] = ()

    @property
    def since(self) -> datetime | None:
        """From when what is new holds; None: from when it is applied."""
        return instant_of(self.region.since, time(0)) if self.region.since else None


@dataclass(frozen=True)
class Holding:
    """One thing that is to hold: whose it is, its name, and what is said of it."""

    word: str
    owner: str
    name: tuple[str, ...]
    facts: Wire
    until: datetime | None = None
    # Not part of the facts, since it can never change.
    format: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.owner, *self.name)


Facts = TypeVar("Facts", bound=Wire)


def facts_of(kind: type[Facts], entry: Wire) -> Facts:
    """The facts in an entry, without whose they are and what they are called."""
    return kind.model_validate({name: getattr(entry, name) for name in kind.model_fields})


def holdings(region: Region) -> Iterator[Holding]:
    """All that is to hold in the region, what others point at first."""
    own_name = OrganisationFacts(name=region.region.name, audience="operator")
    yield Holding("organisation", REGION, (REGION,), own_name)
    for each in region.organisations:
        facts = facts_of(OrganisationFacts, each)
        yield Holding("organisation", each.organisation, (each.organisation,), facts)
    for place in region.facilities:
        facts_there = facts_of(FacilityFacts, place)
        yield Holding("facility", place.organisation, (place.facility,), facts_there)
    for unit in region.units:
        yield Holding("unit", unit.organisation, (unit.unit,), facts_of(UnitFacts, unit))
    for pool in region.staff_pools:
        of_pool = facts_of(StaffPoolFacts, pool)
        yield Holding("staff-pool", pool.organisation, (pool.staff_pool,), of_pool)
    for group in region.groups:
        yield Holding("group", group.organisation, (group.group,), facts_of(GroupFacts, group))
    yield from agreements(region)
    yield from rules(region)


def agreements(region: Region) -> Iterator[Holding]:
    for each in region.mandates:
        until = instant_of(each.until, time(0)) if each.until else None
        facts = facts_of(MandateFacts, each)
        yield Holding("mandate", each.organisation, (each.mandate,), facts, until)
    for rule in region.sharing_rules:
        shared = facts_of(SharingRuleFacts, rule)
        yield Holding("sharing-rule", rule.owner, (rule.sharing_rule,), shared)
    for feed in region.feeds:
        told = facts_of(FeedFacts, feed)
        yield Holding("feed", feed.organisation, (feed.feed,), told, format=feed.format)


def rules(region: Region) -> Iterator[Holding]:
    """Rules, norms and assumptions: versions of the region itself, told apart by their kind."""
    for norm in region.norms:
        yield Holding("rule", REGION, ("norm", norm.norm), facts_of(RuleFacts, norm))
    for level in region.levels:
        yield Holding("rule", REGION, ("level", level.level), facts_of(RuleFacts, level))
    for bed_type in region.bed_types:
        yield rule("bed-type", bed_type.bed_type, facts_of(AddedChoice, bed_type))
    for role in region.roles:
        yield rule("role", role.role, facts_of(AddedChoice, role))
    for pool in region.substitution_pools:
        yield rule("substitution-pool", pool.substitution_pool, facts_of(SubstitutionPool, pool))
    for people in region.population:
        yield rule("population", people.municipality or "population", facts_of(Population, people))
    for use in region.use:
        name = f"{use.care_setting}-{use.bed_type or use.resource}"
        yield rule("use", name, facts_of(Use, use))
    for labour in region.labour:
        yield rule("labour", labour.role, facts_of(Labour, labour))


def rule(kind: str, name: str, facts: Wire) -> Holding:
    """Facts with a source and a year as a rule: all else are its settings."""
    settings = facts.model_dump(mode="json", by_alias=True)
    source, year = settings.pop("source"), settings.pop("year")
    told = RuleFacts(source=source, year=year, settings=settings)
    return Holding("rule", REGION, (kind, name), told)
