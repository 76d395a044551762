"""Answers kept in memory, as bytes with their tag, for as long as what they rest on stands."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from app.access.principal import Principal
from app.forecasts.schemas import Forecast


@dataclass(frozen=True)
class Version:
    """What answers rest on: it differs once a run or a sharing rule is added or takes effect."""

    runs: int
    rules: int
    changed_at: datetime


@dataclass(frozen=True)
class Answer:
    """As it leaves; it stands while the version does, and until `until`."""

    body: bytes
    etag: str
    version: Version
    until: datetime


def sealed(
    told: Forecast, viewer: Principal, version: Version, until: datetime, exact: bool
) -> Answer:
    """The bytes, tagged by run, view, membership (that of the run), age, language and format."""
    view = (viewer.org_id, viewer.audience, version.rules, version.changed_at)
    asked = (told.subject_kind, told.subject, told.horizon, told.measure, told.levels, exact)
    run = told.run and told.run.run_id
    parts = (run, view, asked, told.known_at, told.grade, told.state, "en", "json")
    tag = hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    body = told.model_dump_json(by_alias=True).encode()
    return Answer(body, f'"{tag}"', version, until)


class Kept:
    """Answers by viewer and query; the version is looked at again once a second.

    One for each app. `clock` is seconds of a clock that only goes forward. The answers that were
    kept first leave when it is full.
    """

    def __init__(self, seconds: float = 1.0, most_bytes: int = 32 * 1024 * 1024) -> None:
        self.seconds = seconds
        self.most_bytes = most_bytes
        self.bytes = 0
        self.version: Version | None = None
        self.checked_until = 0.0
        self.checking = asyncio.Lock()
        self.answers: dict[tuple[object, ...], Answer] = {}

    def due(self, clock: float) -> bool:
        return self.version is None or clock >= self.checked_until

    def checked(self, version: Version, clock: float) -> None:
        self.version = version
        self.checked_until = clock + self.seconds

    def find(self, key: tuple[object, ...], now: datetime, clock: float) -> Answer | None:
        """None also when the version must be looked at first."""
        found = self.answers.get(key)
        if found is None or self.due(clock):
            return None
        return found if found.version == self.version and now < found.until else None

    def keep(self, key: tuple[object, ...], answer: Answer) -> None:
        if old := self.answers.pop(key, None):
            self.bytes -= len(old.body)
        self.answers[key] = answer
        self.bytes += len(answer.body)
        while self.bytes > self.most_bytes:
            self.bytes -= len(self.answers.pop(next(iter(self.answers))).body)
