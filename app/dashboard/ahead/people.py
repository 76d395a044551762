"""Who will live here: people by age, now and in the last year that is planned."""

from collections.abc import Sequence

from app.dashboard.charts import Chart
from app.dashboard.drawing.pyramid import Ages, pyramid
from app.dashboard.language import _, number, percent
from app.facilities.years.schemas import AgeBand, Population

OLD = 65


def people_chart(told: Sequence[Population], first: int, last: int) -> Chart | None:
    """All municipalities together where their bands are the same; None where they are not."""
    of = [each for each in told if first in each.years and last in each.years]
    if not of or any(each.bands != of[0].bands for each in of):
        return None
    bands = [ages(of, n, band, first, last) for n, band in enumerate(of[0].bands)]
    old = [n for n, band in enumerate(of[0].bands) if band.from_ >= OLD]
    now, then = (sum(getattr(bands[n], side) for n in old) for side in ("now", "then"))
    oldest = bands[-1]
    sources = "; ".join(dict.fromkeys(f"{each.source}, {each.year}" for each in of))
    return Chart(
        name="mensen",
        title=_(
            "In {year} wonen hier {share} meer mensen van {age} jaar en ouder",
            year=last,
            share=percent(then / now - 1) if now else "–",
            age=of[0].bands[old[0]].from_ if old else OLD,
        ),
        sentence=_(
            "Van de oudsten ({ages}) {now} nu en {then} in {year}. Bron: {sources}.",
            ages=oldest.name,
            now=number(round(oldest.now)),
            then=number(round(oldest.then)),
            year=last,
            sources=sources,
        ),
        pictures=(pyramid(bands),),
        columns=(_("Leeftijd"), str(first), str(last), _("80% kans tussen")),
        rows=[row(band) for band in bands],
        legend=(("was", str(first)), ("will", str(last))),
        api="/v1/scenarios/baseline",
    )


def ages(of: Sequence[Population], n: int, band: AgeBand, first: int, last: int) -> Ages:
    name = f"{band.from_}+" if band.to is None else f"{band.from_}–{band.to}"
    now, then = (float(sum(each.years[year][n] for each in of)) for year in (first, last))
    around = None
    if all(each.p10 for each in of):
        # Taken to be off together, as the years are reckoned.
        low, high = (float(sum(side[last][n] for side in sides)) for sides in sides_of(of))
        around = (low, high)
    return Ages(name, now, then, around)


def sides_of(of: Sequence[Population]) -> tuple[list[dict[int, tuple[int, ...]]], ...]:
    return [each.p10 for each in of], [each.p90 for each in of]


def row(band: Ages) -> tuple[str, ...]:
    around = band.band
    return (
        band.name,
        number(round(band.now)),
        number(round(band.then)),
        _("onbekend")
        if around is None
        else _("{low} en {high}", low=number(round(around[0])), high=number(round(around[1]))),
    )
