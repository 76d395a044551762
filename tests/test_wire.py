"""A moment has one text, whoever writes it."""

from datetime import UTC, datetime

import orjson
import pytest

from app.wire import Wire, instant


class Told(Wire):
    at: datetime


@pytest.mark.parametrize("microsecond", [0, 10, 58_130, 500_000, 999_999])
def test_a_moment_has_one_text_whoever_writes_it(microsecond: int) -> None:
    at = datetime(2026, 11, 28, 22, 5, 57, microsecond, UTC)

    written = instant(at)

    assert orjson.loads(Told(at=at).model_dump_json()) == {"at": written}
    assert orjson.loads(orjson.dumps(at, option=orjson.OPT_UTC_Z)) == written
