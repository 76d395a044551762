"""How far off the forecasts were that were issued."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from app.access.routes import ForecastReader
from app.db import Db
from app.forecasts.scoring import queries
from app.forecasts.scoring.schemas import Scores, ScoresAsked

router = APIRouter(tags=["forecasts"])


@router.get("/forecasts/scores")
async def scores(
    session: Db, viewer: ForecastReader, asked: Annotated[ScoresAsked, Query()]
) -> Scores:
    """How far off the forecasts were that were issued, beside the plain naive forecast.

    Every night what runs said is compared with what came true since, per bed type and per distance
    ahead. A window (the days 1 to 7 of a run, say) is compared once it has closed, and once more
    14 days later, when corrections have come in. Days of which nothing was told count for nothing,
    and never as zero. `last` is the newest day that was forecast a week before: what was said, and
    what it became. Before the first window has closed the answer is unknown, with the reason. Who
    may not see the forecast of a unit may not see its scores; what came true is shown to those who
    may see that figure itself. Of `horizon=days` who was in a place is compared with what was
    counted within an hour of the end of a step; distances are in hours.
    """
    return await queries.answer(session, viewer, asked, datetime.now(UTC))
