"""Reads a region file: all that is wrong with it at once, each fault with its line."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from app.errors import Invalid
from app.facilities.coherence import Draft, checks
from app.facilities.region import Entry, Region, RegionFacts
from app.facilities.yaml_text import Text, read
from app.faults import Fault
from app.wire import Wire

Kind = TypeVar("Kind", bound=Wire)
LISTS: tuple[type[Entry], ...] = tuple(Entry.__subclasses__())
SINGLES: Mapping[str, type[Wire]] = {"region": RegionFacts}


def parse(written: str) -> Region:
    """The region of a file, or one `Invalid` that lists everything that is wrong with it."""
    text = read(written)
    draft, faults = drafted(text.values)
    # A value that could not be read is told once, not again as a value that is missing.
    unread = {fault.pointer for fault in text.faults}
    faults = [each for each in (*faults, *checks(draft)) if each.pointer not in unread]
    faults = [*text.faults, *faults]
    if faults:
        raise Invalid(
            "The region file has faults; nothing of it is used until all are mended.",
            code="bad-region-file",
            faults=[with_line(fault, text) for fault in dict.fromkeys(faults)],
        )
    parts: dict[str, Any] = {
        name: [entry for _, entry in found] for name, found in draft.entries.items()
    }
    return Region(**parts, **draft.singles)


def with_line(fault: Fault, text: Text) -> Fault:
    line = fault.row or text.line(fault.pointer or "")
    return Fault(fault.code, fault.detail, fault.pointer, row=line)


def drafted(values: object) -> tuple[Draft, list[Fault]]:
    """The entries that can be read by themselves, and the faults of those that cannot."""
    if not isinstance(values, dict):
        return Draft({}), [Fault("not-a-region", "A region file begins with `region:`.", "")]
    faults = [
        Fault("unknown-section", "A region file has no such section.", f"/{name}")
        for name in values.keys() - SINGLES.keys() - {kind.section for kind in LISTS}
    ]
    if values.get("region") is None:
        faults.append(Fault("missing", "Say which region this is, under `region:`.", "/region"))
    draft = Draft(values)
    for name, kind in SINGLES.items():
        if values.get(name) is not None:
            for single in one(kind, values[name], f"/{name}", faults):
                draft.singles[name] = single
    for entry in LISTS:
        draft.entries[entry.section] = many(entry, values.get(entry.section), faults)
    return draft, faults


def many(kind: type[Kind], values: object, faults: list[Fault]) -> list[tuple[str, Kind]]:
    section = f"/{kind.section}"  # type: ignore[attr-defined]
    if isinstance(values, dict) and kind.single:  # type: ignore[attr-defined]
        return [(section, entry) for entry in one(kind, values, section, faults)]
    if values is not None and not isinstance(values, list):
        faults.append(Fault("not-a-list", "This section is a list: begin items with `-`.", section))
    return [
        (pointer, entry)
        for n, value in enumerate(values if isinstance(values, list) else [])
        for pointer in [f"{section}/{n}"]
        for entry in one(kind, value, pointer, faults)
    ]


def one(kind: type[Kind], value: object, pointer: str, faults: list[Fault]) -> list[Kind]:
    """The entry in a list of its own, or an empty list with its faults noted."""
    try:
        return [kind.model_validate(value)]
    except ValidationError as error:
        for each in error.errors():
            place = "".join(f"/{step}" for step in each["loc"])
            detail = str(each["msg"]).removeprefix("Value error, ")
            faults.append(Fault(each["type"].replace("_", "-"), detail, pointer + place))
        return []
