"""A message of a feed, in its sender's own form, on its way to the store."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.errors import Forbidden
from app.facilities.queries import Directory
from app.feeds.formats import read_body, seal
from app.feeds.queries import KnownFeed
from app.feeds.receipts import Taken
from app.feeds.reports.commands import note_rejects, refused, take
from app.observations.commands import SeriesNumbers
from app.observations.reading import Broken


async def take_message(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    body: bytes,
    media_type: str,
    *,
    directory: Directory,
    series: SeriesNumbers,
    now: datetime,
    most_figures: int,
) -> Taken:
    """Each unit in the message becomes one report, judged on its own.

    `media_type` is the header as it was sent, `now` when it arrived. Raises a refusal if nothing of
    it could be stored.
    """
    if feed.facts.state == "suspended":
        raise Forbidden(
            "This feed is suspended. Ask the operator of the tower why.", code="feed-suspended"
        )
    try:
        read = read_body(feed.format, media_type, body, feed.facts.units, feed.feed, now)
    except Broken as broken:
        raise refused(broken) from None
    taken = await take(
        session,
        principal,
        read,
        directory=directory,
        series=series,
        now=now,
        most_figures=most_figures,
        feed=feed.feed,
        quarantined=feed.facts.state == "quarantine",
    )
    if taken.rejected:
        digest = seal(media_type, body, read)
        note_rejects(session, feed.org_id, feed.feed, taken.rejected, digest)
    return taken
