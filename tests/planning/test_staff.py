"""What the run of the years keeps of staff, against the plan that it is of."""

from app.planning.answers import narrowed
from app.planning.assembly import assumptions, by_tables
from app.planning.schemas import RolePlan, ScenarioTold
from app.planning.staff import staff
from app.planning.told import plan
from tests.planning.test_scenarios import an_assumption_set

SEED, DRAWS = 2040, 1000


def test_a_role_is_kept_as_the_plan_has_it_and_by_the_open_tables_beside_it() -> None:
    assumed = an_assumption_set()
    told = plan(assumed, assumptions(assumed), (), SEED, DRAWS)
    members = [line.members for line in assumed.lines]
    bare = ScenarioTold(scenario="bare", seed=SEED, draws=DRAWS)

    kept = staff(assumed, told, by_tables(assumed, members), SEED, DRAWS)

    _, narrow = narrowed(assumed, bare, members)
    (nurses,) = kept["roles"]
    assert kept["years"] == list(told.years)
    assert (nurses["role"], nurses["level"]) == ("nurse", "series")
    assert nurses["kinds"] == [["reo-flex", "caz-bed"]]
    for figures, role in ((nurses["whole"], told.roles[0]), (nurses["tables"], narrow.roles[0])):
        assert figures["need"] == needs(role)
        assert figures["gap"] == gaps(role)
        assert figures["pShort"] == list(role.p_short or ())
    assert nurses["whole"]["need"] != nurses["tables"]["need"]


def needs(role: RolePlan) -> list[list[float | None]]:
    return [list(each) for each in zip(role.need.p10, role.need.p50, role.need.p90, strict=True)]


def gaps(role: RolePlan) -> list[list[float]]:
    short = role.shortage
    assert short is not None
    rows = zip(short.p90, short.p50, short.p10, strict=True)
    return [[0.0 - (each or 0) for each in row] for row in rows]


def test_of_a_region_without_people_at_work_nothing_is_kept() -> None:
    assumed = an_assumption_set().model_copy(update={"labour": ()})
    told = plan(assumed, assumptions(assumed), (), SEED, DRAWS)

    assert staff(assumed, told, assumed, SEED, DRAWS)["roles"] == []
