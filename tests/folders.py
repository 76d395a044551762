"""Where the tests keep their Postgres: in memory where there is enough, as it makes many files."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
# Each process of the tests was seen with 150 MB, and its log of writes may grow to 1 GB.
ENOUGH = 2 * 2**30


def place() -> Path | None:
    """A folder in memory, or None for the system's own.

    A container may have one of 64 MB only, or one from which no program may be run.
    """
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    closed = os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return None if closed or shutil.disk_usage(MEMORY).free < ENOUGH else MEMORY


def a_folder(mode: int = 0o755) -> Path:
    """A new one; as root the server is another user, who must be able to pass."""
    made = Path(tempfile.mkdtemp(prefix="toren-", dir=place())).resolve()
    made.chmod(mode)
    return made
