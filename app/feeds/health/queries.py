"""How feeds fare: what came, whether it came in time, what was refused, and who is silent."""

import uuid
from asyncio import to_thread
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import organisations
from app.db import Standing, act_as
from app.errors import NotFound
from app.facilities.hours import LOCAL, instant_of
from app.facilities.queries import Directory, KnownUnit
from app.feeds.health.schemas import (
    FeedDay,
    FeedHealth,
    FeedKnown,
    LastDay,
    PunctualityShown,
    RejectCount,
    SilentUnit,
)
from app.feeds.health.states import StateFrom, owes_since, state_since
from app.feeds.pulls.queries import pull_states
from app.feeds.punctuality import Heard, Punctuality, by_day, punctuality, silent
from app.feeds.queries import KnownFeed, all_feeds, feed, performers
from app.feeds.tables import FeedMessage, FeedVersion
from app.observations.tables import Reject

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
# So long rejects are shown, and so far back is looked for what was known a week ago.
FORTNIGHT = timedelta(days=14)
MOST_REJECTS_SHOWN = 20
MONTH_DAYS = 30
Page = tuple[datetime, uuid.UUID] | None


async def feeds(
    session: AsyncSession, viewer: Principal, directory: Directory, now: datetime
) -> list[FeedKnown]:
    """One's own feeds with their health; for the operator the state of all."""
    known = [
        each
        for each in sorted(await all_feeds(session, now), key=lambda each: each.feed)
        if each.org_id == viewer.org_id or viewer.may("operator")
    ]
    return await shown(session, viewer, known, directory, now)


async def one_feed(
    session: AsyncSession, viewer: Principal, name: str, directory: Directory, now: datetime
) -> FeedKnown:
    known = await feed(session, name, now)
    if known is None or not (known.org_id == viewer.org_id or viewer.may("operator")):
        raise unknown_feed()
    return (await shown(session, viewer, [known], directory, now))[0]


async def own_feed(session: AsyncSession, viewer: Principal, name: str, now: datetime) -> KnownFeed:
    known = await feed(session, name, now)
    if known is None or known.org_id != viewer.org_id:
        raise unknown_feed()
    return known


def unknown_feed() -> NotFound:
    return NotFound("Your organisation has no feed of this name.", code="unknown-feed")


async def shown(
    session: AsyncSession,
    viewer: Principal,
    known: Sequence[KnownFeed],
    directory: Directory,
    now: datetime,
) -> list[FeedKnown]:
    names = await organisations(session)
    versions = await states(session, known, now)
    pulls = await pull_states(session, known)
    found = []
    for each in known:
        told = FeedKnown(
            feed=each.feed,
            organisation=names[each.org_id],
            format=each.format,
            name=each.facts.name,
            state=each.facts.state,
            since=state_since(versions[each.feed]),
            reason=each.facts.reason,
            pull=pulls.get(each.feed),
        )
        if each.org_id == viewer.org_id:
            kept, doubted = await waiting(session, each, directory, now)
            health = await health_of(session, each, versions[each.feed], directory, now, doubted)
            told = told.model_copy(update={"kept": kept, "health": health})
        found.append(told)
    return found


async def states(
    session: AsyncSession, known: Sequence[KnownFeed], now: datetime
) -> Mapping[str, list[StateFrom]]:
    rows = await session.execute(
        select(FeedVersion.feed, FeedVersion.valid_from, FeedVersion.facts["state"].astext)
        .where(FeedVersion.feed.in_([each.feed for each in known]), FeedVersion.valid_from <= now)
        .order_by(FeedVersion.valid_from, FeedVersion.known_at)
    )
    found: dict[str, list[StateFrom]] = defaultdict(list)
    for name, begins_at, state in rows:
        found[name].append(StateFrom(state, begins_at))
    return found


KEPT = text("""
SELECT count(*) FROM quarantined_reports
 WHERE org_id = :org_id AND feed = :feed AND released_at IS NULL
""")
# Neither accepted nor corrected since.
DOUBTED = text("""
SELECT count(*) FROM (
    SELECT FROM doubts d
      JOIN reports r ON r.org_id = d.org_id AND r.report_id = d.report_id
     CROSS JOIN LATERAL (
           SELECT x.length_s, x.known_at FROM observations x
            WHERE x.org_id = d.org_id AND x.series_id = d.series_id AND x.at = d.at
              AND x.report_id = d.report_id LIMIT 1) o
     WHERE d.org_id = :org_id AND r.feed = :feed AND d.known_at > :since
       AND NOT EXISTS (
           SELECT FROM observations n
            WHERE n.org_id = d.org_id AND n.series_id = d.series_id AND n.at = d.at
              AND n.length_s = o.length_s AND n.known_at > o.known_at)
     GROUP BY d.report_id, d.series_id, d.at, d.code
    HAVING bool_and(d.state = 'open')) AS open
""")


