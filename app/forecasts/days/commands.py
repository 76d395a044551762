"""The run of the next three days."""

import asyncio
from datetime import datetime

from app.forecasts.days import issue
from app.forecasts.days.known import Known
from app.forecasts.runs import Run


async def run(known: Known, data_cut: datetime) -> Run:
    """Beside the event loop, so that the lease of the job is prolonged; no transaction is open."""
    return await asyncio.to_thread(issue.run, known, data_cut)
