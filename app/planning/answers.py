"""What a viewer is told of a scenario: all of it, or what the open tables alone give."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from app.access.disclosure import Disclosure
from app.forecasts.answers import sees_years
from app.planning.assembly import assumptions, by_tables, lever_of
from app.planning.schemas import (
    AssumptionSet,
    Balance,
    Beside,
    Comparison,
    Fan,
    LineAssumed,
    LinePlan,
    Numbers,
    Plan,
    RolePlan,
    ScenarioName,
    ScenarioTold,
    ScenarioView,
    Unit,
)
from app.planning.told import DIGITS, plan

COLUMNS = ("kind", "of", "year", "figure", "cause", "p10", "p50", "p90", "mean")


def hidden(
    lines: Sequence[LineAssumed], owners: Mapping[str, int], disclosure: Disclosure, age: timedelta
) -> frozenset[tuple[str, ...]]:
    """The members of the kinds of care of which the viewer may not see what the units told."""
    found = set()
    for line in lines:
        behind = {owners[unit] for unit in line.members if unit in owners}
        if behind and not sees_years(disclosure, "careSetting", behind, age):
            found.add(line.members)
    return frozenset(found)


def narrowed(
    assumed: AssumptionSet, told: ScenarioTold, away: Collection[tuple[str, ...]]
) -> tuple[AssumptionSet, Plan]:
    """The same scenario by the tables alone for these kinds, with their supply withheld.

    It is reckoned anew, so that no total, role or law tells by subtraction what is withheld.
    """
    stripped = by_tables(assumed, away)
    levers = [lever_of(each) for each in told.levers]
    made = plan(stripped, assumptions(stripped, levers), told.order, told.seed, told.draws)
    lines = tuple(withheld(line) if line.members in away else line for line in made.lines)
    return stripped, made.model_copy(update={"lines": lines})


def withheld(line: LinePlan) -> LinePlan:
    return line.model_copy(
        update={
            "beds": None,
            "staffable": None,
            "supply": None,
            "shortage": None,
            "p_short": None,
            "binding": None,
            "ledger": None,
            "variance": (),
            "apart": None,
            "supply_state": "suppressed",
        }
    )


def compared(views: Sequence[ScenarioView]) -> Comparison:
    """Beside each other, in the order asked; the first is what the others differ from."""
    years = views[0].plan.years
    lines = {of_line(line): line.unit for view in views for line in view.plan.lines}
    roles = list(dict.fromkeys(role.role for view in views for role in view.plan.roles))
    return Comparison(
        years=years,
        scenarios=tuple(
            ScenarioName(**{name: getattr(view, name) for name in ScenarioName.model_fields})
            for view in views
        ),
        lines=tuple(
            beside(what, unit, [find(view.plan.lines, what) for view in views])
            for what, unit in lines.items()
        ),
        roles=tuple(
            beside(what, "fte", [find(view.plan.roles, what) for view in views]) for what in roles
        ),
    )


def beside(what: str, unit: Unit | str, found: Sequence[Balance | None]) -> Beside:
    first = found[0].shortage.mean if found[0] is not None and found[0].shortage else None
    return Beside(
        what=what,
        unit=unit,
        need=tuple(each.need if each else None for each in found),
        supply=tuple(each.supply if each else None for each in found),
        shortage=tuple(each.shortage if each else None for each in found),
        differs=tuple(
            less(each.shortage.mean, first) if each and each.shortage and first else None
            for each in found
        ),
    )


def less(one: Numbers, other: Numbers) -> Numbers:
    return tuple(
        None if a is None or b is None else round(a - b, DIGITS) + 0.0
        for a, b in zip(one, other, strict=True)
    )


def find(several: Sequence[LinePlan] | Sequence[RolePlan], what: str) -> Balance | None:
    return next((each for each in several if name_of(each) == what), None)


def name_of(of: LinePlan | RolePlan) -> str:
    return of.role if isinstance(of, RolePlan) else of_line(of)


def of_line(line: LinePlan) -> str:
    return "/".join(part for part in (line.care_setting, line.resource, line.bed_type) if part)


def as_csv(view: ScenarioView) -> bytes:
    """Every number of a plan, one a row; and a last line that counts them."""
    rows = list(rows_of(view.plan))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    writer.writerow(["#count", len(rows), "#id", str(view.id)])
    return text.getvalue().encode()


Row = tuple[str | int | float | None, ...]


def rows_of(told: Plan) -> Iterator[Row]:
    for line in told.lines:
        name = ("line", of_line(line))
        for figure, fan in (("load", line.load), ("staffable", line.staffable)):
            yield from of_fan(told.years, name, figure, fan)
        for figure, numbers in (
            ("beds", line.beds),
            ("enough", line.enough),
            ("apart", line.apart),
        ):
            yield from of_numbers(told.years, name, figure, "", numbers)
        yield from of_balance(told.years, name, line)
    for role in told.roles:
        yield from of_fan(told.years, ("role", role.role), "heads", role.heads)
        yield from of_balance(told.years, ("role", role.role), role)
    for law in told.laws:
        yield from of_fan(told.years, ("law", law.law), "need", law.need)
        yield from of_fan(told.years, ("law", law.law), "shortage", law.shortage)
        yield from of_numbers(told.years, ("law", law.law), "pShort", "", law.p_short)


def of_balance(years: Sequence[int], name: tuple[str, str], of: Balance) -> Iterator[Row]:
    for figure, fan in (("need", of.need), ("supply", of.supply), ("shortage", of.shortage)):
        yield from of_fan(years, name, figure, fan)
    yield from of_numbers(years, name, "pShort", "", of.p_short)
    for entry in of.ledger.entries if of.ledger is not None else ():
        yield from of_numbers(years, name, "adds", entry.cause, entry.adds)


def of_fan(
    years: Sequence[int], name: tuple[str, str], figure: str, fan: Fan | None
) -> Iterator[Row]:
    if fan is not None:
        for n, year in enumerate(years):
            yield (*name, year, figure, "", fan.p10[n], fan.p50[n], fan.p90[n], fan.mean[n])


def of_numbers(
    years: Sequence[int], name: tuple[str, str], figure: str, cause: str, told: Numbers | None
) -> Iterator[Row]:
    for year, value in zip(years, told or (), strict=told is not None):
        yield (*name, year, figure, cause, None, None, None, value)


def as_json(view: ScenarioView) -> bytes:
    return view.model_dump_json(by_alias=True).encode()
