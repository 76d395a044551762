"""Brings the master data to what a region file says: versions are added, nothing is overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import Action, add_client, add_key, note
from app.access.keys import Key, demo_key
from app.access.principal import Principal
from app.access.queries import as_known, organisations
from app.access.tables import (
    ApiKey,
    MandateVersion,
    Mark,
    Organisation,
    OrganisationVersion,
    SharingRuleVersion,
)
from app.errors import Conflict
from app.facilities.changes import Change, Deed, Held, Identity, changes
from app.facilities.region import REGION, RULES, Region, holdings
from app.facilities.schemas import (
    FacilityFacts,
    GroupFacts,
    MandateFacts,
    OrganisationFacts,
    RuleFacts,
    SharingRuleFacts,
    StaffPoolFacts,
    UnitFacts,
)
from app.facilities.tables import (
    Facility,
    FacilityVersion,
    Group,
    GroupVersion,
    RuleVersion,
    StaffPool,
    StaffPoolVersion,
    Unit,
    UnitAlias,
    UnitVersion,
)
from app.faults import Fault
from app.wire import Wire

# Who applies a region file: the operator, at the owner's own connection and without a key.
OPERATOR = Principal(0, REGION, "operator", None, "region apply", "hand", frozenset({"operator"}))
FICTIEF = "fictief"


@dataclass(frozen=True)
class Kind:
    """A kind of master data: where its versions stand, and what tells one thing from another."""

    word: str
    facts: type[Wire]
    version: type[Any]
    columns: tuple[str, ...]
    anchor: type[Any] | None = None

    @property
    def key(self) -> list[Any]:
        return [getattr(self.version, column) for column in self.columns]


KINDS = (
    Kind("organisation", OrganisationFacts, OrganisationVersion, ("org_id",)),
    Kind("facility", FacilityFacts, FacilityVersion, ("facility",), Facility),
    Kind("unit", UnitFacts, UnitVersion, ("unit",), Unit),
    Kind("staff-pool", StaffPoolFacts, StaffPoolVersion, ("staff_pool",), StaffPool),
    Kind("group", GroupFacts, GroupVersion, ("group",), Group),
    Kind("mandate", MandateFacts, MandateVersion, ("org_id", "mandate")),
    Kind("sharing-rule", SharingRuleFacts, SharingRuleVersion, ("org_id", "sharing_rule")),
    Kind("rule", RuleFacts, RuleVersion, ("kind", "rule")),
)
WRITES: Mapping[Deed, Action] = {"changed": "U", "ended": "D"}


async def apply(
    session: AsyncSession,
    region: Region,
    *,
    at: datetime,
    dry_run: bool = False,
    end_absent: bool = False,
    feeds: Kind | None = None,
) -> list[Change]:
    """What differs between the database and the region, written unless `dry_run`.

    For the owner's own session. What is new holds since the file's `since`, what changes holds
    from `at`. `feeds` is the kind of the feeds' own tables, which stand to the right of this part.
    """
    if region.feeds and feeds is None:
        raise ValueError("a region with feeds needs the kind of their tables")
    # One at a time: two that find the same unit missing would both make it.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('region apply'))"))
    at = at.astimezone(UTC)
    kinds = (*KINDS, feeds) if feeds else KINDS
    found = await marked(session, region)
    await refuse_moves(session, region, kinds)
    for kind in kinds:
        wanted = [each for each in holdings(region) if each.word == kind.word]
        held, ever = await holding_now(session, kind, at)
        found += changes(
            *(kind.word, wanted, held, ever), at=at, since=region.since, end_absent=end_absent
        )
    found += await new_aliases(session, region)
    if not dry_run:
        await write(session, [change for change in found if change.writes], kinds)
    return found


async def marked(session: AsyncSession, region: Region) -> list[Change]:
    """A made-up region and a real one never share a database."""
    bears = await session.get(Mark, FICTIEF) is not None
    if bears and not region.region.fictief:
        raise Conflict(
            "This database bears the mark fictief: it holds a made-up region. Apply a real "
            "region to a new, empty database.",
            code="fictief-database",
        )
    if bears or not region.region.fictief:
        return []
    real = await session.scalar(
        select(Organisation.organisation).where(Organisation.org_id > 0).limit(1)
    )
    if real is not None:
        raise Conflict(
            "This database holds organisations of a real region, and the file is fictief. "
            "Apply it to a new, empty database.",
            code="real-database",
        )
    return [Change("mark", "database", REGION, (FICTIEF,), "everything in it is made up")]


async def refuse_moves(session: AsyncSession, region: Region, kinds: Sequence[Kind]) -> None:
    """Who is counted for a unit never changes, nor the format of a feed: all such at once."""
    names = await organisations(session)
    faults = []
    for kind in kinds:
        if kind.anchor is None:
            continue
        (column,) = kind.columns
        anchors = {
            getattr(anchor, column): anchor for anchor in await session.scalars(select(kind.anchor))
        }
        for each in holdings(region):
            anchor = anchors.get(each.name[0]) if each.word == kind.word else None
            if anchor is None:
                continue
            owner, name = names[anchor.org_id], each.name[0]
            if owner != each.owner:
                detail = (
                    f"{kind.word} {name} is of {owner} and stays so. Give what {each.owner} has a "
                    f"name of its own, and end {name}."
                )
                faults.append(Fault("other-organisation", detail))
            if each.format is not None and anchor.format != each.format:
                detail = f"feed {name} sends {anchor.format}; another format is another feed."
                faults.append(Fault("other-format", detail))
    if faults:
        raise Conflict(
            "The file gives existing things to another organisation or format; nothing is written.",
            code="cannot-move",
            faults=faults,
        )


async def holding_now(
    session: AsyncSession, kind: Kind, at: datetime
) -> tuple[dict[Identity, Held], set[Identity]]:
    """What holds at this moment, and what ever held."""
    names = await organisations(session)

    def name(row: Any) -> tuple[str, ...]:  # noqa: ANN401
        told = tuple(getattr(row, column) for column in kind.columns if column != "org_id")
        return told or (names[row.org_id],)

    rows = await session.execute(as_known(kind.version, *kind.key, at=at))
    held = [
        Held(names[row.org_id], name(row), row.facts, row.valid_to, getattr(row, "noted_by", 0))
        for row in rows
    ]
    columns = dict.fromkeys(("org_id", *kind.columns))
    past = select(*(getattr(kind.version, column) for column in columns)).distinct()
    ever = {(names[row.org_id], *name(row)) for row in await session.execute(past)}
    mine = [each for each in held if kind.word != "rule" or each.name[0] in RULES]
    return {each.identity: each for each in mine}, ever


async def new_aliases(session: AsyncSession, region: Region) -> list[Change]:
    numbers = {slug: org_id for org_id, slug in (await organisations(session)).items()}
    known = {
        (alias.org_id, alias.alias): alias.unit
        for alias in await session.scalars(select(UnitAlias))
    }
    found = []
    for each in region.aliases:
        unit = known.get((numbers.get(each.organisation, -1), each.alias))
        if unit is None:
            name, facts = (each.alias,), {"unit": each.unit}
            detail = f"means {each.unit}"
            found.append(Change("alias", "alias", each.organisation, name, detail, facts))
        elif unit != each.unit:
            raise Conflict(
                f"The code {each.alias} of {each.organisation} means {unit}, and codes never "
                "change their meaning. Let the sender use another code.",
                code="alias-in-use",
            )
    return found


async def write(session: AsyncSession, found: Sequence[Change], kinds: Sequence[Kind]) -> None:
    numbers = {slug: org_id for org_id, slug in (await organisations(session)).items()}
    by_word = {kind.word: kind for kind in kinds}
    # Those alike in one go: a file may make thousands of units.
    for (word, deed), same in groupby(found, lambda change: (change.word, change.deed)):
        alike = list(same)
        if word == "organisation":
            await number(session, alike, numbers)
        if deed == "mark":
            session.add(Mark(mark=FICTIEF))
        elif deed == "alias":
            await write_aliases(session, alike, numbers)
        else:
            await write_versions(session, by_word[word], alike, numbers)
        for change in alike:
            note(
                *(session, OPERATOR, "region.apply", WRITES.get(deed, "C")),
                object_type=word,
                object_id="/".join(change.name),
                org_id=numbers[change.owner],
                right="operator",
                change=str(change),
            )
    await session.flush()


async def number(session: AsyncSession, found: Sequence[Change], numbers: dict[str, int]) -> None:
    """Each organisation that has no number yet gets one."""
    for change in found:
        if change.owner not in numbers:
            made = insert(Organisation).values(organisation=change.owner)
            org_id = (await session.execute(made.returning(Organisation.org_id))).scalar_one()
            numbers[change.owner] = org_id


async def write_aliases(
    session: AsyncSession, found: Sequence[Change], numbers: Mapping[str, int]
) -> None:
    told = insert(UnitAlias).values(known_at=func.clock_timestamp())
    rows = [
        {"org_id": numbers[each.owner], "alias": each.name[0], "unit": each.facts["unit"]}
        for each in found
    ]
    await session.execute(told, rows)


async def write_versions(
    session: AsyncSession, kind: Kind, found: Sequence[Change], numbers: Mapping[str, int]
) -> None:
    columns = [column for column in kind.columns if column != "org_id"]
    named = [
        {**dict(zip(columns, each.name, strict=False)), "org_id": numbers[each.owner]}
        for each in found
    ]
    if kind.anchor is not None and found[0].deed == "new":
        fixed = [{"format": each.format} if each.format else {} for each in found]
        anchors = [name | more for name, more in zip(named, fixed, strict=True)]
        await session.execute(upsert(kind.anchor).on_conflict_do_nothing(), anchors)
    versions = [
        {**name, "valid_from": each.valid_from, "valid_to": each.until, "facts": dict(each.facts)}
        for name, each in zip(named, found, strict=True)
    ]
    await session.execute(insert(kind.version), versions)


async def add_clients(session: AsyncSession, region: Region, pepper: bytes) -> dict[str, Key]:
    """The clients of a demo with their published keys; what is there already is left alone."""
    if not region.region.fictief or await session.get(Mark, FICTIEF) is None:
        raise Conflict(
            "Demo keys are published, so only a database that bears the mark fictief takes them.",
            code="not-fictief",
        )
    numbers = {slug: org_id for org_id, slug in (await organisations(session)).items()}
    known = set(await session.scalars(select(ApiKey.kid)))
    keys = {}
    for each in region.clients:
        key = keys[each.client] = demo_key(each.client)
        if key.kid in known:
            continue
        org_id = numbers[each.organisation]
        client_id = await add_client(session, org_id, each.client, each.source_kind)
        await add_key(session, org_id, client_id, list(each.scopes), pepper, key)
        note(
            *(session, OPERATOR, "keys.add", "C"),
            object_type="key",
            object_id=key.kid,
            org_id=org_id,
            right="operator",
        )
    return keys
