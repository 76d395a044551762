"""How long people stay: learned from stays that ended and stays under way, with a prior."""

from dataclasses import dataclass
from math import ceil, erfc, exp, inf, isinf, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.forecasts.queues import Present, present

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

# The prior is told until fewer than one in a million are still there; then its tail takes over.
SO_FEW = 1e-6
MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Survival:
    """The chance that a stay lasts longer than t days: a step function, 1 before `days[0]`.

    `days` float64[n] > 0 and increasing, `chance` float64[n] in 0..1 never rising: S(t) from
    days[i] on. Beyond the last day those still there leave at the rate `tail` a day (>= 0; 0 is
    unknown when). Raises ValueError if that does not hold.
    """

    days: Floats
    chance: Floats
    tail: float = 0.0

    def __post_init__(self) -> None:
        if self.days.ndim != 1 or self.days.shape != self.chance.shape or len(self.days) == 0:
            raise ValueError(
                f"Days of shape {self.days.shape} with chances of shape {self.chance.shape}: "
                "give [n] twice, n at least 1."
            )
        edges, heights = np.append(0.0, self.days), np.append(1.0, self.chance)
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise ValueError("The days of a survival increase from above 0.")
        if not ((np.diff(heights) <= 0).all() and heights[-1] >= 0 and 0 <= self.tail < inf):
            raise ValueError("A survival lies between 0 and 1 and never rises; its tail is >= 0.")

    def at(self, days: Floats) -> Floats:
        """S(t), float64 of the shape of `days` (>= 0)."""
        survival: Floats = np.exp(self._log(days))
        return survival

    def length(self, share: float) -> float:
        """The shortest length that at most this share (0..1) outlasts: 0.5 gives the median.

        inf when more than that outlasts all that was seen, and nothing is known of the tail.
        """
        if not 0 < share <= 1:
            raise ValueError(f"share is {share}; give a share above 0 and at most 1.")
        return float(self._outlasted(np.log(np.array([share])))[0])

    @property
    def mean(self) -> float:
        """In days; inf when somebody outlasts what was seen and nothing is known of the tail."""
        if self.chance[-1] > 0 and self.tail == 0:
            return inf
        beyond = self.chance[-1] / self.tail if self.tail else 0.0
        return float(self._area(self.days[-1:])[0] + beyond)

    def over_steps(self, steps: int, step: float = 1.0) -> Floats:
        """The mean of S over each of `steps` steps of `step` days: float64[steps]."""
        edges = step * np.arange(steps + 1, dtype=np.float64)
        means: Floats = np.diff(self._area(edges)) / step
        return means

    def remaining(self, stayed: Floats, ahead: Floats) -> Floats:
        """The chance to be there `ahead` days from now for who is there after `stayed` days.

        S(stayed + ahead) / S(stayed): float64[m] and float64[h], both >= 0, -> float64[m, h] in
        0..1. NaN, unknown, for who is there longer than this survival holds possible. Raises
        ValueError below 0.
        """
        if (stayed < 0).any() or (ahead < 0).any():
            raise ValueError("Days stayed and days ahead are at least 0.")
        now = self._log(stayed)[:, None]
        possible = np.isfinite(now)
        later = self._log(stayed[:, None] + ahead)
        chance: Floats = np.exp(later - np.where(possible, now, 0.0))
        return np.where(possible, chance, np.nan)

    def drawn(self, generator: np.random.Generator, count: int) -> Floats:
        """Lengths of stay in days, float64[count] > 0, by inversion; inf as in `length`."""
        return self._outlasted(-generator.standard_exponential(count))

    def drawn_remaining(self, generator: np.random.Generator, stayed: Floats, count: int) -> Floats:
        """What remains, in days, of stays of which `stayed` float64[m] passed: float64[count, m].

        NaN as in `remaining`, inf as in `length`. Raises ValueError below 0.
        """
        if (stayed < 0).any():
            raise ValueError("Days stayed are at least 0.")
        now = self._log(stayed)
        possible = np.isfinite(now)
        shares = np.where(possible, now, 0.0) - generator.standard_exponential((count, len(stayed)))
        left = np.maximum(self._outlasted(shares) - stayed, 0.0)
        return np.where(possible, left, np.nan)

    def _log(self, days: Floats) -> Floats:
        """log S(t), since the tail itself becomes 0 for who stays very long."""
        heights = np.append(0.0, self._logs())
        beyond = self.tail * np.maximum(days - self.days[-1], 0.0)
        logs: Floats = heights[np.searchsorted(self.days, days, side="right")] - beyond
        return logs

    def _logs(self) -> Floats:
        with np.errstate(divide="ignore"):
            logs: Floats = np.log(self.chance)
        return logs

    def _outlasted(self, shares: Floats) -> Floats:
        """The first day at which log S(t) <= `shares`."""
        logs = self._logs()
        place = np.searchsorted(-logs, -shares)
        within = self.days[np.minimum(place, len(logs) - 1)]
        if isinf(logs[-1]):
            return within
        beyond = self.days[-1] + (logs[-1] - shares) / self.tail if self.tail else inf
        return np.where(place < len(logs), within, beyond)

    def _area(self, days: Floats) -> Floats:
        """The integral of S from 0 to each of `days`."""
        edges, heights = np.append(0.0, self.days), np.append(1.0, self.chance)
        areas = np.append(0.0, np.cumsum(heights[:-1] * np.diff(edges)))
        place = np.searchsorted(edges, days, side="right") - 1
        past = days - edges[place]
        last = place == len(edges) - 1
        if self.tail:
            past = np.where(last, -np.expm1(-self.tail * past) / self.tail, past)
        area: Floats = areas[place] + heights[place] * past
        return area


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """What stays tell by themselves; the arrays are float64[n], one per length at which one ended.

    `variance` is Greenwood's of the survival, NaN where nobody is left to tell it from.
    """

    survival: Survival
    variance: Floats
    ended: Floats
    at_risk: Floats


