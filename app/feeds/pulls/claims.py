"""A feed that is due, held by one worker until it is noted what came of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access.principal import Principal
from app.facilities.schemas import PullFacts
from app.feeds.pulls.turns import Turn
from app.feeds.queries import KnownFeed


class LeaseLost(Exception):
    """Another worker has the feed now, or it has changed: nothing of this try is stored."""


@dataclass(frozen=True)
class Claim:
    """`teller` is the feed's own organisation; `before`, and the marks, are of the last try."""

    known: KnownFeed
    teller: Principal
    holder: uuid.UUID
    before: Turn
    etag: str | None
    last_modified: str | None
    tried_at: datetime

    @property
    def key(self) -> dict[str, Any]:
        return {"org_id": self.known.org_id, "feed": self.known.feed, "holder": self.holder}

    @property
    def pull(self) -> PullFacts:
        assert self.known.facts.pull is not None
        return self.known.facts.pull
