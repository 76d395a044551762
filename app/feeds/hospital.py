"""What a hospital tells: counts per ward, never a bed and never a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.feeds.dutch import Beds, Unit, Waiting
from app.feeds.messages import Count, Form, Moment, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of
from app.feeds.splits import (
    LIMIT,
    Alike,
    DaySplit,
    MaybeSplitFlows,
    MedicallyReady,
    SplitWaiting,
)
from app.feeds.stops.listed import Noticing

PerDay = Annotated[tuple[DaySplit, ...], LIMIT, Alike]


class Ward(Noticing, MedicallyReady, SplitWaiting, Waiting, Unit):
    """One ward."""

    bedden: Annotated[Beds, says()] = Beds()
    wachtend_op_bed: Annotated[Count, says("boarders")] = None
    verwacht_vertrek_vandaag: Annotated[Count, says("expectedDischarges", "today")] = None
    verwacht_vertrek_morgen: Annotated[Count, says("expectedDischarges", "tomorrow")] = None
    verwacht_vertrek_per_dag: Annotated[PerDay, says("expectedDischarges", "day")] = ()
    geplande_opnames_vandaag: Annotated[Count, says("plannedAdmissions", "today")] = None
    geplande_opnames_morgen: Annotated[Count, says("plannedAdmissions", "tomorrow")] = None
    geplande_opnames_per_dag: Annotated[PerDay, says("plannedAdmissions", "day")] = ()
    verkeerde_bed: Annotated[Count, says("verkeerdeBed")] = None
    periode: MaybeSplitFlows

    @model_validator(mode="after")
    def days_once(self) -> Self:
        for name in ("verwacht_vertrek", "geplande_opnames"):
            days = {f"{name}_vandaag", f"{name}_morgen"}
            if f"{name}_per_dag" in self.model_fields_set and days & self.model_fields_set:
                first, second = name.split("_")
                told = f"{first}{second.capitalize()}"
                raise ValueError(f"give `{told}PerDag`, or today's and tomorrow's, not both")
        return self


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
