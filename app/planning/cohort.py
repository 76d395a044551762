"""The people of coming years: each cohort a year older, with births, and the doubt about both.

Hamilton-Perry (Hamilton & Perry 1962; Smith, Tayman & Swanson 2013, ch. 7) with mortality that goes
on improving, or cohort components where a table of mortality is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST_DRAWS = 1000  # forecasting.md, "Years"
# Five years: long enough to even out one year of migration, short enough to be of today.
WINDOW = 5
# Deaths of those above 80 fell by 1 to 2% a year in countries of low mortality since 1950 (Rau,
# Soroko, Jasilionis & Vaupel 2008); half of what the file shows is believed, and half of this.
IMPROVEMENT = 0.015
MOST_IMPROVEMENT = 0.03
OLD = 60  # from here on a ratio below 1 is mostly death, so that it improves
HAZARD_AGES = range(65, 95)
HAZARD_YEARS = 15
WOMEN = slice(15, 50)
# So many people in the window weigh as much as what is known of like ages or of the nation.
WORTH = 2000.0
NEAR = 2  # ages on either side that count as like
MOST_RATIO, MOST_RATIO_OLD = 1.5, 1.05
SETTLED = 75  # beyond it what is left over is error of the counts more than migration
MOST_ORIGINS, FEWEST_ORIGINS = 25, 4
# Without a past to learn from: what is told of an age is wrong by so much a year (our judgement).
UNTRIED = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One year of cohorts: float64[..., ages] each, of people at its end or of its flows.

    `lost` are by the age they had when it began, `born` and `came` (below 0: left) by the age that
    they have when it ends. people = those of before - lost + born + came, to the last person.
    """

    people: Floats
    born: Floats
    lost: Floats
    came: Floats


def step(people: Floats, share_lost: Floats, came: Floats, born: Floats) -> Step:
    """Everybody a year older. People float64[..., ages] >= 0, the last age is open.

    `share_lost` float64[..., ages] in 0..1 die (or leave) in the year; `came` float64[..., ages]
    come at the age of the year's end, no more leave than there are; `born` float64[...] >= 0 are
    those of age 0 at its end. Raises ValueError on shares outside 0..1 or people below 0.
    """
    if (people < 0).any() or (born < 0).any():
        raise ValueError("There are no fewer than 0 people, nor births.")
    if not ((share_lost >= 0) & (share_lost <= 1)).all():
        raise ValueError("A share lost lies from 0 to 1: a rate below 0 makes people of nobody.")
    lost = people * share_lost
    left = people - lost
    after = np.zeros(np.broadcast_shapes(left.shape, came.shape))
    after[..., 1:] = left[..., :-1]
    after[..., -1] += left[..., -1]
    newborn = np.zeros_like(after)
    newborn[..., 0] = born
    moved = np.maximum(came, -(after + newborn))
    return Step(after + newborn + moved, newborn, np.broadcast_to(lost, after.shape), moved)


@dataclass(frozen=True, slots=True, eq=False)
class Mortality:
    """Chances `q` float64[sexes, years, ages] to die within the year, at the age of its begin."""

    years: tuple[int, ...]
    q: Floats

    def of(self, year: int) -> Floats:
        """float64[sexes, ages]; before and after the table its first and last year hold."""
        row = min(max(year - self.years[0], 0), len(self.years) - 1)
        found: Floats = self.q[:, row]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """People from the year after the last counted one on: `middle` float64[sexes, years, ages].

    `errors` float64[origins, sexes, years, ages] are those of earlier projections of the same file,
    as logarithms of what came over what was projected.
    """

    years: tuple[int, ...]
    middle: Floats
    errors: Floats
    learned: bool

    def draws(self, count: int, seed: int) -> Floats:
        """float64[draws, sexes, years, ages], whose log errors have the second moments of `errors`.

        Each draw weighs the errors of all origins by normal scores of variance 1/origins, so that
        ages and years go together as they did. Raises ValueError below 1,000 draws.
        """
        if count < FEWEST_DRAWS:
            raise ValueError(f"{count} draws are too few; give {FEWEST_DRAWS} or more.")
        origins = len(self.errors)
        rng = np.random.default_rng(seed)
        weights = rng.standard_normal((count, origins)) / np.sqrt(origins)
        wrong = weights @ self.errors.reshape(origins, -1)
        drawn: Floats = self.middle * np.exp(wrong.reshape(count, *self.middle.shape))
        return drawn


