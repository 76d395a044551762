"""What the calendar does to a series: weekdays, special days, and the time of the year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from app.forecasts.engine.asked import Floats, Freq
from app.forecasts.engine.pace import Pace
from app.forecasts.engine.panel import Bools, running_mean
from app.forecasts.special_days import special_days

# The weight of what is known before: so many observed days (of full weight) of "no effect".
WEEKDAY, SPECIAL, YEARLY = 2.0, 2.0, 20.0
HALF_LIFE = 1.25  # years after which a day counts half: habits of a calendar change slowly
YEARLY_HALF_LIFE = 1.5
# Peers of one region share their seasons; of an own yearly wave so much is believed.
OWN_WAVE = 0.5
OWN_DAYS = 0.5  # and of what a special day does to a series
ROUNDS = 10
WIDE = 4.0  # median absolute residuals beyond which a day does not teach an effect


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Columns float64[n + h, k] over the past and the steps ahead, with the prior of each.

    Those of special days begin at `special`.
    """

    columns: Floats
    prior: Floats
    waves: Floats
    wave_prior: Floats
    special: int


def calendar_of(days: Sequence[date], freq: Freq, pace: Pace, country: str) -> Calendar:
    """`days` are the first days of all steps, those ahead included."""
    place = np.array([day.timetuple().tm_yday for day in days]) - 1
    angle = 2 * np.pi * place / 365.25
    orders = range(1, 4)
    waves = np.column_stack([wave(k * angle) for k in orders for wave in (np.sin, np.cos)])
    wave_prior = np.repeat([YEARLY * k / (1 if freq == "D" else 5) for k in orders], 2)
    special = special_of(days, freq, country)
    prior = np.full(special.shape[1], SPECIAL)
    if freq == "W":
        return Calendar(special, prior, waves, wave_prior, 0)
    weekdays = np.eye(7)[[day.weekday() for day in days]] - 1 / 7
    columns = np.column_stack([weekdays, special])
    return Calendar(columns, np.r_[np.full(7, WEEKDAY), prior], waves, wave_prior, 7)


def special_of(days: Sequence[date], freq: Freq, country: str) -> Floats:
    """0/1 a day; of a week the number of its days."""
    if freq == "D":
        return special_days(days, country).values
    each = [day + timedelta(days=n) for day in days for n in range(7)]
    by_week: Floats = special_days(each, country).values.reshape(len(days), 7, -1).sum(axis=1)
    return by_week


def fast_effects(values: Floats, seen: Bools, calendar: Calendar, pace: Pace) -> Floats:
    """Weekdays and special days: float64[n, s] -> their effect float64[n + h, s].

    Ridge on what a centred moving mean leaves, weighted by age, without its widest residuals
    (Hoerl & Kennard 1970; the decomposition is that of Cleveland et al. 1990 with the seasons as
    parameters). Half of what a special day does is what it does to all series: each came only a
    few times. What was not `seen` teaches nothing.
    """
    n = len(values)
    known = calendar.columns[:n]
    columns = known - running_mean(known, pace.trend)
    left = values - running_mean(values, pace.trend)
    weights = 0.5 ** ((n - 1 - np.arange(n)) / (HALF_LIFE * pace.year))
    found = ridge(columns, left, seen, weights, calendar.prior)
    off = np.where(seen, np.abs(left - columns @ found), np.nan)
    with np.errstate(all="ignore"):
        usual = off <= WIDE * np.nanmedian(off, axis=0) + 1e-9
    found = ridge(columns, left, usual, weights, calendar.prior)
    special = found[calendar.special :]
    found[calendar.special :] = OWN_DAYS * special + (1 - OWN_DAYS) * special.mean(
        axis=1, keepdims=True
    )
    effect: Floats = calendar.columns @ found
    return effect


def yearly_wave(
    values: Floats, seen: Bools, calendar: Calendar, pace: Pace, but: slice | None = None
) -> Floats:
    """The yearly wave of three harmonics beside a line: float64[n, s] -> float64[n + h, s].

    Shrunk halfway to the mean wave of all series. `but` leaves out a stretch of the past, so that
    what is judged there was not learned there.
    """
    n = len(values)
    weights: Floats = 0.5 ** ((n - 1 - np.arange(n)) / (YEARLY_HALF_LIFE * pace.year))
    if but is not None:
        weights[but] = 0.0
    line = np.column_stack([np.ones(n), np.arange(n) / n])
    columns = np.column_stack([calendar.waves[:n], line])
    prior = np.r_[calendar.wave_prior, 1e-6, 1e-6]
    own = ridge(columns, values, seen, weights, prior)[: calendar.waves.shape[1]]
    shrunk = OWN_WAVE * own + (1 - OWN_WAVE) * own.mean(axis=1, keepdims=True)
    wave: Floats = calendar.waves @ shrunk
    return wave


def ridge(columns: Floats, values: Floats, seen: Bools, weights: Floats, prior: Floats) -> Floats:
    """Weighted ridge: float64[n, k], float64[n, s], float64[n], float64[k] -> float64[k, s].

    What is not `seen` is put on what the others say, again and again: so every series keeps the
    same columns (expectation and maximisation, Dempster, Laird & Rubin 1977).
    """
    weighted = (columns * weights[:, None]).T
    known = weighted @ columns + np.diag(prior)
    solved = np.asarray(np.linalg.solve(known, weighted), np.float64)
    found: Floats = solved @ values
    if not seen.all():
        for _ in range(ROUNDS):
            found = solved @ np.where(seen, values, columns @ found)
    return found
