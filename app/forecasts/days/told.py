"""What was told of one unit: flows as periods that do not overlap, stocks as steps through time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# A period above this (s) says nothing of single hours: the longest local day, as `series.flows`.
LONGEST = 25 * 3600
# Start and length of a period in one number.
KEYS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Counts over half-open periods [start, start + length) that do not overlap, in order.

    `starts` and `lengths` int64[n] s, lengths > 0; `values` float64[n] >= 0.
    """

    starts: Whole
    lengths: Whole
    values: Floats

    @property
    def ends(self) -> Whole:
        return self.starts + self.lengths

    def __len__(self) -> int:
        return len(self.starts)

    def taken(self, which: NDArray[np.bool_] | Whole) -> "Flow":
        return Flow(self.starts[which], self.lengths[which], self.values[which])

    def between(self, since: float, until: float) -> float:
        """The sum of the periods that lie wholly within [since, until)."""
        inside = (self.starts >= since) & (self.ends <= until)
        return float(self.values[inside].sum())


NONE = Flow(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """A figure that holds from each moment on: `moments` int64[n] s, `values` float64[n] or NaN."""

    moments: Whole
    values: Floats

    def at(self, moments: Whole) -> Floats:
        """What held at each moment, float64[m]; NaN before the first and where told unknown."""
        if not len(self.moments):
            return np.full(len(moments), np.nan)
        place = np.searchsorted(self.moments, moments, side="right") - 1
        return np.where(place >= 0, self.values[place.clip(min=0)], np.nan)

    def last(self, until: int) -> tuple[int, float] | None:
        """The newest moment at or before `until`, and what was told then (NaN: unknown)."""
        place = int(np.searchsorted(self.moments, until, side="right")) - 1
        return None if place < 0 else (int(self.moments[place]), float(self.values[place]))


# One series of a flow: the rank of who tells it (1 first), the words that tell it apart ('' where
# none), starts and lengths int64[n] s, values float64[n] with NaN for told unknown.
Series = tuple[int, tuple[str, ...], Whole, Whole, Floats]


def flow_of(parts: Sequence[Series]) -> Flow:
    """One flow from its series: what has precedence counts, then what is told undivided.

    Series of one rank that are divided by the same words are summed over the periods that all of
    them told; where a part was not told, or was told unknown, the period is unknown. A period
    gives way to one with precedence that overlaps it. Periods longer than 25 hours are left out.
    """
    layers: dict[tuple[int, int, tuple[bool, ...]], list[tuple[Whole, Whole, Floats]]]
    layers = defaultdict(list)
    for rank, words, starts, lengths, values in parts:
        divided = tuple(word != "" for word in words)
        layers[rank, sum(divided), divided].append((starts, lengths, values))
    found = NONE
    for layer in sorted(layers):
        found = beside(found, summed(layers[layer]))
    return found


def summed(series: Sequence[tuple[Whole, Whole, Floats]]) -> Flow:
    """The sum over the periods that all series told, known in each."""
    starts = np.concatenate([each[0] for each in series])
    lengths = np.concatenate([each[1] for each in series])
    values = np.concatenate([each[2] for each in series])
    usable = (lengths > 0) & (lengths <= LONGEST)
    key = starts[usable] * KEYS + lengths[usable]
    values = values[usable]
    if len(series) > 1:
        key, back = np.unique(key, return_inverse=True)
        told = np.bincount(back, weights=np.isfinite(values), minlength=len(key))
        values = np.bincount(back, weights=np.nan_to_num(values), minlength=len(key))
        whole = told == len(series)
    else:
        order = np.argsort(key, kind="stable")
        key, values = key[order], values[order]
        whole = np.isfinite(values)
    starts, lengths = np.divmod(key[whole], KEYS)
    return apart(Flow(starts, lengths, np.maximum(values[whole], 0.0)))


def apart(flow: Flow) -> Flow:
    """Without periods that overlap an earlier one of their own."""
    if len(flow) < 2 or (flow.starts[1:] >= flow.ends[:-1]).all():
        return flow
    keep, until = [], -np.inf
    for place, (start, end) in enumerate(zip(flow.starts, flow.ends, strict=True)):
        if start >= until:
            keep.append(place)
            until = end
    return flow.taken(np.array(keep, dtype=np.int64))


def beside(first: Flow, second: Flow) -> Flow:
    """Both in order; a period of the second that overlaps one of the first is left out."""
    if not len(first) or not len(second):
        return first if len(first) else second
    after = np.searchsorted(first.ends, second.starts, side="right")
    free = (after == len(first)) | (first.starts[after.clip(max=len(first) - 1)] >= second.ends)
    second = second.taken(free)
    starts = np.concatenate([first.starts, second.starts])
    order = np.argsort(starts, kind="stable")
    return Flow(
        starts[order],
        np.concatenate([first.lengths, second.lengths])[order],
        np.concatenate([first.values, second.values])[order],
    )


def together(first: Flow, second: Flow) -> Flow:
    """The sum of two flows over the periods that both told: admissions and transfers in."""
    if not len(second):
        return first
    return summed([(each.starts, each.lengths, each.values) for each in (first, second)])


def stock_of(series: Sequence[tuple[int, Whole, Floats]], stands_over: int) -> Stock:
    """One stock from its series (rank of who tells, moments int64[n] s in order, values with NaN).

    A figure does not count where one of a higher rank was told, and known, in the `stands_over`
    seconds before it (domain.md 7). Of two of one moment the one of the higher rank counts.
    """
    moments = np.concatenate([at for _, at, _ in series])
    values = np.concatenate([told for _, _, told in series])
    ranks = np.concatenate([np.full(len(at), rank) for rank, at, _ in series])
    counts = np.ones(len(moments), dtype=np.bool_)
    for rank, at, told in series:
        known = at[np.isfinite(told)]
        if not len(known):
            continue
        place = np.searchsorted(known, moments, side="right") - 1
        near = (place >= 0) & (moments - known[place.clip(min=0)] <= stands_over)
        counts &= ~(near & (ranks > rank))
    # By moment, known before unknown, and the highest rank first.
    order = np.lexsort((ranks, ~np.isfinite(values), moments))
    order = order[counts[order]]
    first = np.append(True, np.diff(moments[order]) > 0)
    return Stock(moments[order][first], values[order][first])
