"""What is kept of a message that arrived: how it fared, and nothing of what it held."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from app.errors import Refusal
from app.faults import FIELD, Fault
from app.feeds.receipts import Taken

Way = Literal["pushed", "pulled"]
# Of one message; how many there were in all is kept with the message.
MOST_REJECTS = 100
# The columns of tables are named by whoever exports them: such a name may hold anything.
WITHHELD = "[withheld]"


def place(fault: Fault) -> str:
    """A pointer (its steps were checked), or a row and a column."""
    row = [f"row {fault.row}"] if fault.row is not None else []
    if fault.column is not None:
        plain = FIELD.fullmatch(fault.column)
        row.append(f"column {fault.column if plain else WITHHELD}")
    return fault.pointer or fault.parameter or ", ".join(row)


def rejects(
    org_id: int, source: str, faults: Sequence[Fault], digest: bytes
) -> list[dict[str, Any]]:
    """Code and place of each fault, as rows to be kept."""
    return [
        {
            "org_id": org_id,
            "id": uuid.uuid4(),
            "source": source,
            "code": fault.code,
            "place": place(fault),
            "content_hash": digest,
        }
        for fault in faults
    ]


def trace(arrived: datetime, way: Way, size: int | None) -> dict[str, Any]:
    """Of one that has just arrived; `size` is None if it was not read."""
    return {
        "arrived_at": arrived,
        "message": uuid.uuid4(),
        "way": way,
        "bytes": size,
        "code": "",
        "observed_at": None,
        "units": [],
        "moments": [],
        **dict.fromkeys(("stored", "repeated", "quarantined", "rejected", "figures", "faults"), 0),
    }


def trace_of_taken(taken: Taken) -> Mapping[str, Any]:
    """Of a message of which some report was taken."""
    kept = [message for message in taken.kept if message.place.unit]
    counts = Counter(message.outcome for message in taken.messages)
    stored = [m.judged.observed_at for m in taken.kept if m.outcome == "stored"]
    return {
        "outcome": "partly" if taken.rejected else "taken",
        **{name: counts[name] for name in ("stored", "repeated", "quarantined")},
        "rejected": len(taken.rejected),
        "figures": sum(len(m.judged.told) for m in taken.kept if m.outcome == "stored"),
        "faults": sum(len(each.faults) for each in taken.rejected),
        "observed_at": max(stored, default=None),
        "units": [message.place.unit for message in kept],
        "moments": [message.judged.observed_at for message in kept],
    }


def trace_of_refused(refusal: Refusal, rejected: int) -> Mapping[str, Any]:
    """Of a message that was refused whole; `rejected` are the reports that were read of it."""
    return {
        "outcome": "refused",
        "code": refusal.code,
        "rejected": rejected,
        "faults": len(refusal.faults),
    }
