"""Groups, months and weeks are read off the same paths as the units and their days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from app.facilities.schemas import SubstitutionPool
from app.forecasts import calendar
from app.forecasts.answers import coverage
from app.forecasts.asking import Found
from app.forecasts.baseline import forecast_daily
from app.forecasts.engine.asked import Change, Outlook
from app.forecasts.humility import Group, Learned
from app.forecasts.issue import DAYS, MONTHS_AHEAD, SUPPLY_DAYS, Question
from app.forecasts.judged import Distance
from app.forecasts.runs import Issued, Kind
from app.forecasts.series import Daily
from app.forecasts.subjects import Total
from app.forecasts.together import NOTHING, Answers, Ways, answers
from app.observations.schemas import Coverage

Floats = NDArray[np.float64]
LAST = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
BED = Kind("occupied", "bed", "ward")
CRISIS = Kind("occupied", "bed", "wlz-crisis")
Z = np.array([-1.96, *np.linspace(-1.64, 1.64, 19), 1.96])


def a_question(unit: str, kind: Kind = BED, level: float = 10.0, supply: float = 12.0) -> Question:
    demand = Daily(LAST - timedelta(days=399), np.full(400, level))
    places = np.full(SUPPLY_DAYS, supply)
    return Question(1, "unit", unit, kind, AT, demand, places, LAST)


def an_outlook(level: float, horizon: int, size: float = 2.0, seed: int | None = 1) -> Outlook:
    """A band that widens; with the errors of a walk, by seed, as the template of its paths."""
    wide = size * np.sqrt(1 + np.arange(horizon) / 30)
    quantiles = np.maximum(level + wide[:, None] * Z, 0.0)
    steps = np.random.default_rng(seed or 0).normal(size=(150, horizon))
    off = None if seed is None else steps.cumsum(axis=1).astype(np.float32)
    return Outlook(quantiles, quantiles.mean(axis=1), "engine", off=off)


def told(
    questions: list[Question],
    totals: list[Total],
    months: float = 10.0,
    seed: int | None = 1,
    learned: Learned = NOTHING,
) -> Answers:
    days = {each.name: an_outlook(10.0, DAYS, seed=seed) for each in questions}
    ahead = {each.name: an_outlook(months, MONTHS_AHEAD, size=1.0) for each in questions}
    return answers(questions, totals, Found(days, ahead), seed=0, learned=learned)


def ways(found: Answers, subject: str, freq: str = "D") -> Ways:
    each = found.weeks if freq == "D" else found.months
    (ways,) = [answer.ways for answer in each if answer.question.subject == subject]
    assert isinstance(ways, Ways)
    return ways


def issued(found: Answers, subject: str, kind: Kind = BED) -> Issued:
    weeks, _ = found.issued()
    return next(each for each in weeks if (each.subject, each.kind) == (subject, kind))


def test_a_group_is_the_sum_of_its_units_on_each_path_of_days_and_months() -> None:
    units = [a_question("a"), a_question("b"), a_question("c")]

    found = told(units, [Total("group", "alle", BED, units)])

    for freq in ("D", "M"):
        summed = sum(ways(found, unit, freq).paths for unit in "abc")
        np.testing.assert_allclose(ways(found, "alle", freq).paths, summed, atol=1e-6)


def test_units_that_err_together_make_a_group_as_wide_as_their_sum() -> None:
    units = [a_question("a"), a_question("b")]

    tied = told(units, [Total("group", "alle", BED, units)], seed=1)
    apart = told(units, [Total("group", "alle", BED, units)], seed=None)

    def width(found: Answers) -> float:
        low, high = ways(found, "alle").quantiles[50, [2, -3]]
        return float(high - low)

    unit = ways(tied, "a").quantiles[50, [2, -3]]
    assert width(tied) == pytest.approx(2 * (unit[1] - unit[0]), rel=0.02)
    assert width(apart) == pytest.approx(np.sqrt(2) * (unit[1] - unit[0]), rel=0.12)


def test_a_month_within_the_days_is_the_mean_of_what_was_observed_and_its_days() -> None:
    found = told([a_question("a")], [])

    days, months = ways(found, "a"), ways(found, "a", "M")
    november = (20 * 10.0 + days.paths[:, :10].sum(axis=1)) / 30
    december = days.paths[:, 10:41].mean(axis=1)
    np.testing.assert_allclose(months.paths[:, 0], november, atol=1e-6)
    np.testing.assert_allclose(months.paths[:, 1], december, atol=1e-6)
    assert months.first == date(2026, 11, 1)


def test_where_the_days_end_the_months_go_on_from_their_level_with_no_narrower_band() -> None:
    found = told([a_question("a")], [], months=14.0)

    quantiles = ways(found, "a", "M").quantiles
    middle, width = quantiles[:, 10], quantiles[:, -1] - quantiles[:, 0]
    reached = 4  # November to February are within 98 days of the 21st of November
    assert abs(middle[reached] - middle[reached - 1]) < 1.2
    assert middle[-1] == pytest.approx(14.0, rel=0.03)
    assert (np.diff(width[reached - 1 :]) > -1e-6).all()


def test_a_member_that_cannot_be_forecast_is_named_and_not_summed() -> None:
    units = [a_question("a"), a_question("b")]
    silent = Daily(LAST - timedelta(days=399), np.full(400, np.nan))
    nothing = Question(1, "unit", "c", BED, AT, silent, None, LAST)

    found = told(units, [])
    both = answers(
        [*units, nothing],
        [Total("group", "alle", BED, [*units, nothing])],
        Found(
            {each.name: an_outlook(10.0, DAYS) for each in units},
            {each.name: an_outlook(10.0, MONTHS_AHEAD) for each in units},
        ),
        seed=0,
    )

    group = issued(both, "alle")
    assert group.detail["members"] == ["a", "b"]
    assert group.detail["missing"] == [{"unit": "c", "reason": "nothing-told"}]
    np.testing.assert_array_equal(ways(both, "a").paths, ways(found, "a").paths)


def test_either_of_two_types_is_short_as_often_as_their_paths_say() -> None:
    tied = [a_question("a", BED), a_question("a", CRISIS)]

    together = told(tied, [], seed=1)
    apart = told(tied, [], seed=None)

    alone = issued(together, "a").steps[0].p_short
    assert alone is not None
    # Of two that go together the one is short when the other is; of two apart, 1 - (1 - p)^2.
    assert issued(together, "a").detail["anyShort"][0] == pytest.approx(alone, abs=0.01)
    either = issued(apart, "a").detail["anyShort"][0]
    assert either == pytest.approx(1 - (1 - alone) ** 2, abs=0.04)


ELV = SubstitutionPool(
    name="ELV laag en hoog",
    bed_types=("elv-low", "elv-high"),
    source="fictief, zo afgesproken",
    year=2026,
)
LOW, HIGH = Kind("occupied", "bed", "elv-low"), Kind("occupied", "bed", "elv-high")
POOL = Kind("substitutionPool", "bed", "elv")


def in_a_pool(*units: Question) -> list[Total]:
    """The total of each type, and that of the pool of both."""
    of_types = [
        Total("group", "alle", kind, [each for each in units if each.kind == kind])
        for kind in (LOW, HIGH)
    ]
    return [*of_types, Total("group", "alle", POOL, units, ELV)]


def test_inside_a_declared_pool_what_one_type_is_short_the_other_spares() -> None:
    full = a_question("a", LOW, supply=6.0)
    roomy = a_question("b", HIGH, supply=22.0)

    found = told([full, roomy], in_a_pool(full, roomy))

    low, high, pool = (issued(found, "alle", kind) for kind in (LOW, HIGH, POOL))
    assert (low.steps[0].p_short or 0) > 0.8
    assert high.steps[0].p_short == pytest.approx(0.025)
    assert pool.steps[0].p_short == pytest.approx(0.025)
    assert pool.steps[0].supply == 28
    assert pool.steps[0].quantiles[10] == pytest.approx(20, abs=0.2)
    # The types themselves are not netted, nor what is said of any of them.
    assert low.detail["anyShort"][0] > 0.8
    assert pool.detail["pool"] == {"name": ELV.name, "bedTypes": ["elv-low", "elv-high"]}
    assert pool.detail["sources"][0]["source"] == ELV.source


def test_two_types_that_are_short_now_and_then_are_so_less_often_together() -> None:
    units = [a_question("a", LOW, supply=11.0), a_question("b", HIGH, supply=11.0)]

    found = told(units, in_a_pool(*units), seed=None)

    low, high, pool = (issued(found, "alle", kind).steps[0] for kind in (LOW, HIGH, POOL))
    assert low.p_short == pytest.approx(high.p_short, abs=0.03)
    assert (pool.p_short or 0) < (low.p_short or 0) - 0.04
    (summed,) = [each.ways for each in found.weeks if each.question.kind == POOL]
    assert isinstance(summed, Ways)
    both = ways(found, "a").paths + ways(found, "b").paths
    np.testing.assert_allclose(summed.paths, both, atol=1e-6)
    assert issued(found, "alle", POOL).detail["worst"] is not None
    assert all(week["pShort"] < 1 for week in issued(found, "alle", POOL).detail["weeks"])


def test_a_pool_of_which_a_type_is_unknown_is_unknown_and_no_smaller_pool() -> None:
    low = a_question("a", LOW)
    nothing = replace(a_question("b", HIGH), demand=None)
    days = {low.name: an_outlook(10.0, DAYS)}
    months = {low.name: an_outlook(10.0, MONTHS_AHEAD)}

    found = answers([low, nothing], in_a_pool(low, nothing), Found(days, months), seed=0)

    pool = issued(found, "alle", POOL)
    assert pool.state == "unknown"
    assert pool.detail["reason"]["code"] == "part-unknown"
    assert "elv-high" in pool.detail["reason"]["detail"]


def test_a_unit_that_tells_one_type_and_not_the_other_is_a_member_and_missing() -> None:
    units = [a_question("a", LOW), a_question("b", HIGH)]
    nothing = replace(a_question("a", HIGH), demand=None)
    days = {each.name: an_outlook(10.0, DAYS) for each in units}
    months = {each.name: an_outlook(10.0, MONTHS_AHEAD) for each in units}

    found = answers([*units, nothing], in_a_pool(*units, nothing), Found(days, months), seed=0)

    detail = issued(found, "alle", POOL).detail
    assert detail["members"] == ["a", "b"]
    assert detail["missing"] == [{"unit": "a", "reason": "nothing-told"}]
    assert coverage(detail) == Coverage(current=1, total=2)


def with_who_waits(unit: str, level: float) -> tuple[list[Question], Found]:
    """A unit of 12 places in which 10 are occupied, and its need."""
    there, need = a_question(unit), a_question(unit, BED._replace(measure="need"))
    days = {
        there.name: an_outlook(10.0, DAYS),
        need.name: an_outlook(level, DAYS),
    }
    months = {name: an_outlook(10.0, MONTHS_AHEAD) for name in days}
    return [there, need], Found(days, months)


def test_places_are_held_against_who_waits_too_and_the_band_tells_who_is_there() -> None:
    questions, found = with_who_waits("a", level=14.0)

    weeks = answers(questions, [], found, seed=0)

    (unit,), _ = weeks.issued()
    first = unit.steps[0]
    assert (first.quantiles[10], first.need[10]) == (10, 14)
    # The band rises in a line from -1.64 at 5% to 1.64 at 95%: 12.5 is at z = -.75.
    assert first.p_short == pytest.approx(1 - (0.05 + 0.9 * (1.64 - 0.75) / 3.28), abs=1e-3)
    assert unit.detail["shortfall"][0] > 2
    assert unit.detail["weeks"][0]["pShort"] >= first.p_short
    assert unit.detail["weeks"][0]["mean"][10] == pytest.approx(10, abs=0.1)


def test_no_fewer_are_needed_than_are_there_though_the_two_are_forecast_apart() -> None:
    questions, found = with_who_waits("a", level=9.5)
    wide = found.days[questions[1].name]
    narrow = replace(wide, quantiles=9.5 + (wide.quantiles - 9.5) / 4)
    found = Found({**found.days, questions[1].name: narrow}, found.months)

    ((unit,), _) = answers(questions, [], found, seed=0).issued()

    assert all(np.all(np.array(step.need) >= np.array(step.quantiles)) for step in unit.steps)
    first = unit.steps[0]
    assert first.need[0] == pytest.approx(9.5 - 2 * 1.96 / 4, abs=0.05)
    assert first.need[-1] == pytest.approx(10 + 2 * 1.96, abs=0.05)


def test_a_total_needs_what_its_members_need_on_each_path() -> None:
    first, told_first = with_who_waits("a", level=14.0)
    other = a_question("b")
    days = {**told_first.days, other.name: an_outlook(10.0, DAYS)}
    months = {**told_first.months, other.name: an_outlook(10.0, MONTHS_AHEAD)}
    total = Total("group", "alle", BED, [first[0], other])

    weeks, _ = answers([*first, other], [total], Found(days, months), seed=0).issued()

    group = weeks[-1]
    assert group.steps[0].quantiles[10] == pytest.approx(20, abs=0.2)
    assert group.steps[0].need[10] == pytest.approx(24, abs=0.2)
    assert {each.kind.measure for each in weeks} == {"occupied"}


def test_the_week_is_short_more_often_than_its_days_and_its_peak_stands_above_its_mean() -> None:
    found = issued(told([a_question("a")], []), "a")

    week, days = found.detail["weeks"][0], found.steps[:7]
    assert len(found.detail["weeks"]) == 14
    assert week["from"] == "2026-11-21"
    assert week["pShort"] >= max(day.p_short or 0 for day in days) - 0.01
    assert all(np.array(week["peak"]) >= np.array(week["mean"]))
    assert 0 < found.detail["shortfall"][0] < 1


def test_one_step_in_the_paths_of_a_group_is_that_day_for_all_its_members() -> None:
    early, late = a_question("a"), a_question("b")
    later = Daily(LAST - timedelta(days=398), np.full(400, 10.0))
    late = Question(1, "unit", "b", BED, AT, later, late.supply, LAST)

    found = told([early, late], [Total("group", "alle", BED, [early, late])])

    group = ways(found, "alle")
    assert group.first == calendar.days_from(LAST, 3)[2]
    np.testing.assert_allclose(
        group.paths, ways(found, "a").paths[:, 1:] + ways(found, "b").paths[:, :-1], atol=1e-6
    )


def test_where_the_engine_did_worse_the_naive_is_served_with_its_reason() -> None:
    units = [a_question("a"), a_question("b")]
    learned = Learned({"weeks": {units[0].name: "It was worse here."}})

    found = told(units, [Total("group", "alle", BED, units)], learned=learned)

    assert issued(found, "a").detail["served"] == "naive"
    assert issued(found, "a").detail["servedBecause"] == "It was worse here."
    assert issued(found, "b").detail["served"] == "engine"
    naive = forecast_daily(np.full(400, 10.0), DAYS)
    np.testing.assert_allclose(ways(found, "a").quantiles, naive, rtol=1e-6)
    summed = ways(found, "a").paths + ways(found, "b").paths
    np.testing.assert_allclose(ways(found, "alle").paths, summed, atol=1e-6)


def test_bands_that_held_too_little_are_wider_where_they_did() -> None:
    near = Group("occupied", "bed", "weeks", Distance(1, 7))
    learned = Learned(wider={near: 1.5})

    plain, taught = told([a_question("a")], []), told([a_question("a")], [], learned=learned)

    def width(found: Answers) -> Floats:
        quantiles = ways(found, "a").quantiles
        return quantiles[:, -3] - quantiles[:, 2]

    factor = width(taught) / width(plain)
    assert factor[3] == pytest.approx(1.5, rel=1e-4)
    assert factor[21] == pytest.approx(1.0, rel=1e-4)


def test_a_break_is_put_to_the_owner_until_it_is_explained() -> None:
    values = np.random.default_rng(4).normal(20.0, 0.8, 400).round()
    values[-10:] = np.round(values[-10:] * 0.5)
    broken = replace(a_question("a"), demand=Daily(LAST - timedelta(days=399), values))
    began = LAST - timedelta(days=9)
    answered = replace(broken, changes=[Change(broken.name, began, None, 0.5)])

    asked, known = told([broken], []), told([answered], [])

    assert issued(known, "a").detail["asks"] is None
    question = issued(asked, "a").detail["asks"]
    assert f"Since {began} this unit has told 50% fewer" in question
