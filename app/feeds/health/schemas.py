"""How the feeds fare, for those whose they are."""

import uuid
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from app.facilities.schemas import SuspensionReason
from app.feeds.pulls.schemas import PullState
from app.feeds.traces import Way
from app.wire import Wire


class PunctualityShown(Wire):
    """Of the reporting moments of its units in the last 7 days that were due, how many were met."""

    on_time: int
    due: int


class SilentUnit(Wire):
    """Two reporting moments of this unit or more went by unheard."""

    unit: str
    since: datetime | None = Field(description="Of its last report. Null: this feed never told it.")


class LastDay(Wire):
    """What was stored in the last 24 hours."""

    reports: int
    figures: int


class RejectCount(Wire):
    """What was refused in the last 14 days, alike; never what it held."""

    code: str
    place: str = Field(description="A JSON pointer, or a row and a column; empty: the whole.")
    count: int
    last_at: datetime


class FeedHealth(Wire):
    """Whether a feed does what it should; docs/feeds/health.md says how each is counted."""

    last_message_at: datetime | None = Field(description="Refused or not. Null: there was none.")
    age_seconds: int | None = Field(description="Of the last message.")
    observed_at: datetime | None = Field(description="Of the last report that was stored.")
    last_day: LastDay
    punctuality: PunctualityShown | None = Field(description="Null: nothing was due.")
    silent: tuple[SilentUnit, ...]
    rejects: tuple[RejectCount, ...] = Field(description="Newest first, at most 20.")
    doubts_open: int


class FeedKnown(Wire):
    """A feed, and how it stands. Its health is told to its own organisation only."""

    feed: str
    organisation: str
    format: str
    name: str
    state: Literal["quarantine", "released", "suspended"]
    since: datetime = Field(description="Since when it is in this state.")
    reason: SuspensionReason | None = Field(None, description="Why it is suspended.")
    kept: int | None = Field(None, description="Reports in quarantine; told to the owner only.")
    pull: PullState | None = Field(None, description="Null: the sender sends by itself.")
    health: FeedHealth | None = None


class FeedList(Wire):
    items: tuple[FeedKnown, ...]


class FeedDay(Wire):
    """One local day of a feed: whether it came in time, and what was refused."""

    day: date
    due: int = Field(description="Reporting moments of its units; 0: nothing was due.")
    on_time: int
    messages: int = Field(description="Messages that arrived, refused or not.")
    stored: int = Field(description="Reports that were stored.")
    faults: int = Field(description="How many things were wrong with them.")


class FeedDays(Wire):
    feed: str
    items: tuple[FeedDay, ...] = Field(description="The last 30 days, oldest first.")


class FeedReject(Wire):
    """One thing that was wrong with a message: code and place, never what it held."""

    at: datetime
    code: str
    place: str


class FeedRejects(Wire):
    feed: str
    items: tuple[FeedReject, ...]


class FeedMessageShown(Wire):
    """One message that arrived, and what became of its reports."""

    message: uuid.UUID
    arrived_at: datetime
    way: Way
    outcome: Literal["taken", "partly", "refused"]
    code: str | None = Field(description="Why it was refused whole.")
    bytes: int | None = Field(description="Null: it was refused unread.")
    stored: int
    repeated: int
    quarantined: int
    rejected: int
    figures: int = Field(description="How many figures were stored.")
    faults: int = Field(description="How many things were wrong with it.")


class FeedMessages(Wire):
    feed: str
    items: tuple[FeedMessageShown, ...]
