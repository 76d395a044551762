"""Chance with a name: each stream of draws has its own generator, so no stream moves another."""

from collections.abc import Callable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def generator(seed: int, *name: object) -> np.random.Generator:
    """The generator of one stream: the same seed and name give the same draws."""
    words = [crc32(str(word).encode()) for word in name]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


class Well:
    """Draws one by one in a fixed order, made many at a time."""

    __slots__ = ("_bucket", "_draw", "_name", "_number", "_seed", "_size")

    def __init__(self, seed: int, name: str, draw: Draw, size: int = 512) -> None:
        self._seed, self._name, self._draw, self._size = seed, name, draw, size
        self._number = 0
        self._bucket: list[float] = []

    def next(self) -> float:
        if not self._bucket:
            drawn = self._draw(generator(self._seed, self._name, self._number), self._size)
            self._bucket = drawn[::-1].tolist()
            self._number += 1
        return self._bucket.pop()


def uniform(chance: np.random.Generator, count: int) -> NDArray[np.float64]:
    return chance.random(count)
