"""The ledger of the gap as a picture: what adds how much between now and the last year."""

from collections.abc import Sequence

from app.dashboard.charts import Chart
from app.dashboard.drawing.waterfall import hanging, waterfall
from app.dashboard.fans import spread
from app.dashboard.language import _, number, signed
from app.dashboard.names import cause, short_cause
from app.planning.schemas import Balance, LinePlan, Numbers, Plan, RolePlan

SMALL = 0.05  # a bar that would read 0,0


def ledger_chart(chart: str, name: str, unit: str, of: Balance, plan: Plan) -> Chart | None:
    """What adds how much to the shortage between now and the last year that is known."""
    if of.ledger is None or of.ledger.begin is None:
        return None
    last = last_known(of.ledger.end)
    if last is None:
        return None
    begin, end, year = of.ledger.begin, of.ledger.end[last] or 0.0, plan.years[last]
    adds = [(entry.cause, entry.adds[last] or 0.0) for entry in of.ledger.entries]
    told = [(name, value) for name, value in adds if abs(value) >= SMALL]
    rest = end - begin - sum(value for _cause, value in told)
    named = [(cause(each), value) for each, value in told]
    bars = [(short_cause(each), value) for each, value in told]
    if abs(rest) >= SMALL:
        named.append((_("kleine oorzaken samen"), rest))
        bars.append((_("rest"), rest))
    values = {"name": name, "year": year, "n": number(abs(end)), "unit": _(unit)}
    return Chart(
        name=chart,
        title=_("{name}: in {year} {n} {unit} te weinig", **values)
        if end > 0
        else _("{name}: in {year} {n} {unit} over", **values),
        sentence=" ".join([_("Gemiddeld over alles wat onzeker is."), *band(of, last), *why(told)]),
        pictures=(waterfall(hanging((_("nu"), begin), bars, (str(year), end))),),
        columns=(_("Oorzaak"), _("Tekort in {unit}", unit=_(unit))),
        rows=[
            (_("nu ({year})", year=plan.years[0]), number(begin)),
            *((said, signed(value)) for said, value in named),
            (_("in {year}", year=year), number(end)),
        ],
        legend=(
            ("more", _("maakt het tekort groter")),
            ("less", _("maakt het tekort kleiner")),
        ),
        api="/v1/scenarios/baseline",
    )


def band(of: Balance, last: int) -> list[str]:
    if of.shortage is None:
        return []
    low, high = of.shortage.p10[last], of.shortage.p90[last]
    return [] if low is None or high is None else [spread(low, high)]


def why(adds: Sequence[tuple[str, float]]) -> list[str]:
    """The cause that makes it worse most, and the one that makes it better most."""
    said = []
    most = max(adds, key=lambda each: each[1], default=("", 0.0))
    least = min(adds, key=lambda each: each[1], default=("", 0.0))
    if most[1] > 0:
        said.append(_("Het meest telt: {what} ({n}).", what=cause(most[0]), n=signed(most[1])))
    if least[1] < 0:
        told = {"what": cause(least[0]), "n": signed(least[1])}
        said.append(_("Er gaat het meest af door: {what} ({n}).", **told))
    return said


def scarcest(plan: Plan) -> RolePlan | None:
    """The role that is short of most, as a share of what it needs: never a sum of roles."""

    def lacks(role: RolePlan) -> float:
        at = last_known(role.shortage.mean) if role.shortage is not None else None
        if role.shortage is None or at is None or not role.need.mean[at]:
            return float("-inf")
        return (role.shortage.mean[at] or 0.0) / (role.need.mean[at] or 1.0)

    return max(plan.roles, key=lacks, default=None)


def line_of(plan: Plan, care_setting: str, bed_type: str | None) -> LinePlan | None:
    return next(
        (
            line
            for line in plan.lines
            if (line.care_setting, line.bed_type) == (care_setting, bed_type)
        ),
        None,
    )


def last_known(numbers: Numbers) -> int | None:
    known = [n for n, value in enumerate(numbers) if value is not None]
    return known[-1] if known else None