def kaplan_meier(lengths: Floats, ended: Booleans, entered: Floats | None = None) -> KaplanMeier:
    """The survival of stays of which some still go on (right-censored): Kaplan & Meier 1958.

    `lengths` float64[n] > 0: days stayed, so far or until the end; `ended` bool[n]: False for who
    is still there, or was lost from sight. `entered` float64[n] (None: 0): days already stayed
    when the stay came into sight (left-truncated, as of those found present at the first report):
    at risk at t are those with entered < t <= length (Andersen et al. 1993, ch. IV). With few at
    risk at short lengths the estimate can fall to 0 there and stay 0: prefer `blended`. Variance
    S^2 sum d / (n (n - d)) (Greenwood 1926). Raises ValueError if no stay ended, if shapes do not
    fit, or unless 0 <= entered < length.
    """
    begun = _checked(lengths, ended, entered)
    days, left = np.unique(lengths[ended], return_counts=True)
    if len(days) == 0:
        raise ValueError("No stay has ended yet; blend with a prior instead.")
    events = left.astype(np.float64)
    at_risk = _at_risk(days, lengths, begun)
    chance: Floats = np.cumprod(1 - events / at_risk, dtype=np.float64)
    some = chance > 0
    terms = np.divide(
        events, at_risk * (at_risk - events), out=np.full(len(days), np.nan), where=some
    )
    return KaplanMeier(Survival(days, chance), chance**2 * np.cumsum(terms), events, at_risk)


def blended(
    lengths: Floats,
    ended: Booleans,
    prior: Survival,
    weight: float,
    entered: Floats | None = None,
) -> Survival:
    """The survival after these stays, when the prior is worth `weight` (> 0) people at risk.

    Data as in `kaplan_meier`, and n = 0 is the prior itself. At each day at which the prior or a
    stay falls, the chance to leave then is (left + weight x the prior's) / (at risk + weight): the
    posterior mean under a beta process prior with c(t) = weight (Hjort 1990, section 4;
    Kaplan-Meier as the weight goes to 0). Beyond its last day the prior's tail is told in steps as
    long as its last one as far as any stay reaches, and then goes on as it was. Raises ValueError
    if shapes do not fit, unless 0 <= entered < length, and for a weight that is not above 0.
    """
    if not 0 < weight < inf:
        raise ValueError(f"The weight is {weight}; give a number of observations above 0.")
    begun = _checked(lengths, ended, entered)
    expected = _reaching(prior, float(lengths.max(initial=0.0)))
    seen, left = np.unique(lengths[ended], return_counts=True)
    days = np.union1d(expected, seen)
    events, hazard = np.zeros(len(days)), np.zeros(len(days))
    events[np.searchsorted(days, seen)] = left
    hazard[np.searchsorted(days, expected)] = _hazard(prior, expected)
    leave = (events + weight * hazard) / (_at_risk(days, lengths, begun) + weight)
    chance: Floats = np.cumprod(1 - leave, dtype=np.float64)
    return Survival(days, chance, prior.tail)


