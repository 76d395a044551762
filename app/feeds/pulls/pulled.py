"""What one fetch gave, and how that reads to whoever asked for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.errors import Refusal
from app.faults import Fault
from app.feeds.pulls.answers import Fetched
from app.feeds.pulls.failures import NotFetched
from app.feeds.receipts import Taken
from app.wire import instant


@dataclass(frozen=True)
class Pulled:
    """An answer and what was taken of it, or why not."""

    fetched: Fetched | None = None
    taken: Taken | None = None
    failure: NotFetched | None = None
    refusal: Refusal | None = None

    @property
    def well(self) -> bool:
        return self.failure is None


def lines(pulled: Pulled, *, dry_run: bool = False) -> Iterator[str]:
    """Counts, codes and places; nothing of what the source sent."""
    if pulled.fetched is not None:
        body = pulled.fetched.body
        size = "nothing new" if body is None else f"{len(body):,} bytes of {media(pulled.fetched)}"
        yield f"HTTP {pulled.fetched.status}: {size}"
    if pulled.taken is not None:
        would_be = "would be " if dry_run else ""
        for message in pulled.taken.kept:
            place, figures = message.report.place, len(message.judged.told)
            at = message.report.observed_at
            moment = instant(at.astimezone(UTC)) if isinstance(at, datetime) else at.isoformat()
            yield f"{would_be}{message.outcome}: {place}, {figures} figures, {moment}"
        for rejected in pulled.taken.rejected:
            yield from map(said, rejected.faults)
        kept, wrong = len(pulled.taken.kept), len(pulled.taken.rejected)
        yield f"{kept} reports {would_be or 'were '}taken, {wrong} rejected."
    if pulled.refusal is not None:
        yield from map(said, pulled.refusal.faults)
        yield pulled.refusal.detail
    elif pulled.failure is not None:
        status = f" (HTTP {pulled.failure.status})" if pulled.failure.status else ""
        yield f"{pulled.failure.code}{status}: {pulled.failure}"


def media(fetched: Fetched) -> str:
    return fetched.media_type.split(";")[0]


def said(fault: Fault) -> str:
    row = f" row {fault.row}" if fault.row is not None else ""
    return f"rejected: {fault.pointer or ''}{row} {fault.code}: {fault.detail}"
