"""The series that figures of the simulation belong to, by the same rules as those of a report."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.demo.load.rows import kinds_of
from app.observations.measures import MEASURES
from app.observations.rules import Key, figure_of, wrong_words
from app.observations.schemas import Period, ReportedFigure
from app.observations.words import Place
from app.simulation.kinds import Kind
from app.simulation.reporters import Block

AT = datetime(2000, 1, 1, tzinfo=UTC)
HOUR = Period(start=AT, end=AT + timedelta(hours=1))


class NotTold(ValueError):
    """The tower would refuse such a figure of this place."""


@dataclass(frozen=True, slots=True)
class Series:
    key: Key
    quantity: str


def keys_of(place: Place, blocks: Iterable[Block]) -> dict[tuple[str, Kind], Series]:
    """Per kind of source and figure the series; raises `NotTold` for what a report may not hold."""
    return {
        (source_kind, kind): series_of(place, kind)
        for source_kind, kinds in kinds_of(blocks).items()
        for kind in kinds
    }


def series_of(place: Place, kind: Kind) -> Series:
    measure = MEASURES[kind.measure]
    words = {name: word for name in Kind.__slots__ if (word := getattr(kind, name))}
    figure = ReportedFigure.model_validate({"value": 0, **words})
    faults = [fault.detail for fault in wrong_words(figure, measure, place, "")]
    if faults:
        raise NotTold(f"{place.unit or place.staff_pool}, {kind}: {' '.join(faults)}")
    period = None if measure.time == "stock" else HOUR
    told = figure_of(figure, measure, place, period, AT, "")
    return Series(told.key, told.quantity)
