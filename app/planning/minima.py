"""The fewest people at work that shifts take whoever is there, by role and kind of care."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.facilities.norms import Norms
from app.facilities.schemas import StaffPoolFacts, UnitFacts
from app.forecasts import calendar
from app.forecasts.staffing.fte import fte
from app.forecasts.staffing.posts import Post, posts_of, shifts_ahead
from app.planning.assumed import LineKey

# Over so many days it is counted how often a shift is held: whole weeks of about a year.
COUNTED_DAYS = 364


@dataclass(frozen=True, slots=True)
class Fewest:
    """FTE at work of the heads that one post has at least, for these units."""

    role: str
    units: tuple[str, ...]
    fte: float
    norm: str


@dataclass(frozen=True, slots=True)
class Minimum:
    """FTE at work that a role takes for these kinds of care together, however few are there."""

    role: str
    lines: frozenset[LineKey]
    fte: float
    norms: tuple[str, ...]


def fewest(
    units: Mapping[str, tuple[int, UnitFacts]],
    pools: Mapping[str, tuple[int, StaffPoolFacts]],
    norms: Norms,
    day: date,
) -> list[Fewest]:
    """Of each post whose norm has a minimum; a pool over several units counts once.

    Absence is left out, as in all that the years ask. Where contract hours, leave or training are
    not known nothing is said.
    """
    found = []
    for post in posts_of(units, pools, norms).posts:
        if post.norm is None or not post.norm.says.minimum:
            continue
        terms = terms_of(post, norms)
        if terms is None:
            continue
        hours, leave, training = terms
        heads = float(post.norm.says.minimum)
        held = days_a_week(post, units, day)
        at_work = fte(
            [(heads, post.hours)],
            hours,
            absence=0.0,
            leave=leave,
            training=training,
            days_a_week=held,
        )
        if at_work > 0:
            found.append(Fewest(post.role, post.units, at_work, post.norm.name))
    return found


def terms_of(post: Post, norms: Norms) -> tuple[float, float, float] | None:
    """Contract hours, leave and training: of the norm, else of all."""
    says = post.norm.says if post.norm else norms.settings
    told = [
        own if own is not None else getattr(norms.settings, name)
        for name in ("contract_hours", "leave", "training")
        for own in (getattr(says, name),)
    ]
    hours, leave, training = told
    return None if None in told else (hours, leave, training)


def days_a_week(post: Post, units: Mapping[str, tuple[int, UnitFacts]], day: date) -> float:
    last = day + timedelta(days=COUNTED_DAYS)
    shifts = shifts_ahead(post, units, day, COUNTED_DAYS, calendar.day_start(day))
    return 7 * len(shifts.between(day, last)) / COUNTED_DAYS


def minima(
    found: Sequence[Fewest],
    lines: Mapping[LineKey, Collection[str]],
    asks: Mapping[str, Collection[LineKey]],
) -> list[Minimum]:
    """What each role takes at least for the kinds of care that ask for it.

    `lines` has the units of each kind, `asks` of each role the kinds. A unit with beds of two
    kinds, or a pool over them, has its people for both together; kinds that share no such post
    stand by themselves, so that enough of one never makes up for another.
    """
    told: list[Minimum] = []
    for each in found:
        of = frozenset(
            key for key in asks.get(each.role, ()) if not set(lines[key]).isdisjoint(each.units)
        )
        if not of:
            continue
        shares = [one for one in told if one.role == each.role and one.lines & of]
        told = [one for one in told if one not in shares]
        norms = {each.norm, *(norm for one in shares for norm in one.norms)}
        told.append(
            Minimum(
                each.role,
                of.union(*(one.lines for one in shares)),
                each.fte + sum(one.fte for one in shares),
                tuple(sorted(norms)),
            )
        )
    return sorted(told, key=lambda one: (one.role, sorted(one.lines)))
