"""What an organisation shows to whom, as disclosure itself decides it; and another's eyes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from app.access.disclosure import Detail, Disclosure, SharingRule, Shown
from app.access.principal import Principal
from app.access.scopes import Audience
from app.forecasts.answers import MONTHLY

ROWS: tuple[Shown, ...] = get_args(Shown)


@dataclass(frozen=True)
class Shared:
    """One cell: how much of a figure one viewer sees, how late, and whether the owner said so.

    `monthly`: of what is not shown itself the months are, in a total of three providers or more.
    """

    detail: Detail
    delay: timedelta = timedelta(0)
    by_rule: bool = False
    monthly: bool = False


@dataclass(frozen=True)
class Apart:
    """One organisation for which something else holds than for its audience."""

    organisation: str
    shown: Shown
    shared: Shared


def viewer_of(audience: Audience, organisation: str = "", org_id: int = 0) -> Principal:
    """Somebody of an audience who may ask all that can be asked; by default of no organisation
    that is there, so that no rule for one of them holds."""
    return Principal(
        org_id=org_id,
        organisation=organisation,
        audience=audience,
        client_id=None,
        client="eyes",
        source_kind="hand",
        scopes=frozenset({"overview:read"}),
    )


def shared(rules: Sequence[SharingRule], owner: int, viewer: Principal, shown: Shown) -> Shared:
    seen, plain = Disclosure(viewer, rules), Disclosure(viewer)
    detail, delay = seen.detail(owner, shown), seen.delay(owner, shown)
    differs = (detail, delay) != (plain.detail(owner, shown), timedelta(0))
    untold = shown == "occupancy" and detail == "none" and seen.rule(owner, shown) is None
    return Shared(detail, delay, differs, untold and viewer.audience in MONTHLY)


def matrix(
    rules: Sequence[SharingRule], owner: int, audiences: Sequence[Audience]
) -> list[tuple[Shown, list[Shared]]]:
    """Of each figure what each audience sees."""
    viewers = [viewer_of(audience) for audience in audiences]
    return [(shown, [shared(rules, owner, each, shown) for each in viewers]) for shown in ROWS]


def apart(rules: Sequence[SharingRule], owner: int, others: Sequence[Principal]) -> Iterator[Apart]:
    """The organisations to which more or less is shown than to their audience."""
    for viewer in others:
        for shown in ROWS:
            own = shared(rules, owner, viewer, shown)
            usual = shared(rules, owner, viewer_of(viewer.audience), shown)
            if (own.detail, own.delay) != (usual.detail, usual.delay):
                yield Apart(viewer.organisation, shown, own)


def through(theirs: Any, own: Any) -> Any:  # noqa: ANN401  # JSON of any depth
    """What another sees of a unit, and nothing that its owner itself may not see.

    The chance of a pool rests on figures of others: to a coordinator it is shown, to the owner of
    one of the pool's units it is not, not even through the coordinator's eyes.
    """
    if isinstance(theirs, dict) and isinstance(own, dict):
        if "state" in own and own["state"] == "suppressed":
            return own
        return {name: through(value, own.get(name)) for name, value in theirs.items()}
    if isinstance(theirs, list) and isinstance(own, list) and len(theirs) == len(own):
        return [through(each, mine) for each, mine in zip(theirs, own, strict=True)]
    return theirs if own is not None else None
