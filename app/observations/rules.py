"""The hard rules of a report: what cannot be stored, where it stands, and the way out."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from app.facilities.hours import LOCAL
from app.faults import Fault
from app.observations.measures import DIMENSIONS, MEASURES, YES_NO, Dimension, Measure
from app.observations.schemas import Period, Report, ReportedFigure
from app.observations.words import Place
from app.wire import instant

CLOCKS_DIFFER = timedelta(minutes=2)
CORRECTIONS = timedelta(days=14)
PLANS_REACH = timedelta(days=400)
# Far above any count of one unit; what lies beyond is a slip or an attack.
MOST = 1_000_000
NAMES: tuple[tuple[Dimension, str], ...] = tuple(
    (dimension, "".join("_" + c.lower() if c.isupper() else c for c in dimension))
    for dimension in DIMENSIONS
)
# All ten at once: a figure is read a hundred times a request.
words_of = attrgetter(*(name for _, name in NAMES))
NONE_OTHER = ("",) * (len(NAMES) - 2)
DEFAULT_RESOURCE = {
    "startsToday": "care-start",
    "startsThisWeek": "care-start",
    "acuteVisitsFree": "home-visit",
    "unplannedNight": "home-visit",
    "careHours": "care-hour",
}

# unit, staff pool, measure, then the dimensions, as `observations.tables.DIMENSIONS` has them.
Key = tuple[str, ...]


class Told(NamedTuple):
    """A figure as it will be stored."""

    key: Key
    quantity: str
    at: datetime
    length_s: int
    value: float | None
    pointer: str

    @property
    def stock(self) -> bool:
        return self.length_s == 0

    @property
    def measure(self) -> str:
        return self.key[2]


class Judged(NamedTuple):
    """A report after the hard rules: with any fault nothing of it is stored."""

    observed_at: datetime
    precision: str
    told: Sequence[Told]
    faults: Sequence[Fault]


def judge(report: Report, place: Place, now: datetime, *, late: bool = False) -> Judged:
    """All that is wrong with a report at once; `late` lets pass what is older than 14 days."""
    observed_at, precision = moment_of(report.observed_at, place)
    faults = list(wrong_moment(observed_at, now, late))
    told: list[Told] = []
    for number, figure in enumerate(report.figures):
        pointer = f"/figures/{number}"
        measure = MEASURES.get(figure.measure)
        if measure is None:
            faults.append(
                Fault(
                    "unknown-measure",
                    "There is no measure of this name; docs/feeds/README.md lists them.",
                    f"{pointer}/measure",
                )
            )
            continue
        period = figure.period or (None if measure.time == "stock" else report.period)
        found = [
            *wrong_value(figure, measure, pointer),
            *wrong_words(figure, measure, place, pointer),
            *wrong_period(figure, measure, period, now, pointer),
        ]
        faults += found
        if not found:
            told.append(figure_of(figure, measure, place, period, observed_at, pointer))
    faults += wrong_together(told)
    return Judged(observed_at, precision, told, faults)


def moment_of(observed: datetime | date, place: Place) -> tuple[datetime, str]:
    """A day stands for the unit's census time on that local day."""
    if isinstance(observed, datetime):
        return observed.astimezone(UTC), "moment"
    local = datetime.combine(observed, place.census, tzinfo=LOCAL)
    return local.astimezone(UTC), "day"


def wrong_moment(observed_at: datetime, now: datetime, late: bool) -> Iterator[Fault]:
    if observed_at > now + CLOCKS_DIFFER:
        yield Fault(
            "observed-in-future",
            f"observedAt is {instant(observed_at)}, and here it is {instant(now)}. "
            "Check the clock and the offset of the sender.",
            "/observedAt",
        )
    if observed_at < now - CORRECTIONS and not late:
        yield Fault(
            "observed-too-long-ago",
            f"observedAt is {instant(observed_at)}, more than 14 days ago. "
            "Bring older figures in with an import.",
            "/observedAt",
        )


def wrong_value(figure: ReportedFigure, measure: Measure, pointer: str) -> Iterator[Fault]:
    value = figure.value
    if value is None:
        return
    where = f"{pointer}/value"
    if value < 0:
        yield Fault("negative", "A count is 0 or more. Unknown is null.", where)
    elif value > MOST:
        yield Fault("too-many", f"A figure is at most {MOST}.", where)
    if measure.whole and value != int(value):
        yield Fault("not-whole", f"{measure.name} is a whole number.", where)
    if measure.quantity == "percent" and value > 100:
        yield Fault("over-100", "A percentage is at most 100.", where)
    if measure.name in YES_NO and value not in (0, 1):
        yield Fault("not-yes-or-no", f"{measure.name} is 1 (yes) or 0 (no).", where)


