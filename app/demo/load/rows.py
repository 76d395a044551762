"""What reporters told, as rows in the binary form that Postgres takes by COPY."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.simulation.kinds import Kind
from app.simulation.reporters import Block

Moments = NDArray[np.int64]
# Postgres manual, "COPY", binary format: signature, flags and no extension; at the end a -1.
BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
MILLION = 1_000_000
# 2000-01-01, from which Postgres counts microseconds.
EPOCH = 946_684_800
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.verkeerstoren.example")

Column = tuple[str, "NDArray[np.generic]"]


def binary(columns: Sequence[Column]) -> bytes:
    """Rows of columns (numpy type with the highest byte first, values): each number with its
    length before it."""
    form = [("fields", ">i2")]
    for n, (kind, _) in enumerate(columns):
        form += [(f"length{n}", ">i4"), (f"value{n}", kind)]
    packed = np.empty(len(columns[0][1]), np.dtype(form))
    packed["fields"] = len(columns)
    for n, (kind, values) in enumerate(columns):
        packed[f"length{n}"] = np.dtype(kind).itemsize
        packed[f"value{n}"] = values
    return packed.tobytes()


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells of a place in one way: the numbers of its organisation and its client."""

    number: int
    source_kind: str
    feed: str
    reported_by: int
    client_id: int | None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest figure of a stock series; moments are microseconds from 2000."""

    at: int
    known_at: int
    value: float
    report_id: bytes
    reported_by: int


@dataclass
class Rows:
    """The rows of one place, ready to be sent, and how each of its stocks stands in the end."""

    figures: list[bytes] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    count: int = 0
    messages: int = 0
    newest: dict[int, Newest] = field(default_factory=dict)

    def add(self, block: Block, seed: int, numbers: Mapping[Kind, int], teller: Teller) -> None:
        """`numbers` are those of the series of this kind of source."""
        ids = identities(block, seed)
        known_at = apart(block, ids)
        self.reports.append(reports(block, ids, known_at, teller.number))
        # Partition by partition, and in each series by series as the key has it: so the index of
        # each grows at its end.
        told = np.flatnonzero(block.told.T)
        told = told[np.argsort(months(block.starts.T.ravel()[told]), kind="stable")]
        column, row = np.divmod(told, len(block.observed_at))
        figures = Figures(
            series=np.array([numbers[kind] for kind in block.kinds], np.int64)[column],
            at=since_2000(block.starts.T.ravel()[told]),
            lengths=block.lengths.T.ravel()[told],
            known_at=known_at[row],
            observed_at=since_2000(block.observed_at)[row],
            values=block.values.T.ravel()[told],
            ids=ids[row],
            reported_by=teller.reported_by,
        )
        self.figures.append(figures.binary())
        self.count += len(told)
        self.messages += len(ids)
        for number, newest in figures.newest():
            before = self.newest.get(number)
            if before is None or (before.at, before.known_at) < (newest.at, newest.known_at):
                self.newest[number] = newest


@dataclass(frozen=True, slots=True)
class Figures:
    """Columns of as many figures, moments in microseconds from 2000."""

    series: Moments
    at: Moments
    lengths: Moments
    known_at: Moments
    observed_at: Moments
    values: NDArray[np.float64]
    ids: NDArray[np.void]
    reported_by: int

    def binary(self) -> bytes:
        return binary(
            [
                (">i4", self.series),
                (">i8", self.at),
                (">i4", self.lengths),
                (">i8", self.known_at),
                (">i8", self.observed_at),
                (">f8", self.values),
                ("V16", self.ids),
                (">i4", np.full(len(self.series), self.reported_by)),
            ]
        )

    def newest(self) -> Iterator[tuple[int, Newest]]:
        """Of each series of stocks the figure that is newest by (at, known_at)."""
        stocks = np.flatnonzero(self.lengths == 0)
        series = self.series[stocks]
        order = stocks[np.lexsort((self.known_at[stocks], self.at[stocks], series))]
        if not len(order):
            return
        last = np.append(np.diff(self.series[order]) != 0, True)
        for n in order[last].tolist():
            yield (
                int(self.series[n]),
                Newest(
                    int(self.at[n]),
                    int(self.known_at[n]),
                    float(self.values[n]),
                    self.ids[n].tobytes(),
                    self.reported_by,
                ),
            )


def reports(block: Block, ids: NDArray[np.void], known_at: Moments, teller: int) -> bytes:
    figures = block.told.sum(axis=1)
    return binary(
        [
            ("V16", ids),
            (">i8", since_2000(block.observed_at)),
            (">i8", known_at),
            (">i4", figures),
            ("V32", np.frombuffer(b"".join(content_hashes(block)), "V32")),
            (">i4", np.full(len(figures), teller)),
        ]
    )


def months(moments: Moments) -> NDArray[np.int16]:
    return moments.astype("datetime64[s]").astype("datetime64[M]").astype(np.int16)


def since_2000(moments: Moments) -> Moments:
    """Seconds from 1970 as microseconds from 2000."""
    return (moments - EPOCH) * MILLION


def apart(block: Block, ids: NDArray[np.void]) -> Moments:
    """When each message was known, in microseconds from 2000: no two at the same one."""
    chance = np.frombuffer(ids.tobytes(), np.uint32)[::4].astype(np.int64)
    return since_2000(block.known_at) + chance % MILLION


def identities(block: Block, seed: int) -> NDArray[np.void]:
    """A UUID of each message (RFC 9562, version 5), 16 bytes: the same in every run."""
    told = f"{seed}/{block.place}/{block.source_kind}/{block.feed}/{block.sheet}/"
    begun = hashlib.sha1(NAMESPACE.bytes + told.encode(), usedforsecurity=False)
    found = bytearray()
    for moment, known_at in zip(block.observed_at.tolist(), block.known_at.tolist(), strict=True):
        one = begun.copy()
        one.update(b"%d/%d" % (moment, known_at))
        found += one.digest()[:16]
    numbers = np.frombuffer(found, np.uint8).reshape(-1, 16).copy()
    numbers[:, 6] = numbers[:, 6] & 0x0F | 0x50
    numbers[:, 8] = numbers[:, 8] & 0x3F | 0x80
    return np.frombuffer(numbers.tobytes(), "V16")


def content_hashes(block: Block) -> Iterator[bytes]:
    """Over all that a message tells: its moment, and of each figure series, period and value."""
    series = [hashlib.sha256(repr(kind).encode()).digest()[:8] for kind in block.kinds]
    names = np.broadcast_to(np.frombuffer(b"".join(series), np.int64), block.told.shape)
    content = np.stack([names, block.starts, block.lengths, block.values.view(np.int64)], axis=2)
    for moment, row, told in zip(block.observed_at.tolist(), content, block.told, strict=True):
        yield hashlib.sha256(b"%d" % moment + row[told].tobytes()).digest()


def kinds_of(blocks: Iterable[Block]) -> dict[str, list[Kind]]:
    """Per kind of source which figures it tells, in the order in which it does."""
    found: dict[str, dict[Kind, None]] = {}
    for block in blocks:
        found.setdefault(block.source_kind, {}).update(dict.fromkeys(block.kinds))
    return {source_kind: list(kinds) for source_kind, kinds in found.items()}


def columns(newest: Mapping[int, Newest]) -> tuple[list[object], ...]:
    """Of the newest figure of each series what its row in `current_state` holds."""
    return (
        list(newest),
        [each.at for each in newest.values()],
        [each.known_at for each in newest.values()],
        [each.value for each in newest.values()],
        [uuid.UUID(bytes=each.report_id) for each in newest.values()],
        [each.reported_by for each in newest.values()],
    )
