"""What comes of a set of assumptions, as it is told: fans, ledgers, who is short of what."""

from collections.abc import Mapping, Sequence

import numpy as np

from app.forecasts.queues import beds_for
from app.observations.schemas import FigureState
from app.planning.assembly import line_key
from app.planning.assumed import Assumptions, Line, LineKey
from app.planning.chances import Chances, Floats
from app.planning.ledger import Ledger, Shortage, ledgers, variance_shares
from app.planning.outcome import OfLine, OfRole, Outcome, Reckoner
from app.planning.schemas import (
    AssumptionSet,
    Entry,
    Fan,
    LawPlan,
    LedgerTold,
    LinePlan,
    Numbers,
    Plan,
    RolePlan,
    VarianceShare,
)

DIGITS = 6
LEVEL = "level"


def plan(
    told: AssumptionSet, assumed: Assumptions, order: Sequence[str], seed: int, draws: int
) -> Plan:
    """The same assumptions, levers, order, seed and draws give the same plan, to the bit."""
    reckoner = Reckoner(assumed, Chances(draws, seed))
    outcome = reckoner.outcome()
    causes = tuple(order) or assumed.causes
    of = shortages(outcome)
    adds = ledgers(reckoner, causes, of)
    shares = variance_shares(reckoner, of)
    lines = [
        line_plan(each, reckoner, outcome, adds, shares, told.lines[n].members)
        for n, each in enumerate(assumed.lines)
    ]
    return Plan(
        years=assumed.years,
        order=causes,
        lines=tuple(lines),
        laws=tuple(law_plans(told, outcome)),
        roles=tuple(
            role_plan(name, of_role, adds, shares) for name, of_role in outcome.roles.items()
        ),
    )


def needs(assumed: Assumptions, seed: int, draws: int) -> list[Fan]:
    """The need of each line alone, in the order of the lines."""
    outcome = Reckoner(assumed, Chances(draws, seed)).outcome()
    return [fan(outcome.lines[line.key].need) for line in assumed.lines]


def shortages(outcome: Outcome) -> dict[str, Shortage]:
    found: dict[str, Shortage] = {}
    for key in outcome.lines:
        found[str(key)] = lambda of, key=key: of.lines[key].shortage  # type: ignore[misc]
    for role in outcome.roles:
        found[role] = lambda of, role=role: of.roles[role].shortage  # type: ignore[misc]
    return found


def line_plan(
    line: Line,
    reckoner: Reckoner,
    outcome: Outcome,
    adds: Mapping[str, Ledger],
    shares: Mapping[str, Mapping[str, Floats]],
    members: Sequence[str],
) -> LinePlan:
    of = outcome.lines[line.key]
    name = str(line.key)
    known = bool(np.isfinite(of.supply).any())
    enough, apart = service_level(line, of.load)
    return LinePlan(
        care_setting=line.key.care_setting,
        resource=line.key.resource,
        bed_type=line.key.bed_type or None,
        law=line.law,
        unit="places" if line.scale == 1 else "hours-a-week",
        level="series" if line.level is not None else "tables",
        load=fan(of.load),
        need=fan(of.need),
        beds=numbers(of.beds.mean(axis=1)) if np.isfinite(of.beds).any() else None,
        staffable=fan(of.staffable) if np.isfinite(of.staffable).any() else None,
        supply=fan(of.supply) if known else None,
        shortage=fan(of.shortage) if known else None,
        p_short=chances(of.shortage) if known else None,
        supply_state="known" if known else "unknown",
        binding=binding(line.key, of, reckoner, outcome) if known else None,
        ledger=ledger(adds[name]) if known else None,
        variance=variance(shares[name]) if known else (),
        enough=enough,
        apart=apart,
        members=tuple(members),
    )


def role_plan(
    name: str,
    of: OfRole,
    adds: Mapping[str, Ledger],
    shares: Mapping[str, Mapping[str, Floats]],
) -> RolePlan:
    return RolePlan(
        role=name,
        need=fan(of.need),
        supply=fan(of.supply),
        shortage=fan(of.shortage),
        p_short=chances(of.shortage),
        supply_state="known",
        ledger=ledger(adds[name]),
        variance=variance(shares[name]),
        heads=fan(of.stock.heads),
    )


