"""What the database itself forbids: read from its catalog, whatever the code says."""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import pytest
from alembic import command
from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from app import store
from app.db import Base, connect, plain
from app.postgres import Embedded
from tests.conftest import Database, run

# Small tables, of which a sharded database keeps a whole copy on every node.
REFERENCE = frozenset(
    {
        *("organisations", "organisation_versions", "facilities", "facility_versions"),
        *("units", "unit_versions", "staff_pools", "staff_pool_versions"),
        *("groups", "group_versions", "feeds", "feed_versions", "rule_versions"),
        *("clients", "api_keys", "series", "forecast_runs", "job_runs", "marks"),
        *("job_slices", "sessions"),
    }
)
# Read by all, written by the owner only, or by the worker: nothing of one organisation in them.
WITHOUT_A_WALL = frozenset(
    {
        *("organisations", "organisation_versions", "facilities", "facility_versions"),
        *("units", "unit_versions", "unit_aliases", "staff_pools", "staff_pool_versions"),
        *("groups", "group_versions", "feeds", "rule_versions", "forecast_runs", "marks"),
        # Written to by the app, read by no request.
        *("job_runs", "job_slices", "access_log"),
    }
)
NEVER_CHANGED = ("observations", "reports", "audit_events", "access_log")
DEFINERS = {
    *("find_key", "ensure_partitions", "state_as_known", "flows_as_known", "known_horizon"),
    *("find_session", "demo_clients"),
}


def tables() -> list[Table]:
    """Every table of the code: what the migrations compare with."""
    for path in sorted((store.ROOT / "app").rglob("tables.py")):
        importlib.import_module(".".join(path.relative_to(store.ROOT).with_suffix("").parts))
    importlib.import_module("app.outbox")
    return list(Base.metadata.tables.values())


async def test_no_role_of_the_tower_stands_above_its_own_rules(rows: asyncpg.Connection) -> None:
    roles = await rows.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolreplication, rolcreaterole "
        "FROM pg_roles WHERE rolname LIKE 'verkeerstoren%'"
    )

    may = {
        role["rolname"]: [name for name, value in role.items() if value is True] for role in roles
    }
    assert may == {store.APP: [], store.WORKER: [], store.OWNER: ["rolcreaterole"]}


@pytest.mark.parametrize("role", [store.APP, store.WORKER])
async def test_the_app_and_the_worker_own_nothing_and_make_nothing(
    rows: asyncpg.Connection, role: str
) -> None:
    owned = await rows.fetchval(
        "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = $1", role
    )
    schemas = await rows.fetch(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1, nspname, 'CREATE')", role
    )
    member = await rows.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", role, store.OWNER)

    assert owned == 0
    assert [row["nspname"] for row in schemas] == []
    assert not member


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (y int)",
        "ALTER TABLE observations DISABLE ROW LEVEL SECURITY",
        "DROP POLICY app_reads ON observations",
        "TRUNCATE observations",
        "UPDATE observations SET value = 0",
        "DELETE FROM observations",
        "UPDATE reports SET unit = ''",
        "DELETE FROM reports",
        "UPDATE audit_events SET outcome = ''",
        "DELETE FROM audit_events",
        "SELECT seal FROM api_keys",
        "SELECT * FROM api_keys",
        "SELECT seal FROM sessions",
        "UPDATE sessions SET scopes = '{operator}'",
        "UPDATE api_keys SET scopes = '{operator}'",
        "SELECT * FROM access_log",
        "SELECT * FROM pg_authid",
        "INSERT INTO organisations (organisation) VALUES ('x')",
        "INSERT INTO units (unit, org_id) VALUES ('x', 0)",
        f"SET ROLE {store.OWNER}",
        f"SET ROLE {store.WORKER}",
    ],
)
async def test_the_app_may_not(database: Database, statement: str) -> None:
    connection = await asyncpg.connect(plain(database.urls.app))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)

    await connection.close()


