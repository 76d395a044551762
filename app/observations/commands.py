"""Reports stored for good: figures, current state, doubts, audit and outbox in one statement."""

import hashlib
import uuid
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.db import Standing, act_as, after_commit, raw
from app.faults import Fault
from app.observations.doubts import Doubt, doubt
from app.observations.reading import Read
from app.observations.rules import Judged, Key, Told
from app.observations.schemas import Report
from app.observations.tables import DIMENSIONS
from app.observations.words import Place
from app.wire import instant

SourceKind = Literal["hand", "feed", "mandate", "import"]
ReportKind = Literal["report", "confirmation", "retraction", "release"]


@dataclass
class Message:
    """One report on its way in, and what becomes of it."""

    read: Read
    report: Report
    place: Place
    judged: Judged
    source_kind: SourceKind
    reported_by: int
    client_id: int | None
    kind: ReportKind = "report"
    feed: str = ""
    quarantined: bool = False
    refers_to: uuid.UUID | None = None
    outcome: Literal["stored", "repeated", "quarantined", "rejected"] = "stored"
    faults: list[Fault] = field(default_factory=list)
    status: int = 400
    known_at: datetime | None = None
    doubts: list[Doubt] = field(default_factory=list)
    # The number of the series of each figure, in their order.
    numbers: Sequence[int] = ()

    @cached_property
    def content_hash(self) -> bytes:
        """Of the parsed content: the same figures in another order or offset are the same."""
        rows = sorted((t.key, t.at, t.length_s, t.value) for t in self.judged.told)
        content = [self.judged.observed_at, self.judged.precision, rows]
        return hashlib.sha256(orjson.dumps(content)).digest()

    @property
    def where(self) -> "Where":
        return self.place.unit, self.place.staff_pool

    @property
    def numbered(self) -> Iterator[tuple[int, Told]]:
        return zip(self.numbers, self.judged.told, strict=True)

    def reject(self, fault: Fault, status: int) -> None:
        self.faults.append(fault)
        self.status = status
        self.outcome = "rejected"


# (source kind, key) of a series.
Name = tuple[str, Key]
# The unit and the staff pool that a series is of; one of the two is "".
Where = tuple[str, str]
# From when a period is, and until when.
Stretch = tuple[datetime, datetime]
# The measures by which a doubt judges the other figures of a place.
BESIDE = frozenset({"staffed", "closedPlaces"})


@dataclass
class PlaceSeries:
    """The series of one place with their numbers, and again those that others are judged by."""

    numbers: dict[Name, int] = field(default_factory=dict)
    beside: dict[Name, int] = field(default_factory=dict)

    def add(self, name: Name, number: int) -> None:
        self.numbers[name] = number
        if name[1][2] in BESIDE:
            self.beside[name] = number


NO_SERIES = PlaceSeries()


@dataclass
class SeriesNumbers:
    """Of each organisation the numbers of the series that are committed; they never change."""

    known: dict[int, dict[Where, PlaceSeries]] = field(default_factory=lambda: defaultdict(dict))


async def record(
    session: AsyncSession,
    principal: Principal,
    messages: Sequence[Message],
    numbers: SeriesNumbers,
    *,
    event: str = "reports.write",
) -> None:
    """Store each message whole or not at all, and write into it what became of it."""
    by_performer: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        if message.outcome == "stored":
            by_performer[message.place.org_id].append(message)
    for org_id, ours in sorted(by_performer.items()):
        # For another's unit only by what was checked: a mandate, or the operator's release.
        # Otherwise we stay who we are, and row level security refuses what slipped through.
        checked = all(m.source_kind == "mandate" or m.kind == "release" for m in ours)
        await stand_for(session, org_id if checked else principal.org_id)
        batch = Batch(await driver(session), session, principal, org_id, numbers, event)
        await batch.record(ours)
    await stand_for(session, principal.org_id)


async def stand_for(session: AsyncSession, org_id: int) -> None:
    standing = Standing(org_id, "own")
    if session.info.get("standing") != standing:
        await act_as(session, standing)


async def driver(session: AsyncSession) -> asyncpg.Connection:
    await session.connection()
    return await raw(session)


