"""From posts that were reckoned to what one viewer is told of the staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from app.forecasts import calendar
from app.forecasts.schemas import Reason, RunView, Source
from app.forecasts.staffing.carried import Places, capacities, with_now
from app.forecasts.staffing.months import months_told
from app.forecasts.staffing.posts import Posts
from app.forecasts.staffing.reckoned import Basis, Reckoned
from app.forecasts.staffing.schemas import PostShort, Staffing, StaffSeries, Uncovered
from app.forecasts.staffing.steps import counted, line_of, shorts_of, steps_of, together
from app.forecasts.staffing.view import (
    RANKS,
    WITHHELD,
    Topic,
    View,
    absence_used,
    norm_used,
    reason,
)
from app.forecasts.staffing.worst import worst_by_shift
from app.observations.schemas import Coverage, FigureState


def series_of(
    each: Reckoned, topic: Topic, view: View, closes: datetime, run: RunView | None
) -> StaffSeries:
    post, detail = each.post, view.told(each.post)
    about: dict[str, Any] = {
        "unit": None if post.place.pool else post.place.name,
        "staff_pool": post.place.name if post.place.pool else None,
        "role": post.role,
        "shift": post.shift,
        "hours": round(post.hours, 2),
        "units": post.units,
        "norm": norm_used(post),
    }
    if detail == "none":
        return StaffSeries(**about, state="suppressed", reason=WITHHELD)
    exact = detail == "exact"
    return StaffSeries(
        **about,
        state=("unknown" if each.why else "known") if exact else "suppressed",
        reason=reason(each.why),
        made_from=each.made_from,
        level_weeks=each.level_weeks,
        issued_at=run.issued_at if run and each.made_from in ("need", "paths") else None,
        absence=absence_used(each) if exact else None,
        steps=tuple(
            steps_of(line_of(each, topic), topic, detail, view, {post.place.org_id}, closes)
        ),
    )


def total_of(
    role: str,
    shift: str,
    several: Sequence[Reckoned],
    topic: Topic,
    view: View,
    closes: datetime,
) -> StaffSeries:
    """One role in one shift over all posts: needs add up path by path; who is short does not net.

    The chance is that any post is short: on each path that of its posts, whose absences are
    independent. Unknown unless it is known of all; suppressed unless it may be seen of all.
    """
    able = [each for each in several if each.why is None]
    details = {view.told(each.post) for each in several}
    detail = min(details, key=RANKS.index)
    units = sorted({unit for each in several for unit in each.post.units})
    about: dict[str, Any] = {"role": role, "shift": shift, "hours": None, "units": tuple(units)}
    coverage = Coverage(current=len(able), total=len(several))
    if detail == "none":
        return StaffSeries(**about, state="suppressed", reason=WITHHELD)
    if not able:
        found = several[0].why
        return StaffSeries(**about, state="unknown", reason=reason(found), of=coverage)
    line = together(able, topic)
    exact = detail == "exact"
    owners = {each.post.place.org_id for each in able}
    # Yes or no of each post is what who may know no more is told of it anyway.
    shorts = [shorts_of(each, line.days) for each in several]
    posts = counted(several, shorts, line.days)
    steps = steps_of(line, topic, detail, view, owners, closes, posts)
    return StaffSeries(
        **about,
        state="known" if exact else "suppressed",
        made_from="sum",
        of=coverage,
        posts=tuple(post_short(*each) for each in zip(several, shorts, strict=True)),
        steps=tuple(steps),
    )


def post_short(each: Reckoned, short: tuple[bool | None, ...]) -> PostShort:
    place = each.post.place
    return PostShort(
        unit=None if place.pool else place.name,
        staff_pool=place.name if place.pool else None,
        short=short,
    )


def uncovered(posts: Posts, topic: Topic) -> tuple[tuple[Uncovered, ...], tuple[Uncovered, ...]]:
    covered = tuple(
        Uncovered(unit=each.unit, role=each.role, shift=each.shift, staff_pool=each.staff_pool)
        for each in posts.covered
        if each.unit in topic.units and topic.subject_kind != "staffPool"
    )
    without = tuple(
        Uncovered(
            unit=None if post.place.pool else post.place.name,
            staff_pool=post.place.name if post.place.pool else None,
            role=post.role,
            shift=post.shift,
        )
        for post in posts.without_norm
        if topic.asks(post)
    )
    return covered, without


def state_of(series: Sequence[StaffSeries]) -> FigureState:
    states = {each.state for each in series}
    return "known" if "known" in states else "suppressed" if "suppressed" in states else "unknown"


NOTHING = Reason(code="no-posts", detail="No role and shift of this has a norm or a roster.")


def staffing(
    topic: Topic,
    posts: Posts,
    several: Sequence[Reckoned],
    basis: Basis,
    view: View,
    *,
    beds: Places,
    beds_now: Mapping[str, float | None],
    run: RunView | None,
    known_at: datetime,
) -> Staffing:
    """The whole answer; `several` are all posts that touch the scope of the topic."""
    asked = [
        each
        for each in several
        if topic.asks(each.post)
        and (each.why is None or each.post.norm or np.isfinite(each.balance.rostered).any())
    ]
    settings = basis.norms.settings
    closes = calendar.day_start(
        calendar.local_day(basis.at) + timedelta(days=settings.roster_closes_days)
    )
    covered, without = uncovered(posts, topic)
    about: dict[str, Any] = {
        "subject_kind": topic.subject_kind,
        "subject": topic.subject,
        "horizon": topic.horizon,
        "levels": topic.levels,
        "known_at": known_at,
        "run": run,
        "roster_closes_at": closes,
        "covered": covered,
        "without_norm": without,
        "sources": (
            Source(
                what="contract hours, leave, training, roster",
                source=basis.norms.source,
                year=basis.norms.year,
            ),
        ),
    }
    if topic.horizon == "months":
        series, roles = months_told(asked, basis, topic, view)
        found = state_of(series)
        return Staffing(
            **about,
            state=found,
            reason=why_of(found, series),
            series=tuple(series),
            fte=tuple(roles),
        )
    if topic.total:
        series = totals(asked, topic, view, closes)
    else:
        series = [series_of(each, topic, view, closes, run) for each in asked]
    found = state_of(series)
    ranked = worst_by_shift(asked, topic, view)
    best = max(ranked, key=lambda row: row[1], default=None)
    shared = [] if topic.total else several
    carried = list(capacities(shared, with_now(beds, beds_now, basis.today), topic, view))
    now = [each for each in carried if each.at <= basis.at < each.until]
    return Staffing(
        **about,
        state=found,
        reason=why_of(found, series),
        worst=best[0] if best and best[1] >= 0 else None,
        # While one shift hands over to the next, the later one runs.
        now=tuple(each for each in now if each.at == max(one.at for one in now)),
        series=tuple(series),
        worst_by_shift=tuple(row[0] for row in ranked),
        capacity=tuple(carried),
    )


def totals(
    several: Sequence[Reckoned], topic: Topic, view: View, closes: datetime
) -> list[StaffSeries]:
    by: dict[tuple[str, str], list[Reckoned]] = {}
    for each in several:
        # What a pool that fills is needed for is already the need of its units.
        if each.post.norm is not None:
            by.setdefault((each.post.role, each.post.shift), []).append(each)
    return [total_of(*key, of, topic, view, closes) for key, of in sorted(by.items())]


def why_of(state: FigureState, series: Sequence[StaffSeries]) -> Reason | None:
    if not series:
        return NOTHING
    return (
        None
        if state == "known"
        else series[0].reason or (WITHHELD if state == "suppressed" else None)
    )
