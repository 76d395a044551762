"""A file brought into the store: all of it in one transaction, or nothing."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, get_args

import asyncpg
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.access.queries import organisations
from app.access.tables import Mark
from app.db import Sessions, Standing, act_as, connect, raw, sessions_of
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from app.facilities.commands import KINDS, write
from app.facilities.schemas import CareSetting
from app.facilities.tables import Facility
from app.feeds import importing
from app.feeds.imports import made, statements
from app.feeds.imports.batches import Passed, batches, shape_of
from app.feeds.imports.headway import Headway, Imported
from app.feeds.imports.names import Named, Names, Wanted
from app.feeds.imports.queries import known
from app.feeds.imports.text import MOST_BYTES, Unpacked, lines
from app.feeds.imports.underway.commands import MOST_SECONDS, UnderWay, standing, under_way
from app.feeds.profiles import Profile
from app.forecasts.calendar import day_start, local_day
from app.observations.rules import Key
from app.observations.tables import DIMENSIONS
from app.outbox import tell
from app.store import APP
from app.wire import Slug, instant

LIMITS = {
    "statement_timeout": str(int(MOST_SECONDS * 1000)),
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",
    "work_mem": "64MB",
    # Of the file's own table no more must be known than how many units and days it has.
    "default_statistics_target": "10",
    # A nested loop over a file, planned on old statistics, would take hours.
    "enable_nestloop": "off",
    "timezone": "UTC",
}
MOST_FAULTS = 100
Progress = Callable[[Headway], None]


class Sender(NamedTuple):
    """Which client sends a file, in which request; by command there is neither."""

    client_id: int | None = None
    client: str = "import"
    request_id: str = ""
    number: uuid.UUID | None = None


async def import_file(
    url: str,
    path: Path,
    profile: Profile,
    *,
    owner_url: str | None = None,
    create_units: bool = False,
    organisation: str | None = None,
    setting: str | None = None,
    dry_run: bool = False,
    progress: Progress = lambda headway: None,
    most_bytes: int = MOST_BYTES,
) -> Imported:
    """Bring in a CSV file, plain or gzip, for an organisation (else the profile's own name).

    Figures are written as the app role acting for that organisation; only `create_units` needs
    `owner_url`. A dry run does everything and undoes it. `progress` hears how far it is. Raises a
    refusal, with row and column of each fault, and then nothing is stored.
    """
    wanted = read_wanted(profile, organisation, create_units, setting)
    if create_units and owner_url is None:
        raise Forbidden("Units are made by the owner role: set DATABASE_OWNER_URL.")
    role = owner_url if create_units and owner_url else url
    with opened(path) as file:
        return await import_from(role, file, wanted, Sender(), dry_run, progress, most_bytes)


async def import_from(
    url: str,
    file: BinaryIO,
    wanted: Wanted,
    sender: Sender,
    dry_run: bool,
    progress: Progress = lambda headway: None,
    most_bytes: int = MOST_BYTES,
) -> Imported:
    """The same from a file that is open, for whoever sends it."""
    engine = connect(url, pool_size=3, limits=LIMITS, seconds=None)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            source = Source(file, Unpacked(file, most_bytes), progress)
            return await bring_in(sessions_of(engine), source, wanted, sender, dry_run)
    except TimeoutError:
        minutes = f"{MOST_SECONDS / 60:.0f} minutes"
        raise Unavailable(f"The import was not done in {minutes}. Split the file.") from None
    finally:
        await engine.dispose()


def read_wanted(
    profile: Profile, organisation: str | None, create_units: bool, setting: str | None
) -> Wanted:
    told = setting or profile.care_setting
    if create_units and told is None:
        raise Invalid(
            "Say the care setting of the units that are made, with --setting.", code="missing"
        )
    if organisation is None and not profile.prefix:
        raise Invalid("Say whose figures they are, with --organisation.", code="missing")
    asked: CareSetting | None
    try:
        asked = TypeAdapter(CareSetting | None).validate_python(told)
    except ValidationError:
        words = ", ".join(get_args(CareSetting))
        raise Invalid(f"There is no such setting. Known: {words}.", code="unknown-word") from None
    wanted = Wanted(profile, organisation or profile.name, create_units, asked)
    try:
        TypeAdapter(Slug).validate_python(made.facility_of(wanted))
    except ValidationError:
        raise Invalid(
            "The organisation is named by its code: small letters, digits and hyphens, at most 50.",
            code="not-valid",
        ) from None
    return wanted


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(f"The file cannot be read: {error.strerror}.", code="no-file") from None
    with file:
        yield file


@dataclass
class Source:
    """A file that is read, and who hears how far that is."""

    file: BinaryIO
    unpacked: Unpacked
    progress: Progress

    @property
    def total(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def headway(self, rows: int) -> Headway:
        return Headway(rows, self.file.tell(), self.total)


async def bring_in(
    sessions: Sessions, source: Source, wanted: Wanted, sender: Sender, dry_run: bool
) -> Imported:
    async with sessions() as session:
        numbers = {name: org_id for org_id, name in (await organisations(session)).items()}
    org_id = numbers.get(wanted.organisation)
    if org_id is None and not wanted.create_units:
        raise NotFound(
            f"There is no organisation {wanted.organisation}. Name the one that these units are "
            "of, or let --create-units make it.",
            code="unknown-organisation",
        )
    way = UnderWay(
        *(sessions, org_id or 0, wanted.profile.name, dry_run, source.total, sender.client_id)
    )
    way.id = sender.number or way.id
    finished = False
    try:
        async with under_way(way) as telling, standing(sessions, way.org_id) as session:
            session.info["request_id"] = sender.request_id
            task = Import(sessions, session, wanted, org_id, sender, way)
            imported = await task.run(source, telling)
            await (session.rollback() if dry_run else session.commit())
            # Of an organisation that was made only now, what announced it stands elsewhere.
            finished = not dry_run and org_id is not None
        return imported
    finally:
        if not finished:
            await way.withdraw()


@dataclass
class Import:
    """One file on its way in, within its transaction."""

    sessions: Sessions
    session: AsyncSession
    wanted: Wanted
    org_id: int | None
    sender: Sender
    way: UnderWay
    passed: Passed = field(default_factory=Passed)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def run(self, source: Source, telling: asyncio.Task[None]) -> Imported:
        connection = await self.begin()
        with lines(source.unpacked) as file:
            reading = importing.read(
                file, self.wanted.profile, now=self.began, most_faults=MOST_FAULTS
            )
            self.wanted = self.wanted._replace(profile=reading.profile)
            names = Names(
                self.wanted,
                await known(self.session, self.wanted.organisation, reading.profile, self.began),
                importing.Faults(MOST_FAULTS),
            )
            await self.as_app(connection)
            await self.copy(connection, reading, names, source)
        since, until = self.passed.between
        org_id = await self.make(connection, names, since)
        await self.partitions(connection, since, until)
        named = list(names.found.values())
        series, before = await self.number_series(connection, org_id, named)
        await self.refuse_overlaps(connection, org_id, named, series, before)
        precision, seal = reading.precision or "day", source.unpacked.seal
        added, corrected = await self.store(
            connection, org_id, named, series, before, precision, seal.digest()
        )
        imported = Imported(
            rows=self.passed.rows,
            figures=await self.figures(connection, named),
            units=len(names.found),
            units_made=len(names.new),
            added=added,
            corrected=corrected,
            since=since,
            until=until,
            started_at=self.way.started_at,
            finished_at=datetime.now(UTC),
        )
        await self.trace(org_id, imported, seal.hexdigest())
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        if not self.way.dry_run:
            await self.way.finish(self.session, org_id, imported, seal.digest())
        return imported

    async def begin(self) -> asyncpg.Connection:
        await self.session.connection()
        connection = await raw(self.session)
        # Two at a time would both find a figure missing, and both add it.
        alone = await connection.fetchval(
            "SELECT pg_try_advisory_xact_lock(hashtext('import'), hashtext($1))",
            self.wanted.organisation,
        )
        if not alone:
            raise Conflict(
                f"Another import for {self.wanted.organisation} is under way. Wait for its end.",
                code="import-under-way",
            )
        return connection

    async def as_app(self, connection: asyncpg.Connection) -> None:
        """The owner makes units; figures are written behind row level security all the same."""
        if not self.wanted.create_units:
            return
        try:
            await connection.execute(f"SET LOCAL ROLE {APP}")
        except asyncpg.InsufficientPrivilegeError:
            raise Forbidden(
                f"The owner role may not act as {APP}. Let an administrator of Postgres run: "
                f"GRANT {APP} TO the role of DATABASE_OWNER_URL."
            ) from None

    async def copy(
        self,
        connection: asyncpg.Connection,
        reading: importing.Reading,
        names: Names,
        source: Source,
    ) -> None:
        shape = shape_of(reading.profile)
        await connection.execute(f"CREATE TEMP TABLE file_rows ({shape.declared}) ON COMMIT DROP")

        async def packed() -> AsyncIterator[bytes]:
            for batch in batches(reading.stretches(), names, self.passed):
                yield batch
                self.way.headway = source.headway(self.passed.rows)
                source.progress(self.way.headway)
                await asyncio.sleep(0)  # the limit on time must be able to end it

        columns = [*shape.numbers, *shape.values]
        await connection.copy_to_table(
            "file_rows", source=packed(), columns=columns, format="binary"
        )
        await connection.execute("ANALYZE file_rows")

    async def make(self, connection: asyncpg.Connection, names: Names, since: datetime) -> int:
        """The organisation, its facility and the units that are missing, from the first day on."""
        if names.new or self.org_id is None:
            await connection.execute("SET LOCAL ROLE NONE")
            await self.make_units(names.new, day_start(local_day(since)))
            await self.as_app(connection)
        numbers = {name: org_id for org_id, name in (await organisations(self.session)).items()}
        org_id = numbers[self.wanted.organisation]
        await act_as(self.session, Standing(org_id, "own"))
        return org_id

    async def make_units(self, new: list[Named], since: datetime) -> None:
        if await self.session.get(Mark, "fictief") is not None:
            raise Conflict(
                "This database bears the mark fictief: it holds a made-up region. Make units of a "
                "real file in a database of their own.",
                code="fictief-database",
            )
        await self.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('region apply'))"))
        facility = await self.session.get(Facility, made.facility_of(self.wanted))
        if facility is not None and facility.org_id != self.org_id:
            raise Conflict(
                f"The facility {facility.facility} is of another organisation. Name this one "
                "otherwise with --organisation.",
                code="other-organisation",
            )
        changes = list(made.units(self.wanted, new, since))
        if facility is None:
            changes.insert(0, made.facility(self.wanted, since))
        if self.org_id is None:
            changes.insert(0, made.organisation(self.wanted, since))
        await write(self.session, changes, KINDS)

    async def partitions(
        self, connection: asyncpg.Connection, since: datetime, until: datetime
    ) -> None:
        """Committed by themselves, so that no other writer waits; a dry run leaves none."""
        days = since.date(), until.date() + timedelta(days=1)
        if self.way.dry_run:
            await connection.execute(statements.PARTITIONS, *days)
            return
        async with self.sessions() as session:
            asked = text("SELECT ensure_partitions(:since, :before)")
            await session.execute(asked, {"since": days[0], "before": days[1]})
            await session.commit()

    async def number_series(
        self,
        connection: asyncpg.Connection,
        org_id: int,
        named: Sequence[Named],
    ) -> tuple[dict[Key, int], list[int]]:
        """The number of each series, and the numbers that were there before."""
        # Of the unit's own organisation, so that the wall stands also where no check does.
        told = {
            each.key: (each.quantity, of.place.org_id or org_id)
            for of in named
            for each in of.told.values()
        }
        slots = ", ".join(f"${n}::text[]" for n in range(2, len(DIMENSIONS) + 3))
        columns = zip(*((*key, quantity) for key, (quantity, _) in told.items()), strict=True)
        new = await connection.fetch(
            f"INSERT INTO series (org_id, {', '.join(DIMENSIONS)}, quantity, source_kind) "
            f"SELECT *, 'import' FROM unnest($1::int[], {slots}) ON CONFLICT DO NOTHING "
            "RETURNING series_id",
            [owner for _, owner in told.values()],
            *map(list, columns),
        )
        rows = await connection.fetch(
            f"SELECT series_id, {', '.join(DIMENSIONS)} FROM series "
            "WHERE org_id = $1 AND source_kind = 'import' "
            "AND (unit = ANY($2) OR staff_pool = ANY($2))",
            org_id,
            sorted({key[0] or key[1] for key in told}),
        )
        numbers = {tuple(row)[1:]: row[0] for row in rows}
        return numbers, list(set(numbers.values()) - {row[0] for row in new})

    async def refuse_overlaps(
        self,
        connection: asyncpg.Connection,
        org_id: int,
        named: Sequence[Named],
        series: Mapping[Key, int],
        before: Sequence[int],
    ) -> None:
        """A period may be told again; it may not overlap another that is stored."""
        told = [
            (each.number, n, series[figure.key])
            for each in named
            for n, figure in each.told.items()
            if not figure.stock
        ]
        if not {number for _, _, number in told} & set(before):
            return
        rows = await connection.fetch(
            statements.OVERLAPS,
            org_id,
            *(list(column) for column in zip(*told, strict=True)),
            *self.passed.between,
            MOST_FAULTS,
        )
        faults = importing.Faults(MOST_FAULTS + 1)
        columns = list(self.wanted.profile.columns)
        for row in rows:
            detail = (
                "A period of this figure is stored that overlaps the one of this row. Tell exactly "
                "that period to correct it, or retract the report that told it."
            )
            faults.add("overlapping-period", detail, row["line"], columns[row["place"]])
        if faults.found:
            raise faults.refusal()

    async def store(
        self,
        connection: asyncpg.Connection,
        org_id: int,
        named: Sequence[Named],
        series: Mapping[Key, int],
        before: Sequence[int],
        precision: importing.Precision,
        seal: bytes,
    ) -> tuple[int, int]:
        """What is new or differs from the last known; how many of each."""
        told = [(each, n, figure) for each in named for n, figure in each.told.items()]
        row = await connection.fetchrow(
            statements.store(self.wanted.profile.columns.values()),
            org_id,
            [each.number for each, _, _ in told],
            [n for _, n, _ in told],
            [series[figure.key] for _, _, figure in told],
            [each.number for each in named],
            [uuid.uuid4() for _ in named],
            [each.place.unit for each in named],
            precision,
            seal,
            *self.passed.between,
            before,
            self.began,
            [each.place.staff_pool for each in named],
            self.sender.client_id,
        )
        stocks = [series[figure.key] for _, _, figure in told if figure.stock]
        await connection.execute(statements.STATE, org_id, stocks, self.passed.between[1])
        assert row is not None
        return row["added"], row["corrected"]

    async def figures(self, connection: asyncpg.Connection, named: Sequence[Named]) -> int:
        """How many figures the rows told: a column that does not suit a unit tells none."""
        width = len(self.wanted.profile.columns)
        if all(len(each.told) == width for each in named):
            return self.passed.rows * width
        return int(
            await connection.fetchval(
                "SELECT sum(u.width) FROM file_rows t "
                "JOIN unnest($1::int[], $2::int[]) AS u(unit, width) ON u.unit = t.unit",
                [each.number for each in named],
                [len(each.told) for each in named],
            )
        )

    async def trace(self, org_id: int, imported: Imported, seal: str) -> None:
        principal = Principal(
            org_id,
            self.wanted.organisation,
            "provider",
            self.sender.client_id,
            self.sender.client,
            "hand",
            frozenset({"imports:write"}),
        )
        told: dict[str, Any] = {
            "profile": self.wanted.profile.name,
            "rows": imported.rows,
            "added": imported.added,
            "corrected": imported.corrected,
            "since": instant(imported.since),
            "until": instant(imported.until),
        }
        note(
            *(self.session, principal, "imports.write", "C"),
            object_type="import",
            object_id=seal,
            right="imports:write",
            **told,
        )
        if imported.added or imported.corrected:
            tell(self.session, org_id, "imports.stored", seal=seal, **told)
        await self.session.flush()