def id_reused() -> Fault:
    return Fault(
        "id-reused",
        "This id was used for a report with other content. Send a correction under a new id.",
        "/id",
    )


@dataclass
class Batch:
    """The reports of one performer in one request, within its transaction."""

    connection: asyncpg.Connection
    session: AsyncSession
    principal: Principal
    org_id: int
    numbers: SeriesNumbers
    event: str
    series: dict[Where, PlaceSeries] = field(default_factory=dict)

    async def record(self, messages: Sequence[Message]) -> None:
        first = list(only_first(messages))
        await self.keep_apart([m for m in first if m.quarantined])
        counted = [m for m in first if not m.quarantined]
        await self.number_series(counted)
        with_periods = [m for m in counted if any(not t.stock for t in m.judged.told)]
        if with_periods:
            await self.lock_places(with_periods)
            new = await self.not_repeated(with_periods)
            await self.refuse_overlaps(new)
            self.refuse_overlaps_within([m for m in new if m.outcome == "stored"])
        await self.ask_doubts([m for m in counted if m.outcome == "stored"])
        await self.insert([m for m in counted if m.outcome == "stored"])
        await self.not_repeated([m for m in first if m.known_at is None])

    async def lock_places(self, messages: Sequence[Message]) -> None:
        """Two reports about periods of one unit go one after the other, so that none overlap."""
        names = sorted({message.report.place for message in messages})
        await self.connection.fetch(
            "SELECT pg_advisory_xact_lock($1, hashtext(name)) "
            "FROM (SELECT name FROM unnest($2::text[]) name ORDER BY name) AS sorted",
            self.org_id,
            names,
        )

    async def number_series(self, messages: Sequence[Message]) -> None:
        """The number of every series of these messages; a new series is made."""
        known = self.numbers.known[self.org_id]
        self.series = {m.where: known.get(m.where, NO_SERIES) for m in messages}
        try:
            self.give_numbers(messages)
        except KeyError:  # of a series that this process has not seen
            self.series = found = await self.find_series(messages)
            self.give_numbers(messages)
            # A series that is rolled back must not be remembered.
            after_commit(self.session, lambda: known.update(found))

    def give_numbers(self, messages: Sequence[Message]) -> None:
        for message in messages:
            known, kind = self.series[message.where].numbers, message.source_kind
            message.numbers = [known[kind, told.key] for told in message.judged.told]

    async def find_series(self, messages: Sequence[Message]) -> dict[Where, PlaceSeries]:
        wanted: dict[Name, str] = {
            (m.source_kind, t.key): t.quantity for m in messages for t in m.judged.told
        }
        places = sorted({message.report.place for message in messages})
        found = await self.read_series(places)
        new = [
            (kind, key) for kind, key in wanted if (kind, key) not in found[key[0], key[1]].numbers
        ]
        if new:
            await self.add_series(new, wanted)
            found = await self.read_series(places)
        return found

    async def read_series(self, places: Sequence[str]) -> dict[Where, PlaceSeries]:
        rows = await self.connection.fetch(
            f"SELECT series_id, source_kind, {', '.join(DIMENSIONS)} FROM series "
            "WHERE org_id = $1 AND (unit = ANY($2) OR staff_pool = ANY($2))",
            self.org_id,
            places,
        )
        found: dict[Where, PlaceSeries] = defaultdict(PlaceSeries)
        for number, kind, *key in rows:
            found[key[0], key[1]].add((kind, tuple(key)), number)
        return found

    async def add_series(self, names: Sequence[Name], quantities: Mapping[Name, str]) -> None:
        columns = [*DIMENSIONS, "source_kind", "quantity"]
        rows = [(*key, kind, quantities[kind, key]) for kind, key in names]
        slots = ", ".join(f"${n}::text[]" for n in range(2, len(columns) + 2))
        await self.connection.execute(
            f"INSERT INTO series (org_id, {', '.join(columns)}) "
            f"SELECT $1, * FROM unnest({slots}) ON CONFLICT DO NOTHING",
            self.org_id,
            *(list(column) for column in zip(*rows, strict=True)),
        )

    async def refuse_overlaps(self, messages: Sequence[Message]) -> None:
        """A period may be told again, which corrects it; it may not overlap another one."""
        figures = [(m, n, t) for m in messages for n, t in m.numbered if not t.stock]
        if not figures:
            return
        rows = await self.connection.fetch(
            OVERLAPS,
            self.org_id,
            [n for _, n, _ in figures],
            [t.at for _, _, t in figures],
            [t.length_s for _, _, t in figures],
        )
        for row in rows:
            message, _, told = figures[row["ord"] - 1]
            message.reject(
                Fault(
                    "overlapping-period",
                    f"A period of this figure is stored already, from {instant(row['at'])} for "
                    f"{row['length_s']} seconds. Send exactly that period to correct it, or "
                    "retract the report that told it.",
                    f"{told.pointer}/period",
                ),
                409,
            )

    def refuse_overlaps_within(self, messages: Sequence[Message]) -> None:
        """Of periods that overlap within one request the first told is kept."""
        told: dict[int, list[Stretch]] = defaultdict(list)
        for message in messages:
            added: list[tuple[int, Stretch]] = []
            for number, each in message.numbered:
                period = each.at, each.at + timedelta(seconds=each.length_s)
                if each.stock or each.value is None or period in told[number]:
                    continue
                if overlaps(told[number], period):
                    message.reject(overlap_within(each), 409)
                insort(told[number], period)
                added.append((number, period))
            if message.outcome == "rejected":
                for number, period in added:
                    told[number].remove(period)

    async def ask_doubts(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        current = await self.current_values(messages)
        late = [
            (n, t.at)
            for m in messages
            for n, t in m.numbered
            if t.stock and n in current and current[n][0] >= t.at
        ]
        earlier = await self.values_before(late) if late else {}
        for message in messages:
            beside = self.known_beside(message, current)
            beside |= {
                told.key: told.value
                for told in message.judged.told
                if told.value is not None and told.measure in BESIDE
            }
            for number, told in message.numbered:
                previous = current[number][1] if number in current else None
                if (number, told.at) in earlier:
                    previous = earlier[number, told.at]
                found = doubt(told, previous, beside)
                if found:
                    message.doubts.append(found)

    def known_beside(
        self, message: Message, current: Mapping[int, tuple[datetime, float | None]]
    ) -> dict[Key, float]:
        """What the same kind of source told last of the same place."""
        found = {}
        for (kind, key), number in self.series[message.where].beside.items():
            if kind == message.source_kind and number in current:
                value = current[number][1]
                if value is not None:
                    found[key] = value
        return found

    async def current_values(
        self, messages: Sequence[Message]
    ) -> dict[int, tuple[datetime, float | None]]:
        wanted = {number for series in self.series.values() for number in series.beside.values()}
        wanted.update(*(message.numbers for message in messages))
        rows = await self.connection.fetch(
            "SELECT series_id, at, value FROM current_state "
            "WHERE org_id = $1 AND series_id = ANY($2)",
            self.org_id,
            list(wanted),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    async def values_before(
        self, figures: Sequence[tuple[int, datetime]]
    ) -> dict[tuple[int, datetime], float | None]:
        """The figure before each, for reports that come late or correct an older one."""
        rows = await self.connection.fetch(
            BEFORE, self.org_id, [number for number, _ in figures], [at for _, at in figures]
        )
        return dict.fromkeys(figures) | {(row[0], row[1]): row[2] for row in rows}

    async def insert(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        figures = [(ord_, n, t) for ord_, m in enumerate(messages, 1) for n, t in m.numbered]
        asked = {(ord_, d.told): d.code for ord_, m in enumerate(messages, 1) for d in m.doubts}
        rows = await self.connection.fetch(
            INSERT,
            self.org_id,
            [m.report.id for m in messages],
            [m.place.unit for m in messages],
            [m.place.staff_pool for m in messages],
            [m.judged.observed_at for m in messages],
            [m.kind for m in messages],
            [m.source_kind for m in messages],
            [m.feed for m in messages],
            [m.reported_by for m in messages],
            [m.client_id for m in messages],
            [len(m.judged.told) for m in messages],
            [m.content_hash for m in messages],
            [m.refers_to for m in messages],
            [m.judged.precision for m in messages],
            [ord_ for ord_, _, _ in figures],
            [number for _, number, _ in figures],
            # A stock is of its report's moment; a hundred moments are slow to encode.
            [None if t.stock else t.at for _, _, t in figures],
            [t.length_s for _, _, t in figures],
            [t.value for _, _, t in figures],
            [asked.get((ord_, t)) if asked else None for ord_, _, t in figures],
            self.event,
            self.principal.org_id,
            self.principal.client_id,
            self.session.info.get("request_id", ""),
            uuid.uuid4(),
            uuid.uuid4(),
        )
        stored = {row[0]: row[1] for row in rows}
        for message in messages:
            message.known_at = stored.get(message.report.id)

    async def keep_apart(self, messages: Sequence[Message]) -> None:
        """A feed that is not released: its reports are kept, and counted only after release."""
        for message in messages:
            known_at = await self.connection.fetchval(
                KEEP_APART,
                self.org_id,
                message.report.id,
                message.feed,
                message.report.place,
                message.reported_by,
                message.client_id,
                message.content_hash,
                message.report.model_dump_json(by_alias=True, exclude_none=False),
            )
            message.known_at = known_at
            message.outcome = "quarantined"

    async def not_repeated(self, messages: Sequence[Message]) -> list[Message]:
        """Those whose id was not used before; the others hear that they repeat, or clash."""
        open_ = [m for m in messages if m.outcome in ("stored", "quarantined")]
        if not open_:
            return []
        ids = [m.report.id for m in open_]
        rows = await self.connection.fetch(USED, self.org_id, ids)
        used = {row["report_id"]: row for row in rows}
        for message in open_:
            row = used.get(message.report.id)
            if row is None:
                continue
            if row["content_hash"] == message.content_hash:
                message.outcome, message.known_at = "repeated", row["known_at"]
            else:
                message.reject(id_reused(), 409)
        return [m for m in open_ if m.report.id not in used]


def overlaps(told: Sequence[Stretch], period: Stretch) -> bool:
    """Whether a period shares time with one of these; they are sorted and do not overlap."""
    place = bisect_left(told, period)
    beside = told[max(place - 1, 0) : place + 1]
    return any(each[0] < period[1] and period[0] < each[1] for each in beside)


def overlap_within(told: Told) -> Fault:
    return Fault(
        "overlapping-period",
        "This request tells the figure over another period too that overlaps this one. Tell each "
        "stretch of time once.",
        f"{told.pointer}/period",
    )


def only_first(messages: Sequence[Message]) -> Iterator[Message]:
    """Of one id in one batch the first is stored; the same again is a repeat, another a clash."""
    hashes: dict[uuid.UUID, bytes] = {}
    for message in messages:
        number = message.report.id
        if number not in hashes:
            hashes[number] = message.content_hash
            yield message
        elif hashes[number] == message.content_hash:
            message.outcome = "repeated"
        else:
            message.reject(id_reused(), 409)


OVERLAPS = """
SELECT f.ord, o.at, o.length_s
  FROM unnest($2::int[], $3::timestamptz[], $4::int[]) WITH ORDINALITY
       AS f(series_id, at, length_s, ord)
 CROSS JOIN LATERAL (
       SELECT DISTINCT ON (x.at, x.length_s) x.at, x.length_s, x.value
         FROM observations x
        WHERE x.org_id = $1 AND x.series_id = f.series_id AND x.length_s > 0
          AND x.at < f.at + make_interval(secs => f.length_s)
          AND x.at > f.at - interval '367 days'
          AND x.at + make_interval(secs => x.length_s) > f.at
          AND (x.at, x.length_s) <> (f.at, f.length_s)
        ORDER BY x.at, x.length_s, x.known_at DESC) o
 WHERE o.value IS NOT NULL
"""

BEFORE = """
SELECT f.series_id, f.at, o.value
  FROM unnest($2::int[], $3::timestamptz[]) AS f(series_id, at)
 CROSS JOIN LATERAL (
       SELECT x.value FROM observations x
        WHERE x.org_id = $1 AND x.series_id = f.series_id AND x.length_s = 0 AND x.at < f.at
        ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC LIMIT 1) o
"""

USED = """
SELECT report_id, content_hash, known_at FROM reports
 WHERE org_id = $1 AND report_id = ANY($2)
UNION ALL
SELECT report_id, content_hash, known_at FROM quarantined_reports
 WHERE org_id = $1 AND report_id = ANY($2) AND released_at IS NULL
"""

KEEP_APART = """
INSERT INTO quarantined_reports
       (org_id, report_id, feed, unit, reported_by, client_id, content_hash, content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (org_id, report_id) DO NOTHING
RETURNING known_at
"""

# One statement, so one snapshot and one moment: no reader ever sees half a report, and a report
# that is there already adds nothing. The reports of a batch are known a microsecond apart.
INSERT = """
WITH now AS MATERIALIZED (SELECT clock_timestamp() AS known_at),
told AS MATERIALIZED (
    SELECT *
      FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
                  $8::text[], $9::int[], $10::int[], $11::int[], $12::bytea[], $13::uuid[],
                  $14::text[])
           WITH ORDINALITY
           AS r(report_id, unit, staff_pool, observed_at, kind, source_kind, feed, reported_by,
                client_id, figures, content_hash, refers_to, precision, ord)),
new AS (
    INSERT INTO reports (org_id, report_id, unit, staff_pool, observed_at, known_at, kind,
                         source_kind, feed, reported_by, client_id, figures, content_hash,
                         refers_to, backfilled)
    SELECT $1, r.report_id, r.unit, r.staff_pool, r.observed_at,
           now.known_at + r.ord * interval '1 microsecond', r.kind, r.source_kind, r.feed,
           r.reported_by, r.client_id, r.figures, r.content_hash, r.refers_to, false
      FROM told r, now
    ON CONFLICT (org_id, report_id) DO NOTHING
    RETURNING report_id, known_at),
figures AS MATERIALIZED (
    SELECT f.series_id, coalesce(f.at, r.observed_at) AS at, f.length_s, f.value, f.doubt,
           r.report_id, r.reported_by, r.observed_at, r.precision, new.known_at
      FROM unnest($15::int[], $16::int[], $17::timestamptz[], $18::int[], $19::float8[],
                  $20::text[]) AS f(ord, series_id, at, length_s, value, doubt)
      JOIN told r ON r.ord = f.ord
      JOIN new ON new.report_id = r.report_id),
observed AS (
    INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                              report_id, reported_by, precision)
    SELECT $1, series_id, at, length_s, known_at, observed_at, value, report_id, reported_by,
           precision
      FROM figures),
stated AS (
    INSERT INTO current_state AS c (org_id, series_id, at, known_at, value, report_id,
                                    reported_by, precision, doubts)
    SELECT DISTINCT ON (series_id) $1, series_id, at, known_at, value, report_id, reported_by,
           precision, CASE WHEN doubt IS NULL THEN '{}'::text[] ELSE ARRAY[doubt] END
      FROM figures WHERE length_s = 0
     ORDER BY series_id, at DESC, known_at DESC
    ON CONFLICT (org_id, series_id) DO UPDATE
       SET at = excluded.at, known_at = excluded.known_at, value = excluded.value,
           report_id = excluded.report_id, reported_by = excluded.reported_by,
           precision = excluded.precision, doubts = excluded.doubts
     WHERE (excluded.at, excluded.known_at) > (c.at, c.known_at)),
doubted AS (
    INSERT INTO doubts (org_id, report_id, series_id, at, code, state, known_at, detail)
    SELECT $1, report_id, series_id, at, doubt, 'open', known_at,
           jsonb_build_object('value', value)
      FROM figures WHERE doubt IS NOT NULL),
noted AS (
    INSERT INTO audit_events (org_id, id, event, action, actor_org, client_id, "right",
                              object_type, object_id, outcome, request_id, detail)
    SELECT $1, $25, $21, 'C', $22, $23, 'reports:write', 'report', min(report_id::text), 'done',
           $24, jsonb_build_object('reports', jsonb_agg(report_id))
      FROM new HAVING count(*) > 0),
outboxed AS (
    INSERT INTO outbox (org_id, id, kind, body)
    SELECT $1, $26, 'reports.stored', jsonb_build_object('reports', jsonb_agg(report_id))
      FROM new HAVING count(*) > 0)
SELECT report_id, known_at FROM new
"""
