"""The region at a glance: tiles, what asks for attention, and who is up to date."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.places import bar
from app.dashboard.drawing.spark import spark
from app.dashboard.language import _, capital, number
from app.dashboard.names import role_name, setting_name
from app.dashboard.notices import Notice, notices
from app.dashboard.sentences import (
    MINUTE,
    ORDER,
    SETTINGS,
    by_setting,
    doubts,
    kind,
    places,
    share,
    standings,
    why_fewer,
    worst,
)
from app.dashboard.sentences import coverage as coverage_of
from app.overview.schemas import LevelNow, Overview, PlacesNow, Total, UnitNow
from app.overview.signals.shown import Signals

# What is looked for first stands first.
FIRST = (
    *("reo", "short-stay", "hospital-ward", "seh", "huisartsenpost", "home-care"),
    *("acute-home-nursing", "nursing-home", "mental-health-crisis", "hospice"),
)
TILES = 6


@dataclass(frozen=True, slots=True)
class Glance:
    worst: str | None
    tiles: Sequence["Tile"]
    notices: Sequence[Notice]
    lacking: Sequence["Lacking"]
    lacking_title: str
    coverage: Sequence["Coverage"]
    coverage_title: str
    grouped: Sequence[tuple[str, str, Sequence[Total]]]


def at(overview: Overview, signals: Signals | None = None) -> Glance:
    """Without `signals` nothing is told of since when, and who saw it."""
    covered, short = coverage(overview), lacking(overview)
    return Glance(
        worst(level for _name, level in standings(overview)),
        tiles(overview),
        notices(overview, signals),
        short,
        lacking_title(overview, short),
        covered,
        coverage_title(covered),
        grouped(overview),
    )


@dataclass(frozen=True, slots=True)
class Tile:
    """One care setting: its number with what it counts, how it stands, and what to mind."""

    setting: str
    name: str
    number: str
    words: str
    beside: str
    level: LevelNow
    foot: Sequence[str]


def tiles(overview: Overview) -> list[Tile]:
    """Of a setting its tightest kind of places: unlike kinds are never added up."""
    found = []
    settings = dict(by_setting(overview))
    for setting in sorted(settings, key=lambda each: FIRST.index(each) if each in FIRST else 99):
        totals = [t for t in overview.totals if t.care_setting == setting and t.units]
        if totals:
            found.append(tile_of(setting, totals))
        elif (phone := phone_tile(setting, settings[setting])) is not None:
            found.append(phone)
    return found[:TILES]


def tightest(totals: Sequence[Total]) -> Total:
    def room(total: Total) -> tuple[int, float, float]:
        level = total.level.level
        left = total.admittable.value
        risk = total.refusal_risk.value
        order = ORDER.index(level) if level is not None else len(ORDER)
        return order, float("inf") if left is None else left, -(risk or 0.0)

    return min(totals, key=room)


def tile_of(setting: str, totals: Sequence[Total]) -> Tile:
    total = tightest(totals)
    beside = kind(total)
    if len(totals) > 1:
        beside = _("{kind}, krapst van {n} soorten", kind=beside, n=len(totals))
    free = _("{n} vrij van {of}", n=places(total.free), of=places(total.staffed))
    risk = _("kans op nee {share}", share=share(total.refusal_risk))
    known = total.free.value is not None and total.staffed.value is not None
    foot = [*([free] if known else ()), *([risk] if risk_known(total) else ())]
    words = _("nu opneembaar")
    return Tile(
        setting, setting_name(setting), places(total.admittable), words, beside, total.level, foot
    )


def risk_known(total: Total) -> bool:
    return total.refusal_risk.state != "notApplicable"


def phone_tile(setting: str, units: Sequence[UnitNow]) -> Tile | None:
    """A post that is reached by phone: how soon it answers, never how many lines are free."""
    told = next((unit for unit in units if unit.reachability is not None), None)
    if told is None or told.reachability is None:
        return None
    wait = told.reachability.longest_wait_seconds.value
    foot = [] if wait is None else [_("langste wacht {n} min", n=round(wait / MINUTE))]
    within = told.reachability.within_120s
    return Tile(
        setting,
        setting_name(setting),
        share(within),
        _("binnen 2 min"),
        _("van de telefoontjes opgenomen"),
        told.level,
        foot,
    )


@dataclass(frozen=True, slots=True)
class Lacking:
    """A role that is short today, with the units and shifts; roles are never added up."""

    role: str
    units: Sequence[str]
    shifts: Sequence[str]


def lacking(overview: Overview) -> list[Lacking]:
    found: dict[str, list[tuple[str, str | None]]] = {}
    for unit in overview.units:
        for each in unit.short:
            if each.short_today.value:
                found.setdefault(each.role, []).append((unit.name, each.shift))
    return [
        Lacking(
            role_name(role),
            tuple(dict.fromkeys(name for name, _shift in told)),
            tuple(dict.fromkeys(shift for _name, shift in told if shift)),
        )
        for role, told in sorted(found.items(), key=lambda each: -len(each[1]))
    ]


def lacking_title(overview: Overview, short: Sequence[Lacking]) -> str:
    told = any(each.short_today.state == "known" for unit in overview.units for each in unit.short)
    if not told:
        return _("Personeel: of er vandaag genoeg is, is niet gemeld")
    if not short:
        return _("Personeel: nergens wordt vandaag een tekort gemeld")
    if len(short) == 1:
        return _("Personeel: vandaag te weinig in één functie")
    return _("Personeel: vandaag te weinig in {n} functies", n=len(short))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a setting's units are up to date; one mark for each of them."""

    name: str
    current: int
    marks: Sequence[str]


