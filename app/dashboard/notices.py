"""What asks for attention in words: since when, who saw it, and what is over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from app.dashboard.language import _, capital, listed, percent
from app.dashboard.names import setting_name
from app.dashboard.sentences import (
    DAY,
    DAYS,
    HOUR,
    MINUTE,
    MONTHS,
    RESOURCES,
    STOPS,
    age,
    clock,
    phone_sentence,
    places,
    stop_sentence,
    why_fewer,
)
from app.facilities.hours import LOCAL
from app.facilities.schemas import BED_TYPE_NAMES
from app.overview.schemas import Overview
from app.overview.signals.attention import Asking, asking
from app.overview.signals.course import Signal, Subject
from app.overview.signals.shown import Seen, Shown, Signals


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to look at. `since` and `number` are empty as long as nothing of it is stored."""

    level: str
    title: str
    text: str
    link: str
    # By which a page knows it again: for what it told aloud, and as the place of its card.
    name: str
    since: str = ""
    number: UUID | None = None
    # Seen by whose look counts for the viewer; and who that was, as far as the viewer may know.
    acknowledged: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What is over: from when to when, and who saw it."""

    level: str
    title: str
    link: str
    span: str
    seen: str


def notices(overview: Overview, signals: Signals | None = None) -> list[Notice]:
    """What nobody saw before what somebody did, worst first."""
    if signals is None:
        shown = [Shown(subject, each, None) for subject, each in asking(overview).items()]
    else:
        shown = list(signals.open)
    return [notice(overview, each) for each in shown]


def verdict(asking: Sequence[Notice], now: Sequence[Notice]) -> str:
    """The one sentence on top."""
    if not now:
        return _("Niets vraagt om aandacht")
    if not asking:
        return _("Alles wat aandacht vraagt, is gezien")
    if len(asking) == 1:
        return _("Eén melding vraagt om aandacht")
    return _("{n} meldingen vragen om aandacht", n=len(asking))


def notice(overview: Overview, each: Shown) -> Notice:
    assert each.asking is not None
    signal = each.signal
    return Notice(
        level=each.asking.level,
        title=title(overview, each.subject, each.asking.level),
        text=text(overview, each.asking),
        link=link(each.subject),
        name="-".join(filter(None, (*name(each.subject),))),
        since=since(signal, overview.as_of) if signal else "",
        number=signal.signal if signal else None,
        acknowledged=each.acknowledged_at is not None,
        seen=seen(each, overview.as_of),
    )


def past(overview: Overview, over: Iterable[Shown]) -> list[Past]:
    return [
        Past(
            level=each.signal.level,
            title=title(overview, each.subject, each.signal.level),
            link=link(each.subject),
            span=span(each.signal.began_at, each.signal.ended_at, overview.as_of),
            seen=seen(each, overview.as_of),
        )
        for each in over
        if each.signal is not None and each.signal.ended_at is not None
    ]


def name(subject: Subject) -> Sequence[str]:
    return (
        *(subject.kind, subject.unit, subject.care_setting, subject.resource),
        *(subject.bed_type, subject.stop, subject.specialism),
    )


def title(overview: Overview, subject: Subject, level: str) -> str:
    if subject.kind == "places":
        words = BED_TYPE_NAMES.get(subject.bed_type, subject.bed_type)
        kind = _(words) if words else _(RESOURCES[subject.resource])
        called = f"{setting_name(subject.care_setting)}, {kind}"
        return (
            _("{name} is vol", name=called) if level == "vol" else _("{name} is druk", name=called)
        )
    names = {unit.unit: unit.name for unit in overview.units}
    called = names.get(subject.unit, subject.unit)
    if subject.kind == "stop":
        return _("{name}: {stop}", name=called, stop=_(STOPS[subject.stop]))
    if subject.kind == "silent":
        return _("Geen nieuwe gegevens van {unit}", unit=called)
    if level == "vol":
        return _("{name}: telefoon is vol", name=called)
    return _("{name}: telefoon is druk", name=called)


def text(overview: Overview, each: Asking) -> str:
    if each.total is not None:
        return of_places(overview, each)
    assert each.unit is not None
    if each.stops:
        return " ".join(capital(stop_sentence(stop)) for stop in each.stops)
    if each.subject.kind == "phone":
        (norms,) = (r.settings for r in overview.level_rules if r.rule == "huisartsenpost")
        return phone_sentence(each.unit, norms)
    return _("Laatste bericht {age}. De laatste stand staat grijs.", age=age(each.unit.age_seconds))


def of_places(overview: Overview, each: Asking) -> str:
    total = each.total
    assert total is not None
    told = _("{n} opneembaar.", n=places(total.admittable))
    if total.free.state != "notApplicable":
        free = places(total.free)
        told = _("{n} opneembaar, {free} vrij.", n=places(total.admittable), free=free)
    if total.refusal_risk.value is not None:
        risk = percent(total.refusal_risk.value)
        told += " " + _("Kans op nee in 24 uur: {share}.", share=risk)
    if reasons := why_fewer(overview, total):
        told += f" {capital(reasons)}."
    if total.usable.value:
        told += " " + _("{n} van een andere soort, om te zetten.", n=places(total.usable))
    return told


def link(subject: Subject) -> str:
    """Its unit; of a kind of places what is ahead of it."""
    if subject.unit:
        return f"/afdeling/{subject.unit}"
    kind = ".".join(filter(None, (subject.care_setting, subject.bed_type)))
    return f"/?zorg={quote(kind)}#vooruit"


def since(signal: Signal, now: datetime) -> str:
    """ "sinds 14:32 (35 min)"; of what became worse also when."""
    begun = _(
        "sinds {when} ({lasting})",
        when=when(signal.began_at, now),
        lasting=lasting(now - signal.began_at),
    )
    if signal.asks_since == signal.began_at:
        return begun
    return f"{begun}, " + _("erger sinds {when}", when=when(signal.asks_since, now))


def seen(each: Shown, now: datetime) -> str:
    """Who saw it, as far as the viewer may know."""
    if each.seen:
        return _("Gezien door {who}", who=listed([by(who, now) for who in each.seen]))
    if each.acknowledged_at is not None:
        return _("Gezien om {when}", when=when(each.acknowledged_at, now))
    return ""


def by(who: Seen, now: datetime) -> str:
    return _(
        "{organisation} ({client}) om {when}",
        organisation=who.organisation,
        client=who.client,
        when=when(who.at, now),
    )


def when(at: datetime, now: datetime) -> str:
    """The clock of today, before that with its day."""
    here = at.astimezone(LOCAL)
    if here.date() == now.astimezone(LOCAL).date():
        return clock(at)
    return f"{_(DAYS[here.weekday()])} {here.day} {_(MONTHS[here.month - 1])} {clock(at)}"


def span(begun: datetime, ended: datetime, now: datetime) -> str:
    same_day = begun.astimezone(LOCAL).date() == ended.astimezone(LOCAL).date()
    until = clock(ended) if same_day else when(ended, now)
    return f"{when(begun, now)} – {until} ({lasting(ended - begun)})"


def lasting(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    if seconds < HOUR:
        return _("{n} min", n=max(1, seconds // MINUTE))
    if seconds < 2 * DAY:
        return _("{n} u", n=seconds // HOUR)
    return _("{n} d", n=seconds // DAY)
