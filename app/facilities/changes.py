"""What must change so that what holds is what a region file says."""

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from app.facilities.region import REGION, Holding
from app.wire import Wire, instant

Deed = Literal["mark", "new", "again", "alias", "changed", "ended", "absent", "kept"]
SIGNS: Mapping[Deed, str] = {
    **{"mark": "+", "new": "+", "again": "+", "alias": "+", "changed": "~", "ended": "-"},
    **{"absent": "?", "kept": "="},
}
# Whose it is, and what it is called.
Identity = tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """What holds in the database; `noted_by` is the organisation that said it through the API."""

    owner: str
    name: tuple[str, ...]
    facts: Mapping[str, Any]
    until: datetime | None = None
    noted_by: int = 0

    @property
    def identity(self) -> Identity:
        return (self.owner, *self.name)


@dataclass(frozen=True)
class Change:
    """One difference between the file and the database, and what is done about it."""

    deed: Deed
    word: str
    owner: str
    name: tuple[str, ...]
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    valid_from: datetime | None = None
    until: datetime | None = None
    format: str | None = None

    def __str__(self) -> str:
        name = "/".join(self.name)
        whose = f" ({self.owner})" if self.owner not in (REGION, name) else ""
        return f"{SIGNS[self.deed]} {self.word} {name}{whose}: {self.detail}"

    @property
    def writes(self) -> bool:
        return self.deed not in ("absent", "kept")


def said(facts: Wire) -> dict[str, Any]:
    """Facts as they are stored: with defaults, so that a new default changes no old answer."""
    return facts.model_dump(mode="json", by_alias=True, exclude_none=True)


def differences(held: Held, wanted: Holding) -> list[str]:
    """The fields that say something else, in order; facts that say the same differ in none."""
    old, new = dict(held.facts), said(wanted.facts)
    # A version of an older form is compared as it was written.
    with suppress(ValidationError):
        old = said(type(wanted.facts).model_validate(held.facts))
    fields = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return [*fields, "until"] if held.until != wanted.until else fields


def changes(
    word: str,
    wanted: Sequence[Holding],
    held: Mapping[Identity, Held],
    ever: Set[Identity],
    *,
    at: datetime,
    since: datetime | None,
    end_absent: bool,
) -> Iterator[Change]:
    """Of one kind of master data; `ever` names what held once, so that it cannot begin before."""
    live = {each.identity: each for each in wanted if each.until is None or each.until > at}
    for identity, each in live.items():
        now = held.get(identity)
        if now is None:
            first = identity not in ever
            begin = min(at, since or at) if first else at
            yield begun("new" if first else "again", each, begin)
        elif fields := differences(now, each):
            yield altered(now, each, fields, at)
    for identity, gone in held.items():
        if identity not in live and not gone.noted_by:
            yield left_out(word, gone, at, end_absent)


def begun(deed: Deed, each: Holding, begin: datetime) -> Change:
    detail = f"{'new' if deed == 'new' else 'holds again'} from {instant(begin)}"
    facts = said(each.facts)
    return Change(
        deed, each.word, each.owner, each.name, detail, facts, begin, each.until, each.format
    )


def altered(now: Held, each: Holding, fields: Sequence[str], at: datetime) -> Change:
    told = ", ".join(fields)
    if now.noted_by:
        detail = f"stays as it was changed through the API, though the file differs in {told}"
        return Change("kept", each.word, each.owner, each.name, detail)
    detail = f"{told} from {instant(at)}"
    facts = said(each.facts)
    return Change("changed", each.word, each.owner, each.name, detail, facts, at, each.until)


def left_out(word: str, gone: Held, at: datetime, end_absent: bool) -> Change:
    if not end_absent:
        detail = "is not in the file and stays; --end-absent ends it"
        return Change("absent", word, gone.owner, gone.name, detail)
    detail = f"is not in the file and ends at {instant(at)}"
    return Change("ended", word, gone.owner, gone.name, detail, gone.facts, at, at)
