"""Who is expected to leave or to come in a period, as a unit would say it at some moment."""

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY
from app.simulation.census import FAR, Census, ended
from app.simulation.chance import generator

Whole = NDArray[np.int64]
Figures = NDArray[np.float64]
# Until a day before, a ward's idea of the day of leaving is off by about a third of the stay
# (assumption, fictief).
SPREAD = 0.3


class Expected:
    """Expectations, each held from one moment until another: int64[n], by what is expected."""

    def __init__(self, when: Whole, since: Whole, until: Whole) -> None:
        keep = since < until
        order = np.argsort(when[keep], kind="stable")
        self.when, self.since, self.until = (column[keep][order] for column in (when, since, until))

    def planned(self, said_at: Whole, starts: Whole, ends: Whole) -> Figures:
        """How many were expected in each [start, end) at the moment `said_at`, float64[n]."""
        low, high = np.searchsorted(self.when, starts), np.searchsorted(self.when, ends)
        count = np.maximum(high - low, 0)
        asked = np.repeat(np.arange(len(low)), count)
        row = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count) + low[asked]
        said = said_at[asked]
        held = (self.since[row] <= said) & (said < self.until[row])
        return np.bincount(asked[held], minlength=len(low)).astype(np.float64)


def off_by(seed: int, rows: int) -> Figures:
    """By how much a ward is wrong at first about each row, in spreads, float64[rows].

    Further rows leave those before them as they are.
    """
    return generator(seed, "expected").standard_normal(rows)


def discharges(census: Census, ready: Whole, off: Figures) -> Expected:
    """`ready` is of every row when treatment will be done, int64[rows], -1 if not placed.

    A ward first guesses; the day before it knows; who is ready and waits for a follow-up place is
    expected to leave once that place is promised.
    """
    people = census.people
    rows = census.here[people.placed_at[census.here] >= 0]
    placed, left, done = people.placed_at[rows], ended(people.left_at[rows]), ready[rows]
    guess = placed + ((done - placed) * np.exp(SPREAD * off[rows])).astype(np.int64)
    known = np.maximum(done - DAY, placed)
    follows = np.flatnonzero((people.origin >= 0) & (people.accepted_at >= 0))
    follows = follows[np.isin(people.origin[follows], rows)]
    return Expected(
        np.concatenate([guess, done, people.moving_at[follows]]),
        np.concatenate([placed, known, people.accepted_at[follows]]),
        np.concatenate(
            [
                # A day ahead it shows that the guess was wrong; then no day is named for a while.
                np.minimum(np.minimum(known, guess - DAY), left),
                np.minimum(done, left),
                ended(people.placed_at[follows]),
            ]
        ),
    )


def admissions(census: Census) -> Expected:
    """Planned people from when they asked, promised people until they come."""
    people = census.people
    planned = census.asked[people.wanted_at[census.asked] > people.asked_at[census.asked]]
    promised = census.here[people.accepted_at[census.here] >= 0]
    settled = np.minimum(ended(people.accepted_at[planned]), ended(people.lost_at[planned]))
    return Expected(
        np.concatenate([people.wanted_at[planned], people.moving_at[promised]]),
        np.concatenate([people.asked_at[planned], people.accepted_at[promised]]),
        np.concatenate([np.minimum(settled, FAR), ended(people.placed_at[promised])]),
    )
