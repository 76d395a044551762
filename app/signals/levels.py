"""How busy it is, in one word: rules as data, each with its source and year (domain.md 8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

from app.facilities.schemas import RuleFacts
from app.observations.notices.known import Status

Level = Literal["ruim", "druk", "vol", "gesloten", "oud", "onbekend"]
RuleName = Literal["beds", "home-care", "huisartsenpost", "seh", "signals"]
Band = Literal[
    "not-busy",
    "busy",
    "extremely-busy",
    "overcrowded",
    "severely-overcrowded",
    "dangerously-overcrowded",
]


@dataclass(frozen=True)
class PlacesRule:
    """vol: nothing admittable. druk: a request in the coming `hours` finds no place with a chance
    of `no_place_from` or more; fewer than `small_below` places are judged on their pool."""

    no_place_from: float
    hours: float
    small_below: float
    request_days: float
    request_days_told: float
    stay_days: float


@dataclass(frozen=True)
class PhoneRule:
    """The norms of a huisartsenpost, as shares of what was answered in the last `hours`; missed
    by so much that `vol` is said."""

    hours: float
    within_120s: float
    over_600s: float
    urgent_within_30s: float
    vol_within_120s: float
    vol_over_600s: float


@dataclass(frozen=True)
class CrowdingRule:
    """NEDOCS from which an SEH is druk, and vol."""

    druk_from: float
    vol_from: float


@dataclass(frozen=True)
class SignalRule:
    """A signal that returns within so many minutes is the same one, and never ended."""

    returns_within_minutes: float


@dataclass(frozen=True)
class LevelRules:
    beds: PlacesRule
    home_care: PlacesRule
    huisartsenpost: PhoneRule
    seh: CrowdingRule
    signals: SignalRule


_PLACES = {
    "noPlaceFrom": 0.30,
    "hours": 24,
    "smallBelow": 5,
    "requestDays": 28,
    "requestDaysTold": 7,
    "stayDays": 6,
}
DEFAULTS: Mapping[RuleName, RuleFacts] = {
    "beds": RuleFacts(
        source="Ontwerp van de toren (domein 5 en 8); verblijf: prior, mediaan 6 dagen",
        year=2026,
        settings=_PLACES,
    ),
    "home-care": RuleFacts(
        source="Ontwerp van de toren (domein 8), als bij bedden", year=2026, settings=_PLACES
    ),
    "huisartsenpost": RuleFacts(
        source="Streefnormen 75% binnen 2 minuten en 2% boven 10 minuten (Consumentenbond 2016); "
        "spoed 90% binnen 30 seconden (LHV, IGZ 2005); grenzen van vol: aanname van de toren",
        year=2016,
        settings={
            "hours": 4,
            "within120s": 0.75,
            "over600s": 0.02,
            "urgentWithin30s": 0.90,
            "volWithin120s": 0.50,
            "volOver600s": 0.10,
        },
    ),
    "seh": RuleFacts(
        source="NEDOCS, overcrowded vanaf 100 en severely overcrowded vanaf 140 (Weiss e.a. 2004)",
        year=2004,
        settings={"drukFrom": 100, "volFrom": 140},
    ),
    "signals": RuleFacts(
        source="Ontwerp van de toren (domein 8, drempel met speling); 10 minuten: aanname",
        year=2026,
        settings={"returnsWithinMinutes": 10},
    ),
}
Rule = TypeVar("Rule", PlacesRule, PhoneRule, CrowdingRule, SignalRule)


def in_force(told: Mapping[str, RuleFacts]) -> dict[RuleName, RuleFacts]:
    """The region's own rules, and the defaults where it has none. A setting left out of a rule is
    the default's."""
    return {
        name: RuleFacts(
            source=told[name].source,
            year=told[name].year,
            settings={**default.settings, **told[name].settings},
        )
        if name in told
        else default
        for name, default in DEFAULTS.items()
    }


def read_rules(told: Mapping[str, RuleFacts]) -> LevelRules:
    """Raises ValueError for a setting that is not a number of 0 or more."""
    facts = in_force(told)
    return LevelRules(
        beds=_read(PlacesRule, "beds", facts),
        home_care=_read(PlacesRule, "home-care", facts),
        huisartsenpost=_read(PhoneRule, "huisartsenpost", facts),
        seh=_read(CrowdingRule, "seh", facts),
        signals=_read(SignalRule, "signals", facts),
    )


def _read(kind: type[Rule], name: RuleName, facts: Mapping[RuleName, RuleFacts]) -> Rule:
    settings = facts[name].settings
    return kind(**{f.name: _number(name, camel(f.name), settings) for f in fields(kind)})


def _number(rule: str, setting: str, settings: Mapping[str, Any]) -> float:
    value = settings[setting]
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"level rule {rule}: {setting} is a number of 0 or more")
    return float(value)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def places_level(
    rule: PlacesRule,
    *,
    closed: bool,
    stale: bool,
    admittable: float | None,
    no_place: float | None,
) -> Level:
    """Of beds, treatment spaces and starts of care. Who never told is `onbekend`, not `vol`."""
    if closed:
        return "gesloten"
    if stale:
        return "oud"
    if admittable is None:
        return "onbekend"
    if admittable <= 0:
        return "vol"
    return "druk" if no_place is not None and no_place >= rule.no_place_from else "ruim"


