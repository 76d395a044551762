"""The gap of every kind of care in one picture: short or over in a year, with its band."""

from collections.abc import Sequence

from app.dashboard.charts import Chart
from app.dashboard.drawing.ranges import Range, ranges
from app.dashboard.language import _, number, percent, signed
from app.dashboard.ledgers import last_known
from app.dashboard.names import role_name, short_names
from app.dashboard.sentences import LIKELY
from app.planning.schemas import Balance, Plan

COLUMNS = ("Soort", "Nodig", "Er is", "Tekort", "80% kans tussen", "Kans op tekort")


def gaps_chart(plan: Plan) -> Chart | None:
    """Kinds of places; hours of care are another unit and stand apart."""
    lines = [line for line in plan.lines if line.unit == "places"]
    names = short_names([(line.care_setting, line.bed_type) for line in lines])
    return chart_of(
        "tekorten", plan, list(zip(names, lines, strict=True)), _("plekken"), _("Soorten plekken")
    )


def roles_chart(plan: Plan) -> Chart | None:
    roles = [(role_name(role.role), role) for role in plan.roles]
    return chart_of("tekorten-fte", plan, roles, "fte", _("Functies"))


def chart_of(
    name: str, plan: Plan, told: Sequence[tuple[str, Balance]], unit: str, what: str
) -> Chart | None:
    known = [(said, of) for said, of in told if of.shortage is not None and middle(of) is not None]
    if not known:
        return None
    at = last_known(known[0][1].shortage.p50 if known[0][1].shortage else ())
    if at is None:
        return None
    year = plan.years[at]
    likely = [
        said for said, of in known if of.p_short is not None and (of.p_short[at] or 0) >= LIKELY
    ]
    ordered = sorted(known, key=lambda each: -(middle(each[1]) or 0.0))
    return Chart(
        name=name,
        title=_(
            "{what}: in {year} bij {n} van {of} waarschijnlijk te weinig",
            what=what,
            year=year,
            n=len(likely),
            of=len(known),
        ),
        sentence=_(
            "Tekort in {unit}: de balk is 80% kans, de stip het midden, het streepje is nu. "
            "Soorten worden niet tegen elkaar weggestreept.",
            unit=unit,
        ),
        pictures=(ranges([range_of(said, of, at) for said, of in ordered]),),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[row(said, of, at) for said, of in ordered],
        legend=(("more", _("te weinig")), ("less", _("over"))),
        api="/v1/scenarios/baseline",
    )


def middle(of: Balance) -> float | None:
    if of.shortage is None:
        return None
    at = last_known(of.shortage.p50)
    return None if at is None else of.shortage.p50[at]


def range_of(name: str, of: Balance, at: int) -> Range:
    assert of.shortage is not None
    told = of.shortage
    return Range(
        name, told.p10[at] or 0.0, told.p50[at] or 0.0, told.p90[at] or 0.0, before=told.p50[0]
    )


def row(name: str, of: Balance, at: int) -> tuple[str, ...]:
    assert of.shortage is not None
    told = of.shortage
    chance = of.p_short[at] if of.p_short is not None else None
    return (
        name,
        number(of.need.p50[at] or 0.0),
        _("onbekend") if of.supply is None else number(of.supply.p50[at] or 0.0),
        signed(told.p50[at] or 0.0),
        _("{low} en {high}", low=signed(told.p10[at] or 0.0), high=signed(told.p90[at] or 0.0)),
        _("onbekend") if chance is None else percent(chance),
    )
