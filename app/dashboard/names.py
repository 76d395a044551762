"""How things are called on screen: care settings, kinds of places, roles, causes, moments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.dashboard.language import _, capital, number
from app.dashboard.sentences import DAYS, MONTHS, SETTINGS
from app.facilities.hours import LOCAL
from app.facilities.schemas import BED_TYPE_NAMES, ROLE_NAMES

CAUSES: Mapping[str, str] = {
    "series": "overgang van de meting naar de tabellen",
    "population": "meer en oudere mensen",
    "use": "wat mensen vragen",
    "stay": "langer of korter blijven",
    "beds": "bedden erbij of eraf",
    "inflow": "nieuwe mensen",
    "outflow": "mensen die weggaan",
    "retirement": "mensen met pensioen",
    "hours": "meer of minder uren",
    "absence": "verzuim",
}
# As they stand under a bar.
SHORT_CAUSES: Mapping[str, str] = {
    "series": "meting",
    "population": "mensen",
    "use": "vraag",
    "stay": "verblijf",
    "beds": "bedden",
    "inflow": "instroom",
    "outflow": "vertrek",
    "retirement": "pensioen",
    "hours": "uren",
    "absence": "verzuim",
}


def cause(name: str) -> str:
    return _(CAUSES[name]) if name in CAUSES else name.replace("-", " ")


def short_cause(name: str) -> str:
    return _(SHORT_CAUSES[name]) if name in SHORT_CAUSES else name.replace("-", " ")


def role_name(role: str) -> str:
    return capital(_(ROLE_NAMES.get(role, role)))


def setting_name(care_setting: str) -> str:
    return capital(_(SETTINGS.get(care_setting, care_setting)))


def kind_name(bed_type: str | None) -> str:
    return _(BED_TYPE_NAMES.get(bed_type or "", bed_type or "plek"))


def type_name(care_setting: str, bed_type: str | None) -> str:
    return f"{setting_name(care_setting)}, {kind_name(bed_type)}"


def short_names(kinds: Sequence[tuple[str, str | None]]) -> list[str]:
    """By the kind alone; with its care setting where two would be called the same."""
    names = [kind_name(bed_type) for _setting, bed_type in kinds]
    return [
        f"{name} ({_(SETTINGS.get(setting, setting))})" if names.count(name) > 1 else capital(name)
        for name, (setting, _type) in zip(names, kinds, strict=True)
    ]


def told_number(value: float | None) -> str:
    return _("onbekend") if value is None else number(value)


def day_name(day: date) -> str:
    """On a screen: "22 nov 2026"."""
    return f"{day.day} {_(MONTHS[day.month - 1])} {day.year}"


def weekday_name(day: date) -> str:
    return _(DAYS[day.weekday()])


def local_day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def week_name(day: date) -> str:
    return _("week {n}", n=day.isocalendar().week)
