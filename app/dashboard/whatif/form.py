"""The form of a what-if: three levers at most, in per cents or places, as the API wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.dashboard.language import _
from app.planning.assumed import LeverKind

ROWS = 3
# What can be changed by the form; the API knows more.
KNOBS: Mapping[LeverKind, str] = {
    "stay": "mensen blijven langer of korter",
    "use": "mensen vragen meer of minder",
    "prevention": "preventie: minder mensen hebben het nodig",
    "beds": "bedden erbij of eraf",
    "inflow": "meer of minder mensen beginnen",
    "outflow": "meer of minder mensen gaan weg",
    "hours": "mensen werken meer of minder uren",
    "absence": "meer of minder verzuim",
}
OF_ROLES: frozenset[LeverKind] = frozenset({"inflow", "outflow", "hours", "absence"})
IN_PLACES: frozenset[LeverKind] = frozenset({"beds"})
SOURCE = "eigen-aanname"


@dataclass(frozen=True, slots=True)
class Row:
    """One lever as it was typed."""

    knob: str = ""
    where: str = ""
    amount: str = ""
    low: str = ""
    high: str = ""
    since: str = ""
    until: str = ""

    @property
    def used(self) -> bool:
        return bool(self.knob)


@dataclass(frozen=True, slots=True)
class Typed:
    """The whole form as it was typed, to be shown again."""

    name: str
    rows: Sequence[Row]


def typed(fields: Mapping[str, str]) -> Typed:
    names = ("knop", "waar", "hoeveel", "laag", "hoog", "vanaf", "tot")
    rows = [Row(*(fields.get(f"{name}{n}", "")[:60] for name in names)) for n in range(1, ROWS + 1)]
    return Typed(fields.get("naam", "")[:60], rows)


def payload(form: Typed, year: int) -> tuple[dict[str, Any], list[str]]:
    """What `POST /v1/scenarios` takes, and what is wrong with what was typed; all at once."""
    errors: list[str] = []
    levers = [lever(n, row, year, errors) for n, row in enumerate(form.rows, start=1) if row.used]
    if not levers:
        errors.append(_("Kies ten minste één knop."))
    if not form.name:
        errors.append(_("Geef de wat-als een naam, van kleine letters en streepjes."))
    return {"scenario": form.name, "levers": levers}, errors


def lever(n: int, row: Row, year: int, errors: list[str]) -> dict[str, Any]:
    kind = next((knob for knob in KNOBS if knob == row.knob), None)
    if kind is None:
        errors.append(_("Knop {n}: kies een knop uit de lijst.", n=n))
        return {}
    middle = number(row.amount)
    if middle is None:
        errors.append(_("Knop {n}: vul in hoeveel, als getal: −10 of 2,5.", n=n))
        return {}
    sides = [middle if not told else number(told) for told in (row.low, row.high)]
    if None in sides:
        errors.append(
            _("Knop {n}: tussen welke getallen? Vul twee getallen in, of laat leeg.", n=n)
        )
        return {}
    low, high = sorted(side for side in sides if side is not None)
    if not low <= middle <= high:
        errors.append(_("Knop {n}: hoeveel ligt niet tussen de twee grenzen.", n=n))
    years = [whole(row.since, year + 1), whole(row.until, year + 4)]
    if None in years:
        errors.append(_("Knop {n}: jaren zijn hele getallen, zoals {year}.", n=n, year=year + 1))
        return {}
    p10, p50, p90 = (
        value if kind in IN_PLACES else 1 + value / 100 for value in (low, middle, high)
    )
    told = {
        "lever": f"{kind}-{n}",
        "kind": kind,
        "amount": {"p10": round(p10, 6), "p50": round(p50, 6), "p90": round(p90, 6)},
        "since": years[0],
        "until": years[1],
        "source": SOURCE,
        "year": year,
    }
    return told | place(kind, row.where)


def place(kind: LeverKind, where: str) -> dict[str, Any]:
    """Which kind of bed or which role; all of them where nothing is chosen."""
    if not where:
        return {}
    if kind in OF_ROLES:
        return {"roles": [where]}
    setting, _dot, bed_type = where.partition(".")
    return {"lines": [{"careSetting": setting, "bedType": bed_type or None}]}


def number(text: str) -> float | None:
    try:
        value = float(text.replace("−", "-").replace(",", ".").removesuffix("%").strip())
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None


def whole(text: str, otherwise: int) -> int | None:
    if not text:
        return otherwise
    return int(text) if text.isdecimal() and len(text) == 4 else None