def planned_stay(
    *,
    median: float,
    spread: float,
    term: float,
    at_term: float,
    blocked: float,
    blocked_days: float,
    step: float = 1.0,
) -> Survival:
    """A prior for a short stay with a planned term, before any stay is seen.

    Three kinds of people: the share `at_term` leaves on the planned `term` (days); the share
    `blocked` is ready then and waits for a follow-up place, `blocked_days` more in the mean
    (exponential); the others leave when they can, lognormal with standard deviation `spread` of
    the log (Marazzi et al. 1998, Med Care 36:915), its middle such that the `median` of all is as
    given. All are arguments: whoever calls names the source (REO: domain.md section 5, median 6
    and term 9 days). Told in whole `step`s of a day, each with what lies within half a step of it.
    Raises ValueError unless 0 < median < term, at_term >= 0, at_term + blocked < 1/2 and the rest
    is above 0.
    """
    if not 0 < median < term or min(spread, blocked, blocked_days, step) <= 0:
        raise ValueError(
            "Give 0 < median < term, and a spread, blocked, blocked_days and step above 0."
        )
    if at_term < 0 or at_term + blocked >= 0.5:
        raise ValueError(
            f"at_term {at_term} and blocked {blocked} are shares of which the sum is below 1/2: "
            "half of all stays end before the term."
        )
    free = 1 - at_term - blocked
    middle = log(median) - spread * NormalDist().inv_cdf(0.5 / free)

    def lasting(day: float) -> float:
        slow = exp(-max(day - term, 0.0) / blocked_days)
        own = erfc((log(day) - middle) / spread / sqrt(2)) / 2
        return free * own + (at_term if day < term else 0.0) + blocked * slow

    longest = max(
        exp(middle - spread * NormalDist().inv_cdf(SO_FEW)),
        term - blocked_days * log(SO_FEW),
    )
    if longest / step > MOST_STEPS:
        raise ValueError(f"Stays up to {longest:.0f} days in steps of {step:g}: take longer steps.")
    steps = np.arange(1, ceil(longest / step) + 2, dtype=np.float64)
    chance = np.array([lasting(float(day)) for day in (steps + 0.5) * step])
    return Survival(steps * step, chance, log(chance[-2] / chance[-1]) / step)


def occupancy(arrivals: Floats, survival: Survival, stayed: Floats, step: float = 1.0) -> Present:
    """How many will be in a bed at the end of each step if nobody is refused: mean and variance.

    `arrivals` float64[..., h] >= 0: the forecast number per step of `step` days, at uniform moments
    in it; `stayed` float64[m] >= 0: the days that those there now have stayed. The convolution of
    arrivals with the survival, plus the residual stay of those present (see `queues.present`).
    Times are `step`, 2 `step` ... from now. NaN where somebody is there longer than the survival
    holds possible, and from NaN arrivals on. Raises ValueError as `queues.present`.
    """
    steps = arrivals.shape[-1]
    ahead = step * np.arange(1, steps + 1)
    return present(arrivals, survival.over_steps(steps, step), survival.remaining(stayed, ahead))


def _checked(lengths: Floats, ended: Booleans, entered: Floats | None) -> Floats:
    begun = np.zeros(lengths.shape) if entered is None else entered
    if lengths.ndim != 1 or not lengths.shape == ended.shape == begun.shape:
        raise ValueError(
            f"Lengths {lengths.shape}, ended {ended.shape} and entered {begun.shape}: "
            "give one of each per stay."
        )
    if not (np.isfinite(lengths).all() and ((begun >= 0) & (begun < lengths)).all()):
        raise ValueError("Each stay is longer than what had passed when it came into sight, >= 0.")
    return begun


def _at_risk(days: Floats, lengths: Floats, begun: Floats) -> Floats:
    """How many are in sight just before each day: entered < day <= length."""
    came = np.searchsorted(np.sort(begun), days)
    went = np.searchsorted(np.sort(lengths), days)
    return (came - went).astype(np.float64)


def _hazard(prior: Survival, days: Floats) -> Floats:
    """The prior's chance to leave at each day for who is there until then; 1 past its end."""
    survival = prior.at(days)
    before = np.append(1.0, survival[:-1])
    kept = np.divide(survival, before, out=np.zeros(len(days)), where=before > 0)
    hazard: Floats = 1 - kept
    return hazard


def _reaching(prior: Survival, longest: float) -> Floats:
    """The prior's days, and further in steps as long as its last until `longest` is reached."""
    last = prior.days[-1]
    step = last - prior.days[-2] if len(prior.days) > 1 else last
    further = max(0, ceil((longest - last) / step))
    if further > MOST_STEPS:
        raise ValueError(f"A stay of {longest:g} days is too far beyond the prior's {last:g}.")
    return np.append(prior.days, last + step * np.arange(1, further + 1))
