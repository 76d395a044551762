"""From load to beds, lines and refusals: who is lost, who waits, and how many are there.

A load is in erlang: requests per unit of time x the mean stay (or handling time) in that unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1, inf, isinf, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A busier pool than this is never asked for by the table of loads.
MOST_LOAD = 1e6
# So little of an answer may lie in the states that are left out.
LEFT_OUT = 1e-15
# Standard deviations of a queue: a chance below 1e-18 lies further from its middle.
FARTHEST = 9.0
# A slip of the keys makes a queue this wide (standard deviations or geometric steps, in people).
WIDEST = 3e4
# Many chains that are walked at once are looked at every so many states.
STRIDE = 8
# In a Gauss-Legendre panel the integrand changes by a few powers of e: 16 nodes are exact there.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
PANELS = 64
NEGLIGIBLE = -40.0  # as the power of e


@dataclass(frozen=True, slots=True)
class Waiting:
    """Shares of all requests, 0..1: `waits` found every server busy, `lost` had its patience end.

    Who is lost has waited first, so that `lost` <= `waits`.
    """

    lost: float
    waits: float


@dataclass(frozen=True, slots=True)
class Pooling:
    """Beds for the same share refused: the sum over sites that each stand alone, and one pool."""

    apart: int
    together: int

    @property
    def gain(self) -> int:
        """The beds that pooling saves."""
        return self.apart - self.together


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """The number of people present after each step: `mean` and `variance`, float64[..., h]."""

    mean: Floats
    variance: Floats


def erlang_b(load: float, places: int) -> float:
    """The share of requests that is lost when none waits: Erlang's loss formula, 0..1.

    `load` in erlang (requests per day x days of stay, >= 0), `places` >= 0. By the recursion
    B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1)) (Erlang 1917; Jagerman 1974), which does not
    overflow as the closed form does. Holds for every distribution of the stay with that mean.
    Raises ValueError for a negative load or number of places.
    """
    _check(load=load, places=places)
    lost = 1.0
    for place in range(1, places + 1):
        lost = load * lost / (place + load * lost)
    return lost


def bearable_load(places: int, refused: float) -> float:
    """The load in erlang at which `places` refuse this share (0 < refused < 1), by bisection.

    0 places bear nothing: 0.0. `erlang_b` rises with the load, so the root is the only one.
    """
    _check_share(refused, "refused")
    if places == 0:
        return 0.0
    low, high = 0.0, MOST_LOAD
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if erlang_b(middle, places) < refused:
            low = middle
        else:
            high = middle
    return low


def erlang_c(load: float, servers: int) -> float:
    """P(wait) when all wait as long as it takes (M/M/n): 0..1, and 1 from load = servers on.

    `load` in erlang >= 0, `servers` >= 0. C = n B / (n - a (1 - B)) with Erlang's B (Erlang 1917;
    Cooper 1981, Introduction to Queueing Theory, ch. 3). Unlike B it needs exponential stays.
    Raises ValueError for a negative load or number of servers.
    """
    lost = erlang_b(load, servers)
    if load >= servers:
        return 1.0
    return servers * lost / (servers - load * (1 - lost))


def erlang_a(load: float, servers: int, patience: float) -> Waiting:
    """The shares that wait and that are lost when patience ends (M/M/n+M, Erlang-A).

    `load` in erlang >= 0, `servers` >= 0; `patience` is its mean in units of the mean stay, 0..inf;
    stay and patience are exponential, service is in order of arrival. Patience 0 is Erlang-B,
    infinite patience is Erlang-C (from load = servers all wait and 1 - n / a is lost, its limit).
    The birth-death chain of Palm (1957; Garnett, Mandelbaum & Reiman 2002): with
    F(k) = P(n + k present | at most n + k present), F(0) = B(n) and
    F(k) = a F(k-1) / (n + k / p + a F(k-1)), until less than 1e-15 of the queue lies beyond.
    Raises ValueError below 0, and for a queue too wide to walk through (see WIDEST).
    """
    _check(load=load, servers=servers, patience=patience)
    lost = erlang_b(load, servers)
    if load == 0 or patience * (load + servers) < LEFT_OUT:
        return Waiting(lost, lost)
    if isinf(patience):
        waits = erlang_c(load, servers)
        return Waiting(max(0.0, 1 - servers / load), waits)
    deviation = sqrt(load * patience)
    if min(deviation, servers / (servers - load) if servers > load else inf) > WIDEST:
        raise ValueError(f"A patience of {patience:g} stays is not walked through; give math.inf.")
    # In an overloaded queue the states far below the middle are as good as empty: begin there.
    first = max(0, int((load - servers) * patience - FARTHEST * deviation))
    full, waits, queue = (1.0, 1.0, float(first)) if first else (lost, lost, 0.0)
    beyond, k = inf, first
    while beyond > LEFT_OUT * queue:
        k += 1
        leave = servers + k / patience
        full = load * full / (leave + load * full)
        waits += (1 - waits) * full
        queue += (k - queue) * full
        less = load / (leave + 1 / patience)
        beyond = full * less * (k + 1 / (1 - less)) / (1 - less) if less < 1 else inf
    # Little's law for those who wait: what leaves by impatience is queue / patience.
    return Waiting(min(queue / (patience * load), waits), min(waits, 1.0))


def mean_wait(rate: float, handling: float, servers: int, patience: float = inf) -> float:
    """The mean wait over all requests, also those who do not wait or are lost: >= 0.

    `rate` in requests per unit of time >= 0, `handling` (> 0) and `patience` (>= 0) are means in
    that unit, and so is the answer. With infinite patience C / (n / handling - rate) (Erlang 1917;
    Cooper 1981, ch. 3), inf from load = servers on; else P(lost) x patience, since all who wait
    leave at the rate 1 / patience (Garnett, Mandelbaum & Reiman 2002). Raises ValueError outside
    these ranges.
    """
    _check(rate=rate, patience=patience)
    _check_handling(handling)
    load = rate * handling
    if not isinf(patience):
        return erlang_a(load, servers, patience / handling).lost * patience
    return erlang_c(load, servers) * handling / (servers - load) if load < servers else inf


def answered_within(
    rate: float, handling: float, servers: int, within: float, patience: float = inf
) -> float:
    """The share of all requests that is served after a wait of at most `within`: 0..1.

    Units as in `mean_wait`, `within` >= 0. Who is lost is not answered, however soon. With
    infinite patience 1 - C e^(-(n - a) t / handling) (Cooper 1981, ch. 3), 0 from
    load = servers on, where the wait grows without end; else the share that waits and is served
    times the part of its waits up to t, with density ~ exp(a p (1 - e^(-x/p)) - n x - x/p) in
    units of the handling time (Baccelli & Hebuterne 1981; Zeltyn & Mandelbaum 2005), by
    Gauss-Legendre to about 1e-12. Raises ValueError outside these ranges.
    """
    _check(rate=rate, within=within, patience=patience)
    _check_handling(handling)
    load = rate * handling
    if isinf(patience):
        if load >= servers:
            return 0.0
        return 1 - erlang_c(load, servers) * exp(-(servers - load) * within / handling)
    shares = erlang_a(load, servers, patience / handling)
    served = shares.waits - shares.lost
    if served <= 0:
        return 1 - shares.waits
    part = _waits_up_to(within / handling, load, servers, patience / handling)
    return 1 - shares.waits + served * part


def servers_for(
    rate: float, handling: float, target_share: float, within: float, patience: float = inf
) -> int:
    """The smallest number of servers that answers `target_share` (0..1, both excluded) `within`.

    Units as in `mean_wait` and `answered_within`: with infinite patience Erlang-C, else Erlang-A.
    No requests need no server. Raises ValueError outside these ranges.
    """
    _check(rate=rate, within=within, patience=patience)
    _check_handling(handling)
    _check_share(target_share, "target_share")
    if rate == 0:
        return 0

    def enough(servers: int) -> bool:
        return answered_within(rate, handling, servers, within, patience) >= target_share

    return _smallest(enough, ceil(rate * handling))


def square_root_servers(rate: float, handling: float, target_share: float, within: float) -> int:
    """The square-root rule for what `servers_for` reckons with infinite patience: a check on it.

    n = a + b sqrt(a), with b such that P(wait) e^(-b sqrt(a) t / handling) = 1 - target_share and
    P(wait) = 1 / (1 + b Phi(b) / phi(b)) (Halfin & Whitt 1981, proposition 1). Within
    1 of Erlang-C from a load of a few erlang on. Ranges and errors as `servers_for`.
    """
    _check(rate=rate, within=within)
    _check_handling(handling)
    _check_share(target_share, "target_share")
    load = rate * handling
    normal = NormalDist()

    def late(spare: float) -> float:
        waits = 1 / (1 + spare * normal.cdf(spare) / normal.pdf(spare))
        return waits * exp(-spare * sqrt(load) * within / handling)

    low, high = 0.0, 30.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if late(middle) > 1 - target_share else (low, middle)
    return ceil(load + high * sqrt(load))


def beds_for(loads: Floats, weights: Floats | None, refused: float) -> int:
    """The smallest number of beds whose mean Erlang-B over a forecast of the load is <= `refused`.

    `loads` float64[n] in erlang >= 0: a sample of the forecast, or its points with `weights`
    float64[n] >= 0 (None: equal); 0 < refused < 1. Erlang-B is convex in the load where few are
    refused, so that the mean load alone would understate the refusals (Jensen; Jongbloed & Koole
    2001). Every load weighs alike: to weigh every request alike, multiply `weights` by `loads`.
    At least 1 bed, since without beds the request that does come is refused.
    Raises ValueError for no loads, shapes that do not fit, or figures outside these ranges.
    """
    shares = _weighed(loads, weights, refused)
    lost, beds = np.ones(loads.shape), 0
    while float(shares @ lost) > refused:
        beds += 1
        lost = loads * lost / (beds + loads * lost)
    return beds


def beds_with_patience(
    loads: Floats, weights: Floats | None, refused: float, patience: float
) -> int:
    """The smallest number of beds whose mean Erlang-A over a forecast loses <= `refused`.

    As `beds_for`, for requests that wait and are lost once their patience ends: its mean is
    `patience` >= 0 mean stays (0: none waits, Erlang-B). At least 1 bed. Raises ValueError as
    `beds_for` and `erlang_a`.
    """
    _check(patience=patience)
    if patience == 0:
        return beds_for(loads, weights, refused)
    shares = _weighed(loads, weights, refused)

    def enough(beds: int) -> bool:
        return float(shares @ lost_with_patience(loads, beds, patience)) <= refused

    # Who waits asks for no more beds than who does not, and mostly for a few less.
    high, step = beds_for(loads, weights, refused), 1
    while high > step and enough(high - step):
        high, step = high - step, 2 * step
    low = max(high - step, 0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def lost_with_patience(loads: Floats, servers: int, patience: float) -> Floats:
    """`erlang_a(load, servers, patience).lost` of each of `loads` float64[n] at once: float64[n].

    `patience` > 0. The same chain, walked side by side. Raises ValueError as `erlang_a`.
    """
    lost = np.ones(loads.shape)
    for server in range(1, servers + 1):
        lost = loads * lost / (server + loads * lost)
    busy = loads > 0
    some = np.where(busy, loads, 1.0)
    if isinf(patience):
        return np.where(busy, np.maximum(0.0, 1 - servers / some), lost)
    deviation = np.sqrt(loads * patience)
    spare = np.where(loads < servers, servers - loads, 1.0)
    steps = np.where(loads < servers, servers / spare, inf)
    if np.minimum(deviation, steps).max(initial=0.0) > WIDEST:
        raise ValueError(f"A patience of {patience:g} stays is not walked through; give math.inf.")
    k = np.maximum(0.0, np.floor((loads - servers) * patience - FARTHEST * deviation))
    full = np.where(k > 0, 1.0, lost)
    waits, queue, beyond = full.copy(), k.copy(), np.full(loads.shape, inf)
    while (beyond > LEFT_OUT * queue).any():
        for _ in range(STRIDE):
            k += 1
            leave = servers + k / patience
            full = loads * full / (leave + loads * full)
            waits += (1 - waits) * full
            queue += (k - queue) * full
        less = loads / (leave + 1 / patience)
        under = np.where(less < 1, less, 0.0)
        tail = full * under * (k + 1 / (1 - under)) / (1 - under)
        beyond = np.where(less < 1, tail, inf)
    return np.where(busy, np.minimum(queue / (patience * some), waits), lost)


def _weighed(loads: Floats, weights: Floats | None, refused: float) -> Floats:
    """What each load weighs, float64[n] that adds up to 1."""
    _check_share(refused, "refused")
    shares = np.ones(loads.shape) if weights is None else weights
    if loads.ndim != 1 or loads.shape != shares.shape or len(loads) == 0:
        raise ValueError(
            f"Loads of shape {loads.shape} with weights of shape {shares.shape}: give [n] twice."
        )
    if not (_known(loads) and _known(shares)) or shares.sum() <= 0 or loads.max() > MOST_LOAD:
        raise ValueError(
            f"Loads lie between 0 and {MOST_LOAD:g}, weights are at least 0 and not all 0."
        )
    weighed: Floats = shares / shares.sum()
    return weighed


def pooling_gain(loads: Sequence[float], refused: float) -> Pooling:
    """Beds for sites with these loads (erlang >= 0) apart, and together in one pool.

    By Erlang-B at the share `refused` (0..1, both excluded) for each site, and for the pool (Smith
    & Whitt 1981: with equal stays a pool never needs more). Raises ValueError as `beds_for`.
    """
    apart = sum(beds_for(np.array([load], dtype=np.float64), None, refused) for load in loads)
    together = beds_for(np.array([sum(loads)], dtype=np.float64), None, refused)
    return Pooling(apart, together)


def present(arrivals: Floats, staying: Floats, remaining: Floats) -> Present:
    """How many are present at the end of each step when nobody is refused (M/G/infinity).

    `arrivals` float64[..., h] >= 0: the expected number that comes in each step, or such paths.
    `staying` float64[h] in 0..1: the chance that who came in a step is there at its end, and at
    the end of the 1st, 2nd ... step after it; for arrivals at uniform moments that is the mean of
    the survival over each step (`Survival.over_steps`). `remaining` float64[m, h] in 0..1: the
    chance that each of the m now present is still there; m may be 0. Those who come are Poisson,
    mean = variance; those there now are independent and add r and r (1 - r) each (Eick, Massey &
    Whitt 1993, theorem 1). NaN is unknown and stays so. Raises ValueError if shapes or ranges do
    not fit.
    """
    steps = arrivals.shape[-1]
    if staying.shape != (steps,) or remaining.ndim != 2 or remaining.shape[1] != steps:
        raise ValueError(
            f"Arrivals of {steps} steps need staying [{steps}] and remaining [people, {steps}], "
            f"not {staying.shape} and {remaining.shape}."
        )
    if (arrivals < 0).any() or not (_chances(staying) and _chances(remaining)):
        raise ValueError("Arrivals are at least 0, chances to stay lie between 0 and 1.")
    ago = np.arange(steps) - np.arange(steps)[:, None]
    came = arrivals @ np.where(ago >= 0, staying[ago], 0.0)
    return Present(came + remaining.sum(axis=0), came + (remaining * (1 - remaining)).sum(axis=0))


def present_chances(came: float, remaining: Floats) -> Floats:
    """P(0, 1, 2, ... are present) at one moment: float64[n], adds up to 1, n as long as it takes.

    `came` >= 0 is the mean of the Poisson number that came since and is still there, `remaining`
    float64[m] in 0..1 the chance of each of the m who were there. Their Poisson-binomial number by
    the recursion over people (Barlow & Heidtmann 1984), convolved with the Poisson one;
    what lies beyond is below 1e-15. Raises ValueError outside these ranges.
    """
    _check(came=came)
    if remaining.ndim != 1 or not (_known(remaining) and _chances(remaining)):
        raise ValueError("Chances to remain are one per person, between 0 and 1.")
    there = np.ones(1)
    for chance in remaining:
        there = np.append(there * (1 - chance), 0.0) + np.append(0.0, there * chance)
    return np.convolve(there, _poisson(came))


def _poisson(mean: float) -> Floats:
    if mean == 0:
        return np.ones(1)
    last = ceil(mean + FARTHEST * sqrt(mean) + 20)
    # From logs and scaled at the mode, since e^-mean alone is 0 for a large mean.
    logs = np.append(0.0, np.cumsum(log(mean) - np.log(np.arange(1, last + 1))))
    weights = np.exp(logs - logs.max())
    chances: Floats = weights / weights.sum()
    return chances


def _waits_up_to(within: float, load: float, servers: int, patience: float) -> float:
    """The part of the waits of those who wait and are served that is at most `within`."""
    leave = servers + 1 / patience
    middle = max(0.0, patience * log(load / leave))
    top = -load * patience * expm1(-middle / patience) - leave * middle

    def height(wait: Floats | float) -> Floats:
        raised: Floats = -load * patience * np.expm1(-np.asarray(wait) / patience) - leave * wait
        return raised - top

    # The power is concave: on either side of its top there is one place where it is negligible.
    after = 1 / leave
    while height(middle + after) > NEGLIGIBLE:
        after *= 2
    before = min(middle, 1 / leave)
    while before < middle and height(middle - before) > NEGLIGIBLE:
        before = min(middle, 2 * before)
    begin, end = middle - before, middle + after
    part = _area(height, begin, min(max(within, begin), end))
    return min(part / _area(height, begin, end), 1.0)


def _area(height: Callable[[Floats], Floats], begin: float, end: float) -> float:
    half = (end - begin) / PANELS / 2
    middles = begin + half * (2 * np.arange(PANELS) + 1)
    return float((np.exp(height(middles[:, None] + half * NODES)) @ WEIGHTS).sum() * half)


def _smallest(enough: Callable[[int], bool], guess: int) -> int:
    """The smallest number that is enough, if every larger one is too: by doubling, then halving."""
    high = max(guess, 1)
    while not enough(high):
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _known(figures: Floats) -> bool:
    return bool(np.isfinite(figures).all() and (figures >= 0).all())


def _chances(figures: Floats) -> bool:
    """Whether all lie between 0 and 1; NaN, the unknown, may."""
    return not ((figures < 0).any() or (figures > 1).any())


def _check(**figures: float) -> None:
    for name, figure in figures.items():
        if not figure >= 0:
            raise ValueError(f"{name} is {figure}; it is at least 0.")
        if name != "patience" and name != "within" and isinf(figure):
            raise ValueError(f"{name} is infinite; give a number.")


def _check_handling(handling: float) -> None:
    if not 0 < handling < inf:
        raise ValueError(f"handling is {handling}; give the mean handling time, above 0.")


def _check_share(share: float, name: str) -> None:
    if not 0 < share < 1:
        raise ValueError(f"{name} is {share}; a share lies between 0 and 1.")
