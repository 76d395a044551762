"""Answers of the overview, served again for a moment, and dropped when something was reported."""

from collections.abc import Hashable

MOST = 512


class OverviewCache:
    """Bytes by viewer and question, for at most `seconds`. One for each app.

    `clock` is a monotonic clock in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.drops = 0
        self.answers: dict[Hashable, tuple[float, bytes]] = {}

    def get(self, key: Hashable, clock: float) -> bytes | None:
        until, answer = self.answers.get(key, (0.0, b""))
        return answer if until > clock else None

    def put(self, key: Hashable, answer: bytes, since: int, clock: float) -> None:
        """`since` is `drops` as it was before the answer was computed: an answer that a report
        overtook is not kept."""
        if since != self.drops or self.seconds <= 0:
            return
        if len(self.answers) >= MOST:
            self.answers.clear()
        self.answers[key] = (clock + self.seconds, answer)

    def drop(self) -> None:
        """After every commit that changes what an overview would say."""
        self.drops += 1
        self.answers.clear()
