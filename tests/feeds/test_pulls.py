"""Feeds that the tower fetches: taken once, noted, left alone when they keep failing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import logs
from app.db import connect, sessions_of
from app.errors import Conflict, NotFound
from app.facilities.queries import DirectoryCache
from app.feeds.pulls import commands
from app.feeds.pulls.commands import Poller, begin, keep_pulling, polling, pull_now, refresh
from app.feeds.pulls.leases import commands as leases
from app.feeds.pulls.pulled import lines
from app.settings import Settings
from tests import make
from tests.conftest import Database
from tests.feeds.pulled import a_fetched_feed, message, reported, stands, telling_now
from tests.feeds.sources import Request, a_source, head, saying

SAID = "Sun, 01 Nov 2026 10:00:00 GMT"
LOOPBACK = {"feed_hosts": "127.0.0.0/8"}


def settings(database: Database, **changes: Any) -> Settings:
    return database.settings(**LOOPBACK, **changes)


@asynccontextmanager
async def a_poller(database: Database, **changes: Any) -> AsyncIterator[Poller]:
    async with polling(settings(database, **changes)) as poller:
        await refresh(poller)
        yield poller


async def fetch_due(poller: Poller) -> int:
    """Fetches all that is due, and says how many that were."""
    await begin(poller)
    tasks = list(poller.fetching)
    await asyncio.gather(*tasks)
    return len(tasks)


async def make_due(session: AsyncSession) -> None:
    await session.execute(text("UPDATE feed_pulls SET next_at = now() - interval '1 second'"))
    await session.commit()


async def test_what_is_due_is_fetched_and_counts_as_if_it_were_sent(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    moment = datetime.now(UTC)
    key = await make.a_key(session)
    async with a_source(saying(message(moment, beds=2))) as source, a_poller(database) as poller:
        url = f"http://127.0.0.1:{source.port}/"
        await a_fetched_feed(session, "reo-pull", url, everySeconds=3600)
        await refresh(poller)

        begun = await fetch_due(poller)

        at_once = await fetch_due(poller)
    assert (begun, at_once) == (1, 0)
    assert await reported(session, "reo-pull") == [moment]
    [told] = (await client.get("/v1/feeds", headers=key)).json()["items"]
    assert told["pull"]["breaker"] == "closed"
    assert told["pull"]["lastStatus"] == 200
    assert told["pull"]["lastError"] is None
    assert told["pull"]["lastChangedAt"] == told["pull"]["lastFetchedAt"]
    latest = await client.get("/v1/units/reo-pull-unit/reports/latest", headers=key)
    assert latest.status_code == 200


async def test_the_same_message_again_is_harmless(
    session: AsyncSession, database: Database
) -> None:
    moment = datetime.now(UTC)
    async with a_source(saying(message(moment))) as source, a_poller(database) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        await fetch_due(poller)
        first = await stands(session, "reo-pull")
        await make_due(session)

        await fetch_due(poller)

    second = await stands(session, "reo-pull")
    assert len(source.asked) == 2
    assert await reported(session, "reo-pull") == [moment]
    assert second.last_changed_at == first.last_changed_at < second.last_fetched_at


async def test_nothing_new_confirms_nothing(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    key = await make.a_key(session)

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("if-none-match") == '"a1"':
            writer.write(head(304))
        else:
            await saying(message(), ETag='"a1"')(request, writer)

    async with a_source(say) as source, a_poller(database) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        for _ in range(3):
            await fetch_due(poller)
            await make_due(session)

    assert len(await reported(session, "reo-pull")) == 1
    told = (await client.get("/v1/feeds/reo-pull/pulls", headers=key)).json()
    assert [each["outcome"] for each in told["tries"]] == ["unchanged", "unchanged", "taken"]
    assert [each["status"] for each in told["tries"]] == [304, 304, 200]
    assert told["pull"]["failures"] == 0


async def test_a_feed_in_quarantine_is_fetched_and_kept_apart_and_a_suspended_one_is_not(
    session: AsyncSession, database: Database
) -> None:
    async with a_source(telling_now()) as source, a_poller(database) as poller:
        url = f"http://127.0.0.1:{source.port}"
        await a_fetched_feed(session, "apart", f"{url}/apart", state="quarantine")
        await a_fetched_feed(session, "still", f"{url}/still", state="suspended")
        await refresh(poller)

        await fetch_due(poller)

    assert [each.path for each in source.asked] == ["/apart"]
    assert await reported(session, "apart") == []
    kept = await session.scalar(text("SELECT count(*) FROM quarantined_reports"))
    assert kept == 1


@pytest.mark.parametrize(
    ("before", "verb", "stored"), [("quarantine", "_release", 1), ("released", "_suspend", 0)]
)
async def test_a_fetch_of_before_a_release_or_suspension_is_not_stored_by_what_held_then(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    before: str,
    verb: str,
    stored: int,
) -> None:
    key = await make.a_key(session, "operator", organisation="beheer", audience="operator")
    async with a_source(saying(message())) as source, a_poller(database) as poller:
        await a_fetched_feed(session, "pulled", f"http://127.0.0.1:{source.port}/", state=before)
        await refresh(poller)
        body = {"reason": "person-data"} if verb == "_suspend" else None
        await client.post(f"/v1/feeds/pulled/{verb}", json=body, headers=key)

        of_before = await fetch_due(poller)
        counted = await reported(session, "pulled")
        await refresh(poller)
        await fetch_due(poller)

    assert (of_before, counted) == (1, [])
    assert len(await reported(session, "pulled")) == stored
    assert await session.scalar(text("SELECT count(*) FROM quarantined_reports")) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\x00\x01 no message", "message-refused"),
        (b'{"peilmoment": "yesterday", "locaties": []}', "message-refused"),
        (message(code="Z9"), "message-refused"),
    ],
)
async def test_a_message_of_which_nothing_can_be_taken_is_a_failure_with_its_reason(
    session: AsyncSession, database: Database, client: AsyncClient, body: bytes, code: str
) -> None:
    key = await make.a_key(session)
    async with a_source(saying(body)) as source, a_poller(database) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)

        await fetch_due(poller)

    told = (await client.get("/v1/feeds/reo-pull/pulls", headers=key)).json()
    assert (told["pull"]["lastError"], told["pull"]["failures"]) == (code, 1)
    assert "feeds pull" in told["pull"]["reason"]
    assert [each["outcome"] for each in told["tries"]] == ["failed"]


async def test_the_breaker_opens_is_seen_and_closes_after_a_trial(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    key = await make.a_key(session)
    mended = False

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        await saying(message(), 200 if mended else 500)(request, writer)

    async with a_source(say) as source, a_poller(database, pull_failures=2) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        seen = []
        for _ in range(3):
            await make_due(session)
            await fetch_due(poller)
            seen.append((await client.get("/v1/feeds/reo-pull/pulls", headers=key)).json()["pull"])
        mended = True
        await make_due(session)
        await fetch_due(poller)
    closed = await stands(session, "reo-pull")

    assert [each["breaker"] for each in seen] == ["closed", "open", "open"]
    assert [each["failures"] for each in seen] == [1, 2, 3]
    assert seen[1]["openedAt"] == seen[2]["openedAt"] is not None
    assert seen[1]["lastError"] == "http-status"
    assert seen[1]["lastStatus"] == 500
    waits = [
        datetime.fromisoformat(each["nextAt"]) - datetime.fromisoformat(each["lastTriedAt"])
        for each in seen[1:]
    ]
    assert waits == [timedelta(seconds=60), timedelta(seconds=120)]
    assert (closed.breaker, closed.failures, closed.opened_at) == ("closed", 0, None)


async def test_a_trial_shows_that_it_is_one_and_is_one(
    session: AsyncSession, database: Database
) -> None:
    async with a_source(saying(b"", 500)) as source, a_poller(database, pull_failures=1) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        await fetch_due(poller)
        await make_due(session)

        await begin(poller)
        trial = await stands(session, "reo-pull")
        await begin(poller)
        await asyncio.gather(*poller.fetching)

    assert (trial.breaker, len(source.asked)) == ("half-open", 2)
    assert (await stands(session, "reo-pull")).breaker == "open"


async def test_facts_that_change_begin_anew(session: AsyncSession, database: Database) -> None:
    async with a_source(telling_now()) as source, a_poller(database, pull_failures=1) as poller:
        await a_fetched_feed(session, "reo-pull", "http://10.0.0.1/")
        await refresh(poller)
        await fetch_due(poller)
        refused = await stands(session, "reo-pull")
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")

        await refresh(poller)
        await fetch_due(poller)

    mended = await stands(session, "reo-pull")
    assert (refused.breaker, refused.last_error) == ("open", "address-private")
    assert (mended.breaker, mended.last_error, mended.failures) == ("closed", None, 0)


async def test_of_many_workers_each_message_is_fetched_by_one(
    session: AsyncSession, database: Database
) -> None:
    async with a_source(telling_now()) as source:
        for n in range(12):
            await a_fetched_feed(session, f"feed-{n}", f"http://127.0.0.1:{source.port}/{n}")
        async with a_poller(database) as a, a_poller(database) as b, a_poller(database) as c:
            await asyncio.gather(*(fetch_due(each) for each in (a, b, c, a, b, c)))

    assert sorted(int(each.path[1:]) for each in source.asked) == list(range(12))


# The broken twin does not look whether the feed is still its own when it stores.
UNFENCED = """
SELECT 1 WHERE CAST(:org_id AS int) >= 0 AND CAST(:feed AS text) <> ''
   AND CAST(:holder AS uuid) IS NOT NULL
