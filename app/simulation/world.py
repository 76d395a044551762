"""A region that behaves: advance it, and ask its truth."""

from app.simulation.plan import Plan
from app.simulation.truth import Truth


class World:
    """One run of a plan; the same seed gives the same truth, whatever the steps."""

    truth: Truth

    def __init__(self, plan: Plan, seed: int, begin: int) -> None:
        self.plan, self.seed = plan, seed
        self.truth = Truth(plan, begin)

    def advance(self, until: int) -> None:
        """Let everything happen up to and including the second `until`."""
        self.truth.until = max(self.truth.until, until)
