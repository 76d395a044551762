"""How the level of who asks moves in the weeks ahead, as it did in weeks that are past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import HALF_LIFE_DAYS, Past, Rate, pieces, sums
from app.forecasts.days.told import Flow

Floats = NDArray[np.float64]
WEEK = 168  # hours
# The level is that of so many weeks, the last ones weighing most, as `arrivals.learned` has it.
WEEKS = 13
# So many stretches of a distance must fit side by side in what is known before it is believed.
SIDE_BY_SIDE = 3
# A week of which less was told than this part of the usual is left out.
LEAST_TOLD = 0.5
LEAST_ALONE = 2.0
YEAR = 52
# A season is what earlier years did from the same week on, or from one at most so far from it.
NEAR = 2
# Further ahead than this a year ago would not have been over.
SEASON_AHEAD = YEAR - NEAR


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Of 1, 2, 3 ... weeks ahead: `season` float64[50] the logarithm of what the level of now is
    multiplied by in the middle, NaN unknown (empty: no season is known), and `variance` float64[h]
    about it, which never falls (empty: too little was told).
    """

    season: Floats
    variance: Floats

    def __len__(self) -> int:
        return len(self.variance)


NO_MOVES = Moves(np.empty(0), np.empty(0))


def moves(flow: Flow, rate: Rate, past: Past, opens: Floats) -> Moves:
    """What the weeks after a week asked against the level of the 13 before it, for each of `past`.

    The season is the mean of these logarithms from the same week of earlier years on, times the
    part of it that came again in other years (a regression through 0, in 0..1, over all origins
    and distances up to a year). Of the squares of what is then left, what chance and the days
    explain is taken off (by moments, as Kleinman 1973). `rate` says what the same hours usually
    ask, a holiday as a Sunday. At least 3 h weeks must begin a distance of h weeks, and no fewer
    than 13.
    """
    counted, expected = by_week(flow, rate, past, opens)
    if not (expected > 0).any():
        return NO_MOVES
    ratios, chance = after(counted, expected, of_days(rate))
    before = years_before(ratios)
    trust = came_again(ratios, before)
    season = trust * before[-1, :SEASON_AHEAD] if trust > 0 else np.empty(0)
    variance: list[float] = []
    for ahead in range(len(counted)):
        least = max(SIDE_BY_SIDE * (ahead + 1), WEEKS)
        known = np.isfinite(ratios[:, ahead])
        if known.sum() < least:
            break
        shift = trust * before[:, ahead]
        told = known & np.isfinite(shift)
        if ahead < len(season) and np.isfinite(season[ahead]) and told.sum() >= WEEKS:
            left, of_chance = ratios[told, ahead] - shift[told], chance[told, ahead]
            # The trust was fitted on the same weeks, of which so many stand by themselves.
            alone = max(len(left) / (ahead + 1), LEAST_ALONE)
            left = left * np.sqrt(alone / (alone - 1))
        else:
            left, of_chance = ratios[known, ahead], chance[known, ahead]
        variance.append(max(float((left**2 - of_chance).mean()), 0.0))
    return Moves(season, np.maximum.accumulate(np.array(variance)))


def of_days(rate: Rate) -> float:
    """The variance that days differing by themselves give a week, as a part of its mean."""
    by_day = rate.by_hour.reshape(7, 24).sum(axis=1)
    return rate.dispersion * float(by_day @ by_day) / float(by_day.sum()) ** 2


