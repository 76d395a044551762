import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.baseline import QUANTILES
from app.forecasts.days.counted import as_counted_last, counted_at, judge, nearest
from app.forecasts.days.hours import HOUR, seconds
from app.forecasts.days.told import Stock
from app.forecasts.judged import Distance, Due, Issue, Said
from app.forecasts.runs import Kind
from app.forecasts.scoring.schemas import Scores
from tests import make
from tests.conftest import Database
from tests.forecasts.days.lay import every, told
from tests.forecasts.lay import a_group, a_reader, issue, score

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
BED = Kind("occupied", "bed", "ward")
FIRST_DAY = Distance(1, 24)


def a_stock(*counts: tuple[float, float]) -> Stock:
    """Counted so many hours after the issue."""
    at, values = zip(*counts, strict=True)
    return Stock(
        seconds(AT) + (np.array(at) * HOUR).astype(np.int64), np.array(values, dtype=float)
    )


def hours(*ahead: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    return seconds(AT) + (np.array(ahead) * HOUR).astype(np.int64)


def test_a_count_speaks_for_an_hour_before_and_after_it_and_no_more() -> None:
    stock = a_stock((0, 4), (5, 6), (5.5, np.nan), (9, 8))

    found = nearest(stock, hours(-1.1, -1, 0.6, 4, 5.5, 6.5, 8.2, 10.5))

    unknown = np.nan
    np.testing.assert_array_equal(found, [unknown, 4, 4, 6, 6, unknown, 8, unknown])


def test_of_a_total_each_member_must_have_been_counted() -> None:
    one, other = a_stock((1, 4), (9, 5)), a_stock((1, 3), (20, 2))

    found = counted_at([one, other], hours(1, 9))

    np.testing.assert_array_equal(found, [7, np.nan])


def test_the_naive_stays_where_it_was_give_or_take_what_counts_moved_before() -> None:
    # At issue and a quarter of a day later, of ten days: up by three each time, and back by night.
    days = [(-24.0 * back + more, 10.0 + add) for back in range(10, 0, -1) for more, add in MOVES]

    found, in_a_day = as_counted_last([a_stock(*days, (0, 10))], seconds(AT), hours(6), QUANTILES)

    assert in_a_day == 0
    assert found[0, QUANTILES.index(0.5)] == 10
    assert found[0, QUANTILES.index(0.9)] == pytest.approx(10 + 1.2816 * 3, abs=0.01)


MOVES = ((0.0, 0.0), (6.0, 3.0))


def what_was_said(members: tuple[str, ...] | None = None) -> Said:
    """Of four steps of six hours: eight people, give or take one for 80%."""
    begin = [AT + timedelta(hours=6 * n) for n in range(4)]
    end = [at + timedelta(hours=6) for at in begin]
    z = (np.array(QUANTILES) - 0.5) / 0.4
    return Said(
        *(1, "unit", "afdeling", BED, "engine", members, np.array([6, 12, 18, 24])),
        *([at.date() for at in begin], begin, end, np.tile(8 + z, (4, 1))),
    )


def test_steps_of_which_somebody_counted_the_end_are_scored() -> None:
    due = Due(Issue(uuid.uuid4(), "days", AT, AT, QUANTILES), (FIRST_DAY,))
    past = {
        ("afdeling", "bed", "ward"): a_stock(*((-3.0 * n, 7 + n % 2) for n in range(200, -1, -1)))
    }
    truth = {("afdeling", "bed", "ward"): a_stock((6, 8), (12, 11), (24.5, 8.5))}

    (found,) = judge(due, what_was_said(), past, truth)
    untold = judge(due, what_was_said(("afdeling", "stil")), past, truth)

    assert found.points == 3
    assert found.c80 == pytest.approx(2 / 3)
    assert found.bias == pytest.approx(-3.5 / 3)
    assert found.last is not None
    assert (found.last.came_true, found.last.step) == (8.5, 24)
    assert untold == []


async def test_a_run_of_days_is_compared_with_what_was_counted_in_them(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    at = now - timedelta(days=5)
    hour = timedelta(hours=1)
    words: dict[str, Any] = {"resource": "bed", "bed_type": "observation-elderly"}
    await make.a_unit(session)
    for measure in ("admissions", "discharges"):
        rows = every(timedelta(hours=8), at, [1.0, 2.0, 0.0] * 60)
        await told(session, measure, rows, **words)
    for measure, values in (
        ("occupied", [10.0, 9.0, 11.0, 10.0] * 300),
        ("staffed", [14.0] * 1200),
    ):
        await told(
            session, measure, every(hour, at + timedelta(days=4), values, stock=True), **words
        )
    await a_group(session, "alle-reo", "reo-flex")
    await issue(database.urls.worker, at)
    await issue(database.urls.worker, at + timedelta(minutes=1))
    await score(database.urls.worker, now)
    coordinator = await a_reader(session, "regie", "coordinator")

    unit, group = [
        Scores.model_validate_json(
            (
                await client.get(
                    "/v1/forecasts/scores",
                    params={"horizon": "days", **subject},
                    headers=coordinator,
                )
            ).content
        )
        for subject in ({"unit": "reo-flex"}, {"group": "alle-reo"})
    ]

    (beds,) = unit.scores
    assert [(each.first_step, each.last_step) for each in beds.distances] == [
        *((1, 24), (25, 48), (49, 72)),
    ]
    assert {each.runs for each in beds.distances} == {1}
    assert beds.distances[0].points > 1
    assert beds.distances[0].sentence.startswith("Hours 1 to 24 ahead")
    assert beds.last is not None
    assert group.scores[0].distances[0].points == beds.distances[0].points
