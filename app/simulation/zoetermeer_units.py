"""The units and staff pools of the region (fictief): sizes, shifts, crews, closures."""

from app.simulation.plan import Beds, Closure, Crew, Hours, Pool, ShiftHours, Unit

THREE = (
    ShiftHours("dag", 7 * 60, 15 * 60 + 30),
    ShiftHours("avond", 15 * 60, 23 * 60 + 15),
    ShiftHours("nacht", 23 * 60, 7 * 60 + 15),
)
DAY_ONLY = (THREE[0],)
POST = (
    ShiftHours("avond", 17 * 60, 23 * 60 + 30),
    ShiftHours("nacht", 23 * 60, 8 * 60 + 15),
    ShiftHours("weekenddag", 8 * 60, 17 * 60 + 15, weekend_only=True),
)
WORKDAYS = frozenset(range(5))
NOT_SUNDAY = frozenset(range(6))
AREAS = (
    *("meerzicht", "buytenwegh", "seghwaert", "noordhove", "rokkeveen"),
    *("oosterheem", "driemanspolder", "palenstein", "centrum"),
)
SUMMER = (195, 236)


def at(opens: int, closes: int, days: frozenset[int] = frozenset(range(7))) -> Hours:
    """Local hours in whole hours."""
    return Hours(opens * 60, closes * 60, days)


def nurses(dag: float, avond: float, nacht: float, at_least: int = 1) -> Crew:
    return Crew("nurse", {"dag": dag, "avond": avond, "nacht": nacht}, {}, at_least, limits=True)


def carers(dag: float, avond: float, nacht: float) -> Crew:
    return Crew("carer-ig", {"dag": dag, "avond": avond, "nacht": nacht}, limits=True)


def physician(role: str) -> Crew:
    """Without whom nobody is taken in."""
    return Crew(role, heads={"dag": 1}, admits=True)


def ward(
    slug: str,
    bed_type: str,
    places: int,
    *,
    crew: Crew | None = None,
    summer: int = 0,
    outbreaks: float = 0.7,
    specialism: str = "",
) -> Unit:
    """A ward of the hospital, patients per nurse as the norms of the region file (fictief)."""
    closures = (Closure(bed_type, summer, "staff", *SUMMER),) if summer else ()
    return Unit(
        slug,
        "hospital-ward",
        beds=(Beds(bed_type, places, 0.8),),
        shifts=THREE,
        crews=(crew or nurses(5, 7, 11, 2), Crew("medical-specialist", heads={"dag": 1})),
        closures=closures,
        outbreaks_per_year=outbreaks,
        specialism=specialism,
    )


def wards() -> tuple[Unit, ...]:
    return (
        ward("zhz-aoa", "acute-admission", 24, outbreaks=0.3),
        ward("zhz-interne", "ward", 28, summer=2),
        ward("zhz-chirurgie", "ward", 28, summer=4),
        ward("zhz-cardiologie", "ward", 24, specialism="cardiologie"),
        ward("zhz-ic", "ic", 8, crew=nurses(1.5, 1.5, 2, 2), outbreaks=0.2),
        ward("zhz-geriatrie", "ward", 20, outbreaks=1.2),
        ward("zhz-longziekten", "ward", 26, specialism="longziekten", outbreaks=1.0),
        ward("zhz-neurologie", "ward", 24, specialism="neurologie"),
        ward("zhz-orthopedie", "ward", 24, summer=5, outbreaks=0.4),
        ward("zhz-oncologie", "ward", 20),
        ward("zhz-kraam", "maternity", 12, crew=nurses(4, 6, 8), outbreaks=0.1),
        ward("zhz-kinder", "paediatric", 14, crew=nurses(4, 5, 7, 2), outbreaks=0.6),
        ward("zhz-hc", "hc-mc", 8, crew=nurses(2.5, 2.5, 3, 2), outbreaks=0.2),
    )


