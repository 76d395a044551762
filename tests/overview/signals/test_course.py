"""The rule that lays what stands now beside what is stored, by examples and by any day of looks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.overview.signals.course import Loud, Signal, Subject, course

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=10)
REO = Subject("places", care_setting="reo", resource="bed", bed_type="observation-elderly")
HAP = Subject("phone", unit="hap")
OWNERS = {"hap": 7}
Look = tuple[int, dict[Subject, Loud]]

LOUD = st.sampled_from(["vol", "druk", "oud"])
STANDING = st.dictionaries(st.sampled_from([REO, HAP, Subject("silent", unit="hap")]), LOUD)
# A look some minutes after the one before, up to well beyond the window.
LOOKS = st.lists(st.tuples(st.integers(1, 25), STANDING), max_size=20)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def played(looks: Sequence[Look]) -> list[list[Signal]]:
    """The versions that each look adds, each look knowing what those before it added."""
    newest: dict[object, Signal] = {}
    added = []
    for minute, standing in looks:
        versions = course(standing, newest.values(), OWNERS, at(minute), WINDOW)
        newest |= {each.signal: each for each in versions}
        added.append(versions)
    return added


def stored(looks: Sequence[Look]) -> list[Signal]:
    newest = {each.signal: each for versions in played(looks) for each in versions}
    return sorted(newest.values(), key=lambda each: (each.began_at, each.subject))


def reo(*levels: tuple[int, Loud | None]) -> list[Look]:
    return [(minute, {REO: level} if level else {}) for minute, level in levels]


def test_what_stands_anew_begins_and_asks_for_attention() -> None:
    place, phone = stored([(0, {REO: "vol", HAP: "druk"})])[::-1]

    assert (place.subject, place.org_id, place.level) == (REO, 0, "vol")
    assert (phone.subject, phone.org_id, phone.level) == (HAP, 7, "druk")
    assert (place.began_at, place.asks_since, place.ended_at) == (at(0), at(0), None)


def test_what_goes_on_as_it_was_adds_nothing() -> None:
    added = played(reo((0, "vol"), (1, "vol"), (2, "vol")))

    assert [len(versions) for versions in added] == [1, 0, 0]


@pytest.mark.parametrize(
    ("looks", "level", "asks", "ended"),
    [
        (reo((0, "druk"), (5, None)), "druk", 0, 5),
        (reo((0, "druk"), (5, None), (15, "druk")), "druk", 0, None),
        (reo((0, "druk"), (5, None), (8, "druk"), (9, None)), "druk", 0, 9),
        (reo((0, "druk"), (5, "vol")), "vol", 5, None),
        (reo((0, "druk"), (5, None), (9, "vol")), "vol", 9, None),
        (reo((0, "vol"), (5, "druk")), "druk", 0, None),
        (reo((0, "vol"), (5, "druk"), (15, "vol")), "vol", 0, None),
        (reo((0, "vol"), (5, "druk"), (16, "vol")), "vol", 16, None),
        (reo((0, "vol"), (5, None), (9, "druk"), (14, "vol")), "vol", 0, None),
    ],
    ids=[
        "ends",
        "returns",
        "returns and ends again",
        "worsens",
        "returns worse",
        "eases",
        "eases for a while",
        "eases for long, then worsens",
        "returns eased, then as bad as it was",
    ],
)
def test_one_signal_goes_its_way(
    looks: list[Look], level: Loud, asks: int, ended: int | None
) -> None:
    (signal,) = stored(looks)

    assert (signal.level, signal.began_at, signal.asks_since) == (level, at(0), at(asks))
    assert signal.ended_at == (None if ended is None else at(ended))


def test_what_returns_after_the_window_is_another_signal() -> None:
    first, second = stored(reo((0, "vol"), (5, None), (16, "vol")))

    assert (first.ended_at, second.began_at, second.ended_at) == (at(5), at(16), None)
    assert first.signal != second.signal


def looked(gaps: Sequence[Look]) -> list[Look]:
    minute, looks = 0, []
    for gap, standing in gaps:
        minute += gap
        looks.append((minute, standing))
    return looks


@given(LOOKS)
def test_what_goes_on_is_what_stands_at_each_look(gaps: list[Look]) -> None:
    looks = looked(gaps)
    newest: dict[object, Signal] = {}

    for (_minute, standing), versions in zip(looks, played(looks), strict=True):
        newest |= {each.signal: each for each in versions}
        going_on = [each for each in newest.values() if each.ended_at is None]
        assert {each.subject: each.level for each in going_on} == standing
        assert len(going_on) == len(standing)


@given(LOOKS)
def test_the_same_look_again_adds_nothing(gaps: list[Look]) -> None:
    looks = looked(gaps)
    twice = [look for each in looks for look in (each, each)]

    assert played(twice)[1::2] == [[] for _ in looks]


@given(LOOKS)
def test_there_are_as_many_signals_as_gaps_longer_than_the_window(gaps: list[Look]) -> None:
    looks = looked(gaps)
    moments = [minute for minute, standing in looks if HAP in standing]
    # It ends at the first look that does not show it, and is another only well after that.
    absent = [
        min((m for m, s in looks if a < m < b and HAP not in s), default=b)
        for a, b in pairwise(moments)
    ]
    returns = [b - gone for gone, b in zip(absent, moments[1:], strict=True)]
    expected = bool(moments) + sum(timedelta(minutes=each) > WINDOW for each in returns)

    assert sum(each.subject == HAP for each in stored(looks)) == expected


@given(LOOKS)
def test_moments_stand_in_their_order_and_only_move_on(gaps: list[Look]) -> None:
    versions = [each for added in played(looked(gaps)) for each in added]
    by_signal: dict[object, list[Signal]] = {}
    for each in versions:
        by_signal.setdefault(each.signal, []).append(each)

    for each in versions:
        assert each.began_at <= each.asks_since <= (each.ended_at or each.asks_since)
    for went in by_signal.values():
        assert len({(each.began_at, each.subject, each.org_id) for each in went}) == 1
        assert all(a.asks_since <= b.asks_since for a, b in pairwise(went))
        assert all(a != b for a, b in pairwise(went))
