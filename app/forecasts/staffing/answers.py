"""From posts that were reckoned to what one viewer is told of the staff."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.access.disclosure import SMALL, Disclosure
from app.forecasts import calendar
from app.forecasts.answers import amount, tail
from app.forecasts.days.hours import moment, seconds
from app.forecasts.issue import Why
from app.forecasts.schemas import Amount, Band, Interval, Reason, RunView, Source
from app.forecasts.staffing.capacity import Crew, staffed_capacity
from app.forecasts.staffing.fte import fte
from app.forecasts.staffing.posts import Post, Posts
from app.forecasts.staffing.reckoned import Basis, Reckoned, days_a_week, monthly
from app.forecasts.staffing.roster import quantiles
from app.forecasts.staffing.schemas import (
    AbsenceUsed,
    FteStep,
    MonthStep,
    NormUsed,
    RoleFte,
    StaffedCapacity,
    Staffing,
    StaffSeries,
    StaffStep,
    SubjectKind,
    Uncovered,
    WorstRole,
)
from app.observations.schemas import Coverage, FigureState

Floats = NDArray[np.float64]
# From this chance on it is as likely short as not.
SHORT = 0.5
# Beyond the outer quantiles of a run nothing is forecast: 0.025 means at most, 0.975 at least.
EDGES = (0.025, 0.975)
MIDDLE, ALMOST = 0.5, 0.9
# How much of a post is told: all, whether it is short, or nothing.
Told = Literal["exact", "yes-no", "none"]
RANKS: tuple[Told, ...] = ("none", "yes-no", "exact")


@dataclass(frozen=True)
class Topic:
    """What is asked; `units` are those in its scope."""

    subject_kind: SubjectKind
    subject: str
    horizon: Literal["weeks", "months"]
    levels: tuple[int, ...]
    units: frozenset[str]
    role: str | None = None
    shift: str | None = None

    @property
    def total(self) -> bool:
        return self.subject_kind in ("group", "careSetting")

    @property
    def probabilities(self) -> list[float]:
        lower = [tail(level) for level in self.levels]
        upper = [round(1 - each, 4) for each in lower]
        return sorted({*lower, *upper, MIDDLE, ALMOST})

    def asks(self, post: Post) -> bool:
        named = self.role in (None, post.role) and self.shift in (None, post.shift)
        if self.subject_kind == "staffPool":
            return named and post.place.pool and post.place.name == self.subject
        return named and bool(self.units & set(post.units))


@dataclass(frozen=True)
class View:
    """One viewer; `age` of the run, against which delays are held; `owners` of each unit."""

    disclosure: Disclosure
    age: timedelta
    owners: Mapping[str, int]

    def told(self, post: Post) -> Told:
        """By the least that is shared by those whose staff and whose people it is made of."""
        behind = {post.place.org_id, *(self.owners[unit] for unit in post.units)}
        return min((self.of(owner) for owner in behind), key=RANKS.index)

    def of(self, owner: int) -> Told:
        detail = self.disclosure.detail(owner, "staff")
        if detail not in ("exact", "yes-no") or self.age < self.disclosure.delay(owner, "staff"):
            return "none"
        return detail

    def small(self, owners: Iterable[int], values: Iterable[float]) -> bool:
        """Whether a count is so small that who neither owns it nor places people sees none."""
        viewer = self.disclosure
        if viewer.places_people or all(viewer.owns(owner) for owner in owners):
            return False
        return any(0 < abs(value) < SMALL for value in values if np.isfinite(value))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A series in the making: figures of each step, NaN unknown; `gap` None: not applicable."""

    days: Sequence[date]
    starts: Sequence[int]
    ends: Sequence[int]
    need: Floats  # [h, q]
    rostered: Floats
    available: Floats
    gap: Floats | None
    p_short: Floats
    lacking: Floats
    # What the chance is at least, by the parts of it that are known.
    at_least: Floats


