"""Rows in the binary form that Postgres takes by COPY: a batch at a time, so memory is bounded."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from app.errors import Invalid
from app.feeds.importing import Enough, Precision, Row
from app.feeds.imports.names import EPOCH, MICROSECOND, Names, all_wrong

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
    precision: Precision = "day"

    @property
    def between(self) -> tuple[datetime, datetime]:
        """The first and the last moment."""
        return EPOCH + self.since * MICROSECOND, EPOCH + self.until * MICROSECOND


@dataclass
class Batch:
    """Rows as columns: the number of the unit, the moment, the values (None becomes NaN)."""

    width: int
    units: "array[int]" = field(default_factory=lambda: array("i"))
    moments: "array[int]" = field(default_factory=lambda: array("q"))
    values: list[float | None] = field(default_factory=list)

    def packed(self) -> bytes:
        """Every number with its length before it, the highest byte first."""
        numbers = [f"value{n}" for n in range(self.width)]
        sizes = [("unit", ">i4"), ("at", ">i8"), *((name, ">f8") for name in numbers)]
        form = [("fields", ">i2")]
        for name, size in sizes:
            form += [(f"{name} bytes", ">i4"), (name, size)]
        packed = np.zeros(len(self.units), np.dtype(form))
        packed["fields"] = len(sizes)
        for name, size in sizes:
            packed[f"{name} bytes"] = np.dtype(size).itemsize
        packed["unit"], packed["at"] = self.units, self.moments
        values = np.array(self.values, np.float64).reshape(len(self.units), self.width)
        for n, name in enumerate(numbers):
            packed[name] = values[:, n]
        return packed.tobytes()

    def passed(self, before: Passed, precision: Precision) -> None:
        since, until = min(self.moments), max(self.moments)
        before.since = min(before.since, since) if before.rows else since
        before.until = max(before.until, until) if before.rows else until
        before.rows += len(self.units)
        before.precision = precision


def batches(rows: Iterable[Row], names: Names, passed: Passed) -> Iterator[bytes]:
    """The rows, packed; nothing more once a unit is wrong, and all faults at the end as `Invalid`.

    `passed` and `names` tell of what was given so far.
    """
    try:
        yield BEGIN
        yield from packed(rows, names, passed)
        yield END
    except Enough:
        pass
    except Invalid as refusal:
        if any(fault.row is None for fault in refusal.faults) or not refusal.faults:
            raise
        raise all_wrong(names, tuple(refusal.faults)).refusal() from None
    if names.faults.found:
        raise all_wrong(names, ()).refusal()


def packed(rows: Iterable[Row], names: Names, passed: Passed) -> Iterator[bytes]:
    width = len(names.wanted.profile.columns)
    batch = Batch(width)
    precision: Precision = "day"
    for row in rows:
        precision = row.precision
        named = names.found.get(row.unique_id) or names.add(row)
        batch.units.append(named.number)
        batch.moments.append(named.days.get(row.at) or named.microseconds(row))
        batch.values.extend(row.values.values())
        if len(batch.units) == AT_ONCE:
            if not names.faults.found:
                batch.passed(passed, precision)
                yield batch.packed()
            batch = Batch(width)
    if batch.units and not names.faults.found:
        batch.passed(passed, precision)
        yield batch.packed()
