"""The parts stand in one order, the core is pure, and there are two ways to the store."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr

from app.access.scopes import SCOPES
from app.db import Base
from app.main import create_app
from app.settings import Settings

APP = Path(__file__).parents[1] / "app"
GROUND = (
    *("settings", "wire", "faults", "errors", "paging", "logs", "http"),
    *("postgres", "db", "store", "outbox"),
)
PARTS = (
    "simulation",
    *("access", "facilities", "observations", "forecasts", "planning", "signals", "overview"),
    *("feeds", "dashboard", "demo"),
)
STARTED = (
    *("health", "contract", "jobs", "main"),
    *("opening", "imports", "serving", "living"),
    *("filing", "forecasting", "backtesting", "yearly", "labouring", "cli", "__main__"),
)
ORDER = {name: place for place, name in enumerate((*GROUND, *PARTS, *STARTED))}

# In a part these files touch the world, and no other does.
SHELL = {"tables", "queries", "commands", "routes"}
WORLD = {
    *("sqlalchemy", "fastapi", "starlette", "httpx", "asyncpg", "alembic", "uvicorn"),
    *("prometheus_client", "structlog", "typer", "logging", "socket", "subprocess"),
    *("os", "threading", "urllib.request", "random", "secrets"),
}
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns", "sleep"}
# Secrets are made here; nothing is asked of the world but chance.
CHANCE = {"access/keys.py"}

# Beside `Db` and `open_stream`, a connection is opened by what serves no request's own work.
CONNECTS = {
    "db.py": "the two ways themselves",
    "store.py": "makes, migrates and checks the store as a whole",
    "main.py": "makes the engine, and looks at the mark of the database when it starts",
    "opening.py": "the owner's own commands",
    "access/commands.py": "the access log, and the note of a refusal, whose request is undone",
    "access/routes.py": "looks up a key before there is anybody to act for",
    "dashboard/queries.py": "draws on for who asks next, when its own request no longer waits",
    "health/routes.py": "asks whether the store answers",
    "jobs/commands.py": "work on a clock, as the worker",
    "jobs/slices/commands.py": "slices of that work, as the worker",
    "feeds/pulls/commands.py": "feeds fetched on a clock: leases as the worker, reports as the app",
    "demo/load/commands.py": "a made-up region in bulk, as the owner, before anything is served",
    "demo/region/commands.py": "how far a made-up region is, as the owner",
    "feeds/imports/commands.py": "an import from a file, all or nothing",
    "feeds/imports/underway/commands.py": "says that it is under way, while it is not yet stored",
}
# Whoever may call these needs no key; a new one is added here by hand, and on purpose.
OPEN = {
    "/livez",
    "/readyz",
    "/metrics",
    "/static/{name}",
    # Where somebody says who they are, or ends it.
    *("/aanmelden", "/en/aanmelden", "/afmelden", "/koppelen", "/en/koppelen"),
    "/v1/openapi.json",
}


@cache
def modules() -> dict[Path, ast.Module]:
    found = {path.relative_to(APP): ast.parse(path.read_text()) for path in APP.rglob("*.py")}
    assert len(found) > 50, "The walk found hardly any module: it no longer sees the code."
    return found


def part(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports(tree: ast.Module) -> Iterator[str]:
    """Each imported name in full: `from app import db` is `app.db`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "Imports are absolute here."
            yield from (f"{node.module}.{name.name}" for name in node.names)


def ours(path: Path, tree: ast.Module) -> Iterator[str]:
    """The parts that a module imports, other than its own."""
    names = (name.split(".") for name in imports(tree))
    yield from {name[1] for name in names if name[0] == "app"} - {part(path)}


def test_every_part_stands_in_the_one_order() -> None:
    here = {part(path) for path in modules()} - {"__init__"}

    assert here - ORDER.keys() == set()
    assert ORDER.keys() - here == set()


def test_a_part_imports_only_parts_that_come_before_it() -> None:
    backwards = [
        f"{path} imports {other}"
        for path, tree in modules().items()
        for other in ours(path, tree)
        if ORDER[other] >= ORDER[part(path)]
    ]

    assert backwards == []


def test_no_two_modules_want_each_other() -> None:
    names = {path: "app." + ".".join(path.with_suffix("").parts) for path in modules()}
    known = set(names.values())
    wants = {
        names[path]: {
            found
            for name in imports(tree)
            for found in (name, name.rpartition(".")[0])
            if found in known
        }
        for path, tree in modules().items()
    }

    order = list(TopologicalSorter(wants).static_order())

    assert len(order) == len(known)


def pure() -> Iterator[tuple[Path, ast.Module]]:
    for path, tree in modules().items():
        if part(path) in PARTS and path.stem not in SHELL and str(path) not in CHANCE:
            yield path, tree


