"""When a feed's turn comes: periods, pauses, the breaker and what a source asks for."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, text

from app.facilities.schemas import PullFacts
from app.feeds.pulls.failures import REASONS, NotFetched
from app.feeds.pulls.turns import (
    Limits,
    Turn,
    after_answer,
    after_failure,
    next_period,
    retry_after,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
LIMITS = Limits(failures=3, pause_seconds=60)
TIMEOUT, NOT_FOUND = NotFetched("timeout-read"), NotFetched("http-status", 404)
QUARTER = PullFacts(url="https://feed.example/", every_seconds=900)
fresh = Turn(NOW)


def seconds(moment: datetime) -> float:
    return (moment - NOW).total_seconds()


@given(
    text(max_size=20),
    integers(5, 86_400),
    integers(10**9, 2 * 10**9),
    floats(0, 0.999),
)
def test_a_period_begins_once_and_every_worker_finds_the_same(
    feed: str, every: int, second: int, chance: float
) -> None:
    pull = PullFacts(url="https://feed.example/", every_seconds=every, jitter_seconds=every / 2)
    moment = datetime.fromtimestamp(second, UTC)

    begins = next_period(feed, pull, moment, 0)
    later = next_period(feed, pull, moment, chance)

    assert timedelta(0) < begins - moment <= timedelta(seconds=every)
    assert begins <= later <= begins + timedelta(seconds=every / 2)
    assert next_period(feed, pull, later, 0) - begins == timedelta(seconds=every)


def test_feeds_of_one_period_do_not_all_come_at_its_first_second() -> None:
    begins = {next_period(f"feed-{n}", QUARTER, NOW, 0) for n in range(50)}

    assert len(begins) > 40


def test_after_an_answer_all_is_forgotten() -> None:
    turn = after_answer("reo", QUARTER, NOW, 0)

    assert turn == Turn(next_period("reo", QUARTER, NOW, 0), 0, "closed", None)


def test_what_may_pass_is_tried_again_soon_and_each_time_later() -> None:
    waits = []
    turn = fresh
    for _ in range(2):
        turn = after_failure("reo", QUARTER, turn, TIMEOUT, LIMITS, NOW, 0.5)
        waits.append(seconds(turn.next_at))

    assert waits == [1, 2]
    assert (turn.failures, turn.breaker, turn.opened_at) == (2, "closed", None)


@pytest.mark.parametrize(
    "failure", [NOT_FOUND, NotFetched("http-status", 401), NotFetched("address-private")]
)
def test_what_somebody_has_to_mend_waits_for_its_next_period(failure: NotFetched) -> None:
    turn = after_failure("reo", QUARTER, fresh, failure, LIMITS, NOW, 0)

    assert turn.next_at == next_period("reo", QUARTER, NOW, 0)


def test_the_breaker_opens_after_failures_in_a_row_and_stays_open_longer_each_time() -> None:
    turn = replace(fresh, failures=2)
    pauses = []
    for _ in range(9):
        turn = after_failure("reo", QUARTER, turn, TIMEOUT, LIMITS, NOW, 0.5)
        pauses.append(seconds(turn.next_at))

    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert (turn.breaker, turn.opened_at) == ("open", NOW)


def test_a_trial_that_fails_leaves_the_breaker_open_since_it_first_was() -> None:
    opened = NOW - timedelta(hours=2)
    trial = Turn(NOW, 7, "half-open", opened)

    failed = after_failure("reo", QUARTER, trial, TIMEOUT, LIMITS, NOW, 0)
    went_well = after_answer("reo", QUARTER, NOW, 0)

    assert (failed.breaker, failed.opened_at, failed.failures) == ("open", opened, 8)
    assert (went_well.breaker, went_well.opened_at, went_well.failures) == ("closed", None, 0)


def test_a_source_that_asks_to_be_left_alone_is() -> None:
    busy = NotFetched("http-status", 503, again_seconds=2000)

    turn = after_failure("reo", QUARTER, fresh, busy, LIMITS, NOW, 0)

    assert seconds(turn.next_at) == 2000


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("999999999999", 3600),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 22 Nov 2027 12:00:00 GMT", 3600),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_its_forms_and_capped(
    said: str | None, wait: float | None
) -> None:
    assert retry_after(said, NOW) == wait


def test_the_page_names_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs/feeds/pull.md").read_text()

    named = re.findall(
        r"`([a-z0-9-]+)`", page.partition("`lastError` is one of")[2].split("\n\n")[1]
    )

    assert sorted(named) == sorted(REASONS)
