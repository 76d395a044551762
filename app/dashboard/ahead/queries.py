"""What the pages of the days, months, years and staff ask of the parts before them."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.dashboard.ahead.gaps import gaps_chart, roles_chart
from app.dashboard.ahead.judged import judged_chart
from app.dashboard.ahead.kinds import kinds_chart
from app.dashboard.ahead.people import people_chart
from app.dashboard.ahead.tonight import tonight_chart
from app.dashboard.charts import Chart
from app.dashboard.fans import Earlier, earlier_of, fan_chart, role_chart
from app.dashboard.ledgers import last_known, ledger_chart, line_of
from app.dashboard.names import role_name, type_name
from app.dashboard.queries import Choice, Key, baseline, key_text, shifts, told, types
from app.facilities.schemas import CareSetting
from app.forecasts.runs import Horizon
from app.forecasts.schemas import TypeForecast
from app.forecasts.scoring import queries as scoring
from app.forecasts.scoring.schemas import ScoresAsked
from app.planning.schemas import Plan
from app.wire import instant


def chosen(keys: Sequence[Key], wanted: str) -> tuple[Key | None, list[Choice]]:
    """The kind that is wanted, or else the first; and all that can be chosen."""
    key = next((each for each in keys if key_text(each) == wanted), None)
    key = key or next(iter(keys), None)
    return key, [Choice(key_text(each), type_name(*each), each == key) for each in keys]


async def outlook(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    settings: Sequence[CareSetting],
    horizon: Horizon,
    wanted: str,
    days_ago: int = 0,
) -> tuple[list[Choice], list[Chart]]:
    """One kind of bed over one horizon, how good such forecasts were, and all kinds together."""
    known = await types(request, session, viewer, settings, horizon)
    key, choices = chosen(list(known), wanted)
    if key is None:
        return [], []
    before = await earlier(request, session, viewer, key, horizon, days_ago) if days_ago else None
    drawn = drawn_of(type_name(*key), f"careSetting={key[0]}", horizon, known[key], before)
    judged = await how_good(session, viewer, key, horizon)
    several = kinds_chart(known, horizon)
    return choices, [each for each in (drawn, judged, several) if each is not None]


def drawn_of(
    name: str, of: str, horizon: Horizon, told: TypeForecast, before: Earlier | None = None
) -> Chart | None:
    if horizon == "days":
        return tonight_chart(name, of, told)
    return fan_chart(name, of, horizon, told, before)


async def earlier(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    key: Key,
    horizon: Horizon,
    days_ago: int,
) -> Earlier | None:
    """What was expected of this kind so many days ago; None where no run of then is there."""
    midnight = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    by = instant(midnight - timedelta(days=days_ago - 1))
    answer = await told(request, session, viewer, "careSetting", key[0], horizon, by)
    found = next((each for each in answer.forecasts if each.bed_type == key[1]), None)
    return earlier_of(found, answer.run.issued_at if answer.run else None)


async def how_good(
    session: AsyncSession, viewer: Principal, key: Key, horizon: Horizon
) -> Chart | None:
    if horizon not in ("weeks", "months"):
        return None
    asked = ScoresAsked(care_setting=key[0], horizon=horizon)
    told = await scoring.answer(session, viewer, asked, datetime.now(UTC))
    found = next((each for each in told.scores if each.bed_type == key[1]), None)
    return None if found is None else judged_chart(type_name(*key), found)


async def staff(
    request: Request, session: AsyncSession, viewer: Principal, setting: CareSetting
) -> list[Chart]:
    """The shifts of a care setting, and the roles of the region over the years."""
    found = [await shifts(request, session, viewer, setting)]
    view = await baseline(request, session, viewer) if viewer.may("forecasts:read") else None
    if view is not None:
        found += [
            roles_chart(view.plan),
            *(role_chart(role, view.plan) for role in view.plan.roles),
        ]
    return [chart for chart in found if chart is not None]


async def years(
    request: Request, session: AsyncSession, viewer: Principal, wanted: str
) -> tuple[list[Choice], list[Chart]]:
    """People, the gap of every kind, and the ledgers of the one that is wanted and of each role."""
    view = await baseline(request, session, viewer)
    if view is None:
        return [], []
    plan = view.plan
    keys: list[Key] = [
        (line.care_setting, line.bed_type) for line in plan.lines if line.unit == "places"
    ]
    key, choices = chosen(keys, wanted)
    charts = [
        people_chart(view.assumed.people, plan.years[0], plan.years[last_year(plan)]),
        gaps_chart(plan),
        roles_chart(plan),
    ]
    if key is not None and (line := line_of(plan, *key)) is not None:
        charts.append(ledger_chart("opbouw-plekken", type_name(*key), "plekken", line, plan))
    charts += [
        ledger_chart(f"opbouw-{role.role}", role_name(role.role), "fte", role, plan)
        for role in plan.roles
    ]
    return choices, [chart for chart in charts if chart is not None]


def last_year(plan: Plan) -> int:
    """Up to where the need of anything is known."""
    known = [last_known(each.need.p50) or 0 for each in (*plan.lines, *plan.roles)]
    return max(known, default=0)
