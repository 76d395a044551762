"""Finding a place on the wire: what is needed, who can take somebody, why the others cannot."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from app.facilities.schemas import CareSetting, Contact, Law
from app.observations.schemas import Figure
from app.overview.schemas import RefusalRisk
from app.wire import Slug, Wire, Word

# What can be looked for: a place to be in, or care that comes to a home.
Sought = Literal["bed", "care-start", "home-visit"]
Within = Literal["now", "today", "this-week"]


class Needs(Wire):
    """What is needed, and nothing of who needs it: no words of one's own, no person."""

    resource: Sought = "bed"
    bed_types: tuple[Word, ...] = Field(
        (), max_length=20, description="One of these will do. Empty: any. Of beds only."
    )
    law: Law | None = Field(None, description="Who pays. A Wlz indication excludes ELV.")
    target: Literal["somatic", "psychogeriatric"] | None = None
    secured: bool = Field(False, description="A secured unit (Wzd) is needed.")
    isolation: bool = False
    single_room: bool = False
    municipality: Word | None = Field(None, description="Only there.")
    within: Within = Field(
        "now",
        description="`today` and `this-week` also find who admits later on that day or within "
        "seven days.",
    )

    @model_validator(mode="after")
    def types_of_beds(self) -> "Needs":
        if self.bed_types and self.resource != "bed":
            raise ValueError("bedTypes are of beds; leave them out, or ask for a bed")
        return self


class Why(Wire):
    """A reason in both languages. `until` is when it is expected to pass, where that is known."""

    code: str
    nl: str
    en: str
    until: datetime | None


class HeldNow(Wire):
    """A place that somebody holds for a short while."""

    until: datetime
    mine: bool = Field(description="By your own organisation: it does not lower what you find.")
    id: uuid.UUID | None = Field(
        None, description="Of your own organisation's: to let it go. Null: of another."
    )


class Place(Wire):
    unit: Slug
    name: str
    organisation: Slug
    facility: Slug
    municipality: Word | None
    care_setting: CareSetting
    bed_type: str | None = Field(description="Null: the unit tells its types together, or has none")
    admittable: Figure | None = Field(
        description="As the overview shows it to you, with its age; null where nothing of this "
        "kind is there or shown."
    )
    reasons: tuple[Why, ...]
    held: tuple[HeldNow, ...] = Field(description="Soft holds on these places, soonest over first.")
    contacts: tuple[Contact, ...] | None = Field(
        description="Functions with their phone; null: may not be shown."
    )


class Candidate(Place):
    """A unit that can take somebody. `reasons`: what its rank rests on, heaviest first."""

    rank: int = Field(ge=1)
    takes: float | int = Field(description="How many it can take from `admitsFrom` on: at least 1.")
    admits_from: datetime | None = Field(description="Null: now.")
    refusal_risk: RefusalRisk = Field(
        description="The chance that a request in the coming 24 hours finds no place there."
    )


class No(Place):
    """A unit that cannot, with every reason."""


class PlacesFound(Wire):
    """Every unit of the region, as a candidate or as a no. What may not be shown to you is a no
    with the one reason `not-shown`."""

    as_of: datetime
    known_at: datetime
    fictief: bool = Field(description="Everything in it is made up.")
    candidates: tuple[Candidate, ...]
    noes: tuple[No, ...]


class HoldTold(Wire):
    """One place to hold while you call: of a unit that shows you room. Says nothing of a person."""

    id: uuid.UUID = Field(description="Made by you: the same id twice is one hold.")
    unit: Slug
    resource: Sought = "bed"
    bed_type: Word | None = Field(None, description="As the search shows it.")
    minutes: int = Field(30, ge=5, le=240, description="After so long it is over by itself.")


class HoldShown(Wire):
    id: uuid.UUID
    unit: Slug
    resource: Sought
    bed_type: str | None
    held_until: datetime
    ended_at: datetime | None
    known_at: datetime