def line_of(each: Reckoned, topic: Topic) -> Line:
    told, shifts = each.balance, each.shifts
    need = quantiles(told.need, topic.probabilities).astype(np.float64)
    need[~told.known] = np.nan
    likely = told.p_short if each.made_from == "minimum" else told.p_short.clip(*EDGES)
    return Line(
        shifts.days,
        shifts.starts.tolist(),
        shifts.ends.tolist(),
        need,
        told.rostered,
        told.available,
        told.gap,
        likely,
        told.lacking,
        likely,
    )


def line_chance(each: Reckoned, n: int) -> float:
    likely = float(each.balance.p_short[n])
    return likely if each.made_from == "minimum" else float(np.clip(likely, *EDGES))


def band(values: Sequence[float] | None, topic: Topic, state: FigureState, digits: int = 0) -> Band:
    """A band of quantiles at the topic's probabilities; NaN or None is unknown."""
    if state != "known":
        return Band(state=state)
    if values is None or not np.isfinite(values).all():
        return Band(state="unknown")
    at = {
        p: round(float(v), digits) + 0.0 for p, v in zip(topic.probabilities, values, strict=True)
    }
    return Band(
        state="known",
        median=at[MIDDLE],
        intervals=tuple(
            Interval(level=level, low=at[tail(level)], high=at[round(1 - tail(level), 4)])
            for level in topic.levels
        ),
    )


def told_amount(value: float, state: FigureState, digits: int = 0) -> Amount:
    return amount(float(value) if np.isfinite(value) else None, state, digits)


def steps_of(
    line: Line, topic: Topic, detail: Told, view: View, owners: Iterable[int], closes: datetime
) -> Iterator[StaffStep]:
    middle = topic.probabilities.index(MIDDLE)
    most = topic.probabilities.index(ALMOST)
    for n, day in enumerate(line.days):
        at = moment(line.starts[n])
        likely = float(line.p_short[n])
        state: FigureState = "known" if detail == "exact" else "suppressed"
        figures = [*line.need[n], line.rostered[n], line.available[n], line.lacking[n]]
        if state == "known" and view.small(owners, figures):
            state = "suppressed"
        firm = np.fmax(line.need[n, middle], line.rostered[n])
        applies: FigureState = (
            state if line.gap is not None or state != "known" else "notApplicable"
        )
        yield StaffStep(
            day=day,
            at=at,
            until=moment(line.ends[n]),
            short=yes_or_no(likely, float(line.at_least[n])),
            need=band(line.need[n].tolist(), topic, state),
            rostered=told_amount(line.rostered[n], state),
            available=told_amount(line.available[n], state),
            gap=band(None if line.gap is None else line.gap[n].tolist(), topic, applies),
            p_short=told_amount(likely, state, 3),
            shortfall=told_amount(line.lacking[n], state, 2),
            flexible=told_amount(np.maximum(line.need[n, most] - firm, 0.0), state),
            roster_closed=at < closes,
        )


def yes_or_no(likely: float, at_least: float) -> bool | None:
    """Yes also where a part is unknown, and what is known of the others is enough."""
    if at_least >= SHORT:
        return True
    return False if np.isfinite(likely) else None


def reason(why: Why | None) -> Reason | None:
    return None if why is None else Reason(code=why.code, detail=why.detail)


WITHHELD = Reason(
    code="withheld",
    detail="Whose staff it is does not share it with you. Who places people is told whether a "
    "shift is short, the owner all of it.",
)


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
        issued_at=run.issued_at if run and each.made_from in ("need", "paths") else None,
        absence=absence_used(each) if exact else None,
        steps=tuple(
            steps_of(line_of(each, topic), topic, detail, view, {post.place.org_id}, closes)
        ),
    )


def norm_used(post: Post) -> NormUsed | None:
    norm = post.norm
    if norm is None:
        return None
    return NormUsed(norm=norm.name, source=norm.source, year=norm.year)


def absence_used(each: Reckoned) -> AbsenceUsed | None:
    told = each.absence
    if told is None:
        return None
    return AbsenceUsed(share=round(told.share, 4), heads=told.heads, source=told.source)


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
    steps = steps_of(line, topic, detail, view, owners, closes)
    return StaffSeries(
        **about,
        state="known" if exact else "suppressed",
        made_from="sum",
        of=coverage,
        steps=tuple(steps),
    )


