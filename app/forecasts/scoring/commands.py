"""Scores stored for good: rows are added, none is changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.days import counted
from app.forecasts.judged import Due, Issue, Judgement, Said, Wholes, judge, series_of
from app.forecasts.tables import ForecastScore

Row = dict[str, Any]
AT_ONCE = 500


def compared(
    each: Due, said: Sequence[Said], past: Wholes, truth: Wholes, cut: datetime
) -> list[Row]:
    """The rows of a run's due windows: `truth` is what is known at the cut."""
    return [
        row_of(each.issue, one, judgement, cut)
        for one in said
        for judgement in judge(each, one, series_of(one, past), series_of(one, truth))
    ]


def compared_days(
    each: Due, said: Sequence[Said], past: counted.Counts, truth: counted.Counts, cut: datetime
) -> list[Row]:
    """The same of a run of days."""
    return [
        row_of(each.issue, one, judgement, cut)
        for one in said
        for judgement in counted.judge(each, one, past, truth)
    ]


async def add(session: AsyncSession, rows: Sequence[Row]) -> dict[str, Any]:
    """Stores what was judged; how much that was."""
    for start in range(0, len(rows), AT_ONCE):
        await session.execute(insert(ForecastScore), rows[start : start + AT_ONCE])
    points = sum(row["points"] for row in rows)
    return {"runs": len({row["run_id"] for row in rows}), "scores": len(rows), "points": points}


def row_of(issue: Issue, said: Said, judgement: Judgement, cut: datetime) -> Row:
    last = judgement.last
    return {
        **{"org_id": said.org_id, "subject_kind": said.subject_kind, "subject": said.subject},
        **said.kind._asdict(),
        "run_id": issue.run_id,
        "first_step": judgement.distance.first,
        "last_step": judgement.distance.last,
        "data_cut": cut,
        "served": said.served,
        **{name: getattr(judgement, name) for name in SAME},
        "said_at": last and last.at,
        "said_step": last and last.step,
        "said_low": last and last.low,
        "said_median": last and last.median,
        "said_high": last and last.high,
        "came_true": last and last.came_true,
    }


SAME = (
    *("begins_at", "ends_at", "points", "crps", "baseline_crps", "scale", "c80", "c95"),
    *("bias", "mae"),
)
