"""Small plans for tests: as little as one unit."""

from app.simulation.plan import Beds, Need, Plan, Stream, Unit
from app.simulation.stays import Stay

# Monday 2 January 2023, midnight in UTC.
BEGIN = 1_672_617_600
DAY = 86_400


def one_unit(
    beds: int,
    per_year: float,
    stay: Stay,
    *,
    patience: float | None = 0.0,
    stream: Stream | None = None,
) -> Plan:
    """One ward of nothing but beds; whoever comes needs one of them."""
    return Plan(
        units=(Unit("afdeling", "reo", beds=(Beds("ward", beds),)),),
        needs=(Need("bed", "reo", (("afdeling", "ward"),), stay, patience=patience),),
        streams=(stream or Stream("people", per_year, ((1.0, "bed"),)),),
    )
