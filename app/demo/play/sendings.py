"""What goes over the wire: messages of feeds and reports by hand, each under its sender's key."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import orjson

from app.demo.bed_lists import bed_list
from app.demo.messages import Built, Telling, messages
from app.demo.play.senders import Sender

# Fixed for good: another value would give every report that is sent again a new id.
DEMO = uuid.UUID("6d0c1a52-0c5f-4b7e-9a34-5a9e0f6f2d11")


@dataclass(frozen=True)
class Due:
    """A telling that is to be sent, by whom, and from when it is known."""

    sender: Sender
    known_at: int
    telling: Telling


@dataclass(frozen=True)
class Sending:
    """One request: by which client, where to, with which body. Sent twice it is stored once."""

    client: str
    method: str
    path: str
    body: bytes
    media: str = "application/json"


def sendings(due: Iterable[Due]) -> Iterator[Sending]:
    """All that is due as requests; of each sender in the order in which it was known."""
    ordered = sorted(due, key=lambda one: (one.sender.client, one.sender.feed, one.known_at))
    for sender, ours in groupby(ordered, key=lambda one: one.sender):
        if sender.feed:
            for together in apart(list(ours)):
                yield from messages_of(sender, together)
        else:
            yield reports_of(sender, list(ours))


def apart(due: Sequence[Due]) -> Iterator[list[Due]]:
    """In messages: one is about one moment, and names a unit once."""
    together: list[Due] = []
    for one in due:
        moments = {each.telling.observed_at for each in together}
        units = {each.telling.place for each in together}
        if together and (one.telling.observed_at not in moments or one.telling.place in units):
            yield together
            together = []
        together.append(one)
    if together:
        yield together


def messages_of(sender: Sender, due: Sequence[Due]) -> Iterator[Sending]:
    """As the sender's system writes them; what its format cannot tell is reported beside it."""
    untold = [each.telling for each in due]
    built: list[Built] = []
    if sender.lists_beds:
        listed = bed_list(untold)
        built, untold = [listed] if listed.told else [], list(listed.untold)
    more, untold = messages(sender.format, untold)
    for one in (*built, *more):
        path = f"/v1/feeds/{sender.feed}/messages"
        yield Sending(sender.client, "POST", path, one.body, one.media)
    if untold:
        known_at = {each.telling.place: each.known_at for each in due}
        yield reports_of(sender, [Due(sender, known_at[each.place], each) for each in untold])


def reports_of(sender: Sender, due: Sequence[Due]) -> Sending:
    body = orjson.dumps([report(each) for each in due])
    return Sending(sender.client, "POST", "/v1/reports", body)


def report(due: Due) -> dict[str, object]:
    """A report as a client writes it: told again later it is another report, sent again it is
    the same."""
    telling, place = due.telling, due.telling.place
    where = {"unit": place.unit} if place.unit else {"staffPool": place.staff_pool}
    told = {
        **where,
        "observedAt": telling.observed_at.isoformat(),
        "source": "feed" if due.sender.feed else "hand",
        "figures": [
            each.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for each in telling.figures
        ],
    }
    content = orjson.dumps([due.sender.client, due.known_at, told], option=orjson.OPT_SORT_KEYS)
    return {"id": str(uuid.uuid5(DEMO, content.decode())), **told}