async def test_what_was_told_is_never_changed_nor_taken_away(rows: asyncpg.Connection) -> None:
    found = await rows.fetch(
        "SELECT c.oid::regclass::text AS name, p FROM pg_class c, "
        "unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) p, "
        "unnest($2::text[]) role "
        "WHERE (c.relname = ANY($1) OR c.relname LIKE 'observations%') AND c.relkind IN ('r', 'p') "
        "AND has_table_privilege(role, c.oid, p)",
        list(NEVER_CHANGED),
        [store.APP, store.WORKER],
    )
    columns = await rows.fetchval(
        "SELECT count(*) FROM unnest($1::text[]) name "
        "WHERE has_any_column_privilege($2, name, 'UPDATE')",
        list(NEVER_CHANGED),
        store.APP,
    )

    assert [(row["name"], row["p"]) for row in found] == []
    assert columns == 0


async def test_no_one_reads_a_partition_around_the_wall(rows: asyncpg.Connection) -> None:
    partitions = await rows.fetch(
        "SELECT c.relname, has_table_privilege($1, c.oid, 'SELECT') AS readable "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'partitions' AND c.relkind = 'r'",
        store.APP,
    )

    readable = [row["relname"] for row in partitions if row["readable"]]

    assert len(partitions) > 12
    assert readable == []


async def test_every_table_of_an_organisation_stands_behind_a_forced_wall(
    rows: asyncpg.Connection,
) -> None:
    walls = {
        row["relname"]: (row["relrowsecurity"], row["relforcerowsecurity"])
        for row in await rows.fetch("SELECT * FROM pg_class WHERE relkind IN ('r', 'p')")
    }

    behind = {table.name for table in tables() if table.name not in WITHOUT_A_WALL}

    assert {name for name in behind if "org_id" not in Base.metadata.tables[name].c} == set()
    assert {name for name in behind if walls[name] != (True, True)} == set()


async def test_a_policy_asks_nothing_of_other_tables(rows: asyncpg.Connection) -> None:
    policies = await rows.fetch("SELECT policyname, tablename, qual, with_check FROM pg_policies")

    asking = [
        (row["tablename"], row["policyname"])
        for row in policies
        if "select" in f"{row['qual']} {row['with_check']}".lower()
    ]

    assert policies
    assert asking == []


async def test_a_policy_of_the_app_writes_for_one_organisation_only(
    rows: asyncpg.Connection,
) -> None:
    policies = await rows.fetch(
        "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies "
        "WHERE $1 = ANY(roles)",
        store.APP,
    )

    for row in policies:
        rules = {row["with_check"], row["qual"] if row["cmd"] != "SELECT" else None} - {None}
        assert row["cmd"] in ("SELECT", "INSERT", "UPDATE", "DELETE"), row
        assert all("org_id = " in rule and " OR " not in rule for rule in rules), row


async def test_the_functions_that_lend_the_owners_rights_are_these_few(
    rows: asyncpg.Connection,
) -> None:
    functions = await rows.fetch(
        "SELECT p.proname, p.proconfig, p.prosecdef, "
        "has_function_privilege('public', p.oid, 'EXECUTE') AS for_all "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname IN ('public', 'partitions')"
    )

    definers = [row for row in functions if row["prosecdef"]]

    assert {row["proname"] for row in definers} == DEFINERS
    assert {tuple(row["proconfig"]) for row in definers} == {("search_path=public, pg_temp",)}
    assert [row["proname"] for row in functions if row["for_all"]] == []


async def test_nothing_happens_behind_a_statements_back(rows: asyncpg.Connection) -> None:
    triggers = await rows.fetch("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    identities = await rows.fetch("SELECT attname FROM pg_attribute WHERE attidentity <> ''")
    rules = await rows.fetch(
        "SELECT rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
    )

    assert [*triggers, *identities, *rules] == []


def test_the_key_of_a_large_table_begins_with_its_organisation() -> None:
    large = [table for table in tables() if table.name not in REFERENCE]

    unique = [
        (table.name, key)
        for table in large
        for key in (*table.constraints, *(index for index in table.indexes if index.unique))
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint | Index)
    ]
    begin = {f"{table}.{key.name}": next(iter(key.columns)).name for table, key in unique}

    assert {table.name for table in large} >= {"observations", "reports", "current_state"}
    assert set(Base.metadata.tables) >= REFERENCE
    assert {key: column for key, column in begin.items() if column != "org_id"} == {}