def together(several: Sequence[Reckoned], topic: Topic) -> Line:
    """The sum of posts on the days on which any is held."""
    days = sorted({day for each in several for day in each.shifts.days})
    place = {day: n for n, day in enumerate(days)}
    shape = (max(len(each.balance.need) for each in several), len(days))
    need, fine, fine_at_most = np.zeros(shape), np.ones(shape), np.ones(shape)
    rostered, available, lacking = (np.zeros(len(days)) for _ in range(3))
    starts = np.full(len(days), np.iinfo(np.int64).max)
    ends = np.zeros(len(days), np.int64)
    known = np.ones(len(days), dtype=np.bool_)
    for each in several:
        at = np.array([place[day] for day in each.shifts.days], dtype=np.int64)
        told = each.balance
        need[:, at] += told.need
        fine[:, at] *= 1 - told.short
        fine_at_most[:, at] *= 1 - np.nan_to_num(told.short)
        known[at] &= told.known
        rostered[at] += told.rostered
        available[at] += told.available
        lacking[at] += told.lacking
        starts[at] = np.minimum(starts[at], each.shifts.starts)
        ends[at] = np.maximum(ends[at], each.shifts.ends)
    wanted = quantiles(need.astype(np.int64), topic.probabilities).astype(np.float64)
    wanted[~known] = np.nan
    short, at_least = ((1 - each.mean(axis=0)).clip(*EDGES) for each in (fine, fine_at_most))
    figures = (wanted, rostered, available, None, short, lacking, at_least)
    return Line(days, starts.tolist(), ends.tolist(), *figures)


def worst_by_shift(
    several: Sequence[Reckoned], topic: Topic, view: View
) -> list[tuple[WorstRole, float]]:
    """Of each shift of each day the role that is short with the greatest chance, with that chance
    (-1: of none it is known). On a tie the smallest median gap, then the first by name."""
    middle = topic.probabilities.index(MIDDLE)
    found: dict[tuple[date, str], list[tuple[float, float, str, str, Reckoned, int]]] = {}
    for each in several:
        if view.told(each.post) == "none":
            continue
        for n, day in enumerate(each.shifts.days):
            likely, gap = each.balance.p_short[n], each.balance.gap[n, middle]
            key = (-likely, gap, each.post.role, each.post.place.name, each, n)
            found.setdefault((day, each.post.shift), []).append(key)
    rows = []
    for (day, shift), told in found.items():
        known = [row for row in told if np.isfinite(row[0])]
        best = min(known, key=lambda row: row[:4]) if known else None
        _, _, _, _, of, n = best or told[0]
        rows.append((worst_role(day, shift, of, n, best is not None, view, middle), of, n, best))
    ordered = sorted(rows, key=lambda row: row[0].at)
    return [(row[0], -row[3][0] if row[3] else -1.0) for row in ordered]


def worst_role(
    day: date, shift: str, of: Reckoned, n: int, known: bool, view: View, middle: int
) -> WorstRole:
    post, detail = of.post, view.told(of.post)
    likely, gap = line_chance(of, n), of.balance.gap[n, middle]
    short = bool(likely >= SHORT) if known else None
    state: FigureState = "known" if detail == "exact" else "suppressed"
    if state == "known" and view.small({post.place.org_id}, (of.balance.rostered[n], gap)):
        state = "suppressed"
    # Who may know no more than yes or no is told a role only where the answer is yes.
    named = known and (state == "known" or bool(short))
    return WorstRole(
        day=day,
        shift=shift,
        at=moment(int(of.shifts.starts[n])),
        until=moment(int(of.shifts.ends[n])),
        role=post.role if named else None,
        unit=post.place.name if named and not post.place.pool else None,
        staff_pool=post.place.name if named and post.place.pool else None,
        short=short,
        p_short=told_amount(likely, state, 3),
        gap=told_amount(gap, state),
    )


# Places of each unit on each day.
Places = Mapping[str, Mapping[date, float]]


