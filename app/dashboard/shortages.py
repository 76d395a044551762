"""The calendars of shortages: places by kind and week, shifts by role and week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.dashboard.charts import Chart
from app.dashboard.drawing.calendar import Cell, calendar, calendars
from app.dashboard.language import _, listed, percent
from app.dashboard.names import day_name, local_day, role_name, setting_name, week_name
from app.dashboard.sentences import LIKELY
from app.forecasts.schemas import TypeForecast
from app.forecasts.staffing.schemas import Staffing

WEEKS = 13
MOST_NAMED = 3
# From so many posts on one is short nearly always.
SEVERAL = 4


def calendar_chart(types: Sequence[tuple[str, TypeForecast]]) -> Chart | None:
    """The chance that any day of a week is short, per kind of bed and per substitution pool."""
    known = [
        (name, told)
        for name, told in types
        if any(week.p_short.value is not None for week in told.weeks)
    ]
    if not known:
        return None
    weeks = [week.day for week in known[0][1].weeks][:WEEKS]
    rows = [
        (name, [Cell(week.p_short.value) for week in told.weeks[:WEEKS]]) for name, told in known
    ]
    likely = [
        name
        for name, cells in rows
        if any(cell.share is not None and cell.share >= LIKELY for cell in cells)
    ]
    # The finding is of kinds of beds: a pool says again what its kinds do.
    single = {name for name, told in known if told.bed_type is not None}
    return Chart(
        name="kalender",
        title=calendar_title([name for name in likely if name in single], len(single)),
        sentence=_(
            "Per week de kans in procenten op een of meer dagen met te weinig plekken. Alleen wat "
            "elkaar mag vervangen (samen) wordt tegen elkaar weggestreept."
        ),
        pictures=calendars(rows, [str(day.isocalendar().week) for day in weeks]),
        columns=(_("Soort"), *(_("wk {n}", n=day.isocalendar().week) for day in weeks)),
        rows=[(name, *(share(cell) for cell in cells)) for name, cells in rows],
        legend=(
            ("unlikely", _("onwaarschijnlijk (tot 30%)")),
            ("either", _("kan beide kanten op")),
            ("likely", _("waarschijnlijk (vanaf 70%)")),
        ),
        wide=True,
    )


def calendar_title(likely: Sequence[str], of: int) -> str:
    if not likely:
        return _("In geen van de komende 13 weken is een tekort waarschijnlijk")
    if len(likely) <= MOST_NAMED:
        named = listed(likely)
        return _("In de komende 13 weken is een tekort waarschijnlijk bij {named}", named=named)
    return _(
        "Bij {n} van {of} soorten plekken is in de komende 13 weken een tekort waarschijnlijk",
        n=len(likely),
        of=of,
    )


def share(cell: Cell) -> str:
    return _("onbekend") if cell.share is None else percent(cell.share)


def staff_chart(care_setting: str, told: Staffing) -> Chart | None:
    """Per role and shift which part of its posts is rather short than not, by week.

    Whether any post is short tells little of many: of thirteen wards one is nearly always. Roles
    are never added up; beyond what is told of the roster nothing is known.
    """
    found: dict[str, Tally] = {}
    for series in told.series:
        label = f"{role_name(series.role)}, {series.shift}"
        for step in series.steps:
            if step.posts is not None:
                of = found.setdefault(label, {}).setdefault(week_of(step.day), Part())
                of.add(step.posts.short, step.posts.known)
    name, table = setting_name(care_setting), table_of(found)
    if table is None:
        return None
    label, at, most = table.most()
    title = (
        _(
            "{name}: {label} is het vaakst te krap in {week}, op {share} van de plekken in het "
            "rooster",
            name=name,
            label=label[:1].lower() + label[1:],
            week=week_name(at),
            share=percent(most),
        )
        if most > 0
        else _("{name}: van geen dienst die bekend is, is een tekort waarschijnlijk", name=name)
    )
    held = max((step.posts.held for s in told.series for step in s.steps if step.posts), default=1)
    said = [
        _(
            "Een plek in het rooster is één functie in één dienst op één afdeling of pool. Het "
            "getal is het deel (in procenten) waar eerder te weinig dan genoeg mensen zijn."
        )
    ]
    if held >= SEVERAL:
        said.append(
            _(
                "Bij {n} plekken tegelijk is er bijna altijd wel ergens een tekort; het deel zegt "
                "of dat er een is of de helft.",
                n=held,
            )
        )
    return chart_of("diensten", title, said, table, _("Functie en dienst"), care_setting, told)


def places_chart(care_setting: str, told: Staffing, names: Mapping[str, str]) -> Chart | None:
    """Where: per unit or pool which part of its posts is short, the worst first."""
    found: dict[str, Tally] = {}
    for series in told.series:
        for post in series.posts:
            place = post.unit or post.staff_pool or ""
            by_week = found.setdefault(names.get(place, place), {})
            for step, short in zip(series.steps, post.short, strict=True):
                by_week.setdefault(week_of(step.day), Part()).add(
                    int(short is True), int(short is not None)
                )
    table = table_of(found)
    if table is None or len(table.rows) < 2:
        return None
    worst = table.by_whole()
    first, whole = worst.rows[0][0], worst.whole[worst.rows[0][0]]
    title = (
        _(
            "{setting}: {name} is het vaakst te krap, in {share} van de diensten die bekend zijn",
            setting=setting_name(care_setting),
            name=first,
            share=percent(whole),
        )
        if whole > 0
        else _("{name}: geen afdeling is te krap", name=setting_name(care_setting))
    )
    said = [
        _(
            "Per afdeling of pool welk deel van de plekken in het rooster (alle functies en "
            "diensten, geteld en niet opgeteld in mensen) te krap is. Bovenaan staat waar dat het "
            "meest is."
        )
    ]
    return chart_of("waar-te-krap", title, said, worst, _("Afdeling of pool"), care_setting, told)


@dataclass
class Part:
    """So many posts that are short, of so many of which it is known."""

    short: int = 0
    known: int = 0

    def add(self, short: int, known: int) -> None:
        self.short += short
        self.known += known

    @property
    def share(self) -> float | None:
        return self.short / self.known if self.known else None


Tally = dict[date, Part]


@dataclass(frozen=True)
class Table:
    """Rows of weeks; `whole` of each row over all that is known, `known` of each row and week."""

    weeks: Sequence[date]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    whole: Mapping[str, float]
    known: Mapping[tuple[str, date], int]

    def most(self) -> tuple[str, date, float]:
        """Where and when the share is greatest; the first of equals. A week of which less than half
        is known, as the one that ends today, is no finding."""
        enough = max(self.known.values()) / 2
        told = [
            (cell.share or 0.0, label, week)
            for label, cells in self.rows
            for week, cell in zip(self.weeks, cells, strict=True)
            if self.known[label, week] >= min(enough, max(self.known[label, w] for w in self.weeks))
        ]
        share, label, week = max(told, key=lambda each: each[0])
        return label, week, share

    def by_whole(self) -> "Table":
        return replace(self, rows=sorted(self.rows, key=lambda row: -self.whole[row[0]]))


def table_of(found: Mapping[str, Tally]) -> Table | None:
    """None where of no post anything is known."""
    if not any(part.known for by_week in found.values() for part in by_week.values()):
        return None
    weeks = sorted({week for by_week in found.values() for week in by_week})[:WEEKS]
    rows = [
        (label, [Cell(by_week.get(week, Part()).share) for week in weeks])
        for label, by_week in sorted(found.items())
    ]
    whole = {}
    for label, by_week in found.items():
        of = Part()
        for part in by_week.values():
            of.add(part.short, part.known)
        whole[label] = of.share or 0.0
    known = {
        (label, week): by_week.get(week, Part()).known
        for label, by_week in found.items()
        for week in weeks
    }
    return Table(weeks, rows, whole, known)


def chart_of(
    name: str,
    title: str,
    said: Sequence[str],
    table: Table,
    what: str,
    care_setting: str,
    told: Staffing,
) -> Chart:
    closes = None
    sentences = [*said]
    if told.roster_closes_at is not None:
        day = local_day(told.roster_closes_at)
        closes = (day - table.weeks[0]).days / 7
        sentences.append(
            _(
                "Links van de lijn is het rooster dicht (tot {day}): daar is alleen nog te ruilen. "
                "Een vraagteken: nog geen rooster gemeld.",
                day=day_name(day),
            )
        )
    marks = [str(week.isocalendar().week) for week in table.weeks]
    return Chart(
        name=name,
        title=title,
        sentence=" ".join(sentences),
        pictures=(calendar(table.rows, marks, closes=closes),),
        columns=(what, *(_("wk {n}", n=mark) for mark in marks)),
        rows=[(label, *(share(cell) for cell in of)) for label, of in table.rows],
        legend=(
            ("unlikely", _("tot 30% van de plekken")),
            ("either", _("30 tot 70%")),
            ("likely", _("vanaf 70%")),
            ("none", _("onbekend")),
            ("supply", _("hier gaat het rooster dicht")),
        ),
        wide=True,
        api=f"/v1/staffing?careSetting={care_setting}",
    )


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