def projected(
    people: Floats,
    year: int,
    horizon: int,
    *,
    women: int | None = None,
    nation: Floats | None = None,
    mortality: Mortality | None = None,
) -> Projected:
    """The `horizon` years after `year`, the last one of people float64[sexes, years, ages] >= 0.

    `women` is the row of those who bear children; None: all do. `nation`, of the same shape, is
    what the ratios of a small place are shrunk to. Raises ValueError on fewer than two years or
    twenty ages, or people below 0 or unknown.
    """
    if people.ndim != 3 or people.shape[1] < 2 or people.shape[2] < 20:
        raise ValueError("Give people of two years or more, by single age.")
    if not (people >= 0).all():
        raise ValueError("People are known and no fewer than 0 in each year and age.")
    middle = ahead(people, year, horizon, women, nation, mortality)
    errors, learned = past_errors(people, year, horizon, women, nation)
    years = tuple(range(year + 1, year + horizon + 1))
    return Projected(years, middle, errors, learned)


def ahead(
    people: Floats,
    year: int,
    horizon: int,
    women: int | None,
    nation: Floats | None = None,
    mortality: Mortality | None = None,
) -> Floats:
    """float64[sexes, horizon, ages]: the middle of what is expected."""
    now = people[:, -1]
    births = birth_ratio(people, women)
    if mortality is None:
        ratio, pace = change_ratios(people, nation), improvement(people)
        came = np.zeros_like(now)
    else:
        came = migration(people, year, mortality)
    told = []
    for n in range(horizon):
        born = births * bearing(now, women)
        if mortality is None:
            change = improved(ratio, pace, n + WINDOW / 2 + 0.5)
            lost = np.concatenate([np.maximum(1 - change, 0), np.maximum(1 - change[:, -1:], 0)], 1)
            gained = now[:, :-1] * np.maximum(change - 1, 0)
            gained[:, -1] += now[:, -1] * np.maximum(change[:, -1] - 1, 0)
            came = np.concatenate([np.zeros((len(now), 1)), gained], 1)
        else:
            lost = mortality.of(year + n)
        now = step(now, lost, came, born).people
        told.append(now)
    return np.stack(told, axis=1)


def cohorts(people: Floats) -> tuple[Floats, Floats]:
    """Each cohort at the begin and the end of each year: float64[sexes, years - 1, ages - 1].

    The last of them is of the two oldest ages together, which are the open age a year later.
    """
    before, after = people[:, :-1, :-1].copy(), people[:, 1:, 1:]
    before[..., -1] += people[:, :-1, -1]
    return before, after


def change_ratios(people: Floats, nation: Floats | None = None) -> Floats:
    """Cohort change ratios float64[sexes, ages - 1] of the last years, shrunk and capped.

    Ratios of sums over the window, so that a year with few people weighs little. `WORTH` people
    stand for the nation's ratio, or that of the ages nearby.
    """
    before, after = cohorts(people[:, -WINDOW - 1 :])
    n, came = before.sum(axis=1), after.sum(axis=1)
    if nation is None:
        like = nearby(came) / np.maximum(nearby(n), 1e-9)
    else:
        of, to = (each.sum(axis=1) for each in cohorts(nation[:, -WINDOW - 1 :]))
        like = to / np.maximum(of, 1e-9)
    ratio = (came + WORTH * like) / (n + WORTH)
    most = np.where(np.arange(ratio.shape[1]) >= SETTLED, MOST_RATIO_OLD, MOST_RATIO)
    capped: Floats = np.clip(ratio, 0, most)
    return capped


def nearby(counts: Floats) -> Floats:
    """Sums over the ages around each, as many on either side, so that a slope cancels out."""
    ages = counts.shape[1]
    total = np.concatenate([np.zeros((len(counts), 1)), counts.cumsum(axis=1)], axis=1)
    at = np.arange(ages)
    reach = np.minimum(NEAR, np.minimum(at, ages - 1 - at))
    summed: Floats = total[:, at + reach + 1] - total[:, at - reach]
    return summed