"""


@pytest.mark.parametrize(("fence", "told"), [(leases.HOLD, 1), (UNFENCED, 2)])
async def test_a_worker_that_lost_its_lease_stores_nothing(
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    fence: str,
    told: int,
) -> None:
    monkeypatch.setattr(leases, "HOLD", fence)
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=0.2))
    slow = [0.8, 0.0]

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(slow.pop(0))
        await saying(message())(request, writer)

    async with a_source(say) as source:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        async with a_poller(database) as stopped, a_poller(database) as heir:
            await begin(stopped)
            await asyncio.sleep(0.4)  # it does not prolong: as one that hangs
            assert await fetch_due(heir) == 1
            await asyncio.gather(*stopped.fetching)

    assert len(await reported(session, "reo-pull")) == told


async def test_a_long_fetch_keeps_its_lease(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(commands, "PROLONG_SECONDS", 0.2)

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2.5)
        await saying(message())(request, writer)

    async with a_source(say) as source:
        url = f"http://127.0.0.1:{source.port}/"
        patience = {"connect": 1, "read": 5, "total": 6}
        await a_fetched_feed(session, "reo-pull", url, timeoutSeconds=patience, everySeconds=3600)
        workers = [asyncio.create_task(keep_pulling(settings(database))) for _ in range(2)]
        give_up = asyncio.get_running_loop().time() + 20
        while not await reported(session, "reo-pull"):
            assert asyncio.get_running_loop().time() < give_up
            await asyncio.sleep(0.2)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    assert len(source.asked) == 1


async def test_by_hand_a_feed_is_fetched_and_what_was_read_is_said(
    session: AsyncSession, database: Database
) -> None:
    async with a_source(telling_now()) as source:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")

        tried = await pull_now(settings(database), "reo-pull", dry_run=True)
        before = await reported(session, "reo-pull")
        pulled = await pull_now(settings(database), "reo-pull")

    assert before == []
    assert (tried.well, pulled.well) == (True, True)
    assert len(await reported(session, "reo-pull")) == 1
    [first, second, last] = lines(pulled)
    assert first.startswith("HTTP 200: ")
    assert second.startswith("stored: reo-pull-unit, 1 figures")
    assert last == "1 reports were taken, 0 rejected."
    assert [*lines(tried, dry_run=True)][1].startswith("would be stored: reo-pull-unit")
    left = await session.scalar(text("SELECT count(*) FROM feed_pull_tries"))
    assert left == 1


async def test_by_hand_one_reads_why_nothing_was_taken(
    session: AsyncSession, database: Database
) -> None:
    async with a_source(saying(message(code="Z9"))) as source:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await a_fetched_feed(session, "inside", "https://169.254.169.254/")

        refused = await pull_now(settings(database), "reo-pull", dry_run=True)
        inside = await pull_now(settings(database), "inside", dry_run=True)

    assert any("/locaties/0/code" in line for line in lines(refused))
    assert [line.split(":")[0] for line in lines(inside)] == ["address-metadata"]
    traces = await session.scalar(text("SELECT count(*) FROM feed_messages"))
    assert traces == 0


async def test_by_hand_what_cannot_be_fetched_is_refused(
    session: AsyncSession, database: Database
) -> None:
    go_on = asyncio.Event()

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        await saying(message())(request, writer)

    patience = {"connect": 5, "read": 30, "total": 30}
    async with a_source(say) as source, a_poller(database) as poller:
        url = f"http://127.0.0.1:{source.port}/"
        await a_fetched_feed(session, "reo-pull", url, timeoutSeconds=patience)
        await refresh(poller)
        await begin(poller)
        with pytest.raises(Conflict, match="at this moment"):
            await pull_now(settings(database), "reo-pull")
        go_on.set()
        await asyncio.gather(*poller.fetching)

    with pytest.raises(NotFound, match="no `pull`"):
        await pull_now(settings(database), "nothing")


async def test_another_organisation_sees_nothing_of_it_and_the_operator_does(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    other = await make.a_key(session, organisation="caz")
    operator = await make.a_key(
        session, "operator", "reports:read", organisation="toren", audience="operator"
    )
    async with a_source(saying(b"", 500)) as source, a_poller(database) as poller:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        await fetch_due(poller)

    refused = await client.get("/v1/feeds/reo-pull/pulls", headers=other)
    theirs = (await client.get("/v1/feeds", headers=other)).json()["items"]
    shown = (await client.get("/v1/feeds/reo-pull/pulls", headers=operator)).json()
    [listed] = (await client.get("/v1/feeds", headers=operator)).json()["items"]

    assert (refused.status_code, refused.json()["code"], theirs) == (404, "unknown-feed", [])
    assert len(shown["tries"]) == 1
    assert listed["pull"]["lastError"] == shown["pull"]["lastError"] == "http-status"


async def test_a_secret_and_what_came_are_in_no_log_no_table_and_no_answer(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = await make.a_key(session)
    (tmp_path / "reo-key").write_text("c4nary-secret\n")
    logs.configure("debug")
    caplog.set_level(logging.DEBUG)
    bodies = [message(), b'{"peilmoment": "c4nary-body"}', b"c4nary-garbage"]

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        await saying(bodies.pop(0), X_Said="c4nary-header")(request, writer)

    async with a_source(say) as source, a_poller(database, feed_secrets_dir=tmp_path) as poller:
        url = f"http://127.0.0.1:{source.port}/?c4nary-query"
        await a_fetched_feed(session, "reo-pull", url, secret="reo-key")
        await refresh(poller)
        for _ in range(3):
            await make_due(session)
            await fetch_due(poller)

    told = (await client.get("/v1/feeds/reo-pull/pulls", headers=key)).text
    told += (await client.get("/v1/feeds", headers=key)).text
    for table in ("feed_pulls", "feed_pull_tries", "feed_messages", "rejects", "audit_events"):
        rows = await session.execute(text(f"SELECT t::text FROM {table} t"))
        told += "\n".join(row[0] for row in rows)
    assert [each.headers["authorization"] for each in source.asked] == ["Bearer c4nary-secret"] * 3
    assert "c4nary" not in told
    assert "c4nary" not in caplog.text


async def test_of_each_feed_the_last_tries_are_kept(
    session: AsyncSession, database: Database
) -> None:
    async with a_poller(database) as poller:
        await a_fetched_feed(session, "reo-pull", "https://feed.example/")
        await session.execute(
            text(
                "INSERT INTO feed_pull_tries (org_id, feed, tried_at, outcome, milliseconds, "
                "stored, rejected) SELECT org_id, feed, now() - n * interval '1 minute', "
                "'unchanged', 1, 0, 0 FROM feeds, generate_series(1, 70) n"
            )
        )
        await session.commit()

        await commands.prune(poller)

    row = (
        await session.execute(
            text("SELECT count(*) AS n, now() - min(tried_at) AS age FROM feed_pull_tries")
        )
    ).one()
    assert (row.n, row.age < timedelta(minutes=51)) == (50, True)


async def test_feeds_that_keep_failing_leave_places_to_the_others(
    session: AsyncSession, database: Database
) -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/good":
            await saying(message())(request, writer)
        else:
            await asyncio.sleep(60)

    async with a_source(hang) as source, a_poller(database, pulls_at_once=4) as poller:
        url = f"http://127.0.0.1:{source.port}"
        for n in range(6):
            await a_fetched_feed(session, f"bad-{n}", f"{url}/bad")
        await a_fetched_feed(session, "good", f"{url}/good")
        await refresh(poller)
        await session.execute(text("UPDATE feed_pulls SET failures = 1 WHERE feed <> 'good'"))
        await session.commit()

        await begin(poller)
        began = sorted(claim.known.feed for claim in poller.fetching.values())

    assert len(began) == 2
    assert "good" in began


# Longer than a statement may last.
SLOWLY = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$
"""
ON_REPORTS = "CREATE TRIGGER slowly BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION slowly()"