def test_only_the_shell_of_a_part_touches_the_world() -> None:
    touches = [
        f"{path} imports {name}"
        for path, tree in pure()
        for name in imports(tree)
        if name.split(".")[0] in WORLD or ".".join(name.split(".")[:2]) in WORLD
    ]

    assert touches == []


def test_time_is_an_argument_of_the_core() -> None:
    asks = [
        f"{path}:{node.lineno} asks {name}"
        for path, tree in pure()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := clock(node.func))
    ]

    assert asks == []


def clock(called: ast.expr) -> str | None:
    """`datetime.now`, `date.today`, `time.monotonic`, or one of them by its bare name."""
    if isinstance(called, ast.Name):
        return called.id if called.id in CLOCKS - {"now", "today"} else None
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return None
    name = f"{called.value.id}.{called.attr}"
    timed = called.attr in CLOCKS or name == "time.time"
    return name if timed and called.value.id in ("datetime", "date", "time") else None


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("datetime.now(UTC)", "datetime.now"),
        ("date.today()", "date.today"),
        ("time.time()", "time.time"),
        ("monotonic()", "monotonic"),
        ("time(8)", None),
        ("self.now()", None),
        ("datetime.combine(day, hour)", None),
    ],
)
def test_a_clock_is_told_from_a_time(source: str, asked: str | None) -> None:
    call = ast.parse(source, mode="eval").body

    assert isinstance(call, ast.Call)
    assert clock(call.func) == asked


def test_a_part_says_nothing_when_it_is_imported() -> None:
    told = [str(path) for path in APP.rglob("__init__.py") if path.read_text()]

    assert told == []


def test_a_foreign_key_leads_to_the_left() -> None:
    for path in modules():
        if path.stem in ("tables", "outbox"):
            importlib.import_module("app." + ".".join(path.with_suffix("").parts))
    parts = {
        mapper.local_table.name: mapper.class_.__module__.split(".")[1]  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
    }

    keys = [
        (table.name, key.column.table.name)
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
    ]

    assert keys
    assert [k for k in keys if ORDER[parts[k[1]]] > ORDER[parts[k[0]]]] == []


def opens(tree: ast.Module) -> Iterator[str]:
    """Whatever opens a connection, or ends a transaction, by itself."""
    for name in imports(tree):
        if name in ("app.db.connect", "app.db.sessions_of", "app.db.open_session"):
            yield name
        if name.rpartition(".")[2] in ("create_engine", "create_async_engine", "create_pool"):
            yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            said = ast.unparse(node)
            if said in ("asyncpg.connect", "asyncpg.create_pool"):
                yield said
            if said.endswith((".state.sessions", ".state.engine", ".commit")):
                yield said


def test_there_are_two_ways_to_a_connection_and_a_named_few_beside_them() -> None:
    found = {str(path): set(opens(tree)) for path, tree in modules().items()}
    opening = {path: ways for path, ways in found.items() if ways}

    assert {path: ways for path, ways in opening.items() if path not in CONNECTS} == {}
    assert CONNECTS.keys() - opening.keys() == set()


@pytest.fixture(scope="module")
def served() -> FastAPI:
    return create_app(
        Settings(database_url="postgresql://nobody@/nowhere", key_pepper=SecretStr("x" * 40))
    )


def scopes(dependant: Dependant) -> Iterator[str]:
    """The scope that each principal of a route must have."""
    for each in dependant.dependencies:
        scope = getattr(each.call, "scope", None)
        if scope is not None:
            yield scope
        yield from scopes(each)


def test_every_route_names_its_principal_and_its_scope(served: FastAPI) -> None:
    routes = list(iter_route_contexts(served.routes))
    unnamed, closed = [], []

    for route in routes:
        found = set(scopes(route.dependant)) if getattr(route, "dependant", None) else set()
        assert found <= set(SCOPES)
        if route.path in OPEN:
            closed += [route.path] if found else []
        elif len(found) != 1:
            unnamed.append(f"{sorted(route.methods or ())} {route.path} names {found or 'none'}")

    assert len(routes) > len(OPEN), "The walk found hardly any route: it no longer sees them."
    assert unnamed == []
    assert closed == [], "This route names a principal, so take it off the list of open ones."
    assert {route.path for route in routes} >= OPEN


def test_a_session_commits_before_the_answer_leaves(served: FastAPI) -> None:
    late = [
        route.path
        for route in iter_route_contexts(served.routes)
        if getattr(route, "dependant", None)
        for each in sessions(route.dependant)
        if each.scope != "function"
    ]

    assert late == []


def sessions(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        if getattr(each.call, "__name__", "") == "open_session":
            yield each
        yield from sessions(each)
