"""The months: heads a shift of each post, and FTE of each role over its shifts."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.days.hours import seconds
from app.forecasts.issue import Why
from app.forecasts.schemas import Reason
from app.forecasts.staffing.fte import fte
from app.forecasts.staffing.posts import Post
from app.forecasts.staffing.reckoned import Basis, Monthly, Reckoned, days_a_week, monthly
from app.forecasts.staffing.schemas import FteStep, MonthStep, RoleFte, StaffSeries
from app.forecasts.staffing.view import WITHHELD, Topic, View, band, norm_used, reason, told_amount
from app.observations.schemas import FigureState

Floats = NDArray[np.float64]


def months_told(
    several: Sequence[Reckoned], basis: Basis, topic: Topic, view: View
) -> tuple[list[StaffSeries], list[RoleFte]]:
    """Heads a shift of each post, and FTE of each role over its shifts, month by month."""
    series, by_role = [], dict[str, list[Reckoned]]()
    needs = {each.post: monthly(each.post, basis) for each in several if not each.post.fills}
    for each in several:
        if each.post.fills:
            continue
        by_role.setdefault(each.post.role, []).append(each)
        found, detail = needs[each.post], view.told(each.post)
        about: dict[str, Any] = {
            "unit": None if each.post.place.pool else each.post.place.name,
            "staff_pool": each.post.place.name if each.post.place.pool else None,
            "role": each.post.role,
            "shift": each.post.shift,
            "hours": round(each.post.hours, 2),
            "units": each.post.units,
            "norm": norm_used(each.post),
        }
        if detail != "exact":
            series.append(StaffSeries(**about, state="suppressed", reason=WITHHELD))
            continue
        if isinstance(found, Why):
            series.append(StaffSeries(**about, state="unknown", reason=reason(found)))
            continue
        first, heads, made_from = found
        months = []
        for n, of in enumerate(np.quantile(heads, topic.probabilities, axis=0).T):
            state: FigureState = (
                "suppressed" if view.small({each.post.place.org_id}, of) else "known"
            )
            months.append(
                MonthStep(
                    month=calendar.months_after(first, n), need=band(of.tolist(), topic, state, 2)
                )
            )
        about |= {"made_from": made_from, "months": tuple(months)}
        about["level_weeks"] = basis.level_weeks(each.post)
        series.append(StaffSeries(**about, state="known"))
    roles = [role_fte(role, of, needs, basis, topic, view) for role, of in sorted(by_role.items())]
    return series, roles


def role_fte(
    role: str,
    several: Sequence[Reckoned],
    needs: Mapping[Post, Monthly | Why],
    basis: Basis,
    topic: Topic,
    view: View,
) -> RoleFte:
    """FTE of one role over all its posts, path by path."""
    if any(view.told(each.post) != "exact" for each in several):
        return RoleFte(role=role, state="suppressed", reason=WITHHELD)
    able = [each for each in several if each.post.norm is not None]
    parts: list[tuple[date, Floats]] = []
    used: dict[str, float] = {}
    for each in able:
        found, terms = needs[each.post], terms_of(each, basis)
        if isinstance(found, Why):
            return RoleFte(role=role, state="unknown", reason=reason(found))
        if terms is None:
            return RoleFte(role=role, state="unknown", reason=NO_ABSENCE)
        used = terms
        first, heads, _ = found
        one = fte([(1.0, each.post.hours)], **terms, days_a_week=1.0)
        parts.append((first, heads * one * days_a_week(each.post, basis, first, heads.shape[1])))
    if not parts:
        return RoleFte(role=role, state="unknown", reason=Reason(code="no-norm", detail=NONE_HAS))
    first = max(month for month, _ in parts)
    wide = min(paths.shape[1] - months_between(month, first) for month, paths in parts)
    cut = [paths[:, months_between(month, first) :][:, :wide] for month, paths in parts]
    # A minimum alone has one path, that of all.
    total: Floats = reduce(np.add, cut)
    steps = []
    for n, of in enumerate(np.quantile(total, topic.probabilities, axis=0).T):
        month = calendar.months_after(first, n)
        contracted, vacant = (of_role(able, basis, name, month) for name in CONTRACTS)
        small = any(
            view.small({each.post.place.org_id}, [*of, contracted, vacant]) for each in able
        )
        state: FigureState = "suppressed" if small else "known"
        gap = [contracted - value for value in reversed(of.tolist())]
        steps.append(
            FteStep(
                month=month,
                need=band(of.tolist(), topic, state, 1),
                contracted=told_amount(contracted, state, 1),
                vacancies=told_amount(vacant, state, 1),
                gap=band(gap_at(gap, topic), topic, state, 1),
            )
        )
    return RoleFte(
        role=role,
        state="known",
        **{name: round(value, 4) for name, value in used.items()},
        steps=tuple(steps),
    )


def months_between(first: date, later: date) -> int:
    return 12 * (later.year - first.year) + later.month - first.month


CONTRACTS = ("bezetting", "vacature")
NONE_HAS = "The region has no norm for this role in any shift."
NO_ABSENCE = Reason(
    code="no-absence",
    detail="Absence was not told of enough shifts, and no norm gives it; so no FTE can be told.",
)


def gap_at(reversed_need: Sequence[float], topic: Topic) -> Sequence[float]:
    """The quantiles of contracts less need: those of the need the other way round.

    The probabilities need not be symmetric (90% is one of them), so each is looked up between.
    """
    turned = [round(1 - p, 4) for p in reversed(topic.probabilities)]
    found: list[float] = np.interp(topic.probabilities, turned, reversed_need).tolist()
    return found


def of_role(several: Sequence[Reckoned], basis: Basis, measure: str, month: date) -> float:
    """FTE that was told of a role for a month, over the places of its posts; NaN unknown."""
    total = 0.0
    for place in sorted({each.post.place.name for each in several}):
        told = [
            each
            for (of, name, role, _), each in basis.told.items()
            if (of, name, role) == (place, measure, several[0].post.role)
        ]
        at = seconds(calendar.day_start(month))
        values = [
            float(value)
            for each in told
            for start, length, value in zip(each.starts, each.lengths, each.values, strict=True)
            if start <= at < start + length
        ]
        total += values[-1] if values else float("nan")
    return total


def terms_of(each: Reckoned, basis: Basis) -> dict[str, float] | None:
    """Contract hours, absence, leave and training: of the norm, else of all; absence as learned."""
    general, says = basis.norms.settings, each.post.norm and each.post.norm.says
    told = {
        name: own if own is not None else getattr(general, name)
        for name in ("contract_hours", "leave", "training")
        for own in (getattr(says, name, None),)
    }
    if each.absence is None or None in told.values():
        return None
    return {**told, "absence": each.absence.share}
