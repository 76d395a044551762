"""A what-if beside what goes on as it goes: what differs most, and by how much."""

from collections.abc import Sequence

from app.dashboard.charts import Chart
from app.dashboard.drawing.ranges import Range, ranges
from app.dashboard.language import _, number, signed
from app.dashboard.ledgers import last_known, ledger_chart
from app.dashboard.names import role_name, short_names, type_name
from app.planning.schemas import Balance, Plan, ScenarioView

SMALL = 0.05


def names_of(plan: Plan) -> list[tuple[str, str, Balance]]:
    """Each kind of place and each role with its name and unit."""
    lines = [line for line in plan.lines if line.unit == "places"]
    kinds = short_names([(line.care_setting, line.bed_type) for line in lines])
    return [
        *((name, "plekken", line) for name, line in zip(kinds, lines, strict=True)),
        *((role_name(role.role), "fte", role) for role in plan.roles),
    ]


def beside_chart(views: Sequence[ScenarioView]) -> Chart | None:
    """The first is what the others differ from; the picture is of the last."""
    first, last = views[0], views[-1]
    told = [
        (name, unit, [of, *rest])
        for (name, unit, of), *others in zip(*(names_of(view.plan) for view in views), strict=True)
        if all(each[2].shortage is not None for each in ((name, unit, of), *others))
        for rest in [[each[2] for each in others]]
    ]
    at = next((last_known(of[0].shortage.mean) for _n, _u, of in told if of[0].shortage), None)
    if not told or at is None:
        return None
    year = first.plan.years[at]
    changed = {name: difference(of, at) for name, _unit, of in told}
    # Places first: what changes in fte is of another unit, and is not more because it is a
    # larger number.
    of_places = [each for each in told if abs(changed[each[0]]) >= SMALL and each[1] == "plekken"]
    most = max(of_places or told, key=lambda each: abs(changed[each[0]]))
    return Chart(
        name="naast-elkaar",
        title=finding(last.scenario, year, most[0], _(most[1]), changed[most[0]]),
        sentence=_(
            "Tekort in {year}: de balk is 80% kans met {name}, de stip het midden, het streepje "
            "zonder. Plekken en fte staan onder elkaar en worden niet opgeteld.",
            year=year,
            name=last.scenario,
        ),
        pictures=(ranges([range_of(name, of, at) for name, _unit, of in told]),),
        columns=(
            _("Soort"),
            _("Eenheid"),
            *(view.scenario for view in views),
            _("Verschil, gemiddeld"),
        ),
        rows=[
            (name, _(unit), *(middle(each, at) for each in of), signed(changed[name]))
            for name, unit, of in told
        ],
        legend=(("more", _("te weinig")), ("less", _("over"))),
        api="/v1/scenarios/_compare?ids=" + ",".join(str(view.id) for view in views),
    )


def finding(name: str, year: int, what: str, unit: str, changed: float) -> str:
    if abs(changed) < SMALL:
        return _("{name}: in {year} verandert er niets", name=name, year=year)
    told = {"name": name, "year": year, "what": what, "n": number(abs(changed)), "unit": unit}
    if changed < 0:
        return _("{name}: in {year} {n} {unit} minder tekort bij {what}", **told)
    return _("{name}: in {year} {n} {unit} meer tekort bij {what}", **told)


def difference(of: Sequence[Balance], at: int) -> float:
    """Of the last from the first, in the mean."""
    means = [each.shortage.mean[at] if each.shortage is not None else None for each in of]
    return 0.0 if means[0] is None or means[-1] is None else means[-1] - means[0]


def range_of(name: str, of: Sequence[Balance], at: int) -> Range:
    told, before = of[-1].shortage, of[0].shortage
    assert told is not None
    assert before is not None
    return Range(
        name,
        told.p10[at] or 0.0,
        told.p50[at] or 0.0,
        told.p90[at] or 0.0,
        before=before.p50[at],
    )


def middle(of: Balance, at: int) -> str:
    told = of.shortage
    if told is None or told.p50[at] is None:
        return _("onbekend")
    low, high = signed(told.p10[at] or 0.0), signed(told.p90[at] or 0.0)
    return f"{signed(told.p50[at] or 0.0)} ({low} … {high})"


def most_changed(views: Sequence[ScenarioView]) -> Chart | None:
    """The ledger, with the levers in it, of what the last one changes most."""
    first, last = views[0].plan, views[-1].plan
    at = next((last_known(each.shortage.mean) for each in last.lines if each.shortage), None)
    if at is None:
        return None
    lines = [pair for pair in zip(first.lines, last.lines, strict=True) if pair[1].unit == "places"]
    line = max(lines, key=lambda pair: abs(difference(pair, at)), default=None)
    role = max(
        zip(first.roles, last.roles, strict=True),
        key=lambda pair: abs(difference(pair, at)),
        default=None,
    )
    if role is not None and (line is None or abs(difference(line, at)) < SMALL):
        return ledger_chart("opbouw-wat-als", role_name(role[1].role), "fte", role[1], last)
    if line is None:
        return None
    name = type_name(line[1].care_setting, line[1].bed_type)
    return ledger_chart("opbouw-wat-als", name, "plekken", line[1], last)
