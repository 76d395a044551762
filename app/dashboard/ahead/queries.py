"""What the pages of the days, months, years and staff ask of the parts before them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.dashboard.ahead.gaps import gaps_chart, roles_chart
from app.dashboard.ahead.judged import judged_chart
from app.dashboard.ahead.kinds import kinds_chart
from app.dashboard.ahead.people import people_chart
from app.dashboard.ahead.rosters import (
    Roster,
    limits,
    roles_of,
    roster_charts,
    sheet_chart,
    week_shown,
    weeks_of,
)
from app.dashboard.ahead.tonight import tonight_chart
from app.dashboard.charts import Chart
from app.dashboard.fans import Earlier, earlier_of, fan_chart, role_chart
from app.dashboard.language import _, capital, spoken
from app.dashboard.ledgers import last_known, ledger_chart, line_of
from app.dashboard.names import day_name, role_name, short_names, type_name, week_name
from app.dashboard.queries import Choice, Key, baseline, key_text, shown_again, told, types
from app.dashboard.shortages import calendar_chart, places_chart, staff_chart
from app.facilities.queries import Directory, directory
from app.facilities.schemas import CareSetting
from app.forecasts.runs import Horizon
from app.forecasts.schemas import TypeForecast
from app.forecasts.scoring import queries as scoring
from app.forecasts.scoring.schemas import ScoresAsked
from app.forecasts.staffing import queries as staffing
from app.forecasts.staffing.routes import kept_of as people_of
from app.forecasts.staffing.schemas import Asked as StaffingAsked
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
    named = [*zip(short_names(list(known)), known.values(), strict=True)]
    calendar = calendar_chart(named) if horizon == "weeks" else None
    return choices, [each for each in (drawn, judged, several, calendar) if each is not None]


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


# Staff is reckoned from many rosters; what was told meanwhile is seen so much later.
SHOWN_SECONDS = 30.0


@dataclass(frozen=True)
class Staff:
    """What the page of the staff shows; the choices of a roster are the owner's alone."""

    charts: Sequence[Chart]
    limits: Sequence[str]
    places: Sequence[Choice] = ()
    roles: Sequence[Choice] = ()
    weeks: Sequence[Choice] = ()
    # Not drawn: the sheet of the planner.
    sheet: Chart | None = None
    subject: str = ""

    @property
    def files(self) -> list[Chart]:
        return [*self.charts, *([self.sheet] if self.sheet else [])]


@dataclass(frozen=True)
class Looked:
    """What of a roster is asked for: a place, a role and a week, each as its choice has it."""

    place: str = ""
    role: str = ""
    week: str = ""


async def staff(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    setting: CareSetting,
    looked: Looked,
) -> Staff:
    """As `reckoned`, shown again for half a minute to who asks the same."""
    rights = (viewer.may("staffing:read"), viewer.may("forecasts:read"))
    about = ("staff", spoken(), viewer.org_id, viewer.audience, rights, setting, looked)
    make = partial(reckoned, request, session, viewer, setting, looked)
    return await shown_again(request, about, SHOWN_SECONDS, make)


async def reckoned(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    setting: CareSetting,
    looked: Looked,
) -> Staff:
    """One's own roster beside what is needed; the shifts of a care setting, yes or no; and the
    roles of the region over the years."""
    found: list[Chart | None] = []
    own = Staff((), ())
    if viewer.may("staffing:read"):
        known = await directory(request.app.state.directory, session)
        names = {name: each.facts.name for name, each in known.units.items()}
        names |= {name: each.facts.name for name, each in known.staff_pools.items()}
        own = await own_staff(
            request, session, viewer, own_places(known, viewer, setting), looked, names
        )
        asked = StaffingAsked(care_setting=setting)
        told = await staffing.answer(session, viewer, asked, people_of(request), datetime.now(UTC))
        shifts = staff_chart(setting, told)
        found += [shifts, places_chart(setting, told, names)]
        if shifts is not None and not own.charts:
            own = replace(own, limits=limits(told, names))
    view = await baseline(request, session, viewer) if viewer.may("forecasts:read") else None
    if view is not None:
        found += [
            roles_chart(view.plan),
            *(role_chart(role, view.plan) for role in view.plan.roles),
        ]
    return replace(own, charts=[*own.charts, *(chart for chart in found if chart is not None)])


async def own_settings(
    request: Request, session: AsyncSession, viewer: Principal
) -> list[CareSetting]:
    """The kinds of care of the viewer's own units."""
    known = await directory(request.app.state.directory, session)
    return sorted(
        {each.facts.care_setting for each in known.units.values() if each.org_id == viewer.org_id}
    )


def setting_of(
    settings: Sequence[CareSetting], wanted: str, own: Sequence[CareSetting]
) -> CareSetting:
    """What is wanted, else the first of one's own, else the hospital."""
    first: list[CareSetting] = [each for each in settings if each == wanted]
    return next(iter([*first, *(each for each in settings if each in own)]), "hospital-ward")


def own_places(known: Directory, viewer: Principal, setting: CareSetting) -> dict[str, str]:
    """The viewer's own units of a care setting, and the pools that cover any of them."""
    units = {
        name: each.facts.name
        for name, each in known.units.items()
        if each.org_id == viewer.org_id and each.facts.care_setting == setting
    }
    pools = {
        f"pool.{name}": _("Pool: {name}", name=each.facts.name)
        for name, each in known.staff_pools.items()
        if each.org_id == viewer.org_id and set(units) & set(each.facts.units)
    }
    return {f"afdeling.{name}": said for name, said in sorted(units.items())} | pools


async def own_staff(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    places: Mapping[str, str],
    looked: Looked,
    names: Mapping[str, str],
) -> Staff:
    """Of the place that is wanted, or else of the first of which anything is told."""
    wanted = [looked.place] if looked.place in places else list(places)
    for place in wanted:
        kind, name = place.split(".", 1)
        asked = StaffingAsked(staff_pool=name) if kind == "pool" else StaffingAsked(unit=name)
        told = await staffing.answer(session, viewer, asked, people_of(request), datetime.now(UTC))
        roles, weeks = roles_of(told), weeks_of(told)
        if not roles or not weeks:
            continue
        role = looked.role if looked.role in roles else roles[0]
        week = next(
            (each for each in weeks if week_key(each) == looked.week), week_shown(told, weeks)
        )
        roster = Roster(places[place], told, role, week, names)
        charts = roster_charts(roster)
        return Staff(
            charts,
            limits(told, names),
            places=[Choice(key, said, key == place) for key, said in places.items()],
            roles=[Choice(each, role_name(each), each == role) for each in roles],
            weeks=[
                Choice(week_key(each), capital(week_said(each)), each == week) for each in weeks
            ],
            sheet=sheet_chart(roster, charts[0]) if charts else None,
            subject=name,
        )
    shown = [Choice(key, said, key == looked.place) for key, said in places.items()]
    return Staff((), (), places=shown)


def week_key(week: date) -> str:
    year, number, _day = week.isocalendar()
    return f"{year}-W{number:02}"


def week_said(week: date) -> str:
    return _("{week}, vanaf {day}", week=week_name(week), day=day_name(week))


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