def wrong_words(
    figure: ReportedFigure, measure: Measure, place: Place, pointer: str
) -> Iterator[Fault]:
    said = words_of(figure)
    if not measure.needs and not any(said):
        said = ()  # most figures say no more than their measure and a number
    for dimension, word in zip(DIMENSIONS, said, strict=False):
        if word is None and dimension not in measure.needs:
            continue
        where = f"{pointer}/{dimension}"
        if word is None:
            yield Fault("missing", f"{measure.name} needs {dimension}: say which.", where)
        elif dimension not in measure.needs and dimension not in measure.may:
            yield Fault(
                "not-for-this-measure", f"{measure.name} has no {dimension}. Leave it out.", where
            )
        else:
            allowed = (measure.words or {}).get(dimension) or place.words(dimension)
            if word not in allowed:
                words = ", ".join(sorted(allowed)) or "none"
                yield Fault(
                    "unknown-word", f"This {dimension} is not known here. Known: {words}.", where
                )
    if needs_bed_type(figure, measure, place):
        types = ", ".join(place.bed_types)
        yield Fault(
            "missing",
            f"This unit has several bed types ({types}): say which.",
            f"{pointer}/bedType",
        )


def needs_bed_type(figure: ReportedFigure, measure: Measure, place: Place) -> bool:
    """Places are told per type; people may be told before it is known what they need."""
    beds = (figure.resource or place.resource) == "bed"
    return measure.of_places and beds and figure.bed_type is None and len(place.bed_types) > 1


def wrong_period(
    figure: ReportedFigure, measure: Measure, period: Period | None, now: datetime, pointer: str
) -> Iterator[Fault]:
    where = f"{pointer}/period"
    if measure.time == "stock":
        if figure.period is not None:
            yield Fault(
                "not-for-this-measure",
                f"{measure.name} is counted at observedAt. Leave the period out.",
                where,
            )
        return
    if period is None:
        yield Fault("missing", f"{measure.name} is counted over a period: say which.", where)
        return
    if measure.time == "flow" and period.end > now + CLOCKS_DIFFER:
        yield Fault(
            "period-in-future",
            f"{measure.name} is counted over a period that is over. This one ends at "
            f"{instant(period.end.astimezone(UTC))}.",
            where,
        )
    if period.end > now + PLANS_REACH or period.start.year < now.year - 1:
        yield Fault(
            "period-out-of-reach",
            "A period begins last year at the earliest and ends within 400 days.",
            where,
        )


def figure_of(
    figure: ReportedFigure,
    measure: Measure,
    place: Place,
    period: Period | None,
    observed_at: datetime,
    pointer: str,
) -> Told:
    resource, bed_type, *rest = words_of(figure)
    others = [word or "" for word in rest] if any(rest) else NONE_OTHER
    if not resource and "resource" in measure.may:
        resource = DEFAULT_RESOURCE.get(measure.name, place.resource)
    only = len(place.bed_types) == 1 and resource == "bed"
    if only and not bed_type and "bedType" in measure.may:
        bed_type = place.bed_types[0]
    at, length_s = observed_at, 0
    if period is not None:
        at = period.start.astimezone(UTC)
        length_s = int((period.end - period.start).total_seconds())
    value = None if figure.value is None else float(figure.value)
    key = (place.unit, place.staff_pool, measure.name, resource or "", bed_type or "", *others)
    return Told(key, measure.quantity, at, length_s, value, pointer)


def wrong_together(told: Sequence[Told]) -> Iterator[Fault]:
    """The same figure twice, or two periods of one series that overlap, in one report."""
    seen: set[tuple[Key, datetime, int]] = set()
    until: dict[Key, datetime] = {}
    for each in sorted(told, key=attrgetter("at")):
        same = (each.key, each.at, each.length_s)
        if same in seen:
            yield Fault(
                "figure-twice", "This figure stands twice in the report. Send one.", each.pointer
            )
            continue
        seen.add(same)
        if each.length_s == 0:
            continue
        if each.key in until and each.at < until[each.key]:
            yield Fault(
                "overlapping-period",
                "This period overlaps another of the same figure in this report.",
                f"{each.pointer}/period",
            )
        until[each.key] = max(
            until.get(each.key, each.at), each.at + timedelta(seconds=each.length_s)
        )
