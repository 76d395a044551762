"""Whether the parts of a region fit each other: what points at nothing, or at another's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.facilities.norms import wrong
from app.facilities.region import (
    REGION,
    AliasEntry,
    ClientEntry,
    Entry,
    FacilityEntry,
    FeedEntry,
    GroupEntry,
    LabourEntry,
    MandateEntry,
    NormEntry,
    OrganisationEntry,
    PopulationEntry,
    SharingRuleEntry,
    StaffPoolEntry,
    SubstitutionPoolEntry,
    UnitEntry,
    UseEntry,
)
from app.facilities.schemas import BED_TYPES, ROLE_NAMES
from app.faults import Fault

FICTIEF = "(fictief)"
Kind = TypeVar("Kind", bound=Entry)


@dataclass
class Draft:
    """A region file under judgement: as it was written, and the entries that can be read."""

    values: Mapping[str, Any]
    singles: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)

    def of(self, kind: type[Kind]) -> list[tuple[str, Kind]]:
        """The entries of a section, each with its pointer."""
        return self.entries.get(kind.section, [])

    def names(self, section: str, name: str) -> set[str]:
        """What is named in a section, also by entries that cannot be read for another fault."""
        found = self.values.get(section)
        items = found if isinstance(found, list) else []
        return {str(each[name]) for each in items if isinstance(each, dict) and name in each}

    def owners(self) -> dict[str, str]:
        """The organisation of each unit."""
        return {unit.unit: unit.organisation for _, unit in self.of(UnitEntry)}


def checks(draft: Draft) -> Iterator[Fault]:
    yield from twice(draft)
    yield from organisations(draft)
    yield from units(draft)
    yield from pools_and_groups(draft)
    yield from mandates(draft)
    yield from shared(draft)
    yield from feeds(draft)
    yield from populations(draft)
    yield from norms(draft)
    yield from uses(draft)
    yield from labour(draft)
    yield from substitutions(draft)
    yield from fictief(draft)


def unknown(what: str, section: str, word: str, pointer: str) -> Fault:
    return Fault(
        f"unknown-{what.replace(' ', '-')}", f"No {what} '{word}' stands under {section}.", pointer
    )


def twice(draft: Draft) -> Iterator[Fault]:
    for found in draft.entries.values():
        seen: set[tuple[str, ...]] = set()
        for pointer, entry in found:
            name = named(entry)
            if name in seen:
                detail = f"{' '.join(name)} stands in this section already."
                yield Fault("double-entry", detail, f"{pointer}/{entry.named[-1]}")
            seen.add(name)


def named(entry: Entry) -> tuple[str, ...]:
    told = entry.model_dump(by_alias=True)
    return tuple(str(told[name]) for name in entry.named)


def organisations(draft: Draft) -> Iterator[Fault]:
    known = draft.names("organisations", "organisation")
    for pointer, each in draft.of(OrganisationEntry):
        if each.organisation == REGION:
            detail = "The name 'region' is that of the region itself; take another."
            yield Fault("reserved", detail, f"{pointer}/organisation")
    owned = (FacilityEntry, UnitEntry, StaffPoolEntry, MandateEntry, FeedEntry, ClientEntry)
    for kind in (*owned, AliasEntry, GroupEntry):
        for pointer, entry in draft.of(kind):
            owner = str(entry.organisation)  # type: ignore[attr-defined]
            if owner not in known and not (kind is GroupEntry and owner == REGION):
                yield unknown("organisation", "organisations", owner, f"{pointer}/organisation")


def units(draft: Draft) -> Iterator[Fault]:
    places = draft.names("facilities", "facility")
    parties = draft.names("organisations", "organisation")
    bed_types = BED_TYPES | draft.names("bedTypes", "bedType")
    for pointer, unit in draft.of(UnitEntry):
        if unit.facility not in places:
            yield unknown("facility", "facilities", unit.facility, f"{pointer}/facility")
        if unit.contract_holder is not None and unit.contract_holder not in parties:
            place = f"{pointer}/contractHolder"
            yield unknown("organisation", "organisations", unit.contract_holder, place)
        for n, bed in enumerate(unit.beds):
            words = [("bedType", bed.bed_type)]
            words += [(f"usableAs/{m}", word) for m, word in enumerate(bed.usable_as)]
            for place, word in words:
                if word not in bed_types:
                    yield unknown("bed type", "bedTypes", word, f"{pointer}/beds/{n}/{place}")
        yield from roles(draft, unit.roles, pointer)


def roles(draft: Draft, words: tuple[str, ...], pointer: str) -> Iterator[Fault]:
    known = ROLE_NAMES.keys() | draft.names("roles", "role")
    for n, word in enumerate(words):
        if word not in known:
            yield unknown("role", "roles", word, f"{pointer}/roles/{n}")


def pools_and_groups(draft: Draft) -> Iterator[Fault]:
    known = draft.names("units", "unit")
    for pointer, pool in draft.of(StaffPoolEntry):
        yield from roles(draft, pool.roles, pointer)
        for n, unit in enumerate(pool.units):
            if unit not in known:
                yield unknown("unit", "units", unit, f"{pointer}/units/{n}")
    for pointer, group in draft.of(GroupEntry):
        for n, member in enumerate(group.members):
            if member.unit not in known:
                yield unknown("unit", "units", member.unit, f"{pointer}/members/{n}/unit")
    for pointer, alias in draft.of(AliasEntry):
        if alias.unit not in known:
            yield unknown("unit", "units", alias.unit, f"{pointer}/unit")


def mandates(draft: Draft) -> Iterator[Fault]:
    known = draft.names("units", "unit")
    parties, owners = draft.names("organisations", "organisation"), draft.owners()
    for pointer, mandate in draft.of(MandateEntry):
        if mandate.to not in parties:
            yield unknown("organisation", "organisations", mandate.to, f"{pointer}/to")
        if mandate.to == mandate.organisation:
            detail = "Nobody needs a mandate for its own units."
            yield Fault("own-mandate", detail, f"{pointer}/to")
        for n, unit in enumerate(mandate.units):
            if unit not in known:
                yield unknown("unit", "units", unit, f"{pointer}/units/{n}")
            elif owners.get(unit, mandate.organisation) != mandate.organisation:
                detail = f"'{unit}' is of {owners[unit]}, which alone can give a mandate for it."
                yield Fault("anothers-unit", detail, f"{pointer}/units/{n}")


def shared(draft: Draft) -> Iterator[Fault]:
    parties = draft.names("organisations", "organisation")
    for pointer, rule in draft.of(SharingRuleEntry):
        if rule.owner not in parties:
            yield unknown("organisation", "organisations", rule.owner, f"{pointer}/owner")
        if rule.organisation is not None and rule.organisation not in parties:
            place = f"{pointer}/organisation"
            yield unknown("organisation", "organisations", rule.organisation, place)


def feeds(draft: Draft) -> Iterator[Fault]:
    """A feed tells of its organisation's own units, or of those that it has a mandate for."""
    known, owners = draft.names("units", "unit"), draft.owners()
    may = {(each.to, unit) for _, each in draft.of(MandateEntry) for unit in each.units}
    for pointer, feed in draft.of(FeedEntry):
        for code, unit in feed.units.items():
            owner = owners.get(unit, feed.organisation)
            if unit not in known:
                yield unknown("unit", "units", unit, f"{pointer}/units/{code}")
            elif owner != feed.organisation and (feed.organisation, unit) not in may:
                detail = f"'{unit}' is of {owner}; add its mandate to {feed.organisation} first."
                yield Fault("no-mandate", detail, f"{pointer}/units/{code}")


