"""What is asked of a source, and what it answered, within its limits."""

from dataclasses import dataclass, field
from datetime import datetime

from app.facilities.schemas import PullFacts
from app.facilities.urls import Target, target
from app.feeds.pulls.failures import NotFetched
from app.feeds.pulls.turns import retry_after

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
# A longer mark of a version is not worth keeping.
LONGEST_MARK = 200


@dataclass(frozen=True)
class Asked:
    """One fetch. The secret is not shown when this is printed."""

    pull: PullFacts
    etag: str | None = None
    last_modified: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def target(self) -> Target:
        return target(self.pull.url)

    def headers(self, at: Target) -> dict[str, str]:
        """What is sent to `at`; the secret only to the origin that it was given for."""
        told = {
            "Host": at.authority,
            "User-Agent": "verkeerstoren",
            "Accept": self.pull.media_type,
            # Nothing to unpack, so that nothing can be packed to burst.
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if self.etag is not None:
            told["If-None-Match"] = self.etag
        if self.last_modified is not None:
            told["If-Modified-Since"] = self.last_modified
        if self.secret is not None and at.origin == self.target.origin:
            bearer = self.pull.secret_header.lower() == "authorization"
            told[self.pull.secret_header] = f"Bearer {self.secret}" if bearer else self.secret
        return told


@dataclass(frozen=True)
class Head:
    """What an answer says of itself before its body comes."""

    status: int
    media_type: str | None = None
    encoding: str | None = None
    length: str | None = None
    location: str | None = None
    retry_after: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Fetched:
    """A message as it came in; no body: nothing is new."""

    status: int
    media_type: str = ""
    body: bytes | None = field(default=None, repr=False)
    etag: str | None = None
    last_modified: str | None = None


def onward(at: Target, location: str | None) -> Target:
    """Where a redirect leads; it never leads from https to http."""
    try:
        found = at.onward(location or "")
    except ValueError:
        raise NotFetched("bad-redirect") from None
    if at.scheme == "https" and found.scheme == "http":
        raise NotFetched("redirect-to-http")
    return found


def nothing_new(head: Head, asked: Asked) -> bool:
    return head.status == 304 and (asked.etag is not None or asked.last_modified is not None)


def check_head(head: Head, pull: PullFacts, now: datetime) -> None:
    """Raises NotFetched for an answer whose body is not worth reading."""
    if head.status != 200:
        raise NotFetched("http-status", head.status, retry_after(head.retry_after, now))
    if (head.encoding or "identity").strip().lower() != "identity":
        raise NotFetched("content-encoded", head.status)
    if (head.media_type or "").split(";")[0].strip().lower() != pull.media_type:
        raise NotFetched("wrong-media-type", head.status)
    if head.length is not None and head.length.isdecimal():
        check_size(int(head.length[:20]), pull)


def check_size(size: int, pull: PullFacts) -> None:
    if size > pull.most_bytes:
        raise NotFetched("too-large", 200)


def fetched(head: Head, pull: PullFacts, body: bytes) -> Fetched:
    """With the marks of its version, for the next time.

    Of what may be a list of beds no ETag is kept: many are a digest of the content, from which it
    could be had back by guessing.
    """
    json = pull.media_type == "application/json"
    return Fetched(
        head.status,
        head.media_type or "",
        body,
        etag=mark(head.etag) if json else None,
        last_modified=mark(head.last_modified),
    )


def mark(said: str | None) -> str | None:
    whole = said is not None and len(said) <= LONGEST_MARK and said.isascii() and said.isprintable()
    return said if whole else None
