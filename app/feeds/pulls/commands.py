"""Feeds fetched when they are due, by as many workers as there are, and one fetch by hand."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from app.access.principal import Principal
from app.db import Sessions, Standing, act_as, connect, sessions_of
from app.errors import Conflict, NotFound, Refusal
from app.facilities.queries import DirectoryCache, directory
from app.feeds.commands import read_message, take_message
from app.feeds.pulls.addresses import allow_list
from app.feeds.pulls.answers import Fetched
from app.feeds.pulls.claims import Claim, LeaseLost
from app.feeds.pulls.failures import NotFetched
from app.feeds.pulls.leases.commands import PROLONG_SECONDS, arrange, claim, claim_one, held
from app.feeds.pulls.leases.commands import prolong as prolong_leases
from app.feeds.pulls.pulled import Pulled
from app.feeds.pulls.queries import fetched_feeds, tellers
from app.feeds.pulls.sources.queries import Way, asked_of, fetch, way
from app.feeds.pulls.tries.commands import note
from app.feeds.pulls.tries.commands import prune as prune_tries
from app.feeds.pulls.turns import Limits, Turn, after_answer, after_failure
from app.feeds.queries import KnownFeed
from app.feeds.receipts import Taken
from app.feeds.reports.commands import take as take_reports
from app.observations.commands import SeriesNumbers
from app.settings import Settings
from app.store import WORKER

log = get_logger(__name__)
LOOK_SECONDS = 0.25
# Feeds are read anew so often: a new or changed one waits no longer.
REFRESH_SECONDS = 2.0
PRUNE_SECONDS = 600.0
# Of the fetches at once such a part may be of feeds that failed last: a crowd of hanging sources
# leaves the others their places.
FAILING_PART = 4
STORES_AT_ONCE = 4
STORE_ERRORS = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass
class Poller:
    """One worker: its ways to the store and to the sources, and what it is fetching."""

    settings: Settings
    worker: Sessions
    app: Sessions
    way: Way
    series: SeriesNumbers = field(default_factory=SeriesNumbers)
    directory: DirectoryCache = field(default_factory=DirectoryCache)
    storing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STORES_AT_ONCE))
    feeds: Mapping[str, KnownFeed] = field(default_factory=dict)
    tellers: Mapping[int, Principal] = field(default_factory=dict)
    fetching: dict[asyncio.Task[None], Claim] = field(default_factory=dict)
    # What could not be noted: only here is it known how often that was, and until when it rests.
    unnoted: dict[tuple[str, datetime], Turn] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return Limits(self.settings.pull_failures, self.settings.pull_pause_seconds)

    def places(self, failing: bool) -> int:
        """How many more feeds may be fetched; of those that failed last only a part."""
        most = self.settings.pulls_at_once
        free = most - len(self.fetching)
        failed = sum(claim.before.failures > 0 for claim in self.fetching.values())
        return min(free, most // FAILING_PART - failed) if failing else free

    def rested(self, now: datetime) -> list[str]:
        """The feeds that may be fetched if they are due; of the others a pause is kept here."""
        kept = {feed for (feed, _), turn in self.unnoted.items() if turn.next_at > now}
        return [feed for feed in self.feeds if feed not in kept]


@asynccontextmanager
async def polling(settings: Settings) -> AsyncIterator[Poller]:
    """Connections of both roles: leases are the worker's, what is told is the app's to store.

    Raises ValueError for an allow-list that cannot be read.
    """
    allowed = allow_list(settings.feed_hosts)
    url = settings.database_worker_url or settings.database_owner_url
    assert url, "fetching feeds needs database_worker_url or database_owner_url"
    assert settings.database_url, "fetching feeds needs database_url"
    worker = connect(url, pool_size=2, role=WORKER)
    app = connect(settings.database_url, pool_size=STORES_AT_ONCE + 1)
    threads = ThreadPoolExecutor(2 * settings.pulls_at_once, "look-up")
    poller = Poller(settings, sessions_of(worker), sessions_of(app), way(allowed, threads))
    try:
        yield poller
    finally:
        for task in poller.fetching:
            task.cancel()
        await asyncio.gather(*poller.fetching, return_exceptions=True)
        # Not waited for: a look-up may hang for as long as the resolver lets it.
        threads.shutdown(wait=False, cancel_futures=True)
        await worker.dispose()
        await app.dispose()


async def keep_pulling(settings: Settings) -> None:
    """Fetches what is due until it is cancelled; any number of workers may do so side by side."""
    steps = ((PROLONG_SECONDS, prolong), (REFRESH_SECONDS, refresh), (PRUNE_SECONDS, prune))
    next_at = dict.fromkeys((step for _, step in steps), 0.0)
    clock = asyncio.get_running_loop().time
    async with polling(settings) as poller:
        while True:
            try:
                for seconds, step in steps:
                    if clock() >= next_at[step]:
                        await step(poller)
                        next_at[step] = clock() + seconds
                await begin(poller)
            except STORE_ERRORS as error:
                log.warning("pulls wait for the store", kind=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)


async def prolong(poller: Poller) -> None:
    if poller.fetching:
        async with poller.worker.begin() as session:
            await prolong_leases(session, {each.holder for each in poller.fetching.values()})


async def refresh(poller: Poller) -> None:
    """Which feeds are fetched now, and for whom; each has its row."""
    async with poller.worker.begin() as session:
        now = datetime.now(UTC)
        poller.tellers = await tellers(session, now)
        found = await fetched_feeds(session, now)
        poller.feeds = {n: each for n, each in found.items() if each.org_id in poller.tellers}
        await arrange(session, poller.feeds)
    # Facts that changed begin anew here too.
    known = {(each.feed, each.since) for each in poller.feeds.values()}
    poller.unnoted = {key: turn for key, turn in poller.unnoted.items() if key in known}


async def prune(poller: Poller) -> None:
    async with poller.worker.begin() as session:
        await prune_tries(session)


async def begin(poller: Poller) -> None:
    """Begins to fetch what is due, as far as there are places."""
    for failing in (False, True):
        places = poller.places(failing)
        feeds = poller.rested(datetime.now(UTC))
        if places <= 0 or not feeds:
            continue
        async with poller.worker.begin() as session:
            rows = await claim(session, feeds, places, failing=failing)
        for row in rows:
            found = claim_of(poller, row)
            task = asyncio.create_task(pull(poller, found))
            poller.fetching[task] = found
            task.add_done_callback(lambda done: poller.fetching.pop(done, None))


def claim_of(poller: Poller, row: Row[Any]) -> Claim:
    known = poller.feeds[row.feed]
    return Claim(
        known=known,
        teller=poller.tellers[known.org_id],
        holder=row.holder,
        before=Turn(row.next_at, row.failures, row.breaker, row.opened_at),
        etag=row.etag,
        last_modified=row.last_modified,
        tried_at=datetime.now(UTC),
    )


async def pull(poller: Poller, claim: Claim) -> None:
    """One feed. Whatever goes wrong stays with it, and is noted if the store can be reached."""
    try:
        await pull_or_say(poller, claim)
    except LeaseLost:
        log.info("pull lost", feed=claim.known.feed)
    except Exception as error:
        # Only the kind: the text of an error may hold what was sent.
        log.error("pull not noted", feed=claim.known.feed, kind=type(error).__name__)
        rest(poller, claim)
    else:
        poller.unnoted.pop((claim.known.feed, claim.known.since), None)


async def pull_or_say(poller: Poller, claim: Claim) -> None:
    try:
        await fetch_and_note(poller, claim)
    except (LeaseLost, *STORE_ERRORS):
        raise
    except Exception as error:
        log.error("pull went wrong", feed=claim.known.feed, kind=type(error).__name__)
        await note_failure(poller, claim, NotFetched("internal"), None)


def rest(poller: Poller, claim: Claim) -> None:
    """The pause that could not be noted, kept in the process: its lease runs out long before."""
    feed, now = claim.known.feed, datetime.now(UTC)
    before = poller.unnoted.get((feed, claim.known.since), claim.before)
    poller.unnoted[feed, claim.known.since] = after_failure(
        feed, claim.pull, before, NotFetched("not-stored"), poller.limits, now, chance()
    )


async def fetch_and_note(poller: Poller, claim: Claim) -> Pulled:
    """Fetches before a transaction is opened, so that a slow source holds none open."""
    fetched: Fetched | None = None
    try:
        fetched = await ask(poller, claim.known, claim.etag, claim.last_modified)
        return await note_answer(poller, claim, fetched)
    except NotFetched as failure:
        await note_failure(poller, claim, failure, None)
        return Pulled(failure=failure)
    except Refusal as refusal:
        refused = NotFetched("message-refused", fetched.status if fetched else None)
        await note_failure(poller, claim, refused, fetched)
        return Pulled(fetched, failure=refused, refusal=refusal)


async def ask(
    poller: Poller, known: KnownFeed, etag: str | None = None, modified: str | None = None
) -> Fetched:
    assert known.facts.pull is not None
    folder = poller.settings.feed_secrets_dir
    return await fetch(asked_of(known.facts.pull, folder, etag, modified), poller.way)


async def note_answer(poller: Poller, claim: Claim, fetched: Fetched) -> Pulled:
    """What came is stored and noted, or it is noted that the store did not take it.

    That at once and in the same place among those that store: the lease may have run out meanwhile,
    and the next holder would only fetch the same again. Raises if that cannot be noted either.
    """
    async with poller.storing:
        try:
            return Pulled(fetched, await store(poller, claim, fetched))
        except STORE_ERRORS as error:
            log.error("pull not stored", feed=claim.known.feed, kind=type(error).__name__)
        failure = NotFetched("not-stored", fetched.status)
        await store_failure(poller, claim, failure, fetched)
    return Pulled(fetched, failure=failure)


async def store(poller: Poller, claim: Claim, fetched: Fetched) -> Taken | None:
    """The message and the note that it was taken, in one transaction."""
    known, taken = claim.known, None
    async with held(poller.app, claim) as session:
        now = datetime.now(UTC)
        if fetched.body is not None:
            taken = await take(poller, session, known, claim.teller, fetched, now)
            await act_as(session, Standing(known.org_id, "own"))
        turn = after_answer(known.feed, claim.pull, now, chance())
        await note(session, claim, turn, now, fetched=fetched, taken=taken)
    return taken


async def note_failure(
    poller: Poller, claim: Claim, failure: NotFetched, fetched: Fetched | None
) -> None:
    async with poller.storing:
        await store_failure(poller, claim, failure, fetched)


async def store_failure(
    poller: Poller, claim: Claim, failure: NotFetched, fetched: Fetched | None
) -> None:
    now, feed = datetime.now(UTC), claim.known.feed
    log.info("pull failed", feed=feed, code=failure.code, status=failure.status)
    turn = after_failure(feed, claim.pull, claim.before, failure, poller.limits, now, chance())
    async with held(poller.app, claim) as session:
        await note(session, claim, turn, now, fetched=fetched, failure=failure)


def chance() -> float:
    return random.random()  # noqa: S311  # spreads load, and keeps nothing secret


async def take(
    poller: Poller,
    session: AsyncSession,
    known: KnownFeed,
    teller: Principal,
    fetched: Fetched,
    now: datetime,
) -> Taken:
    """A fetched message goes the way of one that was sent. Raises a refusal if nothing is taken."""
    assert fetched.body is not None
    return await take_message(
        session,
        teller,
        known,
        fetched.body,
        fetched.media_type,
        directory=await directory(poller.directory, session),
        series=poller.series,
        now=now,
        most_figures=poller.settings.max_figures,
        way="pulled",
    )


async def pull_now(settings: Settings, feed: str, *, dry_run: bool = False) -> Pulled:
    """Fetches a feed once, whether or not it is due; `dry_run` stores and notes nothing."""
    async with polling(settings) as poller:
        await refresh(poller)
        known = poller.feeds.get(feed)
        if known is None:
            raise NotFound(
                "There is no feed of this name that is fetched: it has no `pull` in the region "
                "file, or it is suspended.",
                code="unknown-feed",
            )
        return await (tried(poller, known) if dry_run else pulled_once(poller, known))


async def tried(poller: Poller, known: KnownFeed) -> Pulled:
    """All of it, and taken back."""
    fetched: Fetched | None = None
    try:
        fetched = await ask(poller, known)
        async with poller.app() as session:
            session.info["standing"] = Standing(known.org_id, "own")
            taken = await take_back(poller, session, known, fetched)
        return Pulled(fetched, taken)
    except NotFetched as failure:
        return Pulled(fetched, failure=failure)
    except Refusal as refusal:
        return Pulled(fetched, failure=NotFetched("message-refused"), refusal=refusal)


async def take_back(
    poller: Poller, session: AsyncSession, known: KnownFeed, fetched: Fetched
) -> Taken:
    """What would be taken. Not by `take_message`, which leaves a trace of what it refuses."""
    assert fetched.body is not None
    now = datetime.now(UTC)
    try:
        return await take_reports(
            session,
            poller.tellers[known.org_id],
            read_message(known, fetched.body, fetched.media_type, now),
            directory=await directory(poller.directory, session),
            series=poller.series,
            now=now,
            most_figures=poller.settings.max_figures,
            feed=known.feed,
            quarantined=known.facts.state == "quarantine",
        )
    finally:
        await session.rollback()


async def pulled_once(poller: Poller, known: KnownFeed) -> Pulled:
    assert known.facts.pull is not None
    whole = timedelta(seconds=known.facts.pull.timeout_seconds.total + 15)
    async with poller.worker.begin() as session:
        row = await claim_one(session, known.feed, whole)
    if row is None:
        raise Conflict("A worker fetches this feed at this moment. Try again.", code="held")
    return await fetch_and_note(poller, claim_of(poller, row))