def after(counted: Floats, expected: Floats, days: float) -> tuple[Floats, Floats]:
    """For each origin o and distance h the logarithm of what week o + h asked against the level of
    the weeks before o, and its variance by chance: float64[weeks + 1, weeks] each, NaN unknown.

    The last origin is now: nothing is known of what comes after it.
    """
    weeks = len(counted)
    known = expected > LEAST_TOLD * np.median(expected[expected > 0])
    weight = np.exp2(-7.0 / HALF_LIFE_DAYS * (np.arange(WEEKS) + 0.5))[::-1]
    ratios, chance = (np.full((weeks + 1, weeks), np.nan) for _ in range(2))
    for origin in range(WEEKS, weeks):
        window = slice(origin - WEEKS, origin)
        if known[window].sum() <= WEEKS // 2:
            continue
        weighed = weight * known[window]
        usual = float(weighed @ expected[window])
        level = (float(weighed @ counted[window]) + 0.5) / (usual + 0.5)
        unsure = float(weighed**2 @ expected[window]) / max(usual, 1.0) ** 2
        mean = level * expected[origin:]
        told = np.log((counted[origin:] + 0.5) / (mean + 0.5))
        ratios[origin, : weeks - origin] = np.where(known[origin:], told, np.nan)
        chance[origin, : weeks - origin] = 1 / np.maximum(mean, 1.0) + days + unsure
    return ratios, chance


def years_before(ratios: Floats) -> Floats:
    """Of each origin and distance the mean of what followed about the same week of earlier years,
    of what was known at the origin: float64 of the same shape, NaN unknown."""
    origins = len(ratios)
    found = np.full_like(ratios, np.nan)
    for origin in range(WEEKS + YEAR, origins):
        about = [
            place
            for years in range(YEAR, origin, YEAR)
            for place in range(origin - years - NEAR, origin - years + NEAR + 1)
            if place >= WEEKS
        ]
        rows = ratios[about, :SEASON_AHEAD]
        told = np.isfinite(rows).sum(axis=0)
        mean = np.nansum(rows, axis=0) / np.maximum(told, 1)
        found[origin, : rows.shape[1]] = np.where(told > 0, mean, np.nan)
    return found


def came_again(ratios: Floats, before: Floats) -> float:
    """Which part of what earlier years did came again; 0 where no whole year tells it."""
    both = np.isfinite(ratios) & np.isfinite(before)
    # A year of origins, each with a quarter ahead of it.
    if both.sum() < YEAR * WEEKS or not (before[both] ** 2).sum() > 0:
        return 0.0
    part = float((before[both] * ratios[both]).sum() / (before[both] ** 2).sum())
    return min(max(part, 0.0), 1.0)


def by_week(flow: Flow, rate: Rate, past: Past, opens: Floats) -> tuple[Floats, Floats]:
    """What each whole week of the past asked, and what the same hours usually ask: float64[weeks]
    each, the last week ending where the past does."""
    period, hour, share = pieces(flow, np.ones(past.hours), past, opens)
    usually = rate.by_hour[past.of_week[hour]] * share
    whole = sums(period, usually, len(flow))[period]
    given = np.where(whole > 0, flow.values[period] * usually / np.maximum(whole, 1e-300), 0.0)
    weeks = past.hours // WEEK
    week = (hour - past.hours % WEEK) // WEEK
    inside = week >= 0
    return sums(week[inside], given[inside], weeks), sums(week[inside], usually[inside], weeks)


def walked(generator: np.random.Generator, found: Moves, ahead: Floats, paths: int) -> Floats:
    """What the level is multiplied by so many days `ahead` (float64[n], rising; what is past: 1) on
    each path: float64[paths, n], with the season as its median.

    About the season, which comes again each 52 weeks, a random walk of the logarithm with the
    variance of each distance; between the middles of weeks a straight line, and beyond the last
    week that is known the variance stays what it is there.
    """
    if not len(found):
        return np.ones((paths, len(ahead)))
    to_come = ahead >= 0
    variance = np.where(to_come, np.interp(ahead, middles(found.variance), found.variance), 0.0)
    steps = np.sqrt(np.maximum(np.diff(variance, prepend=0.0), 0.0))
    walk: Floats = np.cumsum(steps * generator.standard_normal((paths, len(ahead))), axis=1)
    known = np.isfinite(found.season)
    if known.any():
        weeks = middles(found.season)[known], found.season[known]
        walk += np.interp(ahead, *weeks, period=7.0 * YEAR) * to_come
    times: Floats = np.exp(walk)
    return times


def middles(weeks: Floats) -> Floats:
    """In days from now."""
    return 7.0 * np.arange(len(weeks), dtype=np.float64) + 3.5
