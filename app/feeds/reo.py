"""What a REO tells: its beds by type, who asks and comes, who leaves, who works."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.feeds.dutch import Beds, MaybeFlows, Ready, Unit, Waiting
from app.feeds.messages import Count, Form, Moment, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of


class Location(Waiting, Unit):
    """One REO location."""

    bedden: Annotated[Beds, says()] = Beds()
    vertrekt_vandaag: Annotated[Count, says("expectedDischarges", "today")] = None
    vertrekt_morgen: Annotated[Count, says("expectedDischarges", "tomorrow")] = None
    medisch_klaar: Annotated[Ready, says()] = Ready()
    periode: MaybeFlows


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
