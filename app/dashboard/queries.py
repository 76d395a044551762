"""What the page asks of the parts before it: the same answers that their routes give."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from app.access.principal import Principal
from app.dashboard.charts import Chart
from app.dashboard.fans import fan_chart, role_chart
from app.dashboard.language import Language, _, spoken
from app.dashboard.ledgers import ledger_chart, line_of, scarcest
from app.dashboard.names import local_day, role_name, short_names, type_name
from app.dashboard.shortages import calendar_chart, staff_chart
from app.db import Standing, undo
from app.errors import NotFound
from app.facilities.schemas import CareSetting
from app.forecasts import queries as forecasts
from app.forecasts.kept import Version
from app.forecasts.routes import kept_of
from app.forecasts.runs import Horizon
from app.forecasts.schemas import Asked, Forecast, Past, TypeForecast
from app.forecasts.staffing import queries as staffing
from app.forecasts.staffing.routes import kept_of as people_of
from app.forecasts.staffing.schemas import Asked as StaffingAsked
from app.overview.schemas import Overview, PlacesNow, UnitNow
from app.planning import queries as plans
from app.planning.routes import seen
from app.planning.schemas import ScenarioView

log = get_logger(__name__)
Shown = TypeVar("Shown")
Key = tuple[CareSetting, str | None]
Question = tuple[Language, int, str, bool, tuple[CareSetting, ...], str]
MOST_DRAWN = 200
WEEK = 7


@dataclass(frozen=True)
class Choice:
    """One kind of bed that can be looked at: its address, and whether it is the one shown."""

    key: str
    name: str
    shown: bool


@dataclass(frozen=True)
class Tab:
    key: str
    name: str


TABS = {"weken": "fan-weeks", "maanden": "fan-months", "jaren": "fan-years"}
NAMES = (Tab("weken", "Weken"), Tab("maanden", "Maanden"), Tab("jaren", "Jaren"))
WEEKS = frozenset({"kalender"})


@dataclass(frozen=True)
class Ahead:
    """What lies ahead of the region and of one kind of bed; no `choices` before a run.

    `loading`: it is being drawn.
    """

    choices: Sequence[Choice]
    key: str
    charts: Sequence[Chart] = ()
    shown: str = "weken"
    weeks_back: Mapping[tuple[str, str, str], Past] = field(default_factory=dict)
    loading: bool = False

    def showing(self, shown: str) -> "Ahead":
        return replace(self, shown=shown)

    def week_back(self, unit: UnitNow, line: PlacesNow, now: datetime) -> Sequence[float | None]:
        """Who was there at each census of the last seven days, and now; empty if none is known.

        A day that the last run did not know is unknown, however old that run is.
        """
        told = self.weeks_back.get((unit.unit, line.resource, line.bed_type or ""))
        if told is None or told.first is None:
            return ()
        here = local_day(now)
        days = [(here - timedelta(days=back) - told.first).days for back in range(WEEK - 1, -1, -1)]
        seen = [told.values[n] if 0 <= n < len(told.values) else None for n in days]
        return (*seen, line.occupied.value) if any(n is not None for n in seen) else ()

    @property
    def tabs(self) -> Sequence[Tab]:
        return NAMES

    @property
    def fans(self) -> Sequence[Chart]:
        """Of the horizon that is shown."""
        return [chart for chart in self.charts if chart.name == TABS[self.shown]]

    @property
    def weeks(self) -> Sequence[Chart]:
        return [chart for chart in self.charts if chart.name in WEEKS]

    @property
    def rest(self) -> Sequence[Chart]:
        fans = TABS.values()
        return [chart for chart in self.charts if chart.name not in {*fans, *WEEKS}]


async def ahead(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    overview: Overview,
    wanted: str,
    seconds: float | None = None,
) -> Ahead:
    """The pictures for this viewer; of the kind of bed that is wanted, else of the shortest one.

    After a run they are drawn once, which may take longer than somebody waits: after `seconds` the
    answer is that they are being drawn, and that goes on for who asks next.
    """
    settings = sorted({unit.care_setting for unit in overview.units})
    if not settings:
        return Ahead((), "")
    await types(request, session, viewer, settings[:1], "weeks")  # looks whether a run came
    kinds_here = {key_text((each.care_setting, each.bed_type)) for each in overview.totals}
    # Another word asks for nothing new.
    wanted = wanted if wanted in kinds_here else ""
    staff = viewer.may("staffing:read")
    about = (spoken(), viewer.org_id, viewer.audience, staff, tuple(settings), wanted)
    version = kept_of(request).version
    if (found := drawn_of(request).get(about)) is not None and found[0] == version:
        return found[1]
    if seconds is None:
        made = await draw(request, session, viewer, overview, settings, wanted)
        drawn_of(request)[about] = (version, made)
        return made
    under_way = drawing_of(request)
    if about not in under_way:

        async def drawn_apart() -> Ahead:
            try:
                async with drawing_one(request), request.app.state.sessions() as apart:
                    apart.info["standing"] = Standing(viewer.org_id, "region")
                    made = await draw(request, apart, viewer, overview, settings, wanted)
                drawn_of(request)[about] = (version, made)
                return made
            finally:
                del under_way[about]

        under_way[about] = asyncio.create_task(drawn_apart())
        under_way[about].add_done_callback(told_if_failed)
    task = under_way[about]
    # Nothing is held while it waits: the connections are for who reports.
    await undo(session)
    await asyncio.wait({task}, timeout=seconds)
    return task.result() if task.done() else Ahead((), "", loading=True)


def told_if_failed(task: asyncio.Task[Ahead]) -> None:
    """Who asked may be gone when it fails; it is drawn again for who asks next."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("drawing failed", kind=type(error).__name__)