async def waiting(
    session: AsyncSession, known: KnownFeed, directory: Directory, now: datetime
) -> tuple[int, int]:
    """Reports in quarantine and open doubts. By mandate they stand under another's name."""
    kept = doubted = 0
    for org_id in performers(known, directory):
        await act_as(session, Standing(org_id, "own"))
        asked = {"org_id": org_id, "feed": known.feed}
        kept += await session.scalar(KEPT, asked) or 0
        doubted += await session.scalar(DOUBTED, {**asked, "since": now - FORTNIGHT}) or 0
    await act_as(session, Standing(known.org_id, "own"))
    return kept, doubted


async def health_of(
    session: AsyncSession,
    known: KnownFeed,
    versions: Sequence[StateFrom],
    directory: Directory,
    now: datetime,
    doubted: int,
) -> FeedHealth:
    rows = await recent(session, known, now - FORTNIGHT)
    last, observed_at = await last_of(session, known)
    heard = heard_of(rows)
    units = [directory.units[u] for u in known.facts.units.values() if u in directory.units]
    owes = owes_since(versions, now - WEEK)
    day = [row for row in rows if row.arrived_at > now - DAY]
    return FeedHealth(
        last_message_at=last,
        age_seconds=max(0, int((now - last).total_seconds())) if last else None,
        observed_at=observed_at,
        last_day=LastDay(
            reports=sum(row.stored for row in day), figures=sum(row.figures for row in day)
        ),
        punctuality=punctuality_of(units, heard, owes, now) if owes else None,
        silent=tuple(await silent_units(session, known, units, heard, owes or now - WEEK, now)),
        rejects=tuple(await reject_counts(session, known, now)),
        doubts_open=doubted,
    )


async def days_of(
    session: AsyncSession, known: KnownFeed, directory: Directory, now: datetime
) -> list[FeedDay]:
    """The last 30 local days of a feed, oldest first; one that was not there yet owes nothing."""
    today = now.astimezone(LOCAL).date()
    days = [today - (MONTH_DAYS - 1 - n) * DAY for n in range(MONTH_DAYS)]
    since = instant_of(days[0], time())
    # Who told nothing on a day before owes its first moment all the same.
    rows = await recent(session, known, since - WEEK)
    heard = heard_of(rows)
    versions = (await states(session, [known], now))[known.feed]
    owes = owes_since(versions, since)
    units = [directory.units[u] for u in known.facts.units.values() if u in directory.units]
    met = await to_thread(met_by_day, units, heard, owes, now) if owes else {}
    came: dict[date, list[Any]] = defaultdict(list)
    for row in rows:
        came[row.arrived_at.astimezone(LOCAL).date()].append(row)
    return [
        FeedDay(
            day=day,
            due=met.get(day, NONE_DUE).due,
            on_time=met.get(day, NONE_DUE).on_time,
            messages=len(came[day]),
            stored=sum(row.stored for row in came[day]),
            faults=sum(row.faults for row in came[day]),
        )
        for day in days
    ]


NONE_DUE = Punctuality()


def met_by_day(
    units: Sequence[KnownUnit],
    heard: Mapping[str, Sequence[Heard]],
    owes: datetime,
    now: datetime,
) -> dict[date, Punctuality]:
    """Over all units. The wards of one message agree and are heard alike: then they are met alike,
    and that is reckoned once."""
    found: dict[Any, Mapping[date, Punctuality]] = {}
    met: dict[date, Punctuality] = defaultdict(Punctuality)
    for each in units:
        facts, told = each.facts, tuple(heard.get(each.unit, ()))
        alike = (facts.reporting.model_dump_json(), repr(facts.opening_hours), told)
        if alike not in found:
            found[alike] = by_day(facts.reporting, facts.opening_hours, told, owes, now)
        for day, of in found[alike].items():
            met[day] += of
    return met


