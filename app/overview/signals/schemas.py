"""Signals on the wire: what asks for attention, since when, and who saw it."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import Field

from app.facilities.schemas import CareSetting, Resource
from app.observations.notices.known import StopKind
from app.overview.signals.course import Kind, Loud
from app.paging import KeyMoment
from app.wire import Slug, Wire

State = Literal["open", "ended"]


class SignalsAsked(Wire):
    state: State = Field(
        "open",
        description="`open`: what stands now. `ended`: of your own units, and all for those who "
        "place people, of the last seven days.",
    )
    since: KeyMoment | None = Field(
        None, description="Only what asks for attention since then, or ended since then."
    )
    limit: int = Field(100, ge=1, le=500, description="At most this many items.")
    cursor: str | None = Field(
        None, max_length=400, description="From the `Link` header of the page before."
    )


class Acknowledgement(Wire):
    """That a client saw it: of your own organisation; those who place people see all."""

    organisation: Slug
    client: str = Field(description="What called, as a board or a feed; never a person.")
    at: datetime


class SignalShown(Wire):
    """A signal of a unit, or of a kind of places (`careSetting`, `resource`, `bedType`).

    Without an `id` it stands in the overview and is not stored yet: ask again in half a minute.
    """

    id: uuid.UUID | None
    kind: Kind
    level: Loud
    state: State
    unit: Slug | None
    care_setting: CareSetting | None
    resource: Resource | None
    bed_type: str | None
    stop: StopKind | None
    specialism: str | None
    began_at: datetime | None = Field(description="When it was first seen.")
    asks_since: datetime | None = Field(
        description="Its begin, or when it last became worse: what was acknowledged before, asks "
        "for attention anew."
    )
    ended_at: datetime | None
    acknowledged: bool = Field(
        description="Whether your own organisation, or one that places people, saw it since then."
    )
    acknowledged_at: datetime | None
    acknowledgements: tuple[Acknowledgement, ...]


class SignalList(Wire):
    as_of: datetime
    fictief: bool = Field(description="Everything in it is made up.")
    signals: tuple[SignalShown, ...]