def drawing_one(request: Request) -> asyncio.Semaphore:
    """One is drawn at a time: reports go before pictures."""
    if not hasattr(request.app.state, "drawing_slot"):
        request.app.state.drawing_slot = asyncio.Semaphore(1)
    found: asyncio.Semaphore = request.app.state.drawing_slot
    return found


def drawing_of(request: Request) -> dict[Question, asyncio.Task[Ahead]]:
    """What is being drawn, by viewer and question."""
    if not hasattr(request.app.state, "drawing"):
        request.app.state.drawing = {}
    found: dict[Question, asyncio.Task[Ahead]] = request.app.state.drawing
    return found


async def draw(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    overview: Overview,
    settings: Sequence[CareSetting],
    wanted: str,
) -> Ahead:
    answers = await told_of(request, session, viewer, settings, "weeks")
    weeks = kinds(answers)
    units = [unit.unit for unit in overview.units]
    back = await forecasts.looked_back(session, viewer, units, datetime.now(UTC))
    if not weeks:
        return Ahead((), "", weeks_back=back)
    view = await baseline(request, session, viewer)
    planned = {(line.care_setting, line.bed_type) for line in view.plan.lines} if view else set()
    key = next((each for each in weeks if key_text(each) == wanted), None)
    # Of what is planned over the years more can be shown.
    key = key or shortest({each: weeks[each] for each in weeks if each in planned} or weeks)
    name = type_name(*key)
    months = await types(request, session, viewer, [key[0]], "months")
    of_years = await types(request, session, viewer, [key[0]], "years")
    shown: dict[Horizon, TypeForecast | None] = {
        "weeks": weeks[key],
        "months": months.get(key),
        "years": of_years.get(key),
    }
    asked = f"careSetting={key[0]}"
    fans = [fan_chart(name, asked, horizon, of) for horizon, of in shown.items() if of is not None]
    named = [*zip(short_names(list(weeks)), weeks.values(), strict=True), *pools(answers)]
    choices = [Choice(key_text(each), type_name(*each), each == key) for each in weeks]
    staff = await shifts(request, session, viewer, key[0])
    gap = years(view, key, name) if view is not None else []
    drawn = [*fans, calendar_chart(named), staff, *gap]
    charts = tuple(chart for chart in drawn if chart is not None)
    return Ahead(choices, key_text(key), charts, weeks_back=back)


async def shifts(
    request: Request, session: AsyncSession, viewer: Principal, setting: CareSetting
) -> Chart | None:
    """The shifts of a care setting, for who may read of staff."""
    if not viewer.may("staffing:read"):
        return None
    asked = StaffingAsked(care_setting=setting)
    told = await staffing.answer(session, viewer, asked, people_of(request), datetime.now(UTC))
    return staff_chart(setting, told)


