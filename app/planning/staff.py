"""What the years say of staff, as their run keeps it for who asks of staff alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.planning.assembly import asked_keys, assumptions, line_key
from app.planning.chances import Chances
from app.planning.outcome import Reckoner
from app.planning.schemas import AssumptionSet, Fan, Numbers, Plan
from app.planning.told import chances, fan

Quantiles = list[list[float | None]]
Roles = Mapping[str, tuple[Fan, Fan, Numbers]]


def staff(
    assumed: AssumptionSet, told: Plan, stripped: AssumptionSet, seed: int, draws: int
) -> dict[str, Any]:
    """Of each role FTE at work by year: P10, P50 and P90 of the need, of who is there and of what
    the one is less than the other (the gap, below 0 is short), and the chance that it is short.

    `kinds` are the members of each kind of care that asks for it: who may not see what one of them
    told is told `tables`, the same by the open tables alone (`stripped`).
    """
    alone = by_tables(stripped, seed, draws)
    roles = []
    of_role = {each.role: each for each in assumed.labour}
    for role in told.roles:
        if role.supply is None or role.shortage is None:
            continue
        labour = of_role[role.role]
        asks = asked_keys(labour)
        lines = [line for line in assumed.lines if line_key(line) in asks]
        roles.append(
            {
                "role": role.role,
                "kinds": [list(line.members) for line in lines],
                "level": "series" if any(line.level for line in lines) else "tables",
                "source": {"source": labour.source, "year": labour.year},
                "supply": quantiles(role.supply),
                "whole": figures(role.need, role.shortage, role.p_short or ()),
                "tables": figures(*alone[role.role]),
            }
        )
    return {"years": list(told.years), "roles": roles}


def by_tables(stripped: AssumptionSet, seed: int, draws: int) -> Roles:
    outcome = Reckoner(assumptions(stripped), Chances(draws, seed)).outcome()
    return {
        name: (fan(of.need), fan(of.shortage), chances(of.shortage))
        for name, of in outcome.roles.items()
    }


def figures(need: Fan, shortage: Fan, p_short: Sequence[float | None]) -> dict[str, Any]:
    gap = [[negative(each) for each in reversed(year)] for year in quantiles(shortage)]
    return {"need": quantiles(need), "gap": gap, "pShort": list(p_short)}


def quantiles(of: Fan) -> Quantiles:
    return [list(year) for year in zip(of.p10, of.p50, of.p90, strict=True)]


def negative(value: float | None) -> float | None:
    return None if value is None else -value + 0.0
