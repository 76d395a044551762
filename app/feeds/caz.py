"""What the Centrum Acute Zorg tells of each of its lines, on behalf of its member units."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.feeds.dutch import Beds, Places, Unit, Waiting
from app.feeds.messages import Amount, Count, Form, Moment, Span, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of
from app.feeds.splits import (
    LIMIT,
    Alike,
    ByUrgency,
    HomeCareSplit,
    MaybeSplitFlows,
    MedicallyReady,
    Plans,
    SplitFlows,
    SplitWaiting,
)
from app.feeds.stops.listed import Noticing


class CallFlows(SplitFlows):
    """What happened, at a line that is called."""

    oproepen: Annotated[Count, says("calls", "span")] = None
    beantwoord: Annotated[Count, says("answered", "span")] = None
    opgehangen: Annotated[Count, says("abandoned", "span")] = None
    langste_wacht_seconden: Annotated[Count, says("longestWaitSeconds", "span")] = None


MaybeCallFlows = Annotated[CallFlows, says(), Field(default=None)]


class Line(Noticing, SplitWaiting, Waiting, Unit):
    """What each line can tell."""


class Emergency(Line):
    """A SEH; with its places, the inputs of NEDOCS."""

    behandelplaatsen: Annotated[Places, says(resource="treatment-space")] = Places()
    aanwezig: Annotated[Count, says("present")] = None
    aanwezig_uitgesplitst: Annotated[tuple[ByUrgency, ...], LIMIT, Alike, says("present")] = ()
    wachtend_op_bed: Annotated[Count, says("boarders")] = None
    beademd: Annotated[Count, says("ventilated")] = None
    langste_wacht_op_bed_minuten: Annotated[Count, says("longestBoardingMinutes")] = None
    laatste_deur_tot_bed_minuten: Annotated[Count, says("lastDoorToBedMinutes")] = None
    periode: MaybeSplitFlows


class Transfer(Line):
    """The regional transfer point (RTP): who asks for a place, and who waits for one."""

    periode: MaybeCallFlows


class Night(Span):
    """A night that is over."""

    ongeplande_nachtzorg: Annotated[Count, says("unplannedNight", "span")] = None
    ongeplande_nachtzorg_uitgesplitst: Annotated[
        tuple[HomeCareSplit, ...], LIMIT, Alike, says("unplannedNight", "span")
    ] = ()


class NursingFlows(CallFlows):
    """What happened, at a team that gives care at home."""

    zorguren: Annotated[Amount, says("careHours", "span")] = None


class HomeNursing(Line):
    """A team of acute home nursing."""

    acute_bezoeken_vrij: Annotated[Count, says("acuteVisitsFree")] = None
    acute_bezoeken_vrij_uitgesplitst: Annotated[
        tuple[HomeCareSplit, ...], LIMIT, Alike, says("acuteVisitsFree")
    ] = ()
    zorgstarts_vandaag: Annotated[Count, says("startsToday")] = None
    zorgstarts_vandaag_uitgesplitst: Annotated[
        tuple[HomeCareSplit, ...], LIMIT, Alike, says("startsToday")
    ] = ()
    zorgstarts_deze_week: Annotated[Count, says("startsThisWeek")] = None
    zorgstarts_deze_week_uitgesplitst: Annotated[
        tuple[HomeCareSplit, ...], LIMIT, Alike, says("startsThisWeek")
    ] = ()
    nacht: Annotated[Night, says(), Field(default=None)]
    periode: Annotated[NursingFlows, says(), Field(default=None)]


class PharmacyFlows(CallFlows):
    """What happened, at the dienstapotheek."""

    consulten: Annotated[Count, says("consults", "span")] = None
    consulten_uitgesplitst: Annotated[
        tuple[ByUrgency, ...], LIMIT, Alike, says("consults", "span")
    ] = ()


class Pharmacy(Line):
    """The dienstapotheek."""

    periode: Annotated[PharmacyFlows, says(), Field(default=None)]


class CrisisFlows(CallFlows):
    """What happened, at the crisis service: assessments there, and at home."""

    crisisbeoordelingen: Annotated[Count, says("consults", "span")] = None
    crisisbeoordelingen_uitgesplitst: Annotated[
        tuple[ByUrgency, ...], LIMIT, Alike, says("consults", "span")
    ] = ()
    crisisbeoordelingen_thuis: Annotated[Count, says("homeVisits", "span")] = None
    crisisbeoordelingen_thuis_uitgesplitst: Annotated[
        tuple[ByUrgency, ...], LIMIT, Alike, says("homeVisits", "span")
    ] = ()


class MentalHealth(Plans, MedicallyReady, Line):
    """Acute psychiatry: beds, and the crisis service."""

    bedden: Annotated[Beds, says()] = Beds()
    beoordelingen_open: Annotated[Count, says("visitsOpen")] = None
    beoordelingen_open_uitgesplitst: Annotated[
        tuple[ByUrgency, ...], LIMIT, Alike, says("visitsOpen")
    ] = ()
    periode: Annotated[CrisisFlows, says(), Field(default=None)]


class Caz(Form):
    """One message of the CAZ, by line."""

    peilmoment: Moment | None = None
    seh: Annotated[tuple[Emergency, ...], Field(max_length=100)] = ()
    rtp: Annotated[tuple[Transfer, ...], Field(max_length=100)] = ()
    acute_wijkverpleging: Annotated[tuple[HomeNursing, ...], Field(max_length=100)] = ()
    apotheek: Annotated[tuple[Pharmacy, ...], Field(max_length=100)] = ()
    acute_psychiatrie: Annotated[tuple[MentalHealth, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def tells_something(self) -> Self:
        if not any(self.lines().values()):
            raise ValueError("tell of one line at least")
        return self

    def lines(self) -> dict[str, Sequence[Line]]:
        """The units of each line, by the name of the line in the message."""
        return {
            "seh": self.seh,
            "rtp": self.rtp,
            "acuteWijkverpleging": self.acute_wijkverpleging,
            "apotheek": self.apotheek,
            "acutePsychiatrie": self.acute_psychiatrie,
        }


def reports(message: Caz, units: Mapping[str, str], feed: str, arrived: datetime) -> list[ReadPart]:
    """What is read of each member unit that this feed knows; a unit in two lines is refused."""
    at = stamped(message.peilmoment, arrived)
    days = days_of(at)
    parts = [
        part_of(unit, f"/{line}/{n}", days)
        for line, members in message.lines().items()
        for n, unit in enumerate(members)
    ]
    return reports_of(parts, units, feed, at)
