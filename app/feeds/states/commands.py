"""A feed that is released from now on, with what it told before, or suspended."""

from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.db import Standing, act_as
from app.facilities.queries import Directory
from app.facilities.schemas import SuspensionReason
from app.feeds.places import place_of
from app.feeds.queries import KnownFeed, performers
from app.feeds.tables import FeedVersion
from app.observations.commands import Message, SourceKind
from app.observations.reading import Read
from app.observations.rules import judge
from app.observations.schemas import Report
from app.observations.tables import QuarantinedReport


async def release(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    directory: Directory,
    now: datetime,
) -> list[Message]:
    """The feed counts from now on; its kept reports are made ready to be recorded."""
    if feed.facts.state != "released":
        await new_version(session, principal, feed, "released", None, now)
    kept = [
        message
        for org_id in performers(feed, directory)
        for message in await kept_reports(session, org_id, feed.feed, directory, now)
    ]
    await act_as(session, Standing(principal.org_id, "own"))
    return kept


async def suspend(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    reason: SuspensionReason,
    now: datetime,
) -> None:
    """Nothing of the feed is taken from now on. Harmless when that is so already."""
    if (feed.facts.state, feed.facts.reason) != ("suspended", reason):
        await new_version(session, principal, feed, "suspended", reason, now)
        await act_as(session, Standing(principal.org_id, "own"))


async def new_version(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    state: Literal["released", "suspended"],
    reason: SuspensionReason | None,
    now: datetime,
) -> None:
    await act_as(session, Standing(feed.org_id, "own"))
    facts = feed.facts.model_copy(update={"state": state, "reason": reason})
    session.add(
        FeedVersion(
            feed=feed.feed,
            org_id=feed.org_id,
            valid_from=now,
            facts=facts.model_dump(mode="json", by_alias=True, exclude_none=True),
            noted_by=principal.org_id,
        )
    )
    note(
        session,
        principal,
        f"feeds.{state}",
        "U",
        object_type="feed",
        object_id=feed.feed,
        org_id=feed.org_id,
        right="operator",
        **({"reason": reason} if reason else {}),
    )
    await session.flush()


async def kept_reports(
    session: AsyncSession, org_id: int, feed: str, directory: Directory, now: datetime
) -> list[Message]:
    """Of one performer; each is marked as released in the same transaction."""
    await act_as(session, Standing(org_id, "own"))
    rows = await session.scalars(
        update(QuarantinedReport)
        .where(QuarantinedReport.org_id == org_id, QuarantinedReport.feed == feed)
        .where(QuarantinedReport.released_at.is_(None))
        .values(released_at=now)
        .returning(QuarantinedReport)
    )
    kept: list[Message] = []
    for row in sorted(rows, key=lambda row: row.known_at):
        report = Report.model_validate(row.content)
        place = place_of(report, directory)
        if place is None:
            continue
        kind: SourceKind = "mandate" if row.reported_by != org_id else "feed"
        kept.append(
            Message(
                read=Read("", report),
                report=report,
                place=place,
                judged=judge(report, place, row.known_at, late=True),
                source_kind=kind,
                reported_by=row.reported_by,
                client_id=row.client_id,
                kind="release",
                feed=feed,
            )
        )
    return kept