def years(view: ScenarioView, key: Key, name: str) -> list[Chart | None]:
    """The ledger of the kind of bed, and the scarcest role with its own."""
    found: list[Chart | None] = []
    line, role = line_of(view.plan, *key), scarcest(view.plan)
    if line is not None:
        found.append(ledger_chart("opbouw-plekken", name, "plekken", line, view.plan))
    if role is not None:
        found.append(role_chart(role, view.plan))
        of_role = ledger_chart("opbouw-fte", role_name(role.role), "fte", role, view.plan)
        found.append(of_role)
    return found


async def baseline(
    request: Request, session: AsyncSession, viewer: Principal
) -> ScenarioView | None:
    try:
        row = await plans.baseline(session, None)
    except NotFound:
        return None
    return await seen(request, session, viewer, row)


async def types(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    settings: Sequence[CareSetting],
    horizon: Horizon,
) -> dict[Key, TypeForecast]:
    """What is known of each kind of bed of these settings."""
    return kinds(await told_of(request, session, viewer, settings, horizon))


async def told_of(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    settings: Sequence[CareSetting],
    horizon: Horizon,
) -> list[tuple[CareSetting, Forecast]]:
    """The answers of the API, one for each care setting."""
    return [
        (setting, await told(request, session, viewer, "careSetting", setting, horizon))
        for setting in settings
    ]


async def told(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    by: str,
    of: str,
    horizon: Horizon,
    issued_at: str | None = None,
) -> Forecast:
    """What the API answers of a care setting or a unit; of the last run, or of one before."""
    asked = {by: of, "horizon": horizon}
    if issued_at is not None:
        asked["issuedAt"] = issued_at
    answer = await forecasts.answer(
        kept_of(request),
        session,
        viewer,
        Asked.model_validate(asked),
        urlencode(asked).encode(),
        datetime.now(UTC),
    )
    return read(answer.body)


@lru_cache(maxsize=128)
def read(body: bytes) -> Forecast:
    """An answer that stands is the same bytes each time, and is read once."""
    return Forecast.model_validate_json(body)


def kinds(answers: Sequence[tuple[CareSetting, Forecast]]) -> dict[Key, TypeForecast]:
    return {
        (setting, of.bed_type): of
        for setting, forecast in answers
        for of in forecast.forecasts
        if of.state == "known" and of.resource == "bed"
    }


def pools(answers: Sequence[tuple[CareSetting, Forecast]]) -> list[tuple[str, TypeForecast]]:
    """Bed types that stand in for each other, together: by the name of the pool."""
    return [
        (_("Samen: {name}", name=pool.name), pool)
        for _setting, forecast in answers
        for pool in forecast.substitution_pools
        if pool.state == "known"
    ]


def shortest(weeks: dict[Key, TypeForecast]) -> Key:
    """The kind of bed with the greatest chance of a shortage in any week."""

    def chance(key: Key) -> float:
        return max((week.p_short.value or 0.0 for week in weeks[key].weeks), default=0.0)

    return max(weeks, key=chance)


async def shown_again(
    request: Request, about: Hashable, seconds: float, make: Callable[[], Awaitable[Shown]]
) -> Shown:
    """What costs much to make is shown again for a while to who asks the same."""
    kept: dict[Hashable, tuple[float, Any]] | None
    kept = getattr(request.app.state, "shown_again", None)
    if kept is None or len(kept) >= MOST_DRAWN:
        kept = request.app.state.shown_again = {}
    until, found = kept.get(about, (0.0, None))
    if found is None or time.monotonic() >= until:
        found = await make()
        kept[about] = (time.monotonic() + seconds, found)
    shown: Shown = found
    return shown


def drawn_of(request: Request) -> dict[Question, tuple[Version | None, Ahead]]:
    """Pictures by viewer and question, with the version of the forecasts that they show."""
    drawn: dict[Question, tuple[Version | None, Ahead]] | None
    drawn = getattr(request.app.state, "drawn", None)
    if drawn is None or len(drawn) >= MOST_DRAWN:
        drawn = request.app.state.drawn = {}
    return drawn


def key_text(key: Key) -> str:
    return f"{key[0]}.{key[1]}" if key[1] else key[0]