def capacities(
    several: Sequence[Reckoned], beds: Places, topic: Topic, view: View
) -> Iterator[StaffedCapacity]:
    """min(beds, staff) of each shift over the units that share its staff.

    Of those who will be there the median. People of a pool that fills are not counted with it:
    where they go is decided on the day.
    """
    by_shift: dict[tuple[date, str], list[tuple[Reckoned, int]]] = {}
    for each in several:
        if each.post.fills or each.post.norm is None:
            continue
        for n, day in enumerate(each.shifts.days):
            by_shift.setdefault((day, each.post.shift), []).append((each, n))
    for (day, shift), told in sorted(by_shift.items(), key=lambda row: first_of(row[1])):
        says = [each.post.norm.says for each, _ in told if each.post.norm is not None]
        # Where heads follow who asks by the hour, people that are there set no bound.
        if any(each.measure is not None for each in says):
            continue
        if all(each.patients_per_head is None for each in says):
            continue
        if any(view.told(each.post) != "exact" for each, _ in told):
            continue
        units = sorted({unit for each, _ in told for unit in each.post.units})
        crews = [crew(each, n) for each, n in told]
        found = staffed_capacity({unit: beds.get(unit, {}).get(day) for unit in units}, crews)
        if any(
            view.small(
                {each.post.place.org_id}, (each.balance.available[n], each.balance.rostered[n])
            )
            for each, n in told
        ):
            continue
        yield StaffedCapacity(
            day=day,
            shift=shift,
            at=moment(min(int(each.shifts.starts[n]) for each, n in told)),
            until=moment(max(int(each.shifts.ends[n]) for each, n in told)),
            units=found.units,
            beds=amount(found.beds, "known", 0),
            capacity=amount(found.value, "known", 0),
            at_most=amount(found.at_most, "known", 0),
            binding=found.binding,
        )


def first_of(told: Sequence[tuple[Reckoned, int]]) -> int:
    return min(int(each.shifts.starts[n]) for each, n in told)


def crew(each: Reckoned, n: int) -> Crew:
    assert each.post.norm is not None
    there = float(each.balance.available[n])
    return Crew(
        each.post.role,
        frozenset(each.post.units),
        there if np.isfinite(there) else None,
        each.post.norm.says.patients_per_head,
    )


def months_told(
    several: Sequence[Reckoned], basis: Basis, topic: Topic, view: View
) -> tuple[list[StaffSeries], list[RoleFte]]:
    """Heads a shift of each post, and FTE of each role over its shifts, month by month."""
    series, by_role = [], dict[str, list[Reckoned]]()
    for each in several:
        if each.post.fills:
            continue
        by_role.setdefault(each.post.role, []).append(each)
        found, detail = monthly(each.post, basis), view.told(each.post)
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
        series.append(StaffSeries(**about, state="known"))
    roles = [role_fte(role, of, basis, topic, view) for role, of in sorted(by_role.items())]
    return series, roles


def role_fte(
    role: str, several: Sequence[Reckoned], basis: Basis, topic: Topic, view: View
) -> RoleFte:
    """FTE of one role over all its posts, path by path."""
    if any(view.told(each.post) != "exact" for each in several):
        return RoleFte(role=role, state="suppressed", reason=WITHHELD)
    able = [each for each in several if each.post.norm is not None]
    parts: list[tuple[date, Floats]] = []
    used: dict[str, float] = {}
    for each in able:
        found, terms = monthly(each.post, basis), terms_of(each, basis)
        if isinstance(found, Why):
            return RoleFte(role=role, state="unknown", reason=reason(found))
        if terms is None:
            return RoleFte(role=role, state="unknown", reason=NO_ABSENCE)
        used = terms
        first, heads, _ = found
        one = fte([(1.0, each.post.hours)], **terms, days_a_week=days_a_week(each.post, basis))
        parts.append((first, heads * one))
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


def with_now(beds: Places, now: Mapping[str, float | None], today: date) -> Places:
    """The places of the days ahead, and of the shifts that began up to today those of now."""
    begun = (today - timedelta(days=1), today)
    return {
        unit: {**beds.get(unit, {}), **(dict.fromkeys(begun, here) if here is not None else {})}
        for unit in beds.keys() | now.keys()
        for here in (now.get(unit),)
    }


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
