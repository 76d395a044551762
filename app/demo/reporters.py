"""Who reports in a made-up region, and how well: by its file, with flaws of our own (fictief)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.facilities.hours import WEEKDAYS, always
from app.facilities.region import Region, StaffPoolEntry, UnitEntry
from app.simulation.calendar import HOUR
from app.simulation.reporters import Reporter, Reporters, SourceKind
from app.simulation.reporters_clock import OpenHours, Schedule
from app.simulation.reporters_flaws import Flaws

MINUTE = 60
# Told together at noon and at nine: rosters alone, which have moments of their own.
OF_A_POOL = Schedule(minutes=(8 * 60,))
# Lines whose flows are counted by the hour, as their formats are.
BY_THE_HOUR = frozenset({"seh", "huisartsenpost"})
# Phoned through to whoever has the mandate, and told by nobody else.
PHONED = frozenset({"wlz-crisis"})
# What is said on the phone.
PLACES = frozenset({"physical", "staffed", "closedPlaces", "occupied", "reserved"})

SYSTEM = Flaws(late=20, latest=10 * MINUTE, silent=0.004, silences=0.03, again=0.004)
HAND = Flaws(
    late=12 * MINUTE, latest=3 * HOUR, silent=0.03, silences=0.03, corrected=0.03, again=0.004
)
SLOPPY = Flaws(
    late=50 * MINUTE,
    latest=6 * HOUR,
    silent=0.18,
    silences=0.4,
    silence_days=4,
    corrected=0.1,
    again=0.02,
)
# Who differs from the others: in some way, as in every region.
FLAWS: Mapping[str, Flaws] = {
    "elv-zuid": SLOPPY,
    "vph-7": SLOPPY,
    "thuiszorg-oosterheem": SLOPPY,
    "wijkzorg-palenstein": SLOPPY,
    "wijkzorg-centrum": replace(HAND, silences=0.6, silence_days=6),
    "logeerhuis": replace(HAND, claims=1, claimed=0.25),
    "elv-noord": replace(HAND, claims=2, claimed=0.15),
    "zhz-orthopedie": replace(SYSTEM, held=1, holding=0.3),
    "zhz-neurologie": replace(SYSTEM, claims=2, claimed=0.4),
    "zhz-chirurgie": replace(SYSTEM, held=2, holding=0.15),
    "ggz-acuut": replace(SYSTEM, wrong_zone=0.15),
    "zhz-kinder": replace(SYSTEM, wrong_zone=0.1, zone_days=2),
}


def reporters_of(region: Region, seed: int) -> Reporters:
    """One for each unit and staff pool, through its feed, by mandate or by hand."""
    of_units = (each for unit in region.units for each in of_unit(region, unit))
    return Reporters(seed, (*of_units, *map(of_pool, region.staff_pools)))


def of_unit(region: Region, unit: UnitEntry) -> Iterator[Reporter]:
    schedule, hourly = schedule_of(unit), unit.care_setting in BY_THE_HOUR
    flaws = FLAWS.get(unit.unit)
    for feed in region.feeds:
        if feed.state == "released" and unit.unit in feed.units.values():
            kind: SourceKind = "feed" if feed.organisation == unit.organisation else "mandate"
            yield Reporter(*(unit.unit, schedule, kind, feed.feed, flaws or SYSTEM), hourly=hourly)
            return
    if any(unit.unit in mandate.units and mandate.confirmed for mandate in region.mandates):
        measures = None if unit.unit in PHONED else PLACES
        yield Reporter(unit.unit, schedule, "mandate", flaws=flaws or HAND, measures=measures)
    if unit.unit not in PHONED:
        yield Reporter(unit.unit, schedule, flaws=flaws or HAND, hourly=hourly)


def of_pool(pool: StaffPoolEntry) -> Reporter:
    return Reporter(pool.staff_pool, OF_A_POOL, flaws=FLAWS.get(pool.staff_pool) or HAND)


def schedule_of(unit: UnitEntry) -> Schedule:
    reporting = unit.reporting
    return Schedule(
        minutes=tuple(moment.hour * 60 + moment.minute for moment in reporting.moments),
        interval=(reporting.interval_minutes or 0) * MINUTE,
        hours=tuple(sorted(set(hours_of(unit)), key=lambda each: (each.weekday, each.start))),
    )


def hours_of(unit: UnitEntry) -> Iterator[OpenHours]:
    """When at least one entrance is open; none at all means always."""
    if always(unit.opening_hours):
        return
    for entrance in unit.opening_hours.values():
        for hours in entrance:
            start = hours.start.hour * 60 + hours.start.minute
            end = hours.end.hour * 60 + hours.end.minute
            for day in hours.days:
                lasts = end if end > start else end + 24 * 60
                yield OpenHours(WEEKDAYS.index(day), start, lasts)
