"""Stops as their units tell them: when they begin, and when they end."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import orjson

from app.demo.play.senders import Senders
from app.demo.play.sendings import DEMO, Sending
from app.simulation.reporters_stops import StopTold
from app.simulation.stops import Stop


def stop_id(stop: Stop) -> uuid.UUID:
    """The same whenever it is told."""
    return uuid.uuid5(DEMO, f"stop {stop.unit} {stop.kind} {stop.begins}")


def stop_sendings(told: Sequence[StopTold], senders: Senders) -> Iterator[Sending]:
    """What became known of stops, in its order: that one began, or that it is over.

    While one holds the unit says that it is restricted, and then that it is open.
    """
    for each in told:
        client = senders.sender(each.stop.unit, "hand", "").client
        unit = f"/v1/units/{each.stop.unit}"
        if each.ended is None:
            yield Sending(client, "POST", f"{unit}/stops", orjson.dumps(begun(each.stop)))
        else:
            end = orjson.dumps({"at": moment(each.ended)})
            yield Sending(client, "POST", f"{unit}/stops/{stop_id(each.stop)}/_end", end)
        yield Sending(client, "POST", f"{unit}/status", orjson.dumps(status(each)))


def begun(stop: Stop) -> dict[str, object]:
    specialism = {"specialism": stop.specialism} if stop.specialism else {}
    return {
        "id": str(stop_id(stop)),
        "kind": stop.kind,
        "appliesTo": stop.applies_to,
        **specialism,
        "beginsAt": moment(stop.begins),
        "expectedUntil": moment(stop.expected_until),
        "reason": stop.reason,
        "source": "LPZ",
    }


def status(told: StopTold) -> dict[str, object]:
    if told.ended is not None:
        return {"status": "open", "at": moment(told.ended), "source": "LPZ"}
    reason = {"reason": told.stop.reason}
    return {"status": "restricted", "at": moment(told.stop.begins), **reason, "source": "LPZ"}


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
