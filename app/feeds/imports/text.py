"""The text of a file, plain or gzip: unpacked while it is read, up to a limit."""

import gzip
import hashlib
import io
import zlib
from typing import BinaryIO

from app.errors import Invalid, TooLarge

# So much of a file is read, unpacked: some twenty million rows.
MOST_BYTES = 1 << 30
MOST_LINE = 1 << 20
AT_ONCE = 1 << 18
GZIP = b"\x1f\x8b"


class Unpacked(io.RawIOBase):
    """The bytes of a file: counted, so that nothing small fills the memory, and sealed."""

    def __init__(self, file: BinaryIO, most: int = MOST_BYTES) -> None:
        packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        self.source: BinaryIO = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
        self.most = most
        self.count = 0
        self.line = 0
        self.seal = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            found = self.source.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error):
            broken = "The file begins as gzip and cannot be unpacked to its end. Pack it again."
            raise Invalid(broken, code="broken-gzip") from None
        self.look(found)
        buffer[: len(found)] = found
        return len(found)

    def look(self, found: bytes) -> None:
        self.seal.update(found)
        self.count += len(found)
        if self.count > self.most:
            most = f"{self.most:,} bytes"
            raise TooLarge(f"A file holds at most {most} unpacked. Split it.", code="too-large")
        # One line is kept in memory whole, so a file without line ends must not be one.
        end = found.rfind(b"\n")
        self.line = self.line + len(found) if end < 0 else len(found) - end - 1
        if self.line > MOST_LINE:
            raise TooLarge(
                f"A line is at most {MOST_LINE:,} bytes. Is this a CSV text?", code="line-too-large"
            )


def lines(unpacked: Unpacked) -> io.TextIOWrapper:
    """As `importing.read` wants them."""
    buffered = io.BufferedReader(unpacked, AT_ONCE)
    return io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape", newline="")
