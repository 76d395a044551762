"""What the tower gives back to those who tell it."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import SuspensionReason
from app.observations.schemas import Observed, ReportOutcome
from app.overview.schemas import UnitNow
from app.wire import Slug, Wire


class Outlook(Wire):
    """What the unit will probably need at the next step of the newest forecast, per bed type."""

    bed_type: str | None
    at: datetime
    p10: float
    p50: float
    p90: float
    p_short: float | None = Field(description="Null: supply or need is unknown.")


class UnitBack(Wire):
    """How the unit stands after this request, and what is to be expected of it."""

    now: UnitNow
    outlook: tuple[Outlook, ...] = Field(
        description="Empty: there is no forecast of this unit yet; two weeks of figures make one."
    )


class Receipt(Wire):
    """What became of each report, and something back for who sent it."""

    received_at: datetime
    figures: int = Field(description="How many figures were stored by this request.")
    reports: tuple[ReportOutcome, ...]
    units: tuple[UnitBack, ...] = Field(
        (), description="Left out with `Prefer: return=minimal`, and beyond 20 units."
    )


class Confirmation(Wire):
    """The figures of a report still hold, at a later moment."""

    id: uuid.UUID = Field(description="Of the new report that this confirmation is.")
    confirms: uuid.UUID
    observed_at: Observed


class Retraction(Wire):
    """A report should not have been sent: what it told becomes unknown at its moments."""

    id: uuid.UUID = Field(description="Of the new report that this retraction is.")


class Mandate(Wire):
    """`to` may report for these units of yours until a moment, once the operator confirms it."""

    to: Slug
    units: tuple[Slug, ...] = Field(min_length=1, max_length=200)
    until: AwareDatetime | None = None


class MandateKnown(Mandate):
    """One stands between two organisations at a time; giving it anew replaces its units."""

    mandate: str
    organisation: str
    confirmed: bool


class Suspension(Wire):
    """Why nothing more of a feed is taken for now."""

    reason: SuspensionReason


class FeedState(Wire):
    """How a feed stands from now on."""

    feed: str
    state: Literal["quarantine", "released", "suspended"]
    reason: SuspensionReason | None


class KeptReport(Wire):
    """A report in quarantine, as it was understood."""

    id: uuid.UUID
    unit: str
    known_at: datetime
    content: dict[str, Any]


class QuarantineList(Wire):
    items: tuple[KeptReport, ...]