def law_plans(told: AssumptionSet, outcome: Outcome) -> list[LawPlan]:
    """Places only: hours of care are another kind, and are not added to them."""
    by_law: dict[str, list[OfLine]] = {}
    for each in told.lines:
        if each.resource == "bed":
            of = outcome.lines[line_key(each)]
            by_law.setdefault(each.law, []).append(of)
    everything = [of for several in by_law.values() for of in several]
    if not everything:
        return []
    return [
        *(law_plan(law, several) for law, several in sorted(by_law.items())),
        law_plan("all", everything),
    ]


def law_plan(law: str, several: Sequence[OfLine]) -> LawPlan:
    short = np.array([np.maximum(of.shortage, 0) for of in several])
    known = bool(np.isfinite(short).all(axis=0).any())
    total = short.sum(axis=0)
    state: FigureState = "known" if known else "unknown"
    return LawPlan(
        law=law,
        need=fan(np.sum([of.need for of in several], axis=0)),
        shortage=fan(total) if known else None,
        p_short=chances(total) if known else None,
        supply_state=state,
    )


def service_level(line: Line, load: Floats) -> tuple[Numbers | None, Numbers | None]:
    """Whole places for the share refused over all draws of each year: shared, and site by site."""
    refused = line.service.refused
    if refused is None:
        return None, None

    def whole(shares: Sequence[float]) -> Numbers:
        return tuple(
            None
            if np.isnan(year).any()
            else float(sum(beds_for(year * share, None, refused) for share in shares if share > 0))
            for year in load
        )

    return whole((1.0,)), whole(line.service.sites)


def binding(
    key: LineKey, of: OfLine, reckoner: Reckoner, outcome: Outcome
) -> tuple[str | None, ...]:
    """In each year what limits most of the draws: beds, or the role of which there is least."""
    asked = [
        role.role for role in reckoner.assumed.roles if any(each.line == key for each in role.asks)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = {name: outcome.roles[name].supply / outcome.roles[name].need for name in asked}
    found: list[str | None] = []
    for year in range(len(of.need)):
        beds, staff = of.beds[year], of.staffable[year]
        if np.isnan(beds).all() and np.isnan(staff).all():
            found.append(None)
        elif np.isnan(staff).all() or (np.mean(staff < beds) < 0.5 and not np.isnan(beds).all()):
            found.append("beds")
        else:
            found.append(min(parts, key=lambda name: float(np.median(parts[name][year]))))
    return tuple(found)


def ledger(of: Ledger) -> LedgerTold:
    begin = float(of.begin[0].mean())
    return LedgerTold(
        begin=None if np.isnan(begin) else round(begin, DIGITS),
        entries=tuple(
            Entry(cause=each.cause, adds=numbers(each.adds.mean(axis=1))) for each in of.entries
        ),
        end=numbers(of.end.mean(axis=1)),
    )


def variance(of: Mapping[str, Floats]) -> tuple[VarianceShare, ...]:
    return tuple(
        VarianceShare(cause=cause, share=numbers(share[-1:])[0]) for cause, share in of.items()
    )


def fan(values: Floats) -> Fan:
    """float64[years, draws] as P10, P50, P90 and mean of each year; null where not all is known."""
    p10, p50, p90 = np.quantile(values, (0.1, 0.5, 0.9), axis=1)
    return Fan(
        p10=numbers(p10), p50=numbers(p50), p90=numbers(p90), mean=numbers(values.mean(axis=1))
    )


def chances(shortage: Floats) -> Numbers:
    share = (shortage > 0).mean(axis=1)
    return numbers(np.where(np.isnan(shortage).any(axis=1), np.nan, share))


def numbers(values: Floats) -> Numbers:
    # 0.0 is added so that no -0.0 is told.
    return tuple(
        None if not np.isfinite(value) else round(float(value), DIGITS) + 0.0 for value in values
    )
