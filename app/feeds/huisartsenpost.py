"""What a huisartsenpost tells by the hour: calls, consults, visits and who was on duty."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.feeds.dutch import Named, Shortage, told_once
from app.feeds.messages import (
    Count,
    Form,
    Moment,
    Periods,
    UnitForm,
    says,
    stamped,
)
from app.feeds.parts import ReadPart, part_of, reports_of
from app.feeds.stops.listed import Noticing
from app.observations.schemas import Period
from app.wire import Word

HOUR = timedelta(hours=1)


def whole_hour(moment: datetime) -> datetime:
    if moment.minute or moment.second or moment.microsecond:
        raise ValueError("an hour begins on the hour, such as 2026-11-22T19:00:00+01:00")
    return moment


def last_hour(at: datetime) -> datetime:
    """Where the last hour that is over at a moment begins."""
    return at.replace(minute=0, second=0, microsecond=0) - HOUR


Hour = Annotated[Moment, AfterValidator(whole_hour)]


class Consults(Form):
    """Consults in the hour, by urgency."""

    u0: Annotated[Count, says("consults", "hour", urgency="u0")] = None
    u1: Annotated[Count, says("consults", "hour", urgency="u1")] = None
    u2: Annotated[Count, says("consults", "hour", urgency="u2")] = None
    u3: Annotated[Count, says("consults", "hour", urgency="u3")] = None
    u4: Annotated[Count, says("consults", "hour", urgency="u4")] = None
    u5: Annotated[Count, says("consults", "hour", urgency="u5")] = None


class Visits(Form):
    """Home visits made in the hour, by urgency."""

    u0: Annotated[Count, says("homeVisits", "hour", urgency="u0")] = None
    u1: Annotated[Count, says("homeVisits", "hour", urgency="u1")] = None
    u2: Annotated[Count, says("homeVisits", "hour", urgency="u2")] = None
    u3: Annotated[Count, says("homeVisits", "hour", urgency="u3")] = None
    u4: Annotated[Count, says("homeVisits", "hour", urgency="u4")] = None
    u5: Annotated[Count, says("homeVisits", "hour", urgency="u5")] = None


class VisitsOpen(Form):
    """Home visits still to be made at `peilmoment`, by urgency."""

    u0: Annotated[Count, says("visitsOpen", urgency="u0")] = None
    u1: Annotated[Count, says("visitsOpen", urgency="u1")] = None
    u2: Annotated[Count, says("visitsOpen", urgency="u2")] = None
    u3: Annotated[Count, says("visitsOpen", urgency="u3")] = None
    u4: Annotated[Count, says("visitsOpen", urgency="u4")] = None
    u5: Annotated[Count, says("visitsOpen", urgency="u5")] = None


class Lines(Form):
    """Telephone lines at `peilmoment`."""

    aanwezig: Annotated[Count, says("physical")] = None
    bemand: Annotated[Count, says("staffed")] = None
    bezet: Annotated[Count, says("occupied")] = None


class Cars(Form):
    """Cars for home visits at `peilmoment`."""

    aanwezig: Annotated[Count, says("physical")] = None
    inzetbaar: Annotated[Count, says("staffed")] = None
    onderweg: Annotated[Count, says("occupied")] = None


class OnDuty(Form):
    """Heads of one role: what the shift needs and has rostered, and who was there this hour."""

    nodig: Annotated[Count, says("required", "span")] = None
    rooster: Annotated[Count, says("rostered", "span")] = None
    inzet: Annotated[Count, says("worked", "hour")] = None
    inzet_tijdelijk: Annotated[Count, says("workedTemporary", "hour")] = None
    afwezig: Annotated[Count, says("absent", "hour")] = None


class PostShift(Named):
    """One shift of the post, by role."""

    triagist: Annotated[OnDuty, says(role="triage-nurse")] = OnDuty()
    huisarts: Annotated[OnDuty, says(role="gp")] = OnDuty()
    verpleegkundig_specialist: Annotated[OnDuty, says(role="nurse-specialist")] = OnDuty()
    chauffeur: Annotated[OnDuty, says(role="driver")] = OnDuty()


class HourShift(Form):
    """Who was on duty in the hour, of one shift: without the roster, so without its hours."""

    dienst: Word
    triagist: Annotated[Count, says("worked", "hour", role="triage-nurse")] = None
    huisarts: Annotated[Count, says("worked", "hour", role="gp")] = None
    verpleegkundig_specialist: Annotated[Count, says("worked", "hour", role="nurse-specialist")] = (
        None
    )
    chauffeur: Annotated[Count, says("worked", "hour", role="driver")] = None

    def apart(self) -> dict[str, str]:
        return {"shift": self.dienst}


class HourTold(Form):
    """What is counted in an hour."""

    oproepen: Annotated[Count, says("calls", "hour")] = None
    beantwoord: Annotated[Count, says("answered", "hour")] = None
    beantwoord_binnen_2_minuten: Annotated[Count, says("answeredWithin120s", "hour")] = Field(
        None, alias="beantwoordBinnen2Minuten"
    )
    beantwoord_na_10_minuten: Annotated[Count, says("answeredOver600s", "hour")] = Field(
        None, alias="beantwoordNa10Minuten"
    )
    opgehangen: Annotated[Count, says("abandoned", "hour")] = None
    spoed_beantwoord: Annotated[Count, says("urgentAnswered", "hour")] = None
    spoed_binnen_30_seconden: Annotated[Count, says("urgentWithin30s", "hour")] = Field(
        None, alias="spoedBinnen30Seconden"
    )
    langste_wacht_seconden: Annotated[Count, says("longestWaitSeconds", "hour")] = None
    consulten: Annotated[Consults, says()] = Consults()
    visites: Annotated[Visits, says()] = Visits()
    inzet: Annotated[tuple[HourShift, ...], Field(max_length=20), says()] = ()


class EarlierHour(HourTold):
    """An hour before, told with a later one; `uur` is where it begins."""

    uur: Hour

    def periods(self) -> Periods:
        return {"hour": Period(start=self.uur, end=self.uur + HOUR)}


class Post(Noticing, HourTold, UnitForm):
    """One post in one hour: that of `uur`, or the last that is over at `peilmoment`."""

    uur: Annotated[Hour, Field(default=None)]
    open_visites: Annotated[VisitsOpen, says()] = VisitsOpen()
    telefoonlijnen: Annotated[Lines, says(resource="phone-line")] = Lines()
    autos: Annotated[Cars, says(resource="vehicle")] = Cars()
    personeel: Annotated[
        tuple[PostShift, ...], Field(max_length=50), AfterValidator(told_once), says()
    ] = ()
    tekort: Annotated[Shortage, says()] = Shortage()
    eerdere_uren: Annotated[tuple[EarlierHour, ...], Field(max_length=336), says()] = ()

    @model_validator(mode="after")
    def each_hour_once(self) -> Self:
        hours = [each.uur for each in self.eerdere_uren]
        if len(set(hours)) < len(hours):
            raise ValueError("an hour stands once in `eerdereUren`")
        return self

    def over(self, at: datetime) -> Periods:
        begin = self.uur or last_hour(at)
        return {"hour": Period(start=begin, end=begin + HOUR)}


class Huisartsenpost(Form):
    """One message of one or more posts."""

    peilmoment: Moment | None = None
    posten: Annotated[tuple[Post, ...], Field(min_length=1, max_length=100)]


def reports(
    message: Huisartsenpost, units: Mapping[str, str], feed: str, arrived: datetime
) -> list[ReadPart]:
    """What is read of each post that this feed knows."""
    at = stamped(message.peilmoment, arrived)
    parts = [part_of(post, f"/posten/{n}", post.over(at)) for n, post in enumerate(message.posten)]
    return reports_of(parts, units, feed, at)
