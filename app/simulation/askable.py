"""Which figures can be asked of a unit, in the words of the tower."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.simulation.census import AGE_BANDS
from app.simulation.kinds import Kind
from app.simulation.ledger import Ledger, of_people, of_places
from app.simulation.plan import Plan, Unit

WARD = "hospital-ward"


def stocks(plan: Plan, unit: Unit, ledger: Ledger) -> Iterable[Kind]:
    """What can be asked of a unit at a moment."""
    told = ledger.stocks(unit.slug)
    if unit.slug == plan.coordination:
        return (of_people("waiting", unit), *told)
    if unit.setting == "home-care":
        return of_starts(unit)
    return (*stocks_of_places(plan, unit), *told)


def stocks_of_places(plan: Plan, unit: Unit) -> Iterator[Kind]:
    for beds in unit.beds:
        for measure in ("physical", "occupied", "reserved"):
            yield of_places(measure, unit, beds.type)
    if not unit.beds:
        return
    yield of_people("waiting", unit)
    if plan.emergency and unit.slug == plan.emergency.unit:
        yield from emergency_stocks(plan, unit)
        return
    for destination in destinations(plan, unit):
        ready = of_people("medicallyReady", unit, destination=destination)
        yield ready
        yield from (replace(ready, age_band=band) for band in AGE_BANDS)
    if unit.setting == WARD:
        yield of_people("verkeerdeBed", unit)


def emergency_stocks(plan: Plan, unit: Unit) -> Iterator[Kind]:
    yield Kind("present")
    for stream in plan.streams:
        if stream.urgency:
            yield Kind("present", urgency=stream.urgency)
            yield replace(of_people("waiting", unit), urgency=stream.urgency)
    yield of_people("boarders", unit)
    yield Kind("ventilated")
    yield Kind("longestBoardingMinutes")
    yield Kind("lastDoorToBedMinutes")


def destinations(plan: Plan, unit: Unit) -> list[str]:
    """Where people of a unit may wait to go to."""
    return sorted(
        {
            outflow.destination
            for need in plan.needs
            for outflow in need.outflow
            if outflow.need and outflow.destination
            if any(slug == unit.slug for slug, _ in need.cells)
        }
    )


def flows(plan: Plan, unit: Unit, ledger: Ledger) -> Iterable[Kind]:
    """What can be asked of a unit over a period that has been."""
    told = tuple(ledger.flows(unit.slug))
    if unit.slug == plan.coordination:
        return (of_people("requests", unit), *told)
    if not unit.beds:
        return told
    kinds = [*flows_of_people(plan, unit), *told]
    refused = refusals(plan, unit)
    return (*kinds, *(of_people("refused", unit, reason=reason) for reason in refused))


def flows_of_people(plan: Plan, unit: Unit) -> Iterator[Kind]:
    requests, came = of_people("requests", unit), of_people("admissions", unit)
    yield from (requests, came)
    if unit.setting == "home-care":
        for beds in unit.beds:
            yield replace(requests, profile=beds.type)
            yield replace(came, profile=beds.type)
        return
    yield of_people("discharges", unit)
    for destination in ("home", *destinations(plan, unit)):
        yield of_people("discharges", unit, destination=destination)
    yield of_people("transfersIn", unit)
    yield of_people("transfersOut", unit)
    if plan.emergency and unit.slug == plan.emergency.unit:
        yield of_people("diverted", unit)


def refusals(plan: Plan, unit: Unit) -> list[str]:
    """Reasons that this unit can give; the same whatever has happened until now."""
    needs = [
        need
        for need in plan.needs
        if any(slug == unit.slug for slug, _ in need.cells) and need.setting != "seh"
    ]
    found = {"full", "staff"} if needs else set()
    if unit.admission is not None:
        found.add("too-late")
    if any(crew.admits for crew in unit.crews):
        found.add("medical-cover")
    if unit.outbreaks_per_year:
        found.add("infection")
    for need in needs:
        chances = (need.misfit, need.no_contract, need.declined)
        words = ("does-not-fit", "contract", "client-declined")
        found |= {word for word, chance in zip(words, chances, strict=True) if chance}
    return sorted(found)


def plans(unit: Unit) -> Iterable[Kind]:
    """What can be asked of a unit about days to come."""
    if unit.resource != "bed":
        return ()
    return (of_people("expectedDischarges", unit), of_people("plannedAdmissions", unit))


def of_starts(unit: Unit) -> Iterator[Kind]:
    for beds in unit.beds:
        for measure in ("startsToday", "startsThisWeek"):
            yield Kind(measure, resource="care-start", profile=beds.type, area=unit.area)
