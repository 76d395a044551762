"""What a hospital tells: counts per ward, never a bed and never a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.feeds.dutch import Beds, MaybeFlows, Ready, Unit
from app.feeds.messages import Count, Form, Moment, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of


class Ward(Unit):
    """One ward."""

    bedden: Annotated[Beds, says()] = Beds()
    wachtenden: Annotated[Count, says("waiting")] = None
    verwacht_vertrek_vandaag: Annotated[Count, says("expectedDischarges", "today")] = None
    verwacht_vertrek_morgen: Annotated[Count, says("expectedDischarges", "tomorrow")] = None
    geplande_opnames_vandaag: Annotated[Count, says("plannedAdmissions", "today")] = None
    geplande_opnames_morgen: Annotated[Count, says("plannedAdmissions", "tomorrow")] = None
    medisch_klaar: Annotated[Ready, says()] = Ready()
    verkeerde_bed: Annotated[Count, says("verkeerdeBed")] = None
    periode: MaybeFlows


class Hospital(Form):
    """One message of one hospital, with its wards."""

    peilmoment: Moment | None = None
    afdelingen: Annotated[tuple[Ward, ...], Field(min_length=1, max_length=500)]


def reports(
    message: Hospital, units: Mapping[str, str], feed: str, arrived: datetime
) -> list[ReadPart]:
    """What is read of each ward that this feed knows."""
    at = stamped(message.peilmoment, arrived)
    days = days_of(at)
    parts = [part_of(ward, f"/afdelingen/{n}", days) for n, ward in enumerate(message.afdelingen)]
    return reports_of(parts, units, feed, at)
