"""What became of what was sent: each report taken or rejected, and the receipt that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.faults import Fault
from app.feeds.schemas import Receipt
from app.observations.commands import Message
from app.observations.reading import Read
from app.observations.schemas import DoubtWire, FaultWire, ReportOutcome


@dataclass(frozen=True)
class Rejected:
    """A report of which nothing is stored, and why."""

    read: Read
    faults: tuple[Fault, ...]
    status: int


@dataclass(frozen=True)
class Taken:
    """Of one request or message: at least one of its reports was taken."""

    received_at: datetime
    messages: Sequence[Message]
    rejected: Sequence[Rejected] = ()

    @property
    def kept(self) -> list[Message]:
        return [message for message in self.messages if message.outcome != "rejected"]

    @property
    def receipt(self) -> Receipt:
        told = [outcome(message) for message in self.kept]
        return Receipt(
            received_at=self.received_at,
            figures=sum(each.figures for each in told),
            reports=(*told, *(rejection(each) for each in self.rejected)),
        )


def outcome(message: Message) -> ReportOutcome:
    stored = message.outcome in ("stored", "quarantined")
    return ReportOutcome(
        report=message.report.id,
        unit=message.report.place,
        outcome=message.outcome,
        figures=len(message.judged.told) if stored else 0,
        known_at=message.known_at,
        doubts=tuple(
            DoubtWire(
                pointer=message.read.in_message(Fault("", "", each.told.pointer)).pointer or "",
                code=each.code,
                detail=each.detail,
            )
            for each in message.doubts
        ),
    )


def rejection(rejected: Rejected) -> ReportOutcome:
    report = rejected.read.report
    return ReportOutcome(
        report=report.id if report else None,
        unit=None,
        outcome="rejected",
        figures=0,
        errors=tuple(FaultWire(**fault.wire()) for fault in rejected.faults),
    )
