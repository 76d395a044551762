"""Stops and what a unit says of itself meanwhile, as rows."""

from datetime import UTC, datetime

from app.demo.play.stops import stop_id
from app.simulation.reporters_stops import StopTold


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def stop_row(org_id: int, told: StopTold) -> tuple[object, ...]:
    stop = told.stop
    return (
        org_id,
        stop_id(stop),
        moment(told.known_at),
        stop.unit,
        stop.kind,
        sorted(stop.applies_to),
        stop.specialism,
        moment(stop.begins),
        moment(stop.expected_until),
        moment(told.ended) if told.ended is not None else None,
        stop.reason,
    )


def status_row(org_id: int, told: StopTold) -> tuple[object, ...]:
    """While one stop holds a unit is restricted; once it is over, open."""
    stop, over = told.stop, told.ended is not None
    return (
        org_id,
        stop.unit,
        moment(told.ended if told.ended is not None else stop.begins),
        moment(told.known_at),
        "open" if over else "restricted",
        "" if over else stop.reason,
    )
