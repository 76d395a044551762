"""What is asked of the engine and what it said, as bytes; what is unpacked is equal to the bit.

JSON for the words, and numpy's own form (.npy, never pickled) for all that is a float, one behind
the other and deflated. Same content, same bytes. Bytes of another form raise ValueError.
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.forecasts.asking import Task
from app.forecasts.engine.asked import Change, Grade, Outlook, Past, Question, Skill

Array = NDArray[np.floating[Any]]
Words = tuple[Grade, str, list[str], bool, tuple[int, ...] | None]
FORM = 1
# What is random does not deflate, and what is counts does so at the lowest level.
LEVEL = 1


def pack_task(task: Task) -> bytes:
    asked = task.asked
    words = {
        "pasts": [[past.name, past.first.isoformat()] for past in task.pasts],
        "asked": [asked.freq, asked.horizon, asked.country, asked.seed],
        "changes": [[c.name, c.begins.isoformat(), told(c.ends)] for c in asked.changes],
    }
    ratios = np.array([change.ratio for change in asked.changes], dtype=np.float64)
    return packed(words, [ratios, *(past.values for past in task.pasts)])


def unpack_task(packed: bytes) -> Task:
    words, arrays = unpacked(packed)
    freq, horizon, country, seed = words["asked"]
    changes = [
        Change(name, date.fromisoformat(begins), date.fromisoformat(ends) if ends else None, ratio)
        for (name, begins, ends), ratio in zip(words["changes"], next(arrays).tolist(), strict=True)
    ]
    pasts = [Past(name, date.fromisoformat(first), next(arrays)) for name, first in words["pasts"]]
    return Task(pasts, Question(freq, horizon, country, changes, seed))


def told(day: date | None) -> str | None:
    return day.isoformat() if day else None


def pack_outlooks(outlooks: Sequence[Outlook]) -> bytes:
    words: list[Words] = []
    arrays: list[Array] = []
    for each in outlooks:
        arrays += [each.quantiles, each.mean, *each.parts.values()]
        if each.off is not None:
            arrays.append(each.off)
        if each.skill is not None:
            arrays.append(np.array(each.skill[:3], dtype=np.float64))
        counts = each.skill[3:] if each.skill is not None else None
        words.append((each.grade, each.reason, [*each.parts], each.off is not None, counts))
    return packed(words, arrays)


def unpack_outlooks(packed: bytes) -> list[Outlook]:
    words, arrays = unpacked(packed)
    return [outlook(arrays, each) for each in words]


def outlook(arrays: Iterator[Any], words: Words) -> Outlook:
    grade, reason, parts, off, counts = words
    return Outlook(
        next(arrays),
        next(arrays),
        grade,
        reason,
        parts={name: next(arrays) for name in parts},
        off=next(arrays) if off else None,
        skill=Skill(*next(arrays).tolist(), *counts) if counts is not None else None,
    )


def packed(words: object, arrays: Sequence[Array]) -> bytes:
    whole = io.BytesIO()
    head = orjson.dumps([FORM, len(arrays), words])
    whole.write(len(head).to_bytes(4, "big") + head)
    for each in arrays:
        np.save(whole, each, allow_pickle=False)
    return zlib.compress(whole.getbuffer(), LEVEL)


def unpacked(packed: bytes) -> tuple[Any, Iterator[Any]]:
    try:
        whole = io.BytesIO(zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError("These bytes were not packed here.") from error
    form, count, words = orjson.loads(whole.read(int.from_bytes(whole.read(4), "big")))
    if form != FORM:
        raise ValueError(f"These bytes are of form {form}, and this release knows {FORM}.")
    return words, (np.load(whole, allow_pickle=False) for _ in range(count))
