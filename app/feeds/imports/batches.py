"""Rows in the binary form that Postgres takes by COPY: a batch at a time, so memory is bounded."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from app.errors import Invalid
from app.feeds.importing import Enough, Row
from app.feeds.imports.names import EPOCH, MICROSECOND, Names, all_wrong
from app.feeds.profiles import Profile

AT_ONCE = 50_000
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
    """Rows as columns: the number of the unit, the moment, the values (None becomes NaN)."""

    unit: "array[int]" = field(default_factory=lambda: array("i"))
    at: "array[int]" = field(default_factory=lambda: array("q"))
    begins: "array[int]" = field(default_factory=lambda: array("q"))
    lasts: "array[int]" = field(default_factory=lambda: array("i"))
    line: "array[int]" = field(default_factory=lambda: array("i"))
    values: list[float | None] = field(default_factory=list)

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
        values = np.array(self.values, np.float64).reshape(len(self.unit), shape.width)
        for n, name in enumerate(shape.values):
            packed[name] = values[:, n]
        return packed.tobytes()


def batches(rows: Iterable[Row], names: Names, passed: Passed) -> Iterator[bytes]:
    """The rows, packed; nothing more once a unit is wrong, and all faults at the end as `Invalid`.

    `passed` and `names` tell of what was given so far.
    """
    shape = shape_of(names.wanted.profile)
    try:
        yield BEGIN
        for batch in gathered(rows, names, shape):
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


def gathered(rows: Iterable[Row], names: Names, shape: Shape) -> Iterator[Batch]:
    batch, stocks, periods = Batch(), shape.stocks, shape.periods
    find, begins = names.found.get, names.periods.get
    for row in rows:
        line, unique_id, at, values = row
        named = find(unique_id) or names.add(row)
        if named.unsuited:
            names.refuse_unsuited(named, row)
        batch.unit.append(named.number)
        if stocks:
            batch.at.append(named.days.get(at) or named.microseconds(row))
        if periods:
            begin, lasts = begins(at) or names.period(at)
            batch.begins.append(begin)
            batch.lasts.append(lasts)
            batch.line.append(line)
        batch.values.extend(values)
        if len(batch.unit) == AT_ONCE:
            if not names.faults.found:
                yield batch
            batch = Batch()
    if batch.unit and not names.faults.found:
        yield batch
