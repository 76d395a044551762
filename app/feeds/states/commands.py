"""A feed that is released from now on, with what it told before, or suspended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.access.scopes import Scope
from app.db import Standing, act_as
from app.facilities.queries import Directory
from app.facilities.schemas import SuspensionReason
from app.feeds.places import place_of
from app.feeds.queries import KnownFeed, performers
from app.feeds.receipts import Rejected, Taken
from app.feeds.reports.commands import rejected_late, unknown_place
from app.feeds.tables import FeedVersion
from app.observations.commands import Message, SeriesNumbers, record
from app.observations.reading import Read
from app.observations.rules import judge
from app.observations.schemas import Report
from app.observations.tables import QuarantinedReport


async def release(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    directory: Directory,
    series: SeriesNumbers,
    now: datetime,
) -> Taken:
    """The feed counts from now on, with what it told in quarantine.

    What can be recorded no more (its unit ended, or says other things now) is said, and stays kept.
    """
    if feed.facts.state != "released":
        await new_version(session, principal, feed, "released", None, now)
    messages: list[Message] = []
    rejected: list[Rejected] = []
    for org_id in performers(feed, directory):
        for row in await no_longer_kept(session, org_id, feed.feed, now):
            found = again(row, directory)
            if isinstance(found, Message):
                messages.append(found)
            else:
                rejected.append(found)
    await act_as(session, Standing(principal.org_id, "own"))
    await record(session, principal, messages, series, event="feeds.release")
    rejected += [rejected_late(message) for message in messages if message.outcome == "rejected"]
    if rejected:
        await keep_on(session, feed, directory, rejected)
        await act_as(session, Standing(principal.org_id, "own"))
    return Taken(now, messages, rejected)


async def suspend(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    reason: SuspensionReason,
    now: datetime,
    right: Scope = "operator",
) -> None:
    """Nothing of the feed is taken from now on. Harmless when that is so already."""
    if (feed.facts.state, feed.facts.reason) != ("suspended", reason):
        await new_version(session, principal, feed, "suspended", reason, now, right)
        await act_as(session, Standing(principal.org_id, "own"))


async def new_version(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    state: Literal["released", "suspended"],
    reason: SuspensionReason | None,
    now: datetime,
    right: Scope = "operator",
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
        right=right,
        **({"reason": reason} if reason else {}),
    )
    await session.flush()


async def no_longer_kept(
    session: AsyncSession, org_id: int, feed: str, now: datetime
) -> list[QuarantinedReport]:
    """Of one performer, the oldest first; marked as released before they are recorded."""
    await act_as(session, Standing(org_id, "own"))
    rows = await session.scalars(
        update(QuarantinedReport)
        .where(QuarantinedReport.org_id == org_id, QuarantinedReport.feed == feed)
        .where(QuarantinedReport.released_at.is_(None))
        .values(released_at=now)
        .returning(QuarantinedReport)
    )
    return sorted(rows, key=lambda row: row.known_at)


def again(row: QuarantinedReport, directory: Directory) -> Message | Rejected:
    """A kept report, judged by what its unit may say now."""
    report = Report.model_validate(row.content)
    read = Read("", report)
    place = place_of(report, directory)
    if place is None:
        return Rejected(read, (unknown_place(report, ""),), 400)
    judged = judge(report, place, row.known_at, late=True)
    if judged.faults:
        return Rejected(read, tuple(judged.faults), 400)
    return Message(
        read=read,
        report=report,
        place=place,
        judged=judged,
        source_kind="mandate" if row.reported_by != row.org_id else "feed",
        reported_by=row.reported_by,
        client_id=row.client_id,
        kind="release",
        feed=row.feed,
    )


async def keep_on(
    session: AsyncSession, feed: KnownFeed, directory: Directory, rejected: Sequence[Rejected]
) -> None:
    """What was not recorded is in quarantine still."""
    numbers = [each.read.report.id for each in rejected if each.read.report]
    for org_id in performers(feed, directory):
        await act_as(session, Standing(org_id, "own"))
        await session.execute(
            update(QuarantinedReport)
            .where(QuarantinedReport.org_id == org_id, QuarantinedReport.feed == feed.feed)
            .where(QuarantinedReport.report_id.in_(numbers))
            .values(released_at=None)
        )
