"""What the master data says of units that an import makes: what the file tells, and defaults."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time

from app.facilities.changes import Change, begun
from app.facilities.region import Holding
from app.facilities.schemas import (
    Area,
    Bed,
    FacilityFacts,
    OrganisationFacts,
    Reporting,
    UnitFacts,
)
from app.feeds.imports.names import Named, Wanted
from app.observations.words import Place

REPORTS_AT = time(8)
# A file says neither where its units stand nor by which law they are paid.
SOMEWHERE = Area(municipality="unknown")
LAW = "other"
NAME = range(2, 121)


def facility_of(wanted: Wanted) -> str:
    """The one facility under which an organisation's units of a profile stand."""
    name, whose = wanted.profile.prefix, wanted.organisation
    return whose if name in ("", whose) else f"{whose}-{name}"


def organisation(wanted: Wanted, since: datetime) -> Change:
    facts = OrganisationFacts(name=wanted.organisation, audience="provider")
    whose = wanted.organisation
    return begun("new", Holding("organisation", whose, (whose,), facts), since)


def facility(wanted: Wanted, since: datetime) -> Change:
    name = facility_of(wanted)
    facts = FacilityFacts(name=name, area=SOMEWHERE)
    return begun("new", Holding("facility", wanted.organisation, (name,), facts), since)


def units(wanted: Wanted, found: Iterable[Named], since: datetime) -> Iterator[Change]:
    assert wanted.setting, "an import that makes units says their setting"
    for named in found:
        name = named.name if len(named.name) in NAME else named.place.unit
        facts = UnitFacts(
            name=name,
            facility=facility_of(wanted),
            care_setting=wanted.setting,
            resource=wanted.profile.resource,
            beds=tuple(beds(named.place)),
            reporting=Reporting(moments=(REPORTS_AT,)),
            census_time=named.place.census,
        )
        held = Holding("unit", wanted.organisation, (named.place.unit,), facts)
        yield begun("new", held, since)


def beds(place: Place) -> Iterator[Bed]:
    for bed_type in place.bed_types:
        yield Bed(bed_type=bed_type, law=LAW)
