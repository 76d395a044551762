"""What is packed and unpacked is the same to the bit, whatever it holds."""

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from app.forecasts.asking import Task
from app.forecasts.engine.asked import Change, Outlook, Past, Question, Skill
from app.forecasts.packed import pack_outlooks, pack_task, unpack_outlooks, unpack_task

# Numbers of every kind: NaN, infinite, -0.0, subnormal.
FLOATS = st.floats(width=64)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DAYS = st.dates()
SERIES = arrays(np.float64, st.integers(0, 6), elements=FLOATS)
CHANGES = st.lists(st.builds(Change, WORDS, DAYS, DAYS | st.none(), FLOATS), max_size=3)
QUESTIONS = st.builds(
    Question,
    st.sampled_from(["D", "W", "M", "Q"]),
    st.integers(1, 400),
    WORDS,
    CHANGES,
    st.integers(0, 2**40),
)
TASKS = st.builds(Task, st.lists(st.builds(Past, WORDS, DAYS, SERIES), max_size=4), QUESTIONS)
TABLES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0), elements=FLOATS)
SINGLES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=0))
COUNTS = st.integers(0, 10_000)
OUTLOOKS = st.builds(
    Outlook,
    TABLES,
    SERIES,
    st.sampled_from(["engine", "pooled", "naive", "unknown"]),
    WORDS,
    SINGLES | st.none(),
    st.dictionaries(WORDS, SERIES, max_size=3),
    st.builds(Skill, FLOATS, FLOATS, FLOATS, COUNTS, COUNTS, COUNTS) | st.none(),
)


def bits(value: Any) -> Any:
    """The value with each float as its bytes, so that NaN equals itself and -0.0 not 0.0."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return np.float64(value).tobytes()
    if isinstance(value, dict):
        return [(name, bits(each)) for name, each in value.items()]
    if isinstance(value, list | tuple):
        return [bits(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return [(name, bits(getattr(value, name))) for name in value.__dataclass_fields__]
    return value


@given(TASKS)
def test_a_task_is_the_same_to_the_bit(task: Task) -> None:
    packed = pack_task(task)

    found = unpack_task(packed)

    assert bits(found) == bits(task)
    assert pack_task(found) == packed


@given(st.lists(OUTLOOKS, max_size=4))
def test_outlooks_are_the_same_to_the_bit(outlooks: list[Outlook]) -> None:
    packed = pack_outlooks(outlooks)

    found = unpack_outlooks(packed)

    assert bits(found) == bits(outlooks)
    assert pack_outlooks(found) == packed


def test_the_order_of_an_array_in_memory_is_kept() -> None:
    across = np.asfortranarray(np.arange(6.0).reshape(2, 3))

    (found,) = unpack_outlooks(pack_outlooks([Outlook(across, np.zeros(2), "naive")]))

    # What is computed of it goes through it in the same order, and so rounds alike.
    assert found.quantiles.flags.f_contiguous
    assert not found.quantiles.flags.c_contiguous


@pytest.mark.parametrize("broken", [b"", b"no", zlib.compress(b"\0\0\0\x0a[0,0,[]]  ")])
def test_bytes_that_were_not_packed_here_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="These bytes"):
        unpack_outlooks(broken)
