"""From heads on shifts to people on contracts."""

from collections.abc import Iterable

WEEK_DAYS = 7.0


def fte(
    shifts: Iterable[tuple[float, float]],
    contract_hours: float,
    *,
    absence: float,
    leave: float,
    training: float,
    days_a_week: float = WEEK_DAYS,
) -> float:
    """Full-time equivalents that keep these heads on these shifts all year round, >= 0.

    `shifts` gives of each shift of a day its heads (>= 0, a mean may have decimals) and how many
    hours it lasts (> 0); `contract_hours` is a full week (> 0). FTE = heads x hours x
    `days_a_week` / (contract hours x (1 - absence - leave - training)): three shares (0..1, less
    than 1 together) of the contract hours in which nobody stands on the floor. That is the
    professional judgement method (Telford 1979, in Hurst 2003) with the time-out as a share of the
    contract, as Elkhuizen e.a. (2007, table 1) have it; an uplift u on the hours worked, as Hurst
    writes it, is the share u / (1 + u). Raises ValueError outside these ranges.
    """
    worked = 1 - absence - leave - training
    if min(absence, leave, training) < 0 or worked <= 0:
        raise ValueError("Absence, leave and training are at least 0, and less than 1 together.")
    if contract_hours <= 0 or days_a_week < 0:
        raise ValueError("A contract has hours, and a week no fewer than 0 days.")
    hours = 0.0
    for heads, lasts in shifts:
        if heads < 0 or lasts <= 0:
            raise ValueError("Heads are at least 0, and a shift lasts some time.")
        hours += heads * lasts
    return hours * days_a_week / (contract_hours * worked)
