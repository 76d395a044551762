"""Those who tell us: feeds, each an instance of a format."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.access.tables import Version
from app.db import Base


class Feed(Base):
    """Two hospitals that send the same format are two feeds."""

    __tablename__ = "feeds"

    feed: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))
    format: Mapped[str]


class FeedVersion(Version, Base):
    """Facts: name, state (quarantine, released, suspended), units (sender's code to unit)."""

    __tablename__ = "feed_versions"

    feed: Mapped[str] = mapped_column(ForeignKey("feeds.feed"), primary_key=True)
    org_id: Mapped[int]
    noted_by: Mapped[int] = mapped_column(server_default="0")
