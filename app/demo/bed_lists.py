"""From figures to a list of beds, as hospitals export it: every bed and every person made up."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.demo.forms import written
from app.demo.messages import Built, Telling, unit_part
from app.feeds.bed_lines import (
    BED,
    BEGIN,
    DEPARTMENT,
    END,
    HEADS,
    READY,
    REASON,
    RESERVED,
    ROLE,
    ROOM,
    SHIFT,
    STATE,
)
from app.feeds.beds import STATES
from app.feeds.columns import YES_NO
from app.feeds.counts import BED_TYPE, MOMENT
from app.feeds.formats import CSV, read_body
from app.feeds.hospital import Ward
from app.observations.reading import Broken

BEDS_IN_A_ROOM = 2
CLOSED_FOR = {state.closed: letter for letter, state in STATES.items() if state.closed}
YES, NO = (next(word for word, meant in YES_NO.items() if meant is said) for said in (True, False))
ALWAYS = (DEPARTMENT, MOMENT, ROOM, BED, STATE, BED_TYPE, REASON)
OF_STAFF = (ROLE, SHIFT, BEGIN, END, *HEADS)

Line = dict[str, Any]


def bed_list(tellings: Sequence[Telling]) -> Built:
    """A list of all beds of some wards at one moment, with what of their figures it tells.

    It tells nothing of a ward whose figures no beds can stand for (more people than open beds).
    """
    wards = [unit_part(Ward, telling)[0] for telling in tellings]
    sound = [n for n, ward in enumerate(wards) if listable(ward)]
    body = text([wards[n] for n in sound], tellings)
    told, untold = [], []
    for n, telling in enumerate(tellings):
        read = read_back(body, telling) if n in sound else set()
        figures = [(telling.about.known(each), each.value) for each in telling.figures]
        both = list(zip(telling.figures, figures, strict=True))
        said = tuple(each for each, known in both if known in read)
        rest = tuple(each for each, known in both if known not in read)
        if said:
            told.append(replace(telling, figures=said))
        if rest:
            untold.append(replace(telling, figures=rest))
    return Built(body, told, untold, CSV)


def listable(ward: Mapping[str, Any]) -> bool:
    """Whether beds can stand for the places of a ward; who works can always be listed."""
    if "bedden" not in ward:
        return "personeel" in ward
    return all(
        None not in (found := counts(places)).values()
        and found["aanwezig"] == found["geopend"] + sum(found[each] for each in closed(places))
        and found["geopend"] >= found["bezet"] + found.get("toegezegd", 0)
        for places in ward["bedden"].values()
    )


def counts(places: Mapping[str, Any]) -> dict[str, Any]:
    needed: dict[str, Any] = dict.fromkeys(("aanwezig", "geopend", "bezet"))
    told = {name: count for name, count in places.items() if not isinstance(count, Mapping)}
    return {**needed, **told, **places.get("gesloten", {})}


def closed(places: Mapping[str, Any]) -> Sequence[str]:
    return tuple(places.get("gesloten", {}))


def text(wards: Sequence[Mapping[str, Any]], tellings: Sequence[Telling]) -> bytes:
    """A column that is there is told of all wards, so one that not all can fill is left out."""
    of_beds = [places for ward in wards for places in ward.get("bedden", {}).values()]
    columns = [*ALWAYS]
    if of_beds and all("toegezegd" in places for places in of_beds):
        columns.append(RESERVED)
    if of_beds and all(ready_there(ward) for ward in wards if "bedden" in ward):
        columns.append(READY)
    if any("personeel" in ward for ward in wards):
        columns += OF_STAFF
    lines = [line for ward in wards for line in (*bed_lines(ward), *staff_lines(ward))]
    if lines:
        lines[0][MOMENT] = written(tellings[0].observed_at)
    written_out = io.StringIO(newline="")
    table = csv.DictWriter(written_out, columns, "", "ignore", delimiter=";", lineterminator="\n")
    table.writeheader()
    table.writerows(lines)
    return written_out.getvalue().encode()


def ready_there(ward: Mapping[str, Any]) -> bool:
    """Whether those who are ready are all known, and there are beds that they can be in."""
    ready = ward.get("medischKlaar")
    if not ready or None in ready.values():
        return False
    taken: int = sum(places["bezet"] for places in ward["bedden"].values())
    return bool(sum(ready.values()) <= taken)


def bed_lines(ward: Mapping[str, Any]) -> Iterator[Line]:
    """One line a bed: those who are ready lie in the first beds that are taken."""
    ready = [
        to for to, count in (ward.get("medischKlaar") or {}).items() for _ in range(count or 0)
    ]
    number = 0
    for bed_type, places in ward.get("bedden", {}).items():
        for bed in beds(places):
            place = {
                DEPARTMENT: ward["code"],
                ROOM: f"{ward['code'][0]}{number // BEDS_IN_A_ROOM + 1:02}",
                BED: number % BEDS_IN_A_ROOM + 1,
                BED_TYPE: bed_type,
            }
            number += 1
            goes = {READY: ready.pop()} if bed[STATE] == "O" and ready else {}
            yield {**place, **bed, **goes}


def beds(places: Mapping[str, Any]) -> Iterator[Line]:
    free, held = places["geopend"] - places["bezet"], places.get("toegezegd") or 0
    yield from ({STATE: "O"} for _ in range(places["bezet"]))
    yield from ({STATE: "U", RESERVED: YES if n < held else NO} for n in range(free))
    for reason, count in places.get("gesloten", {}).items():
        letter = CLOSED_FOR.get(reason, "C")
        why = {REASON: reason} if letter == "C" else {}
        yield from ({STATE: letter, **why} for _ in range(count))


def staff_lines(ward: Mapping[str, Any]) -> Iterator[Line]:
    for shift in ward.get("personeel", ()):
        named = {SHIFT: shift["dienst"], BEGIN: shift["van"], END: shift["tot"]}
        for role, heads in shift.items():
            if isinstance(heads, Mapping):
                told = {name: count for name, count in heads.items() if count is not None}
                if told:
                    yield {DEPARTMENT: ward["code"], **named, ROLE: role, **told}


def read_back(body: bytes, telling: Telling) -> set[Any]:
    """The figures that the tower reads of one ward; none if the list says more than there is.

    Where nothing was to be said the list says 0 of it, as it must.
    """
    units = {telling.code: telling.place.unit}
    try:
        parts = read_body("hospital", CSV, body, units, "", telling.observed_at)
    except Broken:
        return set()
    report = next((part.report for part in parts if part.report), None)
    figures = report.figures if report else ()
    wanted = {telling.about.known(each) for each in telling.figures}
    found = {(telling.about.known(each), each.value) for each in figures}
    return set() if any(value for known, value in found if known not in wanted) else found
