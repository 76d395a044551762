"""The gap ledger: which cause adds how much to the shortage, and which makes it uncertain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.planning.chances import Floats
from app.planning.outcome import Outcome, Reckoner

# From an outcome the shortage of one line or role, float64[years, draws].
Shortage = Callable[[Outcome], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What one cause adds to the shortage: float64[years, draws]."""

    cause: str
    adds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """begin + the sum of all entries = end, on every draw: float64[years, draws] each."""

    begin: Floats
    entries: Sequence[Entry]
    end: Floats


def ledgers(
    reckoner: Reckoner, order: Sequence[str], of: Mapping[str, Shortage]
) -> dict[str, Ledger]:
    """One ledger for each shortage asked for, with the causes put to work in this order.

    `begin` has nothing at work: the shortage of the first year. Each cause adds what putting it to
    work changes, after those before it; another order shares out what they do together in another
    way, and gives the same sum. Raises ValueError unless `order` names every cause once.
    """
    causes = reckoner.assumed.causes
    if sorted(order) != sorted(causes):
        raise ValueError(
            f"An order names each of {', '.join(causes)} once; this one is {', '.join(order)}."
        )
    at_work: list[str] = []
    before = {name: shortage(reckoner.outcome(on=())) for name, shortage in of.items()}
    begin = dict(before)
    entries: dict[str, list[Entry]] = {name: [] for name in of}
    for cause in order:
        at_work.append(cause)
        outcome = reckoner.outcome(on=at_work)
        for name, shortage in of.items():
            after = shortage(outcome)
            entries[name].append(Entry(cause, after - before[name]))
            before[name] = after
    return {name: Ledger(begin[name], entries[name], before[name]) for name in of}


def variance_shares(reckoner: Reckoner, of: Mapping[str, Shortage]) -> dict[str, dict[str, Floats]]:
    """By shortage and cause the share of its variance in each year: float64[years], summing to 1.

    A cause's share is the variance while only it is drawn and all else has its median; what is
    left is `together`, which can be below 0 (one at a time; Saltelli et al. 2008, ch. 1). NaN
    where nothing varies.
    """
    causes = (*reckoner.assumed.causes, "level")
    whole = reckoner.outcome()
    total = {name: shortage(whole).var(axis=1) for name, shortage in of.items()}
    found: dict[str, dict[str, Floats]] = {name: {} for name in of}
    for cause in causes:
        alone = reckoner.outcome(drawn=(cause,))
        for name, shortage in of.items():
            found[name][cause] = _part(shortage(alone).var(axis=1), total[name])
    for parts in found.values():
        parts["together"] = 1 - np.sum(list(parts.values()), axis=0)
    return found


def _part(variance: Floats, total: Floats) -> Floats:
    return np.divide(variance, total, out=np.full_like(total, np.nan), where=total > 0)
