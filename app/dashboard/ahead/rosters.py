"""The roster of one unit or pool beside what is needed: for its owner, who is told all of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.dashboard.charts import Chart
from app.dashboard.drawing.calendar import shade
from app.dashboard.drawing.heads import Heads, heads_in_two
from app.dashboard.drawing.weekdays import Block, Field, weekdays
from app.dashboard.fans import interval
from app.dashboard.language import _, listed, number, percent, signed
from app.dashboard.names import day_name, local_day, role_name, told_number, week_name, weekday_name
from app.dashboard.sentences import UNLIKELY
from app.dashboard.shortages import week_of
from app.facilities.hours import LOCAL
from app.forecasts.staffing.schemas import StaffedCapacity, Staffing, StaffSeries, StaffStep

WEEKS = 13
MOST_FLEXIBLE = 12
# Fewer days than this are no week to plan.
SOME_DAYS = 3
COLUMNS = (
    *("Dienst", "Nodig", "80% kans tussen", "Rooster", "Verwacht aanwezig", "Over of tekort"),
    *("Kans op tekort", "Flexibel houden", "Rooster"),
)
SHEET = (
    *("Afdeling of pool", "Functie", "Dag", "Dienst", "Begin", "Einde", "Nodig"),
    *("Nodig, 80% laag", "Nodig, 80% hoog", "Op het rooster", "Verwacht aanwezig"),
    *("Over of tekort", "Kans op tekort", "Flexibel houden", "Rooster dicht"),
)
Line = tuple[StaffSeries, StaffStep]


# The pictures and the sheet of a roster, which its owner alone sees.
OWN: frozenset[str] = frozenset({"over-en-tekort", "week", "flexibel", "rooster"})


@dataclass(frozen=True)
class Roster:
    """What is known of one place; `name` of it, and the role and week that are looked at."""

    name: str
    told: Staffing
    role: str
    week: date
    names: Mapping[str, str]

    @property
    def api(self) -> str:
        return f"/v1/staffing?{self.told.subject_kind}={self.told.subject}"

    @property
    def closes(self) -> date | None:
        at = self.told.roster_closes_at
        return None if at is None else local_day(at)

    def lines(self, role: str | None = None) -> list[Line]:
        """Every shift that is told in full, in order of time."""
        found = [
            (series, step)
            for series in self.told.series
            if role in (None, series.role)
            for step in series.steps
            if step.need.state == "known" or step.rostered.value is not None
        ]
        return sorted(found, key=lambda line: line[1].at)


def roles_of(told: Staffing) -> list[str]:
    """Of which all is told; the worst first, then by name."""
    known = {series.role for series in told.series if series.state == "known"}
    worst = told.worst.role if told.worst else None
    return sorted(known, key=lambda role: (role != worst, role_name(role)))


def weeks_of(told: Staffing) -> list[date]:
    days = {week_of(step.day) for series in told.series for step in series.steps}
    return sorted(days)[:WEEKS]


def week_shown(told: Staffing, weeks: Sequence[date]) -> date:
    """This week, or the next where little of this one is left."""
    days = {step.day for series in told.series for step in series.steps}
    left = [day for day in days if week_of(day) == weeks[0]]
    return weeks[1] if len(left) < SOME_DAYS and len(weeks) > 1 else weeks[0]


def roster_charts(of: Roster) -> list[Chart]:
    """The gap of each shift of a role, the chosen week of it, and what to keep flexible."""
    found = [gap_chart(of), week_chart(of), flexible_chart(of)]
    return [chart for chart in found if chart is not None]


def gap_chart(of: Roster) -> Chart | None:
    """Of one role every shift of thirteen weeks: who will be there less who is needed."""
    lines, weeks = of.lines(of.role), weeks_of(of.told)
    if not lines:
        return None
    by_shift: dict[str, dict[date, StaffStep]] = {}
    for series, step in lines:
        by_shift.setdefault(series.shift, {})[step.day] = step
    blocks = [
        Block(
            shift,
            [(weekday_name(weeks[0] + timedelta(day)), row(steps, weeks, day)) for day in range(7)],
        )
        for shift, steps in sorted(by_shift.items(), key=lambda each: begins(each[1]))
    ]
    rostered = [line for line in lines if line[1].short is not None]
    lacking = [line for line in rostered if line[1].short]
    told = {"name": of.name, "role": role_said(of.role), "n": len(lacking)}
    if not rostered:
        title = _("{name}, {role}: van geen dienst zijn rooster en nodig bekend", **told)
    elif lacking:
        (shift, most), *_more = Counter(series.shift for series, _step in lacking).most_common()
        title = _(
            "{name}, {role}: {n} van {of} diensten met een rooster zijn te krap, het vaakst de "
            "{shift} ({most})",
            of=len(rostered),
            shift=shift,
            most=most,
            **told,
        )
    else:
        title = _("{name}, {role}: geen van {of} diensten is te krap", of=len(rostered), **told)
    marks = [str(week.isocalendar().week) for week in weeks]
    closes = None if of.closes is None else (of.closes - weeks[0]).days
    return Chart(
        name="over-en-tekort",
        title=title,
        sentence=" ".join(
            [
                _(
                    "Elk vakje is een dienst: wie er naar verwachting is min wie er nodig is. De "
                    "kleur is de kans op een tekort. In een leeg vakje staat wat er nodig is: daar "
                    "is nog geen rooster gemeld."
                ),
                *closing(of),
            ]
        ),
        pictures=(weekdays(blocks, marks, closes),),
        columns=(_("Dienst"), *(_("wk {n}", n=mark) for mark in marks)),
        rows=[
            (f"{block.name}, {label}", *(field.said if field else "–" for field in told_of_day))
            for block in blocks
            for label, told_of_day in block.rows
        ],
        legend=(
            ("unlikely", _("tekort onwaarschijnlijk (tot 30%)")),
            ("either", _("kan beide kanten op")),
            ("likely", _("waarschijnlijk (vanaf 70%)")),
            ("none", _("nodig, nog geen rooster")),
            ("supply", _("hier gaat het rooster dicht")),
        ),
        wide=True,
        api=of.api,
    )


def begins(steps: Mapping[date, StaffStep]) -> str:
    """At which time of the day a shift begins."""
    return f"{next(iter(steps.values())).at.astimezone(LOCAL):%H:%M}"


def row(steps: Mapping[date, StaffStep], weeks: Sequence[date], day: int) -> list[Field | None]:
    return [field(steps.get(week + timedelta(day))) for week in weeks]


def field(step: StaffStep | None) -> Field | None:
    """The gap; where no roster is told what is needed, without a shade."""
    if step is None:
        return None
    if step.gap.median is not None:
        return Field(shade(step.p_short.value), signed(step.gap.median))
    return Field("none", "?" if step.need.median is None else number(step.need.median))


def closing(of: Roster) -> list[str]:
    if of.closes is None:
        return []
    return [
        _(
            "Het rooster is dicht tot {day}: daarvoor kan er alleen nog worden geruild.",
            day=day_name(of.closes),
        )
    ]


def week_chart(of: Roster) -> Chart | None:
    """The chosen week of one role, shift by shift."""
    lines = [line for line in of.lines(of.role) if week_of(line[1].day) == of.week]
    drawn = [
        (line, heads) for line in lines if (heads := heads_of(line, in_week(line))) is not None
    ]
    if not drawn:
        return None
    worst = max((line for line, _heads in drawn), key=lambda line: line[1].p_short.value or -1.0)
    chance = worst[1].p_short.value
    told = {"name": of.name, "role": role_said(of.role), "week": week_name(of.week)}
    if chance is None:
        title = _("{name}, {role}, {week}: nog geen rooster gemeld", **told)
    elif chance <= UNLIKELY:
        title = _("{name}, {role}, {week}: in geen dienst is een tekort waarschijnlijk", **told)
    else:
        title = _(
            "{name}, {role}, {week}: het krapst is {shift}, {chance} kans op tekort",
            shift=in_week(worst),
            chance=percent(chance),
            **told,
        )
    before = [n for n, (line, _heads) in enumerate(drawn) if not line[1].roster_closed]
    closes = before[0] if before and before[0] > 0 else None
    return Chart(
        name="week",
        title=title,
        sentence=" ".join(
            [
                _(
                    "De balk is wat er met 80% kans nodig is (donker: 50%, streep: het midden), de "
                    "zwarte streep wie er op het rooster staat. Rechts: over of tekort."
                ),
                *(
                    [_("De lijn dwars door de week is waar het rooster dicht gaat.")]
                    if closes
                    else []
                ),
            ]
        ),
        pictures=heads_in_two([heads for _line, heads in drawn], closes),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[(in_week(line), *cells(line[1])) for line, _heads in drawn],
        legend=heads_legend(),
        api=of.api,
    )


def flexible_chart(of: Roster) -> Chart | None:
    """Of all roles the shifts of which the roster lies within the band: it may be enough or not."""
    lines = [line for line in of.lines() if straddles(line[1])]
    if not lines:
        return None
    lines.sort(key=lambda line: (-(line[1].flexible.value or 0.0), line[1].at))
    shown = sorted(lines[:MOST_FLEXIBLE], key=lambda line: line[1].at)
    drawn = [
        (line, heads)
        for line in shown
        if (heads := heads_of(line, whole(line), flexible=True)) is not None
    ]
    days = Counter(f"{weekday_name(step.day)} {series.shift}" for series, step in lines)
    often = [name for name, _count in days.most_common(2)]
    return Chart(
        name="flexibel",
        title=_(
            "{name}: houd {n} diensten flexibel, het vaakst {shifts}",
            name=of.name,
            n=len(lines),
            shifts=listed(often),
        )
        if len(lines) > 1
        else _("{name}: houd 1 dienst flexibel", name=of.name),
        sentence=_(
            "Dit zijn diensten waarvan de band van 80% om het rooster heen ligt: het kan genoeg "
            "zijn, en het kan te weinig zijn. Rechts hoeveel mensen u achter de hand houdt: met "
            "90% kans zijn er dan genoeg. Getoond: de {n} met de meeste mensen.",
            n=len(drawn),
        ),
        pictures=heads_in_two([heads for _line, heads in drawn]),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[(whole(line), *cells(line[1])) for line, _heads in drawn],
        legend=heads_legend(),
        api=of.api,
    )


def straddles(step: StaffStep) -> bool:
    """Whether the roster lies in the band of 80%, and 90% asks for more."""
    band, rostered = interval(step.need, 80), step.rostered.value
    if band is None or rostered is None or not step.flexible.value:
        return False
    return band[0] <= rostered < band[1]


def heads_of(line: Line, name: str, *, flexible: bool = False) -> Heads | None:
    _series, step = line
    outer, inner = interval(step.need, 80), interval(step.need, 50)
    if outer is None or inner is None or step.need.median is None:
        return None
    said = f"+{number(step.flexible.value or 0.0)}" if flexible else gap_said(step)
    lack = not flexible and bool(step.short)
    return Heads(name, outer, inner, step.need.median, step.rostered.value, said, lack)


def gap_said(step: StaffStep) -> str:
    return "?" if step.gap.median is None else signed(step.gap.median)


def in_week(line: Line) -> str:
    series, step = line
    return f"{weekday_name(step.day)} {step.day.day}, {series.shift}"


def whole(line: Line) -> str:
    """With its role: "di 1 dec, nacht, verzorgende"."""
    series, step = line
    day = f"{weekday_name(step.day)} {day_name(step.day).rsplit(' ', 1)[0]}"
    return f"{day}, {series.shift}, {role_said(series.role)}"


def cells(step: StaffStep) -> tuple[str, ...]:
    band = interval(step.need, 80)
    return (
        told_number(step.need.median),
        _("onbekend")
        if band is None
        else _("{low} en {high}", low=number(band[0]), high=number(band[1])),
        told_number(step.rostered.value),
        told_number(step.available.value),
        _("onbekend") if step.gap.median is None else signed(step.gap.median),
        chance_said(step),
        told_number(step.flexible.value),
        _("dicht") if step.roster_closed else _("nog open"),
    )


def chance_said(step: StaffStep) -> str:
    return _("onbekend") if step.p_short.value is None else percent(step.p_short.value)


def heads_legend() -> tuple[tuple[str, str], ...]:
    return (
        ("middle", _("verwacht nodig")),
        ("b50", _("50% kans")),
        ("b80", _("80% kans")),
        ("supply", _("op het rooster")),
    )


def sheet_chart(of: Roster, drawn: Chart) -> Chart:
    """For a planner: a row for each shift and role, all of them. A file, not on the page."""
    return Chart(
        name="rooster",
        title=drawn.title,
        sentence=drawn.sentence,
        pictures=drawn.pictures,
        columns=tuple(_(column) for column in SHEET),
        rows=[sheet_row(of, line) for line in of.lines()],
    )


def sheet_row(of: Roster, line: Line) -> tuple[str, ...]:
    series, step = line
    band = interval(step.need, 80)
    place = series.unit or series.staff_pool or ""
    return (
        of.names.get(place, place),
        role_name(series.role),
        step.day.isoformat(),
        series.shift,
        f"{step.at.astimezone(LOCAL):%H:%M}",
        f"{step.until.astimezone(LOCAL):%H:%M}",
        told_number(step.need.median),
        told_number(band[0] if band else None),
        told_number(band[1] if band else None),
        *cells(step)[2:],
    )


def limits(told: Staffing, names: Mapping[str, str]) -> list[str]:
    """What binds now and ahead, which shift is tightest, and what a pool covers: in sentences."""
    return [
        *binding(told.now),
        *ahead(told.capacity),
        *tightest(told, names),
        *by_pools(told, names),
    ]


def binding(now: Sequence[StaffedCapacity]) -> Iterator[str]:
    for each in now:
        if each.capacity.value is None or each.binding is None:
            continue
        beds = told_number(each.beds.value)
        yield _(
            "Nu ({shift}): er is plaats en personeel voor {n} mensen, bij {beds} bedden. Wat "
            "knelt: {what}.",
            shift=each.shift,
            n=number(each.capacity.value),
            beds=beds,
            what=bound(each.binding),
        )


def role_said(role: str) -> str:
    """Within a sentence: only its first letter is small ("verzorgende IG")."""
    name = role_name(role)
    return name[:1].lower() + name[1:]


def bound(what: str) -> str:
    return _("bedden") if what == "beds" else role_said(what)


def ahead(capacity: Sequence[StaffedCapacity]) -> Iterator[str]:
    known = [
        each.binding
        for each in capacity
        if each.binding is not None and each.capacity.value is not None
    ]
    told = [
        _("{what} ({n} keer)", what=bound(what), n=count)
        for what, count in Counter(known).most_common()
    ]
    if told:
        yield _(
            "Van {n} diensten is bekend wat het eerst op is: {what}.",
            n=len(known),
            what=listed(told),
        )


def tightest(told: Staffing, names: Mapping[str, str]) -> Iterator[str]:
    worst = told.worst
    if worst is None or worst.role is None:
        return
    place = worst.unit or worst.staff_pool or ""
    said = _(
        "De krapste dienst: {role}, {shift} op {day}, {place}.",
        role=role_said(worst.role),
        shift=worst.shift,
        day=f"{weekday_name(worst.day)} {day_name(worst.day)}",
        place=names.get(place, place),
    )
    if worst.p_short.value is not None:
        said += " " + _("{chance} kans op tekort.", chance=percent(worst.p_short.value))
    yield said


def by_pools(told: Staffing, names: Mapping[str, str]) -> Iterator[str]:
    found = {
        (each.staff_pool, each.role, each.shift): None for each in told.covered if each.staff_pool
    }
    for pool, role, shift in found:
        yield _(
            "{role}, {shift}: hiervoor staat de pool {pool}, die alle afdelingen samen dekt.",
            role=role_name(role),
            shift=shift,
            pool=names.get(pool, pool),
        )