def test_a_foreign_key_leads_to_a_reference_table_only() -> None:
    leads = {
        (table.name, constraint.referred_table.name)
        for table in tables()
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
    }

    assert leads
    assert {lead for lead in leads if lead[1] not in REFERENCE} == set()


@pytest.fixture
def empty(server: Embedded) -> Iterator[Database]:
    """A database without a schema, of an owner who is no superuser."""
    name = "test_empty"
    asyncio.run(run(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    urls = asyncio.run(store.prepare(server, name))
    yield Database(server, name, urls)
    asyncio.run(run(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def shape(database: Database) -> list[tuple[object, ...]]:
    """Every column, constraint, index, function, policy and right, as text."""
    connection = await asyncpg.connect(database.server.dsn("postgres", database.name))
    questions = [
        "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid "
        "JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = 'public' AND attnum > 0 AND NOT attisdropped",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace",
        "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
        "SELECT relname, relacl::text, relrowsecurity, relforcerowsecurity FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace",
    ]
    found = [tuple(row) for each in questions for row in await connection.fetch(each)]
    await connection.close()
    return sorted(found, key=repr)


def test_migrations_go_up_down_and_up_and_say_what_the_code_says(empty: Database) -> None:
    config = store.migrations(empty.urls.owner)

    command.upgrade(config, "head")
    first = asyncio.run(shape(empty))
    command.downgrade(config, "base")
    bare = asyncio.run(shape(empty))
    command.upgrade(config, "head")

    assert {row[0] for row in bare} <= {"alembic_version", "alembic_version_pkc"}
    assert asyncio.run(shape(empty)) == first
    command.check(config)


def test_a_migration_gives_up_on_a_lock_before_it_holds_others_up() -> None:
    versions = sorted((store.ROOT / "migrations" / "versions").glob("*.py"))

    without = [path.name for path in versions if "SET LOCAL lock_timeout" not in path.read_text()]

    assert versions
    assert without == []


async def refusal(database: Database, **changes: object) -> str:
    engine = connect(database.urls.app, pool_size=1)
    try:
        with suppress(store.StoreRefused):
            await store.check(engine, database.settings(**changes))
            return ""
        with pytest.raises(store.StoreRefused) as refused:
            await store.check(engine, database.settings(**changes))
        return str(refused.value)
    finally:
        await engine.dispose()


async def test_an_older_schema_is_not_served_from(
    database: Database, rows: asyncpg.Connection
) -> None:
    sound = await refusal(database)
    await rows.execute("UPDATE alembic_version SET version_num = '0000'")

    older = await refusal(database)

    assert sound == ""
    assert "has schema 0000" in older
    assert "verkeerstoren migrate" in older


async def test_a_database_without_a_schema_is_not_served_from(
    database: Database, rows: asyncpg.Connection
) -> None:
    await rows.execute("DROP TABLE alembic_version")

    assert "has schema none" in await refusal(database)


async def test_a_store_that_may_forget_is_not_served_from(database: Database) -> None:
    assert "fsync off" in await refusal(database, allow_unsafe_durability=False)


@pytest.mark.parametrize("name", ["none", "synchronous_commit"])
async def test_a_durable_store_is_served_from_until_it_is_told_to_forget(
    durable: Embedded, name: str
) -> None:
    database = Database(durable, "template1", await store.prepare(durable, "durable"))
    database = replace(database, name="durable")
    await asyncio.to_thread(store.migrate, database.urls.owner)
    told = f"ALTER DATABASE durable SET {name} = off" if name != "none" else "SELECT 1"
    await run(durable, told)

    said = await refusal(database, allow_unsafe_durability=False)

    await run(durable, "DROP DATABASE durable WITH (FORCE)")
    assert said == "" if name == "none" else f"{name} off" in said
