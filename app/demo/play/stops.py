"""Stops as their units tell them: when they begin, and when they end."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import orjson

from app.demo.play.senders import Senders
from app.demo.play.sendings import DEMO, Sending
from app.simulation.stops import Stop

# What hospitals tell in LPZ is taken from there; other stops are told by the unit itself.
IN_LPZ = frozenset({"seh-stop", "specialism-stop"})


def stop_id(stop: Stop) -> uuid.UUID:
    """The same whenever it is told."""
    return uuid.uuid5(DEMO, f"stop {stop.unit} {stop.kind} {stop.specialism} {stop.begins}")


def stop_sendings(
    stops: Sequence[Stop], senders: Senders, since: int, until: int
) -> Iterator[Sending]:
    """What began, and then what ended, in [since, until)."""
    for stop in stops:
        client = senders.sender(stop.unit, "hand", "").client
        path = f"/v1/units/{stop.unit}/stops"
        if since <= stop.begins < until:
            yield Sending(client, "POST", path, orjson.dumps(told(stop)))
        if stop.ends is not None and since <= stop.ends < until:
            end = orjson.dumps({"at": moment(stop.ends)})
            yield Sending(client, "POST", f"{path}/{stop_id(stop)}/_end", end)


def told(stop: Stop) -> dict[str, object]:
    specialism = {"specialism": stop.specialism} if stop.specialism else {}
    source = {"source": "LPZ"} if stop.kind in IN_LPZ else {}
    return {
        "id": str(stop_id(stop)),
        "kind": stop.kind,
        "appliesTo": stop.applies_to,
        **specialism,
        "beginsAt": moment(stop.begins),
        "expectedUntil": moment(stop.expected_until),
        "reason": stop.reason,
        **source,
    }


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
