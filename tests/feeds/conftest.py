"""The demo region in a test's own database."""

import pytest

from app.facilities.region_file import parse
from app.opening import ZOETERMEER, apply_region
from tests.conftest import Database

REGION = parse(ZOETERMEER.read_text("utf-8"))


@pytest.fixture
async def zoetermeer(database: Database) -> None:
    await apply_region(database.settings(), REGION)
