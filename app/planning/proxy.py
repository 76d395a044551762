"""Years ahead of one tidy file: the people of each age x what one of them asks, with the doubt.

A stand-in that can be held against what came ("proxy"): its errors are never those of beds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from app.planning.cohort import FEWEST_DRAWS, ahead, projected
from app.planning.named_ages import Group
from app.planning.people_table import ALL, MEN, People
from app.planning.year_sums import Years

Floats = NDArray[np.float64]
LEVELS = (0.025, *(n / 20 for n in range(1, 20)), 0.975)
# None of these was fitted to a file; docs/years.md gives the reason of each.
DAMPING = 0.9  # the middle of what is usual (0.8 to 0.98: Hyndman & Athanasopoulos 2021, 8.2)
TREND_YEARS = 15
LOOKED_BACK = 30  # years in which earlier origins lie
LEVEL_YEARS = 3
FEWEST_YEARS = 3
FEWEST_TREND = 4  # years that tell of a slope
FEWEST_JUDGED = 2  # years behind an earlier origin
# What is believed of a rate before its past errors are looked at, as standard deviations of logs:
# of one year alone, of each year's wandering, and of the trend of a year.
NOISE, WANDER, TREND = 0.02, 0.01, 0.01
BELIEF = 5.0  # origins that this belief weighs as much as
TOGETHER = 0.5  # how much of the errors of one file is common to its series, before any is seen
# A change of more than so many deviations is odd (Gelper, Fried & Croux 2010, k = 2).
ODD = 2.0
NORMAL = 0.6745  # median absolute deviation of a normal of variance 1
WIDEST_SLOPE = 0.2  # of the log rate by year of age, within a band
TINY = 1e-12
SAME = 0.01  # parts make up a whole if their sums differ no more


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One series by calendar year, and whose it is: None is everybody, or nobody knows."""

    name: str
    years: Years
    group: Group | None


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Quantiles float64[years, levels] and means float64[years]; a reason where unknown."""

    name: str
    quantiles: Floats
    mean: Floats
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Who may ask, by year: `middle` is told and then projected.

    `earlier` holds the same by the year at which one could see no further, and `doubt`
    float64[distances] the standard deviation of the log of who is projected.
    """

    middle: Mapping[int, float]
    earlier: Mapping[int, Mapping[int, float]]
    doubt: Floats

    def seen_at(self, origin: int) -> Mapping[int, float]:
        return self.earlier.get(origin, self.middle)

    def doubt_at(self, ahead: Floats) -> Floats:
        if not len(self.doubt):
            return np.zeros(len(ahead))
        found: Floats = self.doubt[np.clip(ahead.astype(int) - 1, 0, len(self.doubt) - 1)]
        return found


@dataclass(frozen=True, slots=True)
class Trend:
    """A log rate at its last year and its slope a year, already shrunk."""

    last: int
    level: float
    slope: float

    def at(self, year: int) -> float:
        return self.level + self.slope * damped(year - self.last)


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """The people of one sex or all by age: float64[years, ages] from the year `first` on.

    `told` are known, `middle` are projected after them; `earlier` holds, by year, what was
    projected from there on; `drawn` float64[draws, years, ages] are draws of `middle`.
    """

    first: int
    told: Floats
    middle: Floats
    drawn: Floats
    earlier: Mapping[int, Floats]

    def exposed(self, weights: Floats) -> Crowd:
        counted = self.told @ weights
        by_year = dict(enumerate([*counted, *(self.middle @ weights)], self.first))
        earlier = {
            origin: dict(
                enumerate([*counted[: origin - self.first + 1], *(ahead @ weights)], self.first)
            )
            for origin, ahead in self.earlier.items()
        }
        doubt = np.log(np.maximum(self.drawn @ weights, 1e-9)).std(axis=0)
        return Crowd(by_year, earlier, doubt)


