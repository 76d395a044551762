"""The place that a report is about, with the words that its figures may use."""

from collections.abc import Iterable

from app.facilities.queries import Directory, KnownFacility, KnownPool, KnownUnit
from app.observations.schemas import Report
from app.observations.words import Place

# The directory keeps them by this name: they are the same for all of its units.
AREAS = "areas"


def place_of_unit(known: KnownUnit, areas: frozenset[str]) -> Place:
    facts = known.facts
    beds = [bed.bed_type for bed in facts.beds]
    flexible = [name for bed in facts.beds for name in bed.usable_as]
    return Place(
        org_id=known.org_id,
        unit=known.unit,
        resource=facts.resource,
        bed_types=tuple(dict.fromkeys([*beds, *flexible])) if len(beds) > 1 else tuple(beds),
        roles=frozenset(facts.roles),
        shifts=frozenset(shift.shift for shift in facts.shifts),
        areas=areas,
        census=facts.census_time,
    )


def areas_of(facilities: Iterable[KnownFacility]) -> frozenset[str]:
    """Every area in which something stands: care at home is given far from where its team sits."""
    told = (each.facts.area.model_dump(exclude_none=True) for each in facilities)
    return frozenset(word for area in told for word in area.values())


def place_of_pool(known: KnownPool) -> Place:
    return Place(
        org_id=known.org_id,
        staff_pool=known.staff_pool,
        roles=frozenset(known.facts.roles),
        shifts=frozenset(shift.shift for shift in known.facts.shifts),
    )


def place_of(report: Report, directory: Directory) -> Place | None:
    named = (report.unit, report.staff_pool)
    if named not in directory.derived:
        directory.derived[named] = made_place(report, directory)
    place: Place | None = directory.derived[named]
    return place


def made_place(report: Report, directory: Directory) -> Place | None:
    if report.unit is not None:
        unit = directory.units.get(report.unit)
        return place_of_unit(unit, areas_in(directory)) if unit else None
    pool = directory.staff_pools.get(report.staff_pool or "")
    return place_of_pool(pool) if pool else None


def areas_in(directory: Directory) -> frozenset[str]:
    if AREAS not in directory.derived:
        directory.derived[AREAS] = areas_of(directory.facilities.values())
    found: frozenset[str] = directory.derived[AREAS]
    return found
