"""Rows in the binary form that Postgres takes by COPY: a batch at a time, so memory is bounded."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from app.errors import Invalid
from app.feeds.importing import Enough, Stretch
from app.feeds.imports.names import EPOCH, MICROSECOND, Names, all_wrong
from app.feeds.profiles import Profile

# While Postgres takes a batch in, the next one is read.
AT_ONCE = 10_000
# Postgres manual, "COPY", binary format: signature, flags and no extension; at the end a -1.
BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"


@dataclass
class Passed:
    """What has gone by of a file; `since` and `until` are microseconds from 2000."""

    rows: int = 0
    since: int = 0
    until: int = 0

    @property
    def between(self) -> tuple[datetime, datetime]:
        """The first and the last moment."""
        return EPOCH + self.since * MICROSECOND, EPOCH + self.until * MICROSECOND

    def add(self, batch: "Batch") -> None:
        moments = [each for each in (batch.at, batch.begins) if each]
        since, until = min(map(min, moments)), max(map(max, moments))
        self.since = min(self.since, since) if self.rows else since
        self.until = max(self.until, until) if self.rows else until
        self.rows += len(batch.unit)


@dataclass(frozen=True)
class Shape:
    """The columns of the temporary table: one for the moment of stocks, three for periods."""

    width: int
    stocks: bool
    periods: bool

    @property
    def numbers(self) -> dict[str, str]:
        """Each with its form in COPY: the highest byte first."""
        found = {"unit": ">i4"}
        if self.stocks:
            found["at"] = ">i8"
        if self.periods:
            found |= {"begins": ">i8", "lasts": ">i4", "line": ">i4"}
        return found

    @property
    def values(self) -> list[str]:
        return [f"value{n}" for n in range(self.width)]

    @property
    def declared(self) -> str:
        kinds = {
            name: "timestamptz" if kind == ">i8" else "int" for name, kind in self.numbers.items()
        }
        return ", ".join(
            f"{n} {k}" for n, k in [*kinds.items(), *((v, "float8") for v in self.values)]
        )


@dataclass
class Batch:
    """Rows as columns: the number of the unit, the moment, each column of values (None is NaN)."""

    unit: "array[int]" = field(default_factory=lambda: array("i"))
    at: "array[int]" = field(default_factory=lambda: array("q"))
    begins: "array[int]" = field(default_factory=lambda: array("q"))
    lasts: "array[int]" = field(default_factory=lambda: array("i"))
    line: "array[int]" = field(default_factory=lambda: array("i"))
    values: list[list[float | None]] = field(default_factory=list)

    def packed(self, shape: Shape) -> bytes:
        """Every number with its length before it, the highest byte first."""
        sizes = {**shape.numbers, **dict.fromkeys(shape.values, ">f8")}
        form = [("fields", ">i2")]
        for name, size in sizes.items():
            form += [(f"{name} bytes", ">i4"), (name, size)]
        packed = np.zeros(len(self.unit), np.dtype(form))
        packed["fields"] = len(sizes)
        for name, size in sizes.items():
            packed[f"{name} bytes"] = np.dtype(size).itemsize
        for name in shape.numbers:
            packed[name] = getattr(self, name)
        for name, values in zip(shape.values, self.values, strict=True):
            packed[name] = np.array(values, np.float64)
        return packed.tobytes()


def batches(stretches: Iterable[Stretch], names: Names, passed: Passed) -> Iterator[bytes]:
    """The rows, packed; nothing more once a unit is wrong, and all faults at the end as `Invalid`.

    `passed` and `names` tell of what was given so far.
    """
    shape = shape_of(names.wanted.profile)
    try:
        yield BEGIN
        for batch in gathered(stretches, names, shape):
            passed.add(batch)
            yield batch.packed(shape)
        yield END
    except Enough:
        pass
    except Invalid as refusal:
        if any(fault.row is None for fault in refusal.faults) or not refusal.faults:
            raise
        raise all_wrong(names, tuple(refusal.faults)).refusal() from None
    if names.faults.found:
        raise all_wrong(names, ()).refusal()


def shape_of(profile: Profile) -> Shape:
    return Shape(len(profile.columns), profile.stocks, profile.periods)


def gathered(stretches: Iterable[Stretch], names: Names, shape: Shape) -> Iterator[Batch]:
    batch = empty(shape)
    for stretch in stretches:
        put(stretch, batch, names, shape)
        if len(batch.unit) >= AT_ONCE:
            if not names.faults.found:
                yield batch
            batch = empty(shape)
    if batch.unit and not names.faults.found:
        yield batch


def empty(shape: Shape) -> Batch:
    return Batch(values=[[] for _ in range(shape.width)])


def put(stretch: Stretch, batch: Batch, names: Names, shape: Shape) -> None:
    """The rows of a stretch, at the end of a batch."""
    names.learn(stretch)
    named = [names.found[name] for name in stretch.unique_ids]
    batch.unit.extend([each.number for each in named])
    if shape.stocks:
        batch.at.extend(
            [
                each.days.get(at) or each.microseconds(at)
                for each, at in zip(named, stretch.ats, strict=True)
            ]
        )
    if shape.periods:
        periods = [names.periods.get(at) or names.period(at) for at in stretch.ats]
        batch.begins.extend([begins for begins, _ in periods])
        batch.lasts.extend([lasts for _, lasts in periods])
        batch.line.extend(stretch.lines)
    for values, told in zip(batch.values, stretch.values, strict=True):
        values.extend(told)
