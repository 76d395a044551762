"""A region that behaves: advance it, and ask its truth."""

from app.simulation.calendar import block, block_of
from app.simulation.journey import Journey
from app.simulation.ledger import Ledger
from app.simulation.plan import Plan
from app.simulation.rosters import Rosters
from app.simulation.script import Script
from app.simulation.telephone import Telephone
from app.simulation.truth import Truth


class World:
    """One run of a plan; the same seed gives the same truth, whatever the steps."""

    truth: Truth

    def __init__(self, plan: Plan, seed: int, begin: int) -> None:
        self.plan, self.seed = plan, seed
        rosters = Rosters(plan, seed)
        self._journey = Journey(plan, seed, begin)
        self._ledger = Ledger()
        self._script = Script(plan, seed, begin, rosters, self._journey, self._ledger)
        self._telephone = Telephone(plan, seed, begin, rosters, self._ledger)
        self._told = block_of(begin)
        self._tell(begin)
        self.truth = Truth(plan, seed, begin, rosters, self._journey, self._ledger)

    def advance(self, until: int) -> None:
        """Let everything happen up to and including the second `until`."""
        if until < self.truth.until:
            return
        self._tell(until)
        self._script.play(until)
        self.truth.until = until

    def _tell(self, until: int) -> None:
        """What does not hang on people in places is told a block at a time."""
        while self._told <= block_of(until):
            self._telephone.tell(block(self._told))
            self._told += 1
