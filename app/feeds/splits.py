"""A count told in parts: by bed type, profile, urgency, destination, area or part of the day."""

from collections.abc import Mapping
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from app.feeds.dutch import Beds, Flows, Ready, Refusals, WaitingByUrgency
from app.feeds.messages import Count, Form, OnDay, Says, Stands, says
from app.wire import Word


def words_of(form: type[Form], dimension: str) -> Mapping[str, str]:
    """The names of a form's fields, and the word of ours that each stands for."""
    return {
        str(field.alias): dict(said.of)[dimension]
        for field in form.model_fields.values()
        for said in field.metadata
        if isinstance(said, Says) and dimension in dict(said.of)
    }


BED_TYPES = words_of(Beds, "bed_type")
DESTINATIONS = words_of(Ready, "destination")
REFUSALS = words_of(Refusals, "reason")
URGENCIES = words_of(WaitingByUrgency, "urgency")
PROFILES: Mapping[str, str] = {
    "gepland": "planned",
    "complex": "complex",
    "palliatief-terminaal": "palliative-terminal",
    "nacht": "night",
    "herstel": "recovery",
    "observatie": "observation",
    "logeren": "respite",
}
AGE_BANDS: Mapping[str, str] = {
    "tot-en-met-2-dagen": "days-0-2",
    "3-tot-en-met-7-dagen": "days-3-7",
    "meer-dan-7-dagen": "days-8-plus",
}
DAY_PARTS: Mapping[str, str] = {each: each for each in ("ochtend", "middag", "avond", "nacht")}

BedType = Annotated[str, Stands("bed_type", BED_TYPES), Field(default="")]
Destination = Annotated[str, Stands("destination", DESTINATIONS), Field(default="")]
Refusal = Annotated[str, Stands("reason", REFUSALS)]
Urgency = Annotated[str, Stands("urgency", URGENCIES), Field(default="")]
Profile = Annotated[str, Stands("profile", PROFILES), Field(default="")]
AgeBand = Annotated[str, Stands("age_band", AGE_BANDS), Field(default="")]
DayPart = Annotated[str, Stands("shift", DAY_PARTS), Field(default="")]


class Split(Form):
    """One part of a count; `aantal` is of all that its words say together."""

    aantal: Count

    @model_validator(mode="after")
    def says_of_which(self) -> Self:
        if not self.apart():
            raise ValueError("say of which part `aantal` is")
        return self


class RequestsSplit(Split):
    """Requests for a bed type, of a profile, of an urgency."""

    bedsoort: BedType
    profiel: Profile
    urgentie: Urgency


class AdmissionsSplit(Split):
    """New people in a bed type, of a profile."""

    bedsoort: BedType
    profiel: Profile


class DischargesSplit(Split):
    """People who left a bed type, for a destination."""

    bedsoort: BedType
    bestemming: Destination


class RefusedSplit(Split):
    """Requests for a bed type that got a "nee", by reason."""

    bedsoort: BedType
    reden: Refusal


class WaitingSplit(Split):
    """People who wait for a bed type or a destination, of a profile or an urgency."""

    bedsoort: BedType
    bestemming: Destination
    profiel: Profile
    urgentie: Urgency


class ReadySplit(Split):
    """People who are medically ready, by destination and by how long they have been so."""

    bedsoort: BedType
    bestemming: Destination
    duur: AgeBand


class ByUrgency(Split):
    """Of one urgency."""

    urgentie: Annotated[str, Stands("urgency", URGENCIES)]


class HomeCareSplit(Split):
    """`wijk` is an area that the tower knows, in its own words."""

    profiel: Profile
    wijk: Annotated[Word, Field(default="")]
    dagdeel: DayPart

    def apart(self) -> dict[str, str]:
        area = {"area": self.wijk} if self.wijk else {}
        return {**super().apart(), **area}


class DaySplit(OnDay):
    """A number of people on a day, of one bed type if the unit has several."""

    bedsoort: BedType


AnySplit = TypeVar("AnySplit", bound=Split | DaySplit)


def split_alike(parts: tuple[AnySplit, ...]) -> tuple[AnySplit, ...]:
    """So that the parts are a sum: each splits by the same words, and none is told twice."""
    if len({frozenset(part.apart()) for part in parts}) > 1:
        raise ValueError("split each part by the same words, so that nothing is counted twice")
    told = {(*sorted(part.apart().items()), *part.periods().items()) for part in parts}
    if len({repr(each) for each in told}) < len(parts):
        raise ValueError("a part stands once")
    return parts


LIMIT = Field(max_length=400)
Alike = AfterValidator(split_alike)


class SplitFlows(Flows):
    """What happened between `van` and `tot`, each count whole or in parts."""

    aanvragen_uitgesplitst: Annotated[
        tuple[RequestsSplit, ...], LIMIT, Alike, says("requests", "span")
    ] = ()
    opnames_uitgesplitst: Annotated[
        tuple[AdmissionsSplit, ...], LIMIT, Alike, says("admissions", "span")
    ] = ()
    ontslagen_uitgesplitst: Annotated[
        tuple[DischargesSplit, ...], LIMIT, Alike, says("discharges", "span")
    ] = ()
    afgewezen_uitgesplitst: Annotated[
        tuple[RefusedSplit, ...], LIMIT, Alike, says("refused", "span")
    ] = ()


# May be left out, not null: a span that is unknown says nothing.
MaybeSplitFlows = Annotated[SplitFlows, says(), Field(default=None)]


class SplitWaiting(Form):
    """People who need a place now, in parts."""

    wachtenden_uitgesplitst: Annotated[tuple[WaitingSplit, ...], LIMIT, Alike, says("waiting")] = ()

    @model_validator(mode="after")
    def waits_once(self) -> Self:
        if {"wachtenden_per_urgentie", "wachtenden_uitgesplitst"} <= self.model_fields_set:
            raise ValueError(
                "give `wachtendenPerUrgentie` or `wachtendenUitgesplitst`, one of the two"
            )
        return self


class MedicallyReady(Form):
    """People who are medically ready: by destination, or also by how long they have been so."""

    medisch_klaar: Annotated[Ready, says()] = Ready()
    medisch_klaar_uitgesplitst: Annotated[
        tuple[ReadySplit, ...], LIMIT, Alike, says("medicallyReady")
    ] = ()


class Plans(Form):
    """Who is expected to leave and to come: today, tomorrow, or on days up to nine ahead."""

    vertrekt_vandaag: Annotated[Count, says("expectedDischarges", "today")] = None
    vertrekt_morgen: Annotated[Count, says("expectedDischarges", "tomorrow")] = None
    vertrek_per_dag: Annotated[
        tuple[DaySplit, ...], LIMIT, Alike, says("expectedDischarges", "day")
    ] = ()
    geplande_opnames_per_dag: Annotated[
        tuple[DaySplit, ...], LIMIT, Alike, says("plannedAdmissions", "day")
    ] = ()

    @model_validator(mode="after")
    def leaves_once(self) -> Self:
        told = self.model_fields_set
        if "vertrek_per_dag" in told and told & {"vertrekt_vandaag", "vertrekt_morgen"}:
            raise ValueError(
                "give `vertrekPerDag`, or `vertrektVandaag` and `vertrektMorgen`: one of the two"
            )
        return self
