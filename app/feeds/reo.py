"""What a REO tells: its beds by type, who asks and comes, who leaves, who works."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.feeds.dutch import Beds, Unit, Waiting
from app.feeds.messages import Form, Moment, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of
from app.feeds.splits import MaybeSplitFlows, MedicallyReady, Plans, SplitWaiting
from app.feeds.stops.listed import Noticing


class Location(Noticing, Plans, MedicallyReady, SplitWaiting, Waiting, Unit):
    """One REO location."""

    bedden: Annotated[Beds, says()] = Beds()
    periode: MaybeSplitFlows


class Reo(Form):
    """One message of one or more REO locations."""

    peilmoment: Moment | None = None
    locaties: Annotated[tuple[Location, ...], Field(min_length=1, max_length=100)]


def reports(message: Reo, units: Mapping[str, str], feed: str, arrived: datetime) -> list[ReadPart]:
    """What is read of each location that this feed knows."""
    at = stamped(message.peilmoment, arrived)
    days = days_of(at)
    parts = [
        part_of(location, f"/locaties/{n}", days) for n, location in enumerate(message.locaties)
    ]
    return reports_of(parts, units, feed, at)