def elderly() -> tuple[Unit, ...]:
    """REO, beddenhuis and first-line stays."""
    return (
        Unit(
            "reo-flex",
            "reo",
            beds=(Beds("observation-elderly", 2, 0.5),),
            admission=at(9, 20),
            shifts=THREE,
            # At night the nurse of the pool is there.
            crews=(
                Crew("nurse", {"dag": 4, "avond": 6}, limits=True),
                physician("elderly-care-physician"),
            ),
        ),
        Unit(
            "reo-verpleeghuis",
            "reo",
            beds=(Beds("observation-elderly", 8, 0.75),),
            admission=at(9, 17),
            shifts=THREE,
            crews=(nurses(4, 6, 12), physician("elderly-care-physician")),
            outbreaks_per_year=0.8,
        ),
        Unit(
            "beddenhuis-kort",
            "short-stay",
            beds=(Beds("recovery", 8, 0.7), Beds("respite", 4, 0.5)),
            admission=at(10, 16, WORKDAYS),
            shifts=THREE,
            crews=(
                Crew("nurse", {"dag": 7, "avond": 10}, limits=True),
                Crew("carer-ig", heads={"dag": 1, "avond": 1}),
            ),
        ),
        short_stay("beddenhuis-observatie", (Beds("observation-elderly", 4, 0.6),), at(9, 18)),
        short_stay(
            "elv-kort",
            (Beds("elv-low", 10, 0.9), Beds("elv-high", 8, 0.9), Beds("elv-palliative", 2, 0.5)),
            at(9, 17, NOT_SUNDAY),
            outbreaks=0.8,
        ),
        short_stay(
            "elv-noord",
            (Beds("elv-low", 8, 0.9), Beds("elv-high", 6, 0.9)),
            at(9, 16, WORKDAYS),
            outbreaks=0.8,
        ),
        short_stay(
            "elv-zuid",
            (Beds("elv-low", 8, 0.9), Beds("elv-high", 6, 0.9)),
            at(9, 16, WORKDAYS),
            closures=(Closure("elv-low", 2, "maintenance", 250, 271),),
        ),
        short_stay("grz-revalidatie", (Beds("grz", 24, 0.9),), at(9, 16, WORKDAYS), outbreaks=0.8),
        Unit(
            "hospice",
            "hospice",
            beds=(Beds("elv-palliative", 6, 0.8),),
            admission=at(9, 20),
            shifts=THREE,
            crews=(nurses(6, 6, 6),),
        ),
        short_stay("logeerhuis", (Beds("respite", 8, 0.7),), at(10, 17)),
        short_stay("wmo-nood", (Beds("wmo-emergency", 4, 0.6),), at(9, 22)),
        Unit(
            "wlz-crisis",
            "nursing-home",
            beds=(Beds("wlz-crisis", 6, 0.8),),
            shifts=THREE,
            crews=(carers(6, 6, 12), physician("elderly-care-physician")),
            outbreaks_per_year=0.6,
        ),
    )


def short_stay(
    slug: str,
    beds: tuple[Beds, ...],
    hours: Hours,
    *,
    outbreaks: float = 0.0,
    closures: tuple[Closure, ...] = (),
) -> Unit:
    return Unit(
        slug,
        "short-stay",
        beds=beds,
        admission=hours,
        shifts=THREE,
        crews=(carers(7, 10, 24), Crew("nurse", heads={"dag": 1})),
        outbreaks_per_year=outbreaks,
        closures=closures,
    )


def nursing_homes() -> tuple[Unit, ...]:
    """Four somatic, four psychogeriatric."""
    places = (44, 36, 48, 40, 32, 52, 28, 40)
    return tuple(
        Unit(
            f"vph-{number}",
            "nursing-home",
            beds=(Beds("nursing-home", count, 0.98),),
            admission=at(9, 16, WORKDAYS),
            shifts=THREE,
            crews=(
                Crew("carer-ig", {"dag": 8, "avond": 11, "nacht": 24}),
                Crew("helper", {"dag": 12, "avond": 20}),
            ),
            outbreaks_per_year=0.9,
        )
        for number, count in enumerate(places, 1)
    )


