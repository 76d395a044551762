"""What holds in the database, written as a region file; keys and clients are never in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import yaml

from app.facilities.changes import Held, said
from app.facilities.hours import LOCAL
from app.facilities.region import (
    REGION,
    AliasEntry,
    BedTypeEntry,
    Entry,
    FacilityEntry,
    FeedEntry,
    GroupEntry,
    LabourEntry,
    LevelEntry,
    MandateEntry,
    NormEntry,
    OrganisationEntry,
    PopulationEntry,
    RoleEntry,
    SharingRuleEntry,
    StaffPoolEntry,
    SubstitutionPoolEntry,
    UnitEntry,
    UseEntry,
)

HEAD = """\
# The region as the tower knew it at {at}: applied to that tower, it changes nothing.
# Keys and clients are not in it, nor mandates that were given through the API.
"""
# What each kind of master data is in a file, and how the file names it and its owner.
ENTRIES: Mapping[str, tuple[type[Entry], str, str]] = {
    "organisation": (OrganisationEntry, "organisation", ""),
    "facility": (FacilityEntry, "facility", "organisation"),
    "unit": (UnitEntry, "unit", "organisation"),
    "staff-pool": (StaffPoolEntry, "staffPool", "organisation"),
    "group": (GroupEntry, "group", "organisation"),
    "mandate": (MandateEntry, "mandate", "organisation"),
    "sharing-rule": (SharingRuleEntry, "sharingRule", "owner"),
    "feed": (FeedEntry, "feed", "organisation"),
}
# Of a rule its kind; without a name where its settings hold it already.
RULES: Mapping[str, tuple[type[Entry], str]] = {
    "bed-type": (BedTypeEntry, "bedType"),
    "role": (RoleEntry, "role"),
    "substitution-pool": (SubstitutionPoolEntry, "substitutionPool"),
    "norm": (NormEntry, "norm"),
    "level": (LevelEntry, "level"),
    "population": (PopulationEntry, ""),
    "use": (UseEntry, ""),
    "labour": (LabourEntry, ""),
}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")


class Dumper(yaml.SafeDumper):
    """Every value where it is used, and times of the day in quotes, as the reader asks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def text_of(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if CLOCK.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, text_of)


def written(
    held: Mapping[str, Sequence[Held]],
    formats: Mapping[str, str],
    aliases: Sequence[tuple[str, str, str]],
    *,
    fictief: bool,
    at: datetime,
) -> str:
    """`held` by its kind of master data; `aliases` are (organisation, alias, unit)."""
    [own] = [each for each in held["organisation"] if each.owner == REGION]
    told: dict[str, Any] = {"region": {"name": own.facts["name"], "fictief": fictief}}
    for word, found in held.items():
        for each in found:
            if each is own:
                continue
            for entry, values in entries(word, each, formats):
                told.setdefault(entry.section, []).append(values)
    codes = [
        ordered(AliasEntry, {"organisation": organisation, "alias": alias, "unit": unit})
        for organisation, alias, unit in aliases
    ]
    told |= {"aliases": codes} if codes else {}
    text = yaml.dump(
        told, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
    )
    return HEAD.format(at=at.isoformat(timespec="seconds")) + text


def entries(
    word: str, each: Held, formats: Mapping[str, str]
) -> Iterator[tuple[type[Entry], dict[str, Any]]]:
    if word == "rule":
        kind, name = each.name
        entry, named = RULES[kind]
        facts = dict(each.facts)
        if "settings" in entry.model_fields:
            yield entry, ordered(entry, {named: name, **facts})
        else:
            settings = facts.pop("settings")
            yield entry, ordered(entry, ({named: name} if named else {}) | settings | facts)
        return
    entry, named, owner = ENTRIES[word]
    if not SLUG.fullmatch(each.name[-1]):
        return
    values = {named: each.name[-1], **({owner: each.owner} if owner else {}), **each.facts}
    if word == "mandate" and each.until:
        values["until"] = each.until.astimezone(LOCAL).date().isoformat()
    if word == "feed":
        values["format"] = formats[each.name[-1]]
    yield entry, ordered(entry, values)


def ordered(entry: type[Entry], values: Mapping[str, Any]) -> dict[str, Any]:
    """As the file has it: what tells it from others first, then its facts in their order."""
    told = said(entry.model_validate({k: v for k, v in values.items() if v is not None}))
    first = [name for name in (*entry.named, "organisation", "owner") if name in told]
    return {name: told[name] for name in dict.fromkeys((*first, *told))}