def norms(draft: Draft) -> Iterator[Fault]:
    """A norm of staff is one that can be reckoned with, of what this region has."""
    known_roles = ROLE_NAMES.keys() | draft.names("roles", "role")
    units = {unit.unit: unit for _, unit in draft.of(UnitEntry)}
    pools = {pool.staff_pool: pool for _, pool in draft.of(StaffPoolEntry)}
    for pointer, norm in draft.of(NormEntry):
        said, place = norm.settings, f"{pointer}/settings"
        yield from wrong(norm.norm, said, place)
        if "role" not in said:
            continue
        if said["role"] not in known_roles:
            yield unknown("role", "roles", str(said["role"]), f"{place}/role")
        for key, what, names in (
            ("unit", "unit", draft.names("units", "unit")),
            ("staffPool", "staff pool", draft.names("staffPools", "staffPool")),
        ):
            if key in said and said[key] not in names:
                yield unknown(what, f"{key}s", str(said[key]), f"{place}/{key}")
        if "shift" not in said:
            continue
        within = (
            [units[said["unit"]]]
            if said.get("unit") in units
            else [pools[said["staffPool"]]]
            if said.get("staffPool") in pools
            else [u for u in units.values() if said.get("careSetting") in (None, u.care_setting)]
        )
        if said["shift"] not in {shift.shift for each in within for shift in each.shifts}:
            detail = f"No shift '{said['shift']}' stands under what this norm is of."
            yield Fault("unknown-shift", detail, f"{place}/shift")


