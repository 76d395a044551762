"""One's own feeds: thirty days of each, what was refused in plain words, and how to send again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.dashboard.charts import Chart
from app.dashboard.drawing.strip import Day, strips
from app.dashboard.language import _, percent
from app.dashboard.names import day_name, weekday_name
from app.dashboard.sentences import age, moment
from app.feeds.health.schemas import FeedDay, FeedKnown, FeedReject

COLUMNS = ("Dag", "Op tijd", "Verwacht", "Berichten", "Meldingen bewaard", "Fouten")
REJECTED = ("Wanneer", "Code", "Plek in het bericht", "Wat er mis was")
PERSON = "Er stond iets van een persoon in. Dat bewaart de toren nooit: haal het uit uw export."
UNIT = "De toren kent deze afdelingscode niet. Geef de code door aan de beheerder."
WHOLE = "Hier hoort een heel getal, zoals 12."
NUMBER = "Hier hoort een getal zonder aanhalingstekens, zoals 12."
MOMENT = "Hier hoort een moment met tijdzone, zoals 2026-11-22T08:00:00+01:00."
REASONS: Mapping[str, str] = {
    "missing": "Een veld dat er moet zijn, ontbreekt.",
    "extra-forbidden": "De toren kent dit veld niet. Haal het weg, of kijk of de naam klopt.",
    "broken-json": "Het bericht is geen geldige JSON.",
    "broken-csv": "Het bestand is geen geldige CSV.",
    "wrong-media-type": "Deze koppeling leest een ander soort bericht (JSON of CSV).",
    "wrong-encoding": "Het bericht was ingepakt. Stuur het zonder Content-Encoding.",
    "too-large": "Het bericht is te groot. Stuur het in delen.",
    "too-many-figures": "Er staan te veel cijfers in één bericht. Stuur het in delen.",
    "feed-suspended": "De koppeling is stilgezet. Vraag de beheerder waarom.",
    "unknown-unit": UNIT,
    "unknown-unit-code": UNIT,
    "not-yours": "Deze afdeling is niet van u. Vraag de organisatie om een mandaat.",
    "unknown-word": "De toren kent dit woord niet. Kies een woord uit de lijst van het formaat.",
    "unknown-measure": "De toren kent deze maat niet. Kijk of de naam klopt.",
    "unknown-bed-type": "De afdeling heeft deze bedsoort niet. Pas de code aan of de afdeling.",
    "not-for-this-measure": "Bij deze maat hoort dit veld niet. Laat het weg.",
    "nothing-stored": "Er is niets bewaard: de redenen staan erbij.",
    "too-short": "Deze lijst of tekst is leeg of te kort.",
    "value-error": "Deze waarde klopt niet. Kijk bij de plek in het bericht.",
    "negative": "Een aantal kan niet onder nul zijn.",
    "greater-than-equal": "Een aantal kan niet onder nul zijn.",
    "not-whole": WHOLE,
    "not-yes-or-no": "Hier hoort ja of nee (1 of 0).",
    "too-many": "Dit aantal is te groot om waar te zijn.",
    "number-too-large": "Dit aantal is te groot om waar te zijn.",
    "observed-in-future": "Het moment ligt in de toekomst. Kijk naar de klok van uw systeem.",
    "observed-too-long-ago": "Het moment is te lang geleden: terug kan tot 14 dagen.",
    "period-in-future": "De periode is nog niet voorbij.",
    "period-out-of-reach": "De periode ligt te ver weg.",
    "overlapping-period": "Over een deel van deze periode stond al een ander aantal.",
    "figure-twice": "Hetzelfde cijfer staat twee keer in het bericht. Stuur er een.",
    "id-reused": "Dit nummer is al gebruikt voor een andere melding.",
    "person-detected": PERSON,
    "field-of-a-person": PERSON,
    "number-of-a-person": PERSON,
    "message-about-a-person": PERSON,
    "e-mail-address": PERSON,
    "telephone-number": PERSON,
}
# Errors of a form by how their code begins.
SORTS: Mapping[str, str] = {
    "int-": WHOLE,
    "float-": NUMBER,
    "decimal-": NUMBER,
    "datetime-": MOMENT,
    "timezone-": MOMENT,
}
OTHERWISE = "Dit is niet zoals het formaat het vraagt. Kijk bij de plek in het bericht."


@dataclass(frozen=True)
class Told:
    """One feed as the page shows it; `rejects` is a file beside it, read only when it is asked."""

    feed: FeedKnown
    strip: Chart | None
    rejects: Chart | None = None

    @property
    def rejects_name(self) -> str:
        """Of the file of what was refused."""
        return f"geweigerd-{self.feed.feed}"

    @property
    def charts(self) -> list[Chart]:
        return [chart for chart in (self.strip, self.rejects) if chart is not None]


def told_of(feed: FeedKnown, days: Sequence[FeedDay], rejects: Sequence[FeedReject] = ()) -> Told:
    strip = strip_chart(feed, days)
    return Told(feed, strip, rejects_chart(feed, rejects, strip) if rejects else None)


def strip_chart(feed: FeedKnown, days: Sequence[FeedDay]) -> Chart:
    due, met = sum(day.due for day in days), sum(day.on_time for day in days)
    silent = [day for day in days if day.due and not day.on_time]
    name, known = feed.name, {"name": feed.name, "n": len(silent), "of": len(days)}
    last = feed.health.age_seconds if feed.health else None
    if last is None:
        title = _("{name}: er kwam nog geen enkel bericht", name=name)
    elif not due:
        title = _("{name}: in 30 dagen was er niets te melden", name=name)
    elif silent:
        title = _("{name}: op {n} van {of} dagen kwam niets op tijd", **known)
    elif met == due:
        title = _("{name}: in 30 dagen kwam alles op tijd", name=name)
    else:
        title = _("{name}: {share} kwam op tijd in 30 dagen", name=name, share=percent(met / due))
    return Chart(
        name=f"koppeling-{feed.feed}",
        title=title,
        sentence=_(
            "Laatste bericht: {age}. Elk vakje is een dag, met het deel (in procenten) van de "
            "meldmomenten dat op tijd kwam. Een hoekje: er was iets fout.",
            age=age(last),
        ),
        pictures=strips([day_of(n, day) for n, day in enumerate(days)]),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[row(day) for day in days],
        legend=(
            ("day met", _("alles op tijd")),
            ("day partly", _("een deel")),
            ("day missed", _("niets op tijd")),
            ("day nothing", _("niets verwacht")),
        ),
        api=f"/v1/feeds/{feed.feed}/days",
    )


def day_of(n: int, day: FeedDay) -> Day:
    """Each fifth day has its date under it."""
    mark = f"{day.day.day}-{day.day.month}" if n % 5 == 4 else ""
    return Day(day.on_time / day.due if day.due else None, mark, day.faults > 0)


def row(day: FeedDay) -> tuple[str, ...]:
    return (
        f"{weekday_name(day.day)} {day_name(day.day)}",
        _("niets verwacht") if not day.due else percent(day.on_time / day.due),
        str(day.due),
        str(day.messages),
        str(day.stored),
        str(day.faults),
    )


def rejects_chart(feed: FeedKnown, rejects: Sequence[FeedReject], strip: Chart) -> Chart:
    """For who mends it: a row for each thing that was wrong. A file, not on the page."""
    return Chart(
        name=f"geweigerd-{feed.feed}",
        title=strip.title,
        sentence=strip.sentence,
        pictures=strip.pictures,
        columns=tuple(_(column) for column in REJECTED),
        rows=[
            (each.at.isoformat(timespec="seconds"), each.code, each.place, reason(each.code))
            for each in rejects
        ],
    )


def reason(code: str) -> str:
    """What was wrong in plain words, by its code."""
    sort = next((said for begin, said in SORTS.items() if code.startswith(begin)), OTHERWISE)
    return _(REASONS.get(code, sort))


def again(feed: FeedKnown) -> list[str]:
    """How to send again. There is no button: of what is refused no content is kept."""
    said = []
    if feed.pull is not None:
        said.append(
            _(
                "De toren haalt deze gegevens zelf op, elke {n} minuten. Verbeter het bij de bron: "
                "de volgende keer ({at}) komt het vanzelf mee.",
                n=max(1, feed.pull.every_seconds // 60),
                at=moment(feed.pull.next_at) if feed.pull.next_at else _("zo dadelijk"),
            )
        )
    else:
        said.append(
            _(
                "Verbeter het in uw systeem en stuur het hele bericht opnieuw naar "
                "POST /v1/feeds/{feed}/messages. Twee keer sturen kan geen kwaad: wat er al is, "
                "telt niet dubbel.",
                feed=feed.feed,
            )
        )
    if feed.kept:
        said.append(
            _(
                "{n} meldingen wachten tot de beheerder de koppeling vrijgeeft. Die hoeft u niet "
                "opnieuw te sturen.",
                n=feed.kept,
            )
        )
    return said
