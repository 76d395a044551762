"""What one viewer is told of beds for a service level."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from app.forecasts import calendar
from app.forecasts.answers import NOT_KEPT, WITHHELD, Point, Shows, Stored, amount, tidy
from app.forecasts.schemas import Amount, EnoughStep, Load, Reason, TypeService
from app.forecasts.service import WEEK, Enough, enough
from app.forecasts.together import Ways


def type_service(
    stored: Stored, shown: Shows, members: Sequence[str], ways: Sequence[Ways], refused: float
) -> TypeService:
    """Of all members together and apart; nothing unless the paths of all of them are kept."""
    of = {"resource": stored.kind.resource or None, "bed_type": stored.kind.bed_type or None}
    if shown != "all":
        return TypeService(**of, state="suppressed", reason=WITHHELD)
    if stored.state != "known":
        return TypeService(**of, state="unknown", reason=Reason(**stored.detail["reason"]))
    if not ways:
        return TypeService(**of, state="unknown", reason=NOT_KEPT)
    return TypeService(
        **of,
        state="known",
        members=tuple(members),
        steps=tuple(step(stored, each, ways[0].freq) for each in enough(ways, refused)),
    )


def step(stored: Stored, of: Enough, freq: Literal["D", "M"]) -> EnoughStep:
    p10, p50, p90 = map(tidy, of.load)
    return EnoughStep(
        day=of.day,
        load=Load(p10=p10, p50=p50, p90=p90),
        together=of.together,
        apart=of.apart,
        gain=of.apart - of.together,
        supply=fewest(stored.points, of.day, freq),
    )


def fewest(points: Sequence[Point], day: date, freq: Literal["D", "M"]) -> Amount:
    """The smallest supply of the week or month from this day on; unknown if any is."""
    days = WEEK if freq == "D" else 1
    begins = [calendar.local_day(point.at) for point in points]
    if day not in begins:
        return amount(None, "known")
    start = begins.index(day)
    told = [point.supply for point in points[start : start + days]]
    known = [each for each in told if each is not None]
    return amount(min(known) if len(known) == len(told) else None, "known")