def acute() -> tuple[Unit, ...]:
    """SEH, posts and lines, crisis care, home nursing at short notice."""
    return (
        Unit(
            "seh",
            "seh",
            resource="treatment-space",
            beds=(Beds("", 18),),
            shifts=THREE,
            crews=(
                nurses(4, 4, 9, 2),
                Crew("emergency-physician", heads={"dag": 2, "avond": 2, "nacht": 1}),
                Crew("medical-specialist", heads={"dag": 2, "avond": 1, "nacht": 1}),
            ),
        ),
        Unit(
            "hap",
            "huisartsenpost",
            resource="consult",
            shifts=POST,
            crews=(
                Crew("triage-nurse", heads={"avond": 3, "nacht": 2, "weekenddag": 5}),
                Crew("gp", heads={"avond": 2, "nacht": 1, "weekenddag": 4}),
                Crew("nurse-specialist", heads={"avond": 1, "weekenddag": 1}),
                Crew("driver", heads={"avond": 1, "nacht": 1, "weekenddag": 2}),
            ),
        ),
        Unit(
            "dienstapotheek",
            "pharmacy",
            resource="consult",
            shifts=POST,
            crews=(
                Crew("pharmacist", heads={"avond": 1, "nacht": 1, "weekenddag": 1}),
                Crew("pharmacy-assistant", heads={"avond": 2, "nacht": 1, "weekenddag": 3}),
            ),
        ),
        Unit(
            "ggz-acuut",
            "mental-health-crisis",
            beds=(Beds("psychiatric-acute", 10, 0.8),),
            shifts=THREE,
            crews=(
                nurses(4, 4, 6, 2),
                Crew("crisis-mental-health", heads={"dag": 2, "avond": 1, "nacht": 1}),
            ),
        ),
        Unit(
            "rtp",
            "coordination",
            resource="phone-line",
            shifts=(ShiftHours("dag", 8 * 60, 20 * 60),),
            crews=(Crew("transfer-nurse", heads={"dag": 3}),),
        ),
        Unit(
            "acute-wijkverpleging",
            "acute-home-nursing",
            resource="home-visit",
            shifts=THREE,
            crews=(
                Crew("district-nurse", heads={"dag": 2, "avond": 2, "nacht": 1}),
                Crew("nurse", heads={"dag": 1, "avond": 1}),
            ),
        ),
        Unit(
            "nachtzorg",
            "acute-home-nursing",
            resource="home-visit",
            shifts=(THREE[2],),
            crews=(Crew("nurse", heads={"nacht": 2}), Crew("carer-ig", heads={"nacht": 1})),
        ),
    )


def team(slug: str, area: str, heads: int) -> Unit:
    """A home-care team; its "beds" are the profiles that it begins with."""
    return Unit(
        slug,
        "home-care",
        resource="care-start",
        beds=tuple(Beds(p, 0) for p in ("planned", "complex", "palliative-terminal", "night")),
        admission=at(8, 16),
        shifts=THREE[:2],
        crews=(
            Crew("district-nurse", heads={"dag": 1}),
            Crew("carer-ig", heads={"dag": heads, "avond": max(1, heads // 2)}),
        ),
        area=area,
    )


def home_care() -> tuple[Unit, ...]:
    return (
        team("thuiszorg-team", "", 6),
        *(team(f"thuiszorg-{area}", area, 4) for area in AREAS),
        *(team(f"wijkzorg-{area}", area, 3) for area in AREAS),
    )


def units() -> tuple[Unit, ...]:
    return (*elderly(), *nursing_homes(), *acute(), *wards(), *home_care())


def pools() -> tuple[Pool, ...]:
    return (
        Pool(
            "reo-nacht",
            ("reo-flex", "beddenhuis-kort"),
            "nurse",
            {},
            (THREE[2],),
            covers=True,
            per_head=16,
        ),
        Pool(
            "ziekenhuis-flex",
            ("zhz-aoa", "zhz-interne", "zhz-chirurgie", "zhz-cardiologie", "zhz-geriatrie"),
            "nurse",
            {"dag": 3, "avond": 2, "nacht": 1},
            THREE,
        ),
        Pool(
            "spoedplein-triage",
            ("hap",),
            "triage-nurse",
            {"avond": 1, "weekenddag": 1},
            POST,
        ),
    )
