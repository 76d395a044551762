"""What a unit says in a message beside its figures, in Dutch words: its status and its stops."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.faults import Fault
from app.feeds.messages import Form, Moment, Stands
from app.observations.notices.known import Reason, Status
from app.observations.notices.schemas import StatusTold, StopTold

KINDS: Mapping[str, str] = {
    "seh-stop": "seh-stop",
    "opnamestop": "opnamestop",
    "specialismestop": "specialism-stop",
    "intakestop": "intake-stop",
}
ROUTES: Mapping[str, str] = {
    "ambulance": "ambulance",
    "verwijzing": "referral",
    "zelf-gekomen": "walk-in",
    "overplaatsing": "transfer",
}
REASONS: Mapping[str, Reason] = {
    "personeel": "staff",
    "ruimte": "room",
    "apparatuur": "equipment",
    "materiaal": "material",
    "infectie": "infection",
    "onderhoud": "maintenance",
    "contract": "contract",
    "vol": "full",
    "geen-arts": "medical-cover",
    "anders": "other",
}
SPECIALISMS: Mapping[str, str] = {
    "anesthesiologie": "anaesthesiology",
    "cardiologie": "cardiology",
    "cardiothoracale-chirurgie": "cardiothoracic-surgery",
    "keel-neus-oor": "ear-nose-throat",
    "spoedeisende-geneeskunde": "emergency-medicine",
    "maag-darm-lever": "gastroenterology",
    "geriatrie": "geriatrics",
    "gynaecologie": "gynaecology",
    "intensive-care": "intensive-care",
    "interne-geneeskunde": "internal-medicine",
    "longziekten": "lung-diseases",
    "neurologie": "neurology",
    "neurochirurgie": "neurosurgery",
    "verloskunde": "obstetrics",
    "oogheelkunde": "ophthalmology",
    "kaakchirurgie": "oral-surgery",
    "orthopedie": "orthopaedics",
    "kindergeneeskunde": "paediatrics",
    "plastische-chirurgie": "plastic-surgery",
    "psychiatrie": "psychiatry",
    "chirurgie": "surgery",
    "urologie": "urology",
    "vaatchirurgie": "vascular-surgery",
}
SOURCES: Mapping[str, str] = {"LPZ": "LPZ", "koppeling": "feed", "hand": "hand"}
STATUSES: Mapping[str, Status] = {"open": "open", "beperkt": "restricted", "gesloten": "closed"}
AHEAD = timedelta(days=365)

Route = Annotated[str, Stands("", ROUTES)]


class Listed(Form):
    """A stop that holds or is to come."""

    soort: Annotated[str, Stands("", KINDS)]
    geldt_voor: Annotated[tuple[Route, ...], Field(max_length=4)] = ()
    specialisme: Annotated[str, Stands("", SPECIALISMS), Field(default="")]
    van: Moment
    verwacht_tot: Moment | None = None
    reden: Annotated[str, Stands("", REASONS)]
    bron: Annotated[str, Stands("", SOURCES), Field(default="koppeling")]

    @model_validator(mode="after")
    def fits(self) -> Self:
        if len(set(self.geldt_voor)) < len(self.geldt_voor):
            raise ValueError("a route stands once under `geldtVoor`")
        if self.soort == "seh-stop" and not self.geldt_voor:
            raise ValueError("a seh-stop says for which routes it is: give `geldtVoor`")
        if (self.soort == "specialismestop") != bool(self.specialisme):
            raise ValueError("a specialismestop has a `specialisme`, and no other stop has")
        if self.verwacht_tot is not None and not (
            timedelta(0) < self.verwacht_tot - self.van <= AHEAD
        ):
            raise ValueError("`verwachtTot` lies after `van`, by at most 365 days")
        return self

    def told(self, feed: uuid.UUID, unit: str) -> StopTold:
        kind, specialism = KINDS[self.soort], SPECIALISMS.get(self.specialisme)
        return StopTold.model_validate(
            {
                "id": stop_id(feed, unit, kind, specialism, self.van),
                "kind": kind,
                "applies_to": sorted(ROUTES[each] for each in self.geldt_voor),
                "specialism": specialism,
                "begins_at": self.van,
                "expected_until": self.verwacht_tot,
                "reason": REASONS[self.reden],
                "source": SOURCES[self.bron],
            }
        )


def stop_id(
    feed: uuid.UUID, unit: str, kind: str, specialism: str | None, begins_at: datetime
) -> uuid.UUID:
    """The same for one stop in each message of a feed, however its routes or its end change."""
    words = ("stop", unit, kind, specialism or "", begins_at.isoformat())
    return uuid.uuid5(feed, "\n".join(words))


def each_once(stops: tuple[Listed, ...]) -> tuple[Listed, ...]:
    if len({(stop.soort, stop.specialisme, stop.van) for stop in stops}) < len(stops):
        raise ValueError("a stop stands once in `stops`: soort, specialisme and van together")
    return stops


@dataclass(frozen=True)
class Own:
    """What one unit says of itself at a moment; None: nothing. An empty list: no stop holds."""

    at: datetime
    status: StatusTold | None
    stops: tuple[StopTold, ...] | None


class Noticing(Form):
    """A unit that can tell its status and its stops."""

    status: Annotated[str, Stands("", STATUSES)] | None = None
    status_reden: Annotated[str, Stands("", REASONS), Field(default="")]
    stops: Annotated[
        tuple[Listed, ...], Field(default=(), max_length=100), AfterValidator(each_once)
    ]

    @model_validator(mode="after")
    def reason_of_a_status(self) -> Self:
        if self.status_reden and self.status in (None, "open"):
            raise ValueError("`statusReden` goes with a status that is beperkt or gesloten")
        return self

    @property
    def says_something(self) -> bool:
        return bool(self.model_fields_set & {"status", "stops"})


def too_far_ahead(said: Noticing, pointer: str, at: datetime) -> Iterator[Fault]:
    for n, each in enumerate(said.stops):
        if each.van > at + AHEAD:
            detail = "A stop begins at most a year after `peilmoment`. Tell it later."
            yield Fault("out-of-reach", detail, f"{pointer}/stops/{n}/van")


def own(said: Noticing, feed: uuid.UUID, unit: str, at: datetime) -> Own:
    """What was said, of a unit by our name for it."""
    stops = tuple(each.told(feed, unit) for each in said.stops)
    return Own(
        at=at,
        status=status_told(said, at) if "status" in said.model_fields_set else None,
        stops=stops if "stops" in said.model_fields_set else None,
    )


def status_told(said: Noticing, at: datetime) -> StatusTold:
    return StatusTold(
        status=STATUSES[said.status] if said.status else "unknown",
        at=at,
        reason=REASONS.get(said.status_reden),
        source="feed",
    )
