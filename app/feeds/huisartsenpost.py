"""What a huisartsenpost tells of one hour: calls, consults, visits and who was on duty."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from app.feeds.dutch import Named, told_once
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
from app.observations.schemas import Period


def whole_hour(moment: datetime) -> datetime:
    if moment.minute or moment.second or moment.microsecond:
        raise ValueError("an hour begins on the hour, such as 2026-11-22T19:00:00+01:00")
    return moment


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


class OnDuty(Form):
    """Heads of one role: what the shift needs and has rostered, and who was there this hour."""

    nodig: Annotated[Count, says("required", "span")] = None
    rooster: Annotated[Count, says("rostered", "span")] = None
    inzet: Annotated[Count, says("worked", "hour")] = None


class PostShift(Named):
    """One shift of the post, by role."""

    triagist: Annotated[OnDuty, says(role="triage-nurse")] = OnDuty()
    huisarts: Annotated[OnDuty, says(role="gp")] = OnDuty()
    verpleegkundig_specialist: Annotated[OnDuty, says(role="nurse-specialist")] = OnDuty()
    chauffeur: Annotated[OnDuty, says(role="driver")] = OnDuty()


class Post(UnitForm):
    """One post in one hour; `uur` is where the hour begins."""

    uur: Hour
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
    open_visites: Annotated[VisitsOpen, says()] = VisitsOpen()
    personeel: Annotated[
        tuple[PostShift, ...], Field(max_length=50), AfterValidator(told_once), says()
    ] = ()

    @property
    def hour(self) -> Periods:
        return {"hour": Period(start=self.uur, end=self.uur + timedelta(hours=1))}


class Huisartsenpost(Form):
    """One message of one or more posts, each about one hour."""

    peilmoment: Moment | None = None
    posten: Annotated[tuple[Post, ...], Field(min_length=1, max_length=100)]


def reports(
    message: Huisartsenpost, units: Mapping[str, str], feed: str, arrived: datetime
) -> list[ReadPart]:
    """What is read of each post that this feed knows."""
    at = stamped(message.peilmoment, arrived)
    parts = [part_of(post, f"/posten/{n}", post.hour) for n, post in enumerate(message.posten)]
    return reports_of(parts, units, feed, at)
