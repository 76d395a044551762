"""A made-up region laid down in bulk: years of reports as if they had been posted as they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions, Standing, act_as, connect, raw, sessions_of
from app.demo.load import queries, statements
from app.demo.load.notices import moment, status_row, stop_row
from app.demo.load.queries import Known, Laid
from app.demo.load.rows import BEGIN, END, Rows, Teller, columns
from app.demo.load.series import keys_of
from app.errors import Conflict
from app.feeds.health.commands import lay_messages
from app.observations.tables import DIMENSIONS
from app.simulation.kinds import Kind
from app.simulation.reporters import Block, Reporter, Reporters, blocks
from app.simulation.reporters_stops import StopTold, stops_told
from app.simulation.truth import Truth
from app.store import ensure_partitions

# Rows so far, and the share of all places that is done (0..1).
Progress = Callable[[int, float], None]
LIMITS = {
    "statement_timeout": "600000",
    "lock_timeout": "10000",
    "jit": "off",
    "work_mem": "64MB",
    "timezone": "UTC",
}
# One writes while the other is being made ready: there are two processors at least.
WRITERS = 2
PIECE = 1 << 20
FEED_HEALTH = timedelta(days=37)
ALL, STOPS = "", "stops"


@dataclass(frozen=True)
class Loaded:
    """How many figures and reports were added, and of how many places."""

    figures: int
    reports: int
    places: int


async def laid(owner_url: str) -> Laid | None:
    """What was laid down in this database, if anything; its `until` is that of a whole load."""
    engine = connect(owner_url, pool_size=1, limits=LIMITS, seconds=None)
    try:
        async with standing(sessions_of(engine), 0) as session:
            return await queries.laid(session)
    finally:
        await engine.dispose()


async def load(
    owner_url: str,
    *,
    truth: Truth,
    reporters: Reporters,
    since: int,
    until: int,
    dense_from: int,
    progress: Progress = lambda rows, share: None,
) -> Loaded:
    """Lay down all that becomes known in [since, until), in seconds since 1970.

    A place that was loaded before goes on where it ended, so that a load that was cut off, or a
    later one, adds only what is missing. Raises a refusal anywhere but in an embedded database
    that bears the mark fictief.
    """
    engine = connect(owner_url, pool_size=WRITERS, limits=LIMITS, seconds=None)
    sessions = sessions_of(engine)
    try:
        async with standing(sessions, 0) as session:
            await queries.refuse_elsewhere(session)
            before = await queries.laid(session)
            known = await queries.known(session)
        run = Run(sessions, truth, reporters, known, since, until, dense_from, progress)
        run.refuse_another(before)
        await ensure_partitions(owner_url, moment(truth.begin).date())
        return await run.all_places(first=before is None)
    finally:
        await engine.dispose()


@asynccontextmanager
async def standing(sessions: Sessions, org_id: int) -> AsyncIterator[AsyncSession]:
    """A transaction that acts for an organisation; 0 is the region as a whole."""
    async with sessions() as session, session.begin():
        session.info["standing"] = Standing(org_id, "own")
        yield session


@dataclass
class Run:
    """One load, place by place; each place is a transaction with its own marker."""

    sessions: Sessions
    truth: Truth
    reporters: Reporters
    known: Known
    since: int
    until: int
    dense_from: int
    progress: Progress
    figures: int = 0
    reports: int = 0
    places: int = 0
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def refuse_another(self, before: Laid | None) -> None:
        ours = (self.reporters.seed, moment(self.truth.begin), moment(self.dense_from))
        if before and (before.seed, before.begin, before.dense_from) != ours:
            raise Conflict(
                f"Here stands a demo of seed {before.seed} from {before.begin:%Y-%m-%d}. Go on "
                "with that one, or begin with an empty folder: set TOREN_DATA_DIR to a new one.",
                code="another-demo",
            )

    async def all_places(self, *, first: bool) -> Loaded:
        if first:
            await self.begin()
        by_place = self.by_place()
        todo = iter(by_place.items())
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self.write_places(todo, len(by_place)))
        await self.write_stops()
        async with standing(self.sessions, 0) as session:
            # Nobody asks how a feed fared longer ago.
            await lay_messages(session, moment(self.until) - FEED_HEALTH)
            await self.mark(await raw(session), 0, ALL, self.until, self.figures)
        self.progress(self.figures, 1.0)
        return Loaded(self.figures, self.reports, self.places)

    async def begin(self) -> None:
        """From the first moment of the demo its region is known, or nothing could be asked as
        known then. Once: what is said of the region after this load is known from when it was."""
        async with standing(self.sessions, 0) as session:
            connection = await raw(session)
            begin = moment(self.truth.begin)
            for table in statements.VERSIONS:
                await connection.execute(statements.KNOWN_SINCE.format(table=table), begin)
            await self.mark(connection, 0, ALL, self.since, 0)

    def by_place(self) -> dict[str, list[Reporter]]:
        """Those who report of places that the region has, and the simulation knows."""
        simulated = set(self.truth.places())
        found: dict[str, list[Reporter]] = {}
        for reporter in self.reporters.reporters:
            if reporter.place in simulated and reporter.place in self.known.places:
                found.setdefault(reporter.place, []).append(reporter)
        # By organisation, so that its rows stand together.
        return dict(sorted(found.items(), key=lambda each: self.known.places[each[0]].org_id))

    async def write_places(self, todo: Iterator[tuple[str, list[Reporter]]], total: int) -> None:
        for place, reporters in todo:
            await self.write_place(place, reporters)
            self.places += 1
            self.progress(self.figures, self.places / total)

    def begin_of(self, place: str) -> int:
        loaded = self.known.loaded.get(place)
        return int(loaded.timestamp()) if loaded else self.since

    async def write_place(self, place: str, reporters: Sequence[Reporter]) -> None:
        since = self.begin_of(place)
        if since >= self.until:
            return
        tellers = [self.known.teller(n, reporter) for n, reporter in enumerate(reporters)]
        # The truth is asked by one thread at a time.
        async with self.one_at_a_time:
            told = await asyncio.to_thread(self.told, reporters, since)
        org_id = self.known.places[place].org_id
        async with standing(self.sessions, org_id) as session:
            connection = await raw(session)
            numbers = await self.number_series(connection, place, told)
            rows = await asyncio.to_thread(self.rows, told, numbers, tellers)
            await store(connection, org_id, self.known.places[place].unit, place, rows, tellers)
            await self.mark(connection, org_id, place, self.until, rows.count)
        self.figures += rows.count
        self.reports += rows.messages

    def told(self, reporters: Sequence[Reporter], since: int) -> list[tuple[int, Block]]:
        return [
            (n, block)
            for n, reporter in enumerate(reporters)
            for block in blocks(
                self.truth,
                replace(self.reporters, reporters=(reporter,)),
                since,
                self.until,
                dense_from=self.dense_from,
            )
        ]

    def rows(
        self,
        told: Iterable[tuple[int, Block]],
        numbers: Mapping[tuple[str, Kind], int],
        tellers: Sequence[Teller],
    ) -> Rows:
        rows = Rows()
        for n, block in told:
            of_kind = {kind: numbers[block.source_kind, kind] for kind in block.kinds}
            rows.add(block, self.reporters.seed, of_kind, tellers[n])
        return rows

    async def number_series(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        place: str,
        told: Iterable[tuple[int, Block]],
    ) -> dict[tuple[str, Kind], int]:
        """The number of each series, made where it is new, by the kind of source and the figure."""
        of = self.known.places[place]
        wanted = keys_of(of, (block for _, block in told))
        names = [(*each.key, each.quantity, kind) for (kind, _), each in wanted.items()]
        slots = ", ".join(f"${n}::text[]" for n in range(2, len(DIMENSIONS) + 4))
        if names:
            await connection.execute(
                f"INSERT INTO series (org_id, {', '.join(DIMENSIONS)}, quantity, source_kind) "
                f"SELECT $1, * FROM unnest({slots}) ON CONFLICT DO NOTHING",
                of.org_id,
                *map(list, zip(*names, strict=True)),
            )
        numbers = await queries.numbers(connection, of.org_id, place)
        return {(kind, figure): numbers[kind, each.key] for (kind, figure), each in wanted.items()}

    async def mark(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        org_id: int,
        place: str,
        until: int,
        rows: int,
    ) -> None:
        await connection.execute(
            statements.MARK,
            org_id,
            place,
            moment(until),
            self.reporters.seed,
            moment(self.truth.begin),
            moment(self.dense_from),
            rows,
        )

    async def write_stops(self) -> None:
        """What was told of stops, and what the unit said of itself while one held."""
        since = self.begin_of(STOPS)
        found = stops_told(self.truth, self.reporters.seed, since, self.until)
        by_owner: dict[int, list[StopTold]] = {}
        for told in found:
            place = self.known.places.get(told.stop.unit)
            if place is not None:
                by_owner.setdefault(place.org_id, []).append(told)
        async with standing(self.sessions, 0) as session:
            for org_id, stops in sorted(by_owner.items()):
                await store_stops(session, org_id, stops)
            if since < self.until:
                await self.mark(await raw(session), 0, STOPS, self.until, len(found))


async def store(
    connection: asyncpg.Connection[asyncpg.Record],
    org_id: int,
    unit: str,
    place: str,
    rows: Rows,
    tellers: Sequence[Teller],
) -> None:
    """Row level security takes no COPY, so the rows go by way of a table of this transaction."""
    await connection.execute(statements.TEMPORARY)
    for table, packed in (("told_figures", rows.figures), ("told_reports", rows.reports)):
        await connection.copy_to_table(table, source=pieces(packed), format="binary")
    await connection.execute(statements.FIGURES, org_id)
    await connection.execute(
        statements.REPORTS,
        org_id,
        unit,
        "" if unit else place,
        [teller.number for teller in tellers],
        [teller.source_kind for teller in tellers],
        [teller.feed for teller in tellers],
        [teller.reported_by for teller in tellers],
        [teller.client_id for teller in tellers],
    )
    await connection.execute(statements.STATE, org_id, *columns(rows.newest))


async def pieces(packed: Iterable[bytes]) -> AsyncIterator[bytes]:
    yield BEGIN
    for each in packed:
        for at in range(0, len(each), PIECE):
            yield each[at : at + PIECE]
    yield END


async def store_stops(session: AsyncSession, org_id: int, stops: Sequence[StopTold]) -> None:
    await act_as(session, Standing(org_id, "own"))
    connection = await raw(session)
    await connection.executemany(statements.STOP, [stop_row(org_id, told) for told in stops])
    await connection.executemany(statements.STATUS, [status_row(org_id, told) for told in stops])