def improvement(people: Floats) -> float:
    """By which share the deaths of the old fall a year: half the file's own pace, half the usual.

    The slope over up to 15 years of the mean log hazard of cohorts from 65 to 94.
    """
    last = people[:, -HAZARD_YEARS - 1 :]
    if last.shape[1] < 8 or last.shape[2] <= HAZARD_AGES.stop:
        return IMPROVEMENT
    before, after = (each.sum(axis=0)[:, list(HAZARD_AGES)] for each in cohorts(last))
    left = np.clip((after + 0.5) / (before + 0.5), 0.3, 0.9995)
    hazard = np.log(-np.log(left)).mean(axis=1)
    pace = -float(np.polyfit(np.arange(len(hazard)), hazard, 1)[0])
    return float(np.clip((pace + IMPROVEMENT) / 2, 0, MOST_IMPROVEMENT))


def improved(ratio: Floats, pace: float, years: float) -> Floats:
    """The ratios `years` after the middle of the window they are of."""
    falls = (np.arange(ratio.shape[1]) >= OLD) & (ratio < 1)
    hazard = -np.log(np.clip(ratio, 1e-6, 1))
    return np.where(falls, np.exp(-hazard * np.exp(-pace * years)), ratio)


def bearing(now: Floats, women: int | None) -> float:
    return float(now[slice(None) if women is None else women, ..., WOMEN].sum())


def birth_ratio(people: Floats, women: int | None) -> Floats:
    """Children of age 0 by sex, float64[sexes], over the women from 15 to 49 of a year before."""
    last = people[:, -WINDOW - 1 :]
    of = (last if women is None else last[women : women + 1])[:, :-1, WOMEN].sum()
    found: Floats = last[:, 1:, 0].sum(axis=1) / max(of, 1e-9)
    return found


def migration(people: Floats, year: int, mortality: Mortality) -> Floats:
    """Who came, by the age at the year's end float64[sexes, ages]: what deaths leave unexplained.

    The mean of the last years of which mortality is told, at most five; else of the last year.
    """
    begun = range(year - people.shape[1] + 1, year)
    known = [y for y in begun if y in mortality.years][-WINDOW:] or [begun[-1]]
    left_over = []
    for y in known:
        row = y - begun[0]
        nobody = np.zeros_like(people[:, row])
        expected = step(people[:, row], mortality.of(y), nobody, np.zeros(len(people))).people
        left_over.append(people[:, row + 1] - expected)
    came: Floats = np.mean(left_over, axis=0)
    came[:, 0] = 0
    came[:, SETTLED:] = 0
    return came


def past_errors(
    people: Floats, year: int, horizon: int, women: int | None, nation: Floats | None
) -> tuple[Floats, bool]:
    """What projections of earlier years missed: float64[origins, sexes, horizon, ages], as logs.

    Each origin sees nothing later than itself. The farthest distance that at least half of the
    past can judge goes on growing evenly beyond it. Without enough past: `UNTRIED` a year.
    """
    sexes, counted, ages = people.shape
    room = counted - (WINDOW + 1)
    reach = min(horizon, room // 2)
    origins = range(WINDOW + 1, counted - reach + 1)[-MOST_ORIGINS:]
    if reach < 1 or len(origins) < FEWEST_ORIGINS:
        grown = UNTRIED * np.arange(1, horizon + 1)
        return np.broadcast_to(grown[None, None, :, None], (1, sexes, horizon, ages)).copy(), False
    found = []
    for seen in origins:
        of = None if nation is None else nation[:, :seen]
        told = ahead(people[:, :seen], year, reach, women, of, None)
        found.append(np.log((people[:, seen : seen + reach] + 0.5) / (told + 0.5)))
    errors = np.stack(found)
    beyond = np.arange(reach + 1, horizon + 1)[:, None] / reach
    return np.concatenate([errors, errors[:, :, -1:] * beyond], axis=2), True


def banded(people: Floats, begins: Sequence[int]) -> Floats:
    """People float64[..., ages] added up in bands that begin at these ages; the last is open."""
    summed: Floats = np.add.reduceat(people, list(begins), axis=-1)
    return summed