def uses(draft: Draft) -> Iterator[Fault]:
    bed_types = BED_TYPES | draft.names("bedTypes", "bedType")
    tables = [table for _, table in draft.of(PopulationEntry)]
    for pointer, use in draft.of(UseEntry):
        if use.bed_type is not None and use.bed_type not in bed_types:
            yield unknown("bed type", "bedTypes", use.bed_type, f"{pointer}/bedType")
        told = len(use.per_person_year)
        if tables and told != len(tables[0].bands):
            detail = f"Give one number for each of the {len(tables[0].bands)} age bands."
            field = "bedDays" if use.bed_type is not None else "careHours"
            yield Fault("bands", detail, f"{pointer}/{field}PerPersonYear")
    if draft.of(UseEntry) and not draft.values.get("population"):
        yield Fault("missing", "Use per age band needs `population` with its bands.", "/use")


def populations(draft: Draft) -> Iterator[Fault]:
    """Several tables are of as many municipalities, in the same age bands and years."""
    tables = list(draft.of(PopulationEntry))
    for pointer, table in tables[1:]:
        if table.bands != tables[0][1].bands or table.years.keys() != tables[0][1].years.keys():
            detail = "The tables of all municipalities have the same age bands and years."
            yield Fault("bands", detail, pointer)
    for pointer, table in tables:
        if table.municipality is None and len(tables) > 1:
            detail = "With more than one table, each says of which municipality it is."
            yield Fault("missing", detail, f"{pointer}/municipality")


def labour(draft: Draft) -> Iterator[Fault]:
    roles = ROLE_NAMES.keys() | draft.names("roles", "role")
    planned = {(use.care_setting, use.bed_type) for _, use in draft.of(UseEntry)}
    for pointer, each in draft.of(LabourEntry):
        if each.role not in roles:
            yield unknown("role", "roles", each.role, f"{pointer}/role")
        for n, asked in enumerate(each.asked):
            if (asked.care_setting, asked.bed_type) not in planned:
                detail = (
                    f"Nothing under `use` says how much {asked.care_setting}"
                    f"{f' with {asked.bed_type}' if asked.bed_type else ' in hours of care'} is "
                    "asked; add it there, or leave this out."
                )
                yield Fault("unplanned", detail, f"{pointer}/asked/{n}")


def substitutions(draft: Draft) -> Iterator[Fault]:
    """A pool has two known bed types or more, and each type stands in one pool."""
    bed_types = BED_TYPES | draft.names("bedTypes", "bedType")
    stands: dict[str, str] = {}
    for pointer, pool in draft.of(SubstitutionPoolEntry):
        if len(set(pool.bed_types)) < 2:
            detail = (
                "A pool is of two bed types or more that stand in for each other; name them, or "
                "leave the pool out."
            )
            yield Fault("too-few", detail, f"{pointer}/bedTypes")
        for n, word in enumerate(pool.bed_types):
            place = f"{pointer}/bedTypes/{n}"
            if word not in bed_types:
                yield unknown("bed type", "bedTypes", word, place)
            if word in stands:
                detail = (
                    f"'{word}' stands in {stands[word]} already. A bed type is in one pool, or the "
                    "same places would count twice: leave it out of one, or make one pool of both."
                )
                yield Fault("two-pools", detail, place)
            stands.setdefault(word, pool.substitution_pool)


def fictief(draft: Draft) -> Iterator[Fault]:
    """A made-up region says so in every name; a real one has no published keys."""
    region = draft.singles.get("region")
    if region is None:
        return
    for pointer, each in draft.of(OrganisationEntry):
        if each.name.endswith(FICTIEF) != region.fictief:
            detail = (
                f"In a fictief region the name ends with {FICTIEF}."
                if region.fictief
                else f"Only in a fictief region a name ends with {FICTIEF}."
            )
            yield Fault("fictief", detail, f"{pointer}/name")
    if not region.fictief and draft.of(ClientEntry):
        detail = "Keys of a demo are published, so only a fictief region has clients in its file."
        yield Fault("fictief", detail, "/clients")
