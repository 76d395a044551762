"""What the tower tells of the feeds that it fetches."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.feeds.pulls.turns import Breaker
from app.wire import Wire


class PullState(Wire):
    """How fetching a feed stands. Null moments: it was not fetched yet; is `jobs run` running?"""

    every_seconds: int
    breaker: Breaker = Field(
        "closed", description="`open`: too many tries failed, and the next is at `nextAt`."
    )
    opened_at: datetime | None = None
    failures: int = Field(0, description="Tries in a row that failed.")
    next_at: datetime | None = None
    last_tried_at: datetime | None = None
    last_status: int | None = Field(None, description="What the source answered, as HTTP says it.")
    last_error: str | None = Field(None, description="Null: the last try went well.")
    reason: str | None = Field(None, description="The last error in words, with the way out.")
    last_fetched_at: datetime | None = Field(
        None, description="When the source last answered well, with anything new or without."
    )
    last_changed_at: datetime | None = Field(
        None, description="When a fetch last brought a report that was not known yet."
    )
    last_bytes: int | None = None


class PullTry(Wire):
    """One fetch, and what became of it."""

    tried_at: datetime
    outcome: Literal["taken", "unchanged", "failed"]
    status: int | None
    error: str | None
    reason: str | None
    bytes: int | None
    milliseconds: float
    stored: int = Field(description="Reports that were stored, or kept in quarantine.")
    rejected: int = Field(description="Reports that were refused.")


class FeedPulls(Wire):
    """How fetching a feed stands, and its last tries, newest first."""

    feed: str
    pull: PullState | None = Field(description="Null: the sender sends this feed by itself.")
    tries: tuple[PullTry, ...]