def outlooks(
    asked: Sequence[Asked],
    people: People | None,
    years: Sequence[int],
    *,
    draws: int = FEWEST_DRAWS,
    seed: int = 0,
) -> list[Outlook]:
    """What each series comes to in these years, from its past and the people told in `people`.

    `people` by single age, up to the last year that may be known: years of it that are asked for
    are taken as told, later ones are projected. None: counts go on as rates of nobody in
    particular. The same seed gives the same bytes.
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} draws are too few; give {FEWEST_DRAWS} or more.")
    people_by_sex = people_ahead(people, years[-1], draws, seed) if people else {}
    crowds = [crowd_of(each, people_by_sex, asked) for each in asked]
    rates = [log_rates(each, crowd) for each, crowd in zip(asked, crowds, strict=True)]
    sizes = [size_of(each) for each in asked]
    spread = learned(misses(rates, crowds, sizes))
    enough = [row for row, (known, _) in enumerate(rates) if len(known) >= FEWEST_YEARS]
    lines = dict(zip(enough, trends([rates[row] for row in enough]), strict=True))
    common = np.random.default_rng([seed, 1]).standard_normal(draws)
    drawn: dict[str, Floats] = {}
    for row, line in lines.items():
        own = np.random.default_rng([seed, 2, row]).standard_normal(draws)
        score = np.sqrt(spread.together) * common + np.sqrt(1 - spread.together) * own
        at = At(row, sizes[row])
        drawn[asked[row].name] = paths(line, crowds[row], years, spread, at, score)
    for each in asked:  # a whole is the sum of its parts on every path
        parts = parts_of(each, asked)
        if parts and all(part.name in drawn for part in parts):
            drawn[each.name] = np.sum([drawn[part.name] for part in parts], axis=0)
    known = [len(rate[0]) for rate in rates]
    return [
        told(each, drawn.get(each.name), len(years), seen)
        for each, seen in zip(asked, known, strict=True)
    ]


def told(each: Asked, drawn: Floats | None, count: int, seen: int) -> Outlook:
    if drawn is None:
        of = "" if seen == len(each.years.years) else " together with their people"
        reason = f"{seen} whole years are known{of}; a forecast of years needs {FEWEST_YEARS}."
        return Outlook(
            each.name, np.full((count, len(LEVELS)), np.nan), np.full(count, np.nan), reason
        )
    return Outlook(each.name, np.quantile(drawn, LEVELS, axis=0).T, drawn.mean(axis=0))


def people_ahead(people: People, until: int, draws: int, seed: int) -> dict[str, Ahead]:
    """By sex, and of all; projected once, so that all series live with the same people."""
    n, first, last = people.n, people.years[0], people.years[-1]
    horizon = max(until - last, 0)
    found = projected(n, last, max(horizon, 1), women=people.women)
    drawn = found.draws(draws, seed)
    earlier = {
        first + seen - 1: ahead(n[:, :seen], first + seen - 1, n.shape[1] - seen, people.women)
        for seen in range(max(2, n.shape[1] - LOOKED_BACK), n.shape[1])
    }
    return {
        sex: Ahead(
            first,
            n[rows].sum(axis=0),
            found.middle[rows, :horizon].sum(axis=0),
            drawn[:, rows].sum(axis=1),
            {origin: each[rows].sum(axis=0) for origin, each in earlier.items()},
        )
        for sex, rows in rows_of(people).items()
    }


def rows_of(people: People) -> dict[str, list[int]]:
    every = {ALL: list(range(len(people.sexes)))}
    if MEN in people.sexes:
        every |= {sex: [row] for row, sex in enumerate(people.sexes)}
    return every


def crowd_of(each: Asked, by_sex: Mapping[str, Ahead], asked: Sequence[Asked]) -> Crowd | None:
    """Who may ask: the ages and sex of the series, weighed by how rates rise within them."""
    if not by_sex:
        return None
    if each.group is None:
        of = by_sex[ALL]
        return of.exposed(np.ones(of.told.shape[1]))
    of = by_sex.get(each.group.sex, by_sex[ALL])
    return of.exposed(profile(each, of, asked))


def profile(each: Asked, of: Ahead, asked: Sequence[Asked]) -> Floats:
    """Weights float64[ages] of one person: 0 outside the ages, and exp(slope x age) within.

    The slope is that of the log rate between the bands beside it, so that a band that ages within
    asks more; 0 where there is no band beside it. Weights are 1 in the mean of the last people.
    """
    inside = ages_inside(each, of)
    slope = max(-WIDEST_SLOPE, min(slope_of_age(each, of, asked), WIDEST_SLOPE))
    from_mean = np.arange(len(inside)) - mean_age(inside, of)
    rising: Floats = inside * np.exp(slope * from_mean).astype(np.float64)
    now = of.told[-1]
    rising *= float(now @ inside) / max(float(now @ rising), 1e-9)
    return rising


def ages_inside(each: Asked, of: Ahead) -> Floats:
    assert each.group is not None
    begin, end = each.group.ages
    ages = np.arange(of.told.shape[1])
    begin = min(begin, len(ages) - 1)  # those older are within the open age
    last = ages[-1] if end is None else end
    inside: Floats = ((ages >= begin) & (ages <= last)).astype(np.float64)
    return inside


def mean_age(inside: Floats, of: Ahead) -> float:
    now = of.told[-1] * inside
    return float(now @ np.arange(len(now)) / max(now.sum(), 1e-9))


def slope_of_age(each: Asked, of: Ahead, asked: Sequence[Asked]) -> float:
    bands = [band for band in asked if kin(each, band) and not parts_of(band, asked)]
    if each not in bands or len(bands) < 2:
        return 0.0
    bands.sort(key=lambda band: band.group.ages[0] if band.group else 0)
    at = bands.index(each)
    beside = bands[max(at - 1, 0) : at + 2]
    points = []
    for band in (beside[0], beside[-1]):
        inside = ages_inside(band, of)
        rates = [
            np.log(max(value, 0.5) / people)
            for year, value in zip(band.years.years.tolist(), band.years.values, strict=True)
            if 0 <= (row := year - of.first) < len(of.told)
            and (people := float(of.told[row] @ inside)) > 0
        ]
        if not rates:
            return 0.0
        points.append((mean_age(inside, of), float(np.mean(rates[-LEVEL_YEARS:]))))
    (age, low), (older, high) = points
    return (high - low) / (older - age) if older > age else 0.0


def kin(one: Asked, other: Asked) -> bool:
    """Of the same people but for their age."""
    a, b = one.group, other.group
    return a is not None and b is not None and (a.stem, a.sex) == (b.stem, b.sex)


def parts_of(whole: Asked, asked: Sequence[Asked]) -> list[Asked]:
    """The bands that make up a wider one, by their ages and by their sums; none if there are no."""
    if whole.group is None:
        return []
    begin, end = whole.group.ages
    beside = [each for each in asked if each.name != whole.name and kin(each, whole)]
    chain: list[Asked] = []
    at: int | None = begin
    while at is not None:
        fits = [each for each in beside if each.group and each.group.ages[0] == at]
        fits = [each for each in fits if reaches(end, each)]
        if not fits:
            return []
        chain.append(min(fits, key=lambda each: width(each)))
        last = chain[-1].group.ages[1] if chain[-1].group else None
        at = None if last == end else (last + 1 if last is not None else None)
        if last is None and end is not None:
            return []
    return chain if len(chain) > 1 and add_up(whole, chain) else []


def reaches(end: int | None, part: Asked) -> bool:
    assert part.group is not None
    last = part.group.ages[1]
    return end is None or (last is not None and last <= end)


def width(part: Asked) -> float:
    assert part.group is not None
    begin, end = part.group.ages
    return np.inf if end is None else end - begin


def add_up(whole: Asked, parts: Sequence[Asked]) -> bool:
    by_year = [dict(zip(p.years.years.tolist(), p.years.values, strict=True)) for p in parts]
    for year, value in zip(whole.years.years.tolist(), whole.years.values, strict=True):
        if any(year not in each for each in by_year):
            return False
        if abs(sum(each[year] for each in by_year) - value) > SAME * max(value, 1):
            return False
    return bool(len(whole.years.years))


@dataclass(frozen=True, slots=True)
class At:
    """Which series of the file it is, and how many cases it has a year."""

    row: int
    size: float


Rate = tuple[NDArray[np.int64], Floats]
# By origin and distance.
Missed = dict[tuple[int, int], float]


def log_rates(each: Asked, crowd: Crowd | None) -> Rate:
    """Of the years of which people are known: int64[n] and float64[n]. Half a case stands for none.

    Years of a series before the first of the people are left out; those after the last are of the
    middle of what is projected.
    """
    known = [
        (year, np.log(max(value, 0.5) / exposed))
        for year, value in zip(each.years.years.tolist(), each.years.values, strict=True)
        if (exposed := 1.0 if crowd is None else crowd.middle.get(year, 0.0)) > 0
    ]
    return (
        np.array([year for year, _ in known], np.int64),
        np.array([rate for _, rate in known]),
    )


def damped(ahead: float) -> float:
    """The sum of the damping over the years ahead."""
    return float(DAMPING * (1 - DAMPING**ahead) / (1 - DAMPING))


def trends(rates: Sequence[Rate]) -> list[Trend]:
    """Of each series of a file: the level of its last years and a slope that one odd year does not
    bend, for series of at least one year.

    The slope is the median of those between all pairs of the last years (Theil 1950, Sen 1968). As
    each knows its own with an error, it is drawn to the mean of all by how much they differ beyond
    their errors (DerSimonian & Laird 1986; empirical Bayes), and the mean to nothing by its own.
    How much of a year's change stays, and so how fast the level follows, is learned of all alike.
    """
    found = [own_slope(*rate) for rate in rates]
    told = np.array([each for each in found if each is not None]).reshape(-1, 2)
    mean, between = 0.0, np.inf
    if len(told) > 1:
        slopes, errors = told[:, 0], told[:, 1] ** 2 + TINY
        between = max(float(slopes.var(ddof=1) - errors.mean()), 0.0)
        weights = 1 / (errors + between)
        mean = float((slopes * weights).sum() / weights.sum())
        # Series of one file go up and down alike: their mean is known no better than one of them.
        mean *= kept(mean, float(np.sqrt(errors.mean())))
    stays = lasting(rates, found)
    lines = []
    for (years, rate), own in zip(rates, found, strict=True):
        if own is None:
            slope = mean
        elif np.isinf(between):
            slope = own[0] * kept(*own)
        else:
            error = own[1] ** 2 + TINY
            slope = (own[0] * between + mean * error) / (between + error)
        lines.append(Trend(int(years[-1]), level(years, rate, slope, stays), slope))
    return lines


def kept(slope: float, error: float) -> float:
    """How much of a slope is believed: 1 - (its standard error / it)^2, no less than 0."""
    return max(0.0, 1 - (error / slope) ** 2) if slope else 0.0


def own_slope(years: NDArray[np.int64], rates: Floats) -> tuple[float, float] | None:
    """A slope and its standard error; None of fewer than four years."""
    t, r = years[-TREND_YEARS:], rates[-TREND_YEARS:]
    if len(t) < FEWEST_TREND:
        return None
    pairs = combinations(range(len(t)), 2)
    slope = float(np.median([(r[j] - r[i]) / (t[j] - t[i]) for i, j in pairs]))
    left = r - slope * t
    return slope, float(left.std(ddof=2) / np.sqrt(((t - t.mean()) ** 2).sum()))


def lasting(rates: Sequence[Rate], slopes: Sequence[tuple[float, float] | None]) -> float:
    """How much of what a year changes stays: variance of the wandering over that of the noise, > 0.

    From how changes of years that follow each other go together: their correlation is -1/2 where
    all is noise and 0 where all stays (local level: Muth 1960; Harvey 1989, 2.4), with what few
    years take off it given back (Kendall 1954). One figure for the file, whose series go up and
    down alike, so that they weigh as many years as one of them; drawn to what is believed.
    """
    found = [
        told
        for (years, rate), own in zip(rates, slopes, strict=True)
        if own is not None and (told := following(years, rate, own[0])) is not None
    ]
    like = -(NOISE**2) / (2 * NOISE**2 + WANDER**2)
    if found:
        mean, seen = np.mean(found, axis=0)
        like = (seen * mean + BELIEF * like) / (seen + BELIEF)
    return float(-1 / np.clip(like, -0.499, -0.001) - 2)


def following(years: NDArray[np.int64], rates: Floats, slope: float) -> tuple[float, float] | None:
    """The correlation of changes that follow each other, and how many changes tell of it."""
    t, r = years[-TREND_YEARS:], rates[-TREND_YEARS:]
    one = np.diff(t) == 1
    changes = np.diff(r) - slope * np.diff(t)
    pairs = one[1:] & one[:-1]
    square = float((changes[one] ** 2).mean()) if one.any() else 0.0
    if pairs.sum() < FEWEST_JUDGED or square <= 0:
        return None
    alike = float((changes[1:] * changes[:-1])[pairs].mean()) / square
    count = float(pairs.sum()) + 1
    return alike + (1 + 3 * alike) / count, count


def level(years: NDArray[np.int64], rates: Floats, slope: float, stays: float) -> float:
    """The last level of years brought to the last one, by a filter that one odd year does not bend.

    Kalman's filter of a local level that wanders `stays` times as much as the noise. A year that is
    odd beside both its neighbours gives way to the middle of the three, so that a step which lasts
    is believed; the last, which no later one confirms, moves it by no more than what is odd.
    """
    t, r = years[-TREND_YEARS:], rates[-TREND_YEARS:]
    brought = r + slope * (t[-1] - t)
    odd = ODD * float(np.sqrt(2 * NOISE**2 + WANDER**2))
    if len(t) > 1:
        odd = max(odd, ODD * float(np.median(np.abs(np.diff(brought)))) / NORMAL)
    middle = brought.copy()
    middle[1:-1] = np.median([brought[:-2], brought[1:-1], brought[2:]], axis=0)
    kept = np.where(np.abs(brought - middle) > odd, middle, brought)
    at, doubt = float(kept[0]), 1.0  # variance of the level over that of the noise
    for n in range(1, len(t)):
        doubt += stays * float(t[n] - t[n - 1])
        doubt /= doubt + 1
        missed = float(kept[n]) - at
        at += doubt * (missed if n < len(t) - 1 else float(np.clip(missed, -odd, odd)))
    return at


def believed(ahead: Floats, size: float) -> Floats:
    """Standard deviation of a log rate so many years ahead, before any error was seen.

    `size` is the number of cases a year, whose chance is added to the noise.
    """
    noise = NOISE**2 + 1 / max(size, 1)
    found: Floats = np.sqrt(
        noise + WANDER**2 * ahead + (TREND * np.array([damped(h) for h in ahead])) ** 2
    )
    return found


def size_of(each: Asked) -> float:
    values = each.years.values[-LEVEL_YEARS:]
    return float(values.mean()) if values.size else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How much series err: `ratio` float64[distances] squares over what was believed, of all.

    `own` float64[series] is the factor of each beside that, `freedom` float64[series] how many
    origins stand behind it, and `together` the correlation of errors of the same origin.
    """

    ratio: Floats
    own: Floats
    freedom: Floats
    together: float

    def at(self, ahead: Floats, series: int, believed_of: Floats) -> Floats:
        """Standard deviations float64[years]; each year further adds a wandering at least."""
        row = np.clip(ahead.astype(int) - 1, 0, len(self.ratio) - 1)
        learned_of = believed_of**2 * self.ratio[row] * self.own[series]
        wandered = WANDER**2 * ahead
        found: Floats = np.sqrt(np.maximum.accumulate(learned_of - wandered) + wandered)
        return found