async def recent(session: AsyncSession, known: KnownFeed, since: datetime) -> Sequence[Any]:
    """Of each message since then what was stored, and the units that it told of."""
    table = FeedMessage
    rows = await session.execute(
        select(
            *(table.arrived_at, table.stored, table.figures, table.faults),
            *(table.units, table.moments),
        ).where(table.org_id == known.org_id, table.feed == known.feed, table.arrived_at > since)
    )
    return rows.all()


async def last_of(
    session: AsyncSession, known: KnownFeed
) -> tuple[datetime | None, datetime | None]:
    """When the last message arrived, and when it was so that a report last told."""
    mine = (FeedMessage.org_id == known.org_id, FeedMessage.feed == known.feed)
    stored = select(FeedMessage.observed_at).where(*mine, FeedMessage.observed_at.is_not(None))
    arrived = await session.scalar(select(func.max(FeedMessage.arrived_at)).where(*mine))
    newest = stored.order_by(FeedMessage.arrived_at.desc()).limit(1)
    return arrived, await session.scalar(newest)


def heard_of(rows: Sequence[Any]) -> Mapping[str, list[Heard]]:
    found: dict[str, list[Heard]] = defaultdict(list)
    for row in rows:
        for unit, moment in zip(row.units, row.moments, strict=True):
            found[unit].append(Heard(moment, row.arrived_at))
    return found


def punctuality_of(
    units: Sequence[KnownUnit],
    heard: Mapping[str, Sequence[Heard]],
    since: datetime,
    now: datetime,
) -> PunctualityShown | None:
    total = Punctuality()
    for each in units:
        facts, told = each.facts, heard.get(each.unit, ())
        total += punctuality(facts.reporting, facts.opening_hours, told, since, now)
    return PunctualityShown(on_time=total.on_time, due=total.due) if total.due else None


LAST_HEARD = text("""
SELECT moments[array_position(units, :unit)] FROM feed_messages
 WHERE org_id = :org_id AND feed = :feed AND :unit = ANY(units)
 ORDER BY arrived_at DESC LIMIT 1
""")


async def silent_units(
    session: AsyncSession,
    known: KnownFeed,
    units: Sequence[KnownUnit],
    heard: Mapping[str, Sequence[Heard]],
    since: datetime,
    now: datetime,
) -> list[SilentUnit]:
    found = []
    for each in units:
        last = max((told.observed_at for told in heard.get(each.unit, ())), default=None)
        if last is None:
            asked = {"org_id": known.org_id, "feed": known.feed, "unit": each.unit}
            last = await session.scalar(LAST_HEARD, asked)
        if silent(each.facts.reporting, each.facts.opening_hours, last, since, now):
            found.append(SilentUnit(unit=each.unit, since=last))
    return found


async def reject_counts(
    session: AsyncSession, known: KnownFeed, now: datetime
) -> Iterator[RejectCount]:
    last_at = func.max(Reject.at)
    rows = await session.execute(
        select(Reject.code, Reject.place, func.count(), last_at)
        .where(Reject.org_id == known.org_id, Reject.source == known.feed)
        .where(Reject.at > now - FORTNIGHT)
        .group_by(Reject.code, Reject.place)
        .order_by(last_at.desc(), Reject.code, Reject.place)
        .limit(MOST_REJECTS_SHOWN)
    )
    return (
        RejectCount(code=code, place=place, count=count, last_at=at)
        for code, place, count, at in rows
    )


async def rejects_of(
    session: AsyncSession, known: KnownFeed, since: datetime, after: Page, limit: int
) -> Sequence[Reject]:
    """Newest first, and not before `since`."""
    asked = select(Reject).where(
        Reject.org_id == known.org_id, Reject.source == known.feed, Reject.at > since
    )
    if after is not None:
        asked = asked.where(tuple_(Reject.at, Reject.id) < after)
    newest = asked.order_by(Reject.at.desc(), Reject.id.desc()).limit(limit)
    return (await session.scalars(newest)).all()


async def messages_of(
    session: AsyncSession, known: KnownFeed, after: Page, limit: int
) -> Sequence[FeedMessage]:
    """Newest first."""
    table = FeedMessage
    asked = select(table).where(table.org_id == known.org_id, table.feed == known.feed)
    if after is not None:
        asked = asked.where(tuple_(table.arrived_at, table.message) < after)
    newest = asked.order_by(table.arrived_at.desc(), table.message.desc()).limit(limit)
    return (await session.scalars(newest)).all()