def coverage(overview: Overview) -> list[Coverage]:
    found = []
    for setting, units in by_setting(overview):
        marks = tuple("closed" if unit.closed else unit.freshness for unit in units)
        current = sum(mark in ("fresh", "closed") for mark in marks)
        found.append(Coverage(setting_name(setting), current, marks))
    return found


def coverage_title(told: Sequence[Coverage]) -> str:
    current, total = sum(each.current for each in told), sum(len(each.marks) for each in told)
    return _("Gegevens: {n} van {of} afdelingen actueel", n=current, of=total)


def bar_of(line: PlacesNow | Total) -> str:
    """The bar of a line, where its parts are known; else nothing."""
    occupied, staffed = line.occupied.value, line.staffed.value
    if occupied is None or staffed is None:
        return ""
    return bar(occupied, line.reserved.value or 0.0, staffed, line.closed_places.value or 0.0)


def spark_of(values: Sequence[float | None], line: PlacesNow) -> Markup:
    """The last days of who is there beside the places that are open now, as words too."""
    if not values:
        return Markup("")
    told = [_("onbekend") if value is None else number(value) for value in values]
    said = _("van oud naar nieuw: {days}; nu {n}", days=", ".join(told[:-1]), n=told[-1])
    drawn = spark(tuple(values), line.staffed.value)
    return drawn + Markup('<span class="hide">{}</span>').format(said)


def taken(line: PlacesNow | Total) -> str:
    """ "12/14": people in places with staff."""
    occupied, staffed = line.occupied.value, line.staffed.value
    if occupied is None or staffed is None:
        return ""
    return f"{number(occupied)}/{number(staffed)}"


def notes(overview: Overview, total: Total) -> list[str]:
    """What must be known beside the number: how current, how else, why less."""
    found = []
    of = total.admittable.of
    if of is not None and of.current < of.total:
        found.append(f"{coverage_of(total.admittable)}.")
    if total.usable.value:
        found.append(_("{n} van een andere soort, om te zetten.", n=places(total.usable)))
    if reasons := why_fewer(overview, total):
        found.append(_("{n} vrij, maar: {why}.", n=places(total.free), why=reasons))
    if doubted := doubts(total.admittable):
        found.append(f"{capital(doubted)}.")
    return found


def grouped(overview: Overview) -> list[tuple[str, str, list[Total]]]:
    """The totals of each care setting that has any place or could have."""
    found: dict[str, list[Total]] = {}
    for total in overview.totals:
        if total.units or total.usable.value:
            found.setdefault(total.care_setting, []).append(total)
    order = sorted(found, key=lambda each: FIRST.index(each) if each in FIRST else 99)
    return [(each, setting_name(each), found[each]) for each in order if each in SETTINGS]
