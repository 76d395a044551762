"""What is to be expected of the units that were just reported."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.schemas import Outlook

NEXT_STEP = text("""
    SELECT DISTINCT ON (p.subject, p.bed_type)
           p.subject, p.bed_type, p.at, p.quantiles, p.p_short, r.probabilities
      FROM forecast_points p
      JOIN (SELECT run_id, probabilities FROM forecast_runs
             WHERE horizon = 'weeks' ORDER BY issued_at DESC, known_at DESC LIMIT 1) r
        ON r.run_id = p.run_id
     WHERE p.org_id = ANY(:owners) AND p.subject_kind = 'unit' AND p.subject = ANY(:units)
       AND p.measure = 'occupied' AND p.at > :now
     ORDER BY p.subject, p.bed_type, p.at
""")


async def outlooks(
    session: AsyncSession, units: Collection[str], owners: Collection[int], now: datetime
) -> dict[str, list[Outlook]]:
    """Of each unit the next step of the newest forecast, per bed type."""
    asked = {"units": list(units), "owners": list(owners), "now": now}
    found: dict[str, list[Outlook]] = defaultdict(list)
    for row in await session.execute(NEXT_STEP, asked):
        found[row.subject].append(
            Outlook(
                bed_type=row.bed_type or None,
                at=row.at,
                p10=at_probability(0.1, row.probabilities, row.quantiles),
                p50=at_probability(0.5, row.probabilities, row.quantiles),
                p90=at_probability(0.9, row.probabilities, row.quantiles),
                p_short=row.p_short,
            )
        )
    return found


def at_probability(
    wanted: float, probabilities: Sequence[float], quantiles: Sequence[float]
) -> float:
    """The quantile that is stored nearest to a probability."""
    nearest = min(range(len(probabilities)), key=lambda n: abs(probabilities[n] - wanted))
    return round(quantiles[nearest], 2)
