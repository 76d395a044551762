"""From what became known in the simulated region to what its senders have to tell."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.demo.messages import Telling, reported
from app.demo.play.senders import Senders
from app.demo.play.sendings import Due, Sending, sendings
from app.demo.play.stops import stop_sendings
from app.observations.schemas import Period, ReportedFigure
from app.simulation.reporters import Block, Reporters, blocks
from app.simulation.reporters_stops import stops_told
from app.simulation.world import World


@dataclass(frozen=True)
class Play:
    """A living region: its world, those who report of it and their clients.

    From `dense_from` (seconds since 1970) on, whoever reports at an interval does so.
    """

    world: World
    reporters: Reporters
    senders: Senders
    dense_from: int

    def between(self, since: int, until: int) -> Sequence[Sending]:
        """All that becomes known in [since, until), as requests; the world goes on to `until`."""
        self.world.advance(until)
        truth, seed = self.world.truth, self.reporters.seed
        found = blocks(truth, self.reporters, since, until, dense_from=self.dense_from)
        told = [due for block in found for due in dues(block, self.senders)]
        stops = stops_told(truth, seed, since, until)
        return [*sendings(told), *stop_sendings(stops, self.senders)]


def dues(block: Block, senders: Senders) -> Iterator[Due]:
    """A telling for each row of a block."""
    sender = senders.sender(block.place, block.source_kind, block.feed)
    for row, known_at in enumerate(block.known_at.tolist()):
        telling = Telling(
            place=senders.places[block.place],
            observed_at=moment(int(block.observed_at[row])),
            figures=tuple(figures(block, row)),
            code=sender.codes.get(block.place, ""),
            care_setting=senders.care_settings.get(block.place, ""),
        )
        yield Due(sender, known_at, telling)


def figures(block: Block, row: int) -> Iterator[ReportedFigure]:
    columns = zip(
        block.kinds,
        block.told[row].tolist(),
        block.values[row].tolist(),
        block.starts[row].tolist(),
        block.lengths[row].tolist(),
        strict=True,
    )
    for kind, told, value, start, length in columns:
        if told:
            over = Period(start=moment(start), end=moment(start + length)) if length else None
            yield reported(kind, None if math.isnan(value) else value, over)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