async def slow_to_store(session: AsyncSession) -> None:
    for statement in (SLOWLY, ON_REPORTS):
        await session.execute(text(statement))
    await session.commit()


@pytest.mark.parametrize("ends", ["statement", "transaction"])
async def test_a_message_that_cannot_be_stored_in_time_is_a_failure_and_is_left_alone(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    key = await make.a_key(session)
    if ends == "transaction":
        monkeypatch.setattr(leases, "TRANSACTION_SECONDS", 1.0)
    await slow_to_store(session)
    async with (
        a_source(saying(message())) as source,
        a_poller(database, pull_failures=1) as poller,
    ):
        url = f"http://127.0.0.1:{source.port}/"
        await a_fetched_feed(session, "reo-pull", url, everySeconds=3600)
        await refresh(poller)

        begun = await fetch_due(poller)
        await asyncio.sleep(leases.LEASE.total_seconds() + 0.2)
        again = await fetch_due(poller)

    assert (begun, again, len(source.asked)) == (1, 0, 1)
    assert await reported(session, "reo-pull") == []
    told = (await client.get("/v1/feeds/reo-pull/pulls", headers=key)).json()
    assert (told["pull"]["lastError"], told["pull"]["failures"]) == ("not-stored", 1)
    assert told["pull"]["breaker"] == "open"
    assert "send less" in told["pull"]["reason"]
    assert [each["outcome"] for each in told["tries"]] == ["failed"]


async def test_by_hand_one_reads_that_it_could_not_be_stored(
    session: AsyncSession, database: Database
) -> None:
    await slow_to_store(session)
    async with a_source(saying(message())) as source:
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")

        pulled = await pull_now(settings(database), "reo-pull")

    assert [*lines(pulled)][-1].startswith("not-stored (HTTP 200): ")


async def test_a_store_that_cannot_be_reached_makes_the_worker_leave_the_source_alone(
    session: AsyncSession, database: Database
) -> None:
    async with (
        a_source(saying(message())) as source,
        a_poller(database, pull_failures=1) as poller,
    ):
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        reachable = poller.app
        nowhere = connect("postgresql+asyncpg://nobody@127.0.0.1:1/none")
        poller.app = sessions_of(nowhere)

        begun = await fetch_due(poller)
        await asyncio.sleep(leases.LEASE.total_seconds() + 0.2)
        await refresh(poller)
        again = await fetch_due(poller)

        unnoted = await stands(session, "reo-pull")
        [turn] = poller.unnoted.values()
        poller.app = reachable
        await a_fetched_feed(session, "reo-pull", f"http://127.0.0.1:{source.port}/")
        await refresh(poller)
        anew = await fetch_due(poller)
        await nowhere.dispose()

    assert (begun, again, anew) == (1, 0, 1)
    assert (unnoted.failures, unnoted.last_error, turn.failures) == (0, None, 1)
    assert turn.next_at > datetime.now(UTC) + timedelta(seconds=40)
    assert poller.unnoted == {}
    assert len(await reported(session, "reo-pull")) == 1


async def test_what_was_rejected_is_taken_from_the_same_document_once_it_may_be(
    session: AsyncSession, database: Database
) -> None:
    both = orjson.loads(message())
    both["locaties"] += [{**both["locaties"][0], "code": "A2"}]

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("if-none-match") == '"a1"':
            writer.write(head(304))
        else:
            await saying(orjson.dumps(both), ETag='"a1"', Last_Modified=SAID)(request, writer)

    async with a_source(say) as source, a_poller(database) as poller:
        url = f"http://127.0.0.1:{source.port}/"
        await make.a_unit(session, "of-reo", "reo")
        await a_fetched_feed(session, "caz-pull", url, organisation="caz", others={"A2": "of-reo"})
        await refresh(poller)
        await fetch_due(poller)
        first = await stands(session, "caz-pull")
        await make.a_mandate(session, "of-reo", of="reo", to="caz")
        await make_due(session)
        poller.directory = DirectoryCache()

        await fetch_due(poller)

    after = await stands(session, "caz-pull")
    assert (first.etag, first.last_modified, first.last_error) == (None, None, None)
    assert (after.etag, after.last_modified) == ('"a1"', SAID)
    assert len(await reported(session, "caz-pull")) == 2