def learned(missed: Sequence[Missed]) -> Spread:
    """What earlier origins of the same file missed, weighed against what was believed.

    Squares of errors over squares of belief, by distance; each distance is shrunk to all together,
    and all to belief, so that one surprise is not counted anew at each distance. Origins `h` years
    ahead overlap, so that only one in `h` counts, of all together too; series that err alike count
    as fewer, by the share of the squares that their mean explains.
    """
    count = len({origin for each in missed for origin, _ in each})
    reach = max((far for each in missed for _, far in each), default=0)
    alike = together(missed)
    kinds = min(1 / alike, len(missed))
    mean, seen = np.ones(max(reach, 1)), np.zeros(max(reach, 1))
    for far in range(1, reach + 1):
        squares = [x**2 for each in missed for (_, h), x in each.items() if h == far]
        if squares:
            origins = len({origin for each in missed for origin, h in each if h == far})
            mean[far - 1], seen[far - 1] = float(np.mean(squares)), origins / far * kinds
    every = float(mean @ seen / max(seen.sum(), 1e-9))
    fars = [far for each in missed for _, far in each]
    apart = kinds * count / float(np.mean(fars)) if fars else 0.0
    every = (apart * every + BELIEF) / (apart + BELIEF)
    ratio = (seen * mean + BELIEF * every) / (seen + BELIEF)
    own, freedom = np.ones(len(missed)), np.full(len(missed), BELIEF)
    for row, each in enumerate(missed):
        if not each:
            continue
        beside = float(np.mean([x**2 / ratio[far - 1] for (_, far), x in each.items()]))
        apart = len({origin for origin, _ in each}) / float(np.mean([far for _, far in each]))
        own[row] = (apart * beside + BELIEF) / (apart + BELIEF)
        freedom[row] = BELIEF + apart
    weight = count / (count + BELIEF)
    return Spread(ratio, own, freedom, float(weight * alike + (1 - weight) * TOGETHER))


