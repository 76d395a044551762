"""A file brought into the store: all of it in one transaction, or nothing."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO, get_args

import asyncpg
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

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
from app.feeds.imports import made
from app.feeds.imports.batches import Passed, batches
from app.feeds.imports.names import Named, Names, Wanted
from app.feeds.imports.queries import known
from app.feeds.imports.text import MOST_BYTES, Unpacked, lines
from app.feeds.profiles import Profile
from app.forecasts.calendar import day_start, local_day
from app.observations.rules import Key
from app.observations.tables import DIMENSIONS, OpenWrite
from app.outbox import tell
from app.store import APP
from app.wire import Slug, instant

log = get_logger(__name__)
# The longest that an import may take; what is asked as known waits for it so long.
MOST_SECONDS = 30 * 60.0
LIMITS = {
    "statement_timeout": str(int(MOST_SECONDS * 1000)),
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",
    "work_mem": "64MB",
    # A nested loop over a file, planned on old statistics, would take hours.
    "enable_nestloop": "off",
    "timezone": "UTC",
}
MOST_FAULTS = 100
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Imported:
    """What became of a file. `corrected` were stored with another value and are known anew."""

    rows: int
    figures: int
    units: int
    units_made: int
    added: int
    corrected: int
    since: datetime
    until: datetime

    @property
    def unchanged(self) -> int:
        return self.figures - self.added - self.corrected


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
    progress: Progress = lambda rows: None,
    most_bytes: int = MOST_BYTES,
) -> Imported:
    """Bring in a CSV file, plain or gzip, for an organisation (else the profile's own name).

    Figures are written as the app role acting for that organisation; only `create_units` needs
    `owner_url`. A dry run does everything and undoes it. `progress` hears the rows so far. Raises a
    refusal, with row and column of each fault, and then nothing is stored.
    """
    wanted = read_wanted(profile, organisation, create_units, setting)
    if create_units and owner_url is None:
        raise Forbidden("Units are made by the owner role: set DATABASE_OWNER_URL.")
    engine = connect(
        owner_url if create_units and owner_url else url, pool_size=2, limits=LIMITS, seconds=None
    )
    try:
        with opened(path, most_bytes) as unpacked, lines(unpacked) as file:
            async with asyncio.timeout(MOST_SECONDS):
                return await bring_in(
                    sessions_of(engine), file, unpacked, wanted, dry_run, progress
                )
    except TimeoutError:
        minutes = f"{MOST_SECONDS / 60:.0f} minutes"
        raise Unavailable(f"The import was not done in {minutes}. Split the file.") from None
    finally:
        await engine.dispose()


def read_wanted(
    profile: Profile, organisation: str | None, create_units: bool, setting: str | None
) -> Wanted:
    asked: CareSetting
    try:
        asked = TypeAdapter(CareSetting).validate_python(setting or profile.care_setting)
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
def opened(path: Path, most_bytes: int) -> Iterator[Unpacked]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(f"The file cannot be read: {error.strerror}.", code="no-file") from None
    with file:
        yield Unpacked(file, most_bytes)


async def bring_in(
    sessions: Sessions,
    file: TextIO,
    unpacked: Unpacked,
    wanted: Wanted,
    dry_run: bool,
    progress: Progress,
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
    # A dry run is never seen, so nobody has to wait for it.
    opens = nullcontext(None) if dry_run else open_write(sessions, org_id or 0)
    async with opens as number, standing(sessions, org_id or 0) as session:
        task = Import(sessions, session, wanted, org_id, progress, dry_run)
        imported = await task.run(file, unpacked)
        if number is not None:
            await still_open(session, org_id or 0, number)
        await (session.rollback() if dry_run else session.commit())
    return imported


@asynccontextmanager
async def standing(sessions: Sessions, org_id: int) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        session.info["standing"] = Standing(org_id, "own")
        yield session


@asynccontextmanager
async def open_write(sessions: Sessions, org_id: int) -> AsyncIterator[uuid.UUID]:
    """Nothing newer than this moment can be asked as known until the import is over."""
    number = uuid.uuid4()
    until = func.clock_timestamp() + timedelta(seconds=MOST_SECONDS + 60)
    added = insert(OpenWrite).values(org_id=org_id, id=number, until=until, what="import")
    async with standing(sessions, org_id) as session:
        await session.execute(added)
        await session.commit()
    try:
        yield number
    finally:
        try:
            async with standing(sessions, org_id) as session:
                await session.execute(
                    delete(OpenWrite).where(OpenWrite.org_id == org_id, OpenWrite.id == number)
                )
                await session.commit()
        except Exception as error:
            # It ends by itself; what went wrong before must be heard.
            log.warning("open write not removed", kind=type(error).__name__)


async def still_open(session: AsyncSession, org_id: int, number: uuid.UUID) -> None:
    """By the database's own clock: this process may have hung."""
    await act_as(session, Standing(org_id, "own"))
    soon = func.clock_timestamp() + timedelta(seconds=10)
    holds = select(OpenWrite.id).where(OpenWrite.id == number, OpenWrite.until > soon)
    if await session.scalar(holds) is None:
        raise Unavailable("The import took too long, and nothing was stored. Split the file.")


@dataclass
class Import:
    """One file on its way in, within its transaction."""

    sessions: Sessions
    session: AsyncSession
    wanted: Wanted
    org_id: int | None
    progress: Progress
    dry_run: bool
    passed: Passed = field(default_factory=Passed)

    async def run(self, file: TextIO, unpacked: Unpacked) -> Imported:
        connection = await self.begin()
        now = datetime.now(UTC)
        names = Names(
            self.wanted,
            await known(self.session, self.wanted.organisation, now),
            importing.Faults(MOST_FAULTS),
        )
        await self.as_app(connection)
        rows = importing.read(file, self.wanted.profile, now=now, most_faults=MOST_FAULTS)
        await self.copy(connection, rows, names)
        since, until = self.passed.between
        org_id = await self.make(connection, names, since)
        await self.partitions(connection, since, until)
        named = list(names.found.values())
        series, before = await self.number_series(connection, org_id, named)
        added, corrected = await self.store(
            connection, org_id, named, series, before, unpacked.seal.digest()
        )
        imported = Imported(
            rows=self.passed.rows,
            figures=self.passed.rows * len(self.wanted.profile.columns),
            units=len(names.found),
            units_made=len(names.new),
            added=added,
            corrected=corrected,
            since=since,
            until=until,
        )
        await self.trace(org_id, imported, unpacked.seal.hexdigest())
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
        rows: Iterable[importing.Row],
        names: Names,
    ) -> None:
        columns = [f"value{n}" for n, _ in enumerate(self.wanted.profile.columns)]
        declared = ", ".join(f"{name} float8" for name in columns)
        await connection.execute(
            f"CREATE TEMP TABLE file_rows (unit int, at timestamptz, {declared}) ON COMMIT DROP"
        )

        async def source() -> AsyncIterator[bytes]:
            for batch in batches(rows, names, self.passed):
                yield batch
                self.progress(self.passed.rows)
                await asyncio.sleep(0)  # the limit on time must be able to end it

        await connection.copy_to_table(
            "file_rows", source=source(), columns=["unit", "at", *columns], format="binary"
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
        if self.dry_run:
            await connection.execute(PARTITIONS, *days)
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
        told = {each.key: each.quantity for of in named for each in of.told}
        slots = ", ".join(f"${n}::text[]" for n in range(2, len(DIMENSIONS) + 3))
        columns = zip(*((*key, quantity) for key, quantity in told.items()), strict=True)
        new = await connection.fetch(
            f"INSERT INTO series (org_id, {', '.join(DIMENSIONS)}, quantity, source_kind) "
            f"SELECT $1, *, 'import' FROM unnest({slots}) ON CONFLICT DO NOTHING "
            "RETURNING series_id",
            org_id,
            *map(list, columns),
        )
        rows = await connection.fetch(
            f"SELECT series_id, {', '.join(DIMENSIONS)} FROM series "
            "WHERE org_id = $1 AND source_kind = 'import' AND unit = ANY($2)",
            org_id,
            sorted({key[0] for key in told}),
        )
        numbers = {tuple(row)[1:]: row[0] for row in rows}
        return numbers, list(set(numbers.values()) - {row[0] for row in new})

    async def store(
        self,
        connection: asyncpg.Connection,
        org_id: int,
        named: Sequence[Named],
        series: Mapping[Key, int],
        before: Sequence[int],
        seal: bytes,
    ) -> tuple[int, int]:
        """What is new or differs from the last known; how many of each."""
        columns = range(len(self.wanted.profile.columns))
        figures = [(each.number, n, series[each.told[n].key]) for each in named for n in columns]
        row = await connection.fetchrow(
            STORE.replace("FIGURES", " UNION ALL ".join(FIGURES.format(n=n) for n in columns)),
            org_id,
            *(list(column) for column in zip(*figures, strict=True)),
            [each.number for each in named],
            [uuid.uuid4() for _ in named],
            [each.place.unit for each in named],
            self.passed.precision,
            seal,
            *self.passed.between,
            before,
        )
        numbers = [number for _, _, number in figures]
        await connection.execute(STATE, org_id, numbers, self.passed.between[1])
        assert row is not None
        return row["added"], row["corrected"]

    async def trace(self, org_id: int, imported: Imported, seal: str) -> None:
        principal = Principal(
            org_id,
            self.wanted.organisation,
            "provider",
            None,
            "import",
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


PARTITIONS = "SELECT ensure_partitions($1::date, $2::date)"

FIGURES = """
    SELECT s.series_id, s.report_id, t.at, nullif(t.value{n}, 'NaN') AS value
      FROM file_rows t JOIN of_series s ON s.unit = t.unit AND s.place = {n}"""

# All reports of a file are known at one moment: no figure stands in it twice. A content hash is
# that of the file with the unit, since the file is what was sent.
STORE = """
WITH now AS MATERIALIZED (SELECT clock_timestamp() AS known_at),
of_unit AS MATERIALIZED (
    SELECT * FROM unnest($5::int[], $6::uuid[], $7::text[]) AS u(unit, report_id, name)),
of_series AS MATERIALIZED (
    SELECT s.unit, s.place, s.series_id, u.report_id
      FROM unnest($2::int[], $3::int[], $4::int[]) AS s(unit, place, series_id)
      JOIN of_unit u ON u.unit = s.unit),
last AS (
    SELECT DISTINCT ON (series_id, at) series_id, at, value
      FROM observations
     WHERE org_id = $1 AND series_id = ANY($12) AND length_s = 0 AND at BETWEEN $10 AND $11
     ORDER BY series_id, at, known_at DESC),
changed AS MATERIALIZED (
    SELECT f.series_id, f.at, f.value, f.report_id, last.series_id IS NOT NULL AS again
      FROM (FIGURES) f
      LEFT JOIN last ON last.series_id = f.series_id AND last.at = f.at
     WHERE last.series_id IS NULL OR last.value IS DISTINCT FROM f.value),
reported AS (
    INSERT INTO reports (org_id, report_id, unit, staff_pool, observed_at, known_at, kind,
                         source_kind, feed, reported_by, client_id, figures, content_hash,
                         refers_to, backfilled)
    SELECT $1, u.report_id, u.name, '', c.newest, now.known_at, 'report', 'import', '', $1, NULL,
           c.figures, sha256($9 || convert_to(u.name, 'UTF8')), NULL, true
      FROM (SELECT report_id, max(at) AS newest, count(*) AS figures
              FROM changed GROUP BY report_id) c
      JOIN of_unit u ON u.report_id = c.report_id
     CROSS JOIN now),
observed AS (
    INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                              report_id, reported_by, precision)
    SELECT $1, c.series_id, c.at, 0, now.known_at, c.at, c.value, c.report_id, $1, $8
      FROM changed c CROSS JOIN now)
SELECT count(*) FILTER (WHERE NOT again) AS added, count(*) FILTER (WHERE again) AS corrected
  FROM changed
"""

STATE = """
INSERT INTO current_state AS c (org_id, series_id, at, known_at, value, report_id, reported_by,
                                precision, doubts)
SELECT $1, s.series_id, o.at, o.known_at, o.value, o.report_id, o.reported_by, o.precision, '{}'
  FROM unnest($2::int[]) AS s(series_id)
 CROSS JOIN LATERAL (
       SELECT x.at, x.known_at, x.value, x.report_id, x.reported_by, x.precision
         FROM observations x
        WHERE x.org_id = $1 AND x.series_id = s.series_id AND x.length_s = 0 AND x.at <= $3
        ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC LIMIT 1) o
ON CONFLICT (org_id, series_id) DO UPDATE
   SET at = excluded.at, known_at = excluded.known_at, value = excluded.value,
       report_id = excluded.report_id, reported_by = excluded.reported_by,
       precision = excluded.precision, doubts = excluded.doubts
 WHERE (excluded.at, excluded.known_at) > (c.at, c.known_at)
"""
