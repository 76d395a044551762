"""Feeds that are fetched: how each stands, and what its last tries gave."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class FeedPull(Base):
    """When a feed is fetched next, who is at it under a lease, and how it went last.

    `since` is of the version of the feed's facts that this is about: another version begins anew.
    """

    __tablename__ = "feed_pulls"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    feed: Mapped[str] = mapped_column(ForeignKey("feeds.feed"), primary_key=True)
    since: Mapped[datetime]
    next_at: Mapped[datetime]
    holder: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    breaker: Mapped[str] = mapped_column(server_default="closed")
    opened_at: Mapped[datetime | None]
    last_tried_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    last_fetched_at: Mapped[datetime | None]
    last_changed_at: Mapped[datetime | None]
    last_bytes: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("breaker in ('closed', 'open', 'half-open')", "breaker"),
        CheckConstraint("failures >= 0", "failures"),
    )


class FeedPullTry(Base):
    """One try: what became of it, and why not more. Of each feed the last ones are kept."""

    __tablename__ = "feed_pull_tries"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    feed: Mapped[str] = mapped_column(ForeignKey("feeds.feed"), primary_key=True)
    tried_at: Mapped[datetime] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    status: Mapped[int | None]
    error: Mapped[str | None]
    bytes: Mapped[int | None]
    milliseconds: Mapped[float]
    stored: Mapped[int]
    rejected: Mapped[int]

    __table_args__ = (CheckConstraint("outcome in ('taken', 'unchanged', 'failed')", "outcome"),)