# Worst first, of units that have several kinds of places.
_ORDER: tuple[Level, ...] = ("vol", "druk", "ruim")


def together(levels: Iterable[Level]) -> Level:
    """One word for several lines: vol if all are, druk if one is druk or vol, else ruim.

    What is not known of a line leaves the whole unknown, unless another line has places.
    """
    found = set(levels)
    if not found:
        return "onbekend"
    if len(found) == 1:
        return found.pop()
    judged = found & set(_ORDER)
    if judged <= {"vol"}:
        return next(word for word in ("oud", "onbekend", "gesloten", "vol") if word in found)
    return "druk" if judged & {"vol", "druk"} else "ruim"


@dataclass(frozen=True)
class Calls:
    """What a huisartsenpost counted over the last hours; None was not told."""

    calls: float | None = None
    answered: float | None = None
    within_120s: float | None = None
    over_600s: float | None = None
    urgent: float | None = None
    urgent_within_30s: float | None = None

    @property
    def share_within_120s(self) -> float | None:
        return _share(self.within_120s, self.answered)

    @property
    def share_over_600s(self) -> float | None:
        return _share(self.over_600s, self.answered)

    @property
    def share_urgent_within_30s(self) -> float | None:
        return _share(self.urgent_within_30s, self.urgent)

    @property
    def nobody_answered(self) -> bool:
        return bool(self.calls) and self.answered == 0

    @property
    def nobody_called(self) -> bool:
        return self.calls == 0


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def phone_level(rule: PhoneRule, calls: Calls, *, closed: bool, stale: bool) -> Level:
    """Of a huisartsenpost, from its norms and never from lines that are free."""
    if closed:
        return "gesloten"
    if stale:
        return "oud"
    if calls.nobody_answered:
        return "vol"
    if calls.nobody_called:
        return "ruim"
    within, over = calls.share_within_120s, calls.share_over_600s
    urgent = calls.share_urgent_within_30s
    if within is None and over is None and urgent is None:
        return "onbekend"
    if _below(within, rule.vol_within_120s) or _above(over, rule.vol_over_600s):
        return "vol"
    missed = (
        _below(within, rule.within_120s)
        or _above(over, rule.over_600s)
        or _below(urgent, rule.urgent_within_30s)
    )
    return "druk" if missed else "ruim"


def _below(share: float | None, norm: float) -> bool:
    return share is not None and share < norm


def _above(share: float | None, norm: float) -> bool:
    return share is not None and share > norm


def nedocs(
    *,
    patients: float,
    places: float,
    boarders: float,
    hospital_beds: float,
    ventilated: float,
    longest_boarding_hours: float,
    last_door_to_bed_hours: float,
) -> float:
    """National Emergency Department Overcrowding Score (Weiss e.a. 2004, Acad Emerg Med 11:38-50).

    All counts >= 0, times in hours; from -20 up, not cut off at 200. Not "mNEDOCS".
    Raises ValueError without a place at the SEH or a bed in the hospital.
    """
    if places <= 0 or hospital_beds <= 0:
        raise ValueError("NEDOCS needs at least one place and one hospital bed")
    return (
        -20
        + 85.8 * (patients / places)
        + 600 * (boarders / hospital_beds)
        + 13.4 * ventilated
        + 0.93 * longest_boarding_hours
        + 5.64 * last_door_to_bed_hours
    )


_BANDS: tuple[tuple[float, Band], ...] = (
    (20, "not-busy"),
    (60, "busy"),
    (100, "extremely-busy"),
    (140, "overcrowded"),
    (180, "severely-overcrowded"),
)


def nedocs_band(score: float) -> Band:
    """Weiss e.a. 2004: up to and including 20, 60, 100, 140, 180, and above."""
    return next((band for top, band in _BANDS if score <= top), "dangerously-overcrowded")


def crowding_level(rule: CrowdingRule, score: float | None, of_places: Level) -> Level:
    """Of an SEH. Its places alone tell when it is closed, stale or lets nobody in; for the rest
    NEDOCS decides where it is known."""
    if score is None or of_places in ("gesloten", "oud", "vol"):
        return of_places
    if score > rule.vol_from:
        return "vol"
    return "druk" if score > rule.druk_from else "ruim"


# What a unit says of itself against what its figures say.
_DIFFER: Mapping[Status, frozenset[Level]] = {
    "open": frozenset({"vol"}),
    "restricted": frozenset({"ruim"}),
    "closed": frozenset({"ruim", "druk"}),
    "unknown": frozenset(),
}


def differ(status: Status | None, of_figures: Level) -> bool:
    """Whether the sender's own judgement and the level of its figures contradict each other."""
    return status is not None and of_figures in _DIFFER[status]
