"""What the Centrum Acute Zorg tells of each of its lines, on behalf of its member units."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.feeds.dutch import Beds, MaybeFlows, Places, Unit, Waiting
from app.feeds.messages import Count, Form, Moment, days_of, says, stamped
from app.feeds.parts import ReadPart, part_of, reports_of


class Line(Waiting, Unit):
    """What each line can tell."""

    periode: MaybeFlows


class Emergency(Line):
    """A SEH; with its places, the inputs of NEDOCS."""

    behandelplaatsen: Annotated[Places, says(resource="treatment-space")] = Places()
    aanwezig: Annotated[Count, says("present")] = None
    wachtend_op_bed: Annotated[Count, says("boarders")] = None
    beademd: Annotated[Count, says("ventilated")] = None
    langste_wacht_op_bed_minuten: Annotated[Count, says("longestBoardingMinutes")] = None
    laatste_deur_tot_bed_minuten: Annotated[Count, says("lastDoorToBedMinutes")] = None


class Transfer(Line):
    """The regional transfer point (RTP): who asks for a place, and who waits for one."""


class HomeNursing(Line):
    """A team of acute home nursing."""

    acute_bezoeken_vrij: Annotated[Count, says("acuteVisitsFree")] = None
    zorgstarts_vandaag: Annotated[Count, says("startsToday")] = None
    zorgstarts_deze_week: Annotated[Count, says("startsThisWeek")] = None


class Pharmacy(Line):
    """The dienstapotheek."""


class MentalHealth(Line):
    """Acute psychiatry."""

    bedden: Annotated[Beds, says()] = Beds()
    vertrekt_vandaag: Annotated[Count, says("expectedDischarges", "today")] = None
    vertrekt_morgen: Annotated[Count, says("expectedDischarges", "tomorrow")] = None


class Caz(Form):
    """One message of the CAZ, by line. A stop is not told here but under its unit."""

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