def misses(
    rates: Sequence[Rate], crowds: Sequence[Crowd | None], sizes: Sequence[float]
) -> list[Missed]:
    """Of each series, by origin and distance: the error over what was believed.

    People and rates together: at each origin rates are of the people told by then, and those to
    come are projected from it. Who does not die this year is there to die later, so that such
    errors cancel. Origins have at least half of the past behind them, since a trend of four years
    says little of one of twenty.
    """
    missed: list[Missed] = [{} for _ in rates]
    for origin in sorted({int(year) for years, _ in rates for year in years}):
        of = []
        for row, (years, rate) in enumerate(rates):
            seen = int(np.searchsorted(years, origin, side="right"))
            enough = max(FEWEST_JUDGED, len(years) // 2)
            if enough <= seen < len(years) and years[seen - 1] == origin:
                of.append((row, seen, seen_from(origin, years, rate, crowds[row])))
        lines = trends([(rates[row][0][:seen], rate[:seen]) for row, seen, rate in of])
        for (row, seen, rate), line in zip(of, lines, strict=True):
            coming = rates[row][0][seen:]
            ahead = (coming - origin).astype(float)
            wrong = rate[seen:] - [line.at(int(year)) for year in coming]
            for h, x in zip(ahead.tolist(), wrong / believed(ahead, sizes[row]), strict=True):
                if np.isfinite(x):
                    missed[row][origin, int(h)] = float(x)
    return missed


def seen_from(origin: int, years: NDArray[np.int64], rates: Floats, crowd: Crowd | None) -> Floats:
    """Log rates of the same counts by the people as they were expected at the origin."""
    if crowd is None:
        return rates
    then = crowd.seen_at(origin)
    expected = np.array([then.get(int(year), np.nan) for year in years])
    known = np.array([crowd.middle[int(year)] for year in years])
    moved: Floats = rates + np.log(known / expected)
    return moved


def together(missed: Sequence[Missed]) -> float:
    """Which share of the squares is of what series miss alike, 0.05 to 1."""
    keys = {key for each in missed for key in each}
    of = [[each[key] for each in missed if key in each] for key in sorted(keys)]
    several = [x for x in of if len(x) > 1]
    if not several:
        return TOGETHER
    # The square of a mean of n that go apart is 1/n of theirs: that much is no likeness.
    squares = float(np.mean([np.mean(np.square(x)) for x in several]))
    alike = [(np.mean(x) ** 2 - np.mean(np.square(x)) / len(x)) / (1 - 1 / len(x)) for x in several]
    return float(np.clip(np.mean(alike) / squares if squares else TOGETHER, 0.05, 1))


def paths(
    line: Trend, crowd: Crowd | None, years: Sequence[int], spread: Spread, at: At, score: Floats
) -> Floats:
    """float64[draws, years]: one score moves all years of a path, as a wrong trend does.

    Student's t with as many degrees of freedom as origins stand behind the spread. The doubt about
    the people is within it, since past errors are of people and rates together; no band is surer
    than the people are.
    """
    ahead = np.array([year - line.last for year in years], dtype=float)
    middle = np.array([line.at(year) for year in years])
    deviation = spread.at(ahead, at.row, believed(ahead, at.size))
    if crowd is not None:
        middle = middle + np.log([max(crowd.middle[year], 1e-9) for year in years])
        deviation = np.maximum(deviation, crowd.doubt_at(ahead))
    wrong = student(score, float(spread.freedom[at.row]))
    drawn: Floats = np.exp(middle + wrong[:, None] * deviation)
    return drawn


def student(score: Floats, freedom: float) -> Floats:
    """Normal scores as those of Student's t."""
    ranks = (np.argsort(np.argsort(score)) + 0.5) / len(score)
    found: Floats = stdtrit(freedom, ranks)
    return found
