"""Who comes to the region (fictief), what they need, and where they go next.

Shares and rates are assumptions, chosen so that the wards are filled for 75 to 95%, the nursing
homes for more than 95%, and REO and first-line stays are refused now and then.
"""

from collections.abc import Iterable

from app.simulation.plan import Need, Outflow, Stream
from app.simulation.stays import Part, Stay, lognormal, reo, ward
from app.simulation.zoetermeer_units import AREAS

PROFILES = (
    *(("planned", 0.60), ("complex", 0.28)),
    *(("palliative-terminal", 0.07), ("night", 0.05)),
)
# By area of the city (fictief).
PEOPLE = (0.13, 0.12, 0.14, 0.06, 0.17, 0.18, 0.06, 0.06, 0.08)
COLOURS = ("mts-red", "mts-orange", "mts-yellow", "mts-green", "mts-blue")

# A day of emergency care: quiet at night, busiest from eleven to six (shape fictief).
EMERGENCY_DAY = (
    *(0.45, 0.38, 0.33, 0.30, 0.30, 0.33, 0.42, 0.60, 0.90, 1.25, 1.50, 1.60),
    *(1.58, 1.58, 1.60, 1.60, 1.55, 1.50, 1.42, 1.32, 1.20, 1.00, 0.80, 0.60),
)
OFFICE_DAY = (*(0.0,) * 8, 0.6, 1.2, 1.5, 1.5, 1.1, 1.2, 1.3, 1.1, 0.8, 0.3, *(0.0,) * 6)
# Requests for older people come by day and into the evening, from GPs and the post.
ELDERLY_DAY = (*(0.05,) * 7, 0.2, 0.8, *(1.4,) * 8, 0.9, 0.6, 0.5, 0.3, 0.2, 0.1, 0.05)
# A bed is wanted when surgery or the first tests are done.
SURGERY_DAY = (*(0.0,) * 9, 0.6, 1.0, 1.2, 1.2, 1.2, 1.1, 1.0, 0.6, *(0.0,) * 7)
OFFICE_WEEK = (1.15, 1.05, 1.0, 1.0, 1.1, 0.15, 0.1)
SURGERY_WEEK = (1.1, 1.15, 1.1, 1.05, 0.8, 0.04, 0.04)
EMERGENCY_WEEK = (1.08, 1.0, 0.98, 0.98, 1.03, 0.98, 0.95)


def outflow(
    *,
    elv: float = 0.0,
    grz: float = 0.0,
    wlz: float = 0.0,
    home_care: float = 0.0,
    hospice: float = 0.0,
    ggz: float = 0.0,
    wmo: float = 0.0,
    recovery: float = 0.0,
    died: float = 0.0,
    to: Iterable[tuple[float, str]] = (),
) -> tuple[Outflow, ...]:
    """Shares by destination; who is left goes home. `to` are other wards of the hospital."""
    parts = [
        Outflow(elv * 0.5, "elv", "elv-low"),
        Outflow(elv * 0.5, "elv", "elv-high"),
        Outflow(grz, "grz", "grz"),
        Outflow(wlz * 0.5, "wlz", "wlz-somatic"),
        Outflow(wlz * 0.5, "wlz", "wlz-psychogeriatric"),
        Outflow(hospice, "hospice", "hospice"),
        Outflow(ggz, "ggz", "ggz"),
        Outflow(wmo, "wmo", "wmo"),
        Outflow(recovery, "elv", "recovery"),
        Outflow(died, ""),
        *(Outflow(share, "", need) for share, need in to),
        *(Outflow(home_care * share, "home-care", need) for share, need in to_home_care()),
    ]
    home = 1.0 - sum(part.share for part in parts)
    return (Outflow(home, "home"), *(part for part in parts if part.share))


def to_home_care() -> list[tuple[float, str]]:
    return [
        (share * people, f"{profile} {area}")
        for profile, share in PROFILES
        for area, people in zip(AREAS, PEOPLE, strict=True)
    ]


def emergency() -> tuple[Need, ...]:
    """A visit to the SEH, by colour: how long, and how many are admitted."""
    admitted = (0.80, 0.50, 0.33, 0.09, 0.03)
    hours = (2.8, 3.0, 2.4, 1.6, 1.1)
    leaves = (None, None, 10.0, 6.0, 4.0)
    return tuple(
        Need(
            colour,
            "seh",
            (("seh", ""),),
            lognormal(length / 24, 0.5),
            outflow(to=[(share * part, need) for part, need in ADMITTED]),
            patience=patience,
        )
        for colour, share, length, patience in zip(COLOURS, admitted, hours, leaves, strict=True)
    )


ADMITTED = (
    *((0.55, "aoa"), (0.08, "cardiologie"), (0.08, "neurologie"), (0.06, "longziekten")),
    *((0.02, "interne"), (0.04, "chirurgie"), (0.06, "orthopedie"), (0.03, "geriatrie")),
    *((0.076, "ic"), (0.02, "hc"), (0.01, "oncologie"), (0.012, "reo"), (0.008, "ggz")),
)


def wards() -> tuple[Need, ...]:
    after = outflow(
        home_care=0.13, elv=0.03, grz=0.016, wlz=0.006, hospice=0.006, wmo=0.002, died=0.035
    )
    broken = outflow(home_care=0.17, elv=0.03, grz=0.05, wlz=0.004, recovery=0.05, died=0.01)
    old = outflow(home_care=0.22, elv=0.13, grz=0.06, wlz=0.05, hospice=0.02, died=0.08)
    short = outflow(home_care=0.03, died=0.001)
    onward = ((0.13, "interne"), (0.06, "chirurgie"), (0.08, "longziekten"), (0.05, "neurologie"))
    acute = outflow(
        home_care=0.08,
        elv=0.02,
        died=0.02,
        to=[*onward, (0.05, "geriatrie"), (0.03, "cardiologie")],
    )
    intensive = outflow(
        died=0.15, to=[(0.40, "hc"), (0.15, "interne"), (0.15, "chirurgie"), (0.08, "cardiologie")]
    )
    high = outflow(died=0.03, to=[(0.30, "chirurgie"), (0.15, "cardiologie"), (0.15, "interne")])
    return (
        admitted("aoa", ("zhz-aoa", "zhz-interne"), lognormal(0.95, 0.45), acute),
        admitted("interne", ("zhz-interne", "zhz-oncologie", "zhz-longziekten"), ward(2.65), after),
        admitted("chirurgie", ("zhz-chirurgie", "zhz-orthopedie"), ward(2.0), after),
        admitted("cardiologie", ("zhz-cardiologie", "zhz-interne"), ward(2.0), after),
        admitted("ic", ("zhz-ic",), ward(2.6), intensive),
        admitted("geriatrie", ("zhz-geriatrie", "zhz-interne"), ward(5.0), old),
        admitted("longziekten", ("zhz-longziekten", "zhz-interne"), ward(2.8), after),
        admitted("neurologie", ("zhz-neurologie", "zhz-cardiologie"), ward(3.2), broken),
        admitted("orthopedie", ("zhz-orthopedie", "zhz-chirurgie"), ward(1.8), broken),
        admitted("oncologie", ("zhz-oncologie", "zhz-interne"), ward(2.5), after),
        admitted("kraam", ("zhz-kraam",), lognormal(1.9, 0.6), short),
        admitted("kinder", ("zhz-kinder",), lognormal(1.8, 0.7), short),
        admitted("hc", ("zhz-hc",), ward(1.95), high),
    )


def admitted(name: str, units: tuple[str, ...], stay: Stay, after: tuple[Outflow, ...]) -> Need:
    """In the hospital: the own ward first, else as a guest on another (buitenligger)."""
    types = {
        "zhz-aoa": "acute-admission",
        "zhz-ic": "ic",
        "zhz-hc": "hc-mc",
        "zhz-kraam": "maternity",
        "zhz-kinder": "paediatric",
    }
    cells = tuple((unit, types.get(unit, "ward")) for unit in units)
    return Need(
        name,
        "hospital-ward",
        cells,
        stay,
        after,
        # Who finds no bed for giving birth or for a child goes on to another hospital.
        patience=24.0 if name in ("kraam", "kinder") else 48.0,
        delay=(0.3, 1.2),
        by_day=name not in ("ic", "hc"),
    )


def follow_up() -> tuple[Need, ...]:
    """REO, first-line stays, rehabilitation, and what comes after."""
    later = outflow(home_care=0.38, wlz=0.06, died=0.09, hospice=0.02)
    low = (("elv-kort", "elv-low"), ("elv-noord", "elv-low"), ("elv-zuid", "elv-low"))
    high = (("elv-kort", "elv-high"), ("elv-noord", "elv-high"), ("elv-zuid", "elv-high"))
    reo_beds = (("reo-flex", "observation-elderly"), ("reo-verpleeghuis", "observation-elderly"))
    short = Part(1.0, 19.0, 0.7)
    return (
        Need(
            *("reo", "reo", reo_beds, reo()),
            outflow(home_care=0.28, elv=0.10, wlz=0.05, wmo=0.01, died=0.03),
            delay=(1.0, 5.0),
            instead="geriatrie",
            shuffled=True,
            misfit=0.05,
            no_contract=0.01,
            declined=0.02,
        ),
        Need(
            *("observation", "short-stay", (("beddenhuis-observatie", "observation-elderly"),)),
            lognormal(3.6, 0.5),
            outflow(home_care=0.3, elv=0.1, wlz=0.02),
            delay=(1.0, 4.0),
            misfit=0.04,
        ),
        stay_elsewhere("elv-low", low, Stay((short,)), later),
        stay_elsewhere("elv-high", high, Stay((short,)), later),
        stay_elsewhere(
            "elv-palliative",
            (("elv-kort", "elv-palliative"), ("hospice", "elv-palliative")),
            lognormal(14.0, 0.9),
            outflow(died=0.85),
        ),
        stay_elsewhere(
            "grz",
            (("grz-revalidatie", "grz"),),
            lognormal(26.0, 0.45),
            outflow(home_care=0.5, wlz=0.05, elv=0.04, died=0.02),
        ),
        stay_elsewhere(
            "hospice",
            (("hospice", "elv-palliative"), ("elv-kort", "elv-palliative")),
            lognormal(14.0, 0.9),
            outflow(died=0.97),
        ),
        Need(
            *("recovery", "short-stay", (("beddenhuis-kort", "recovery"),)),
            lognormal(11.0, 0.4),
            outflow(home_care=0.3),
            delay=(3.0, 20.0),
            transferred=True,
            declined=0.05,
        ),
        Need(
            *("respite", "short-stay", (("logeerhuis", "respite"), ("beddenhuis-kort", "respite"))),
            lognormal(6.0, 0.6),
            outflow(home_care=0.05, wlz=0.01),
            patience=14 * 24.0,
            delay=(4.0, 30.0),
            shuffled=True,
            misfit=0.04,
        ),
        Need(
            *("wmo", "short-stay", (("wmo-nood", "wmo-emergency"),)),
            lognormal(24.0, 0.8),
            outflow(wlz=0.03),
            patience=72.0,
            delay=(1.0, 6.0),
            misfit=0.05,
        ),
        Need(
            *("ggz", "mental-health-crisis", (("ggz-acuut", "psychiatric-acute"),)),
            ward(9.0),
            outflow(home_care=0.05, wmo=0.02),
            patience=24.0,
            delay=(0.5, 3.0),
            misfit=0.03,
        ),
        *nursing_home(),
    )


def stay_elsewhere(
    name: str, cells: tuple[tuple[str, str], ...], stay: Stay, after: tuple[Outflow, ...]
) -> Need:
    """A stay that the Regionaal Transferpunt looks for."""
    return Need(
        name,
        "hospice" if name == "hospice" else "short-stay",
        cells,
        stay,
        after,
        patience=96.0,
        gives_up_after=30.0,
        delay=(3.0, 26.0),
        shuffled=True,
        transferred=True,
        misfit=0.05,
        no_contract=0.01,
        declined=0.03,
    )


def nursing_home() -> tuple[Need, ...]:
    """Somatic in the first four houses, psychogeriatric in the others; for life, mostly."""
    long = Stay((Part(0.3, 60.0, 0.9), Part(0.7, 620.0, 0.8)))
    homes = [(f"vph-{number}", "nursing-home") for number in range(1, 9)]
    crisis = outflow(wlz=0.7, home_care=0.1, died=0.12)
    return (
        lasting("wlz-somatic", tuple(homes[:4]), long),
        lasting("wlz-psychogeriatric", tuple(homes[4:]), long),
        Need(
            *("wlz-crisis", "nursing-home", (("wlz-crisis", "wlz-crisis"),)),
            lognormal(17.0, 0.6),
            crisis,
            patience=48.0,
            delay=(1.0, 6.0),
            transferred=True,
            misfit=0.03,
        ),
    )


def lasting(name: str, cells: tuple[tuple[str, str], ...], stay: Stay) -> Need:
    return Need(
        name,
        "nursing-home",
        cells,
        stay,
        outflow(died=0.96),
        patience=42 * 24.0,
        gives_up_after=40.0,
        delay=(24.0, 72.0),
        shuffled=True,
        transferred=True,
        misfit=0.04,
        declined=0.15,
    )


def at_home() -> tuple[Need, ...]:
    """A start of home care, in the own area first and then by the team of the whole city."""
    return tuple(
        Need(
            f"{profile} {area}",
            "home-care",
            (
                *((f"{house}-{area}", profile) for house in ("thuiszorg", "wijkzorg")),
                ("thuiszorg-team", profile),
            ),
            Stay((Part(1.0, 1.0, form="fixed"),)),
            patience=10 * 24.0,
            gives_up_after=14.0,
            delay=(0.5, 3.0),
            shuffled=True,
            no_contract=0.01,
        )
        for profile, _ in PROFILES
        for area in AREAS
    )


def needs() -> tuple[Need, ...]:
    return (*emergency(), *wards(), *follow_up(), *at_home())


def planned(need: str, per_year: float, *, ages: bool = True, summer: float = 0.06) -> Stream:
    """Planned admissions, known one to three weeks ahead; fewer in summer."""
    return Stream(
        f"planned {need}",
        per_year,
        ((1.0, need),),
        SURGERY_DAY,
        SURGERY_WEEK,
        holiday=0.02,
        season=summer,
        ages=ages,
        lead=(4, 20),
    )


def asked_for(
    need: str, per_year: float, *, week: tuple[float, ...] = OFFICE_WEEK, winter: float = 0.06
) -> Stream:
    """Requests from home, by a GP, the post or a district nurse."""
    return Stream(
        f"asked {need}",
        per_year,
        ((1.0, need),),
        ELDERLY_DAY,
        week,
        holiday=0.3,
        season=winter,
        flu=0.12,
        ages=True,
    )


def visitors() -> tuple[Stream, ...]:
    """Some eighty a day at the SEH; by ambulance, with a referral, or of themselves."""
    shares = (0.02, 0.18, 0.45, 0.32, 0.03)
    by_ambulance = (0.85, 0.35, 0.17, 0.05, 0.0)
    referred = (0.10, 0.45, 0.50, 0.40, 0.20)
    rows = zip(COLOURS, shares, by_ambulance, referred, strict=True)
    return tuple(
        Stream(
            f"seh {colour}",
            29_200 * share,
            ((1.0, colour),),
            EMERGENCY_DAY,
            EMERGENCY_WEEK,
            season=0.03,
            flu=0.10,
            ages=colour != "mts-blue",
            urgency=colour,
            entrances=(
                *((ambulance, "ambulance"), (referral, "referral")),
                (1 - ambulance - referral, "walk-in"),
            ),
        )
        for colour, share, ambulance, referral in rows
    )


def streams() -> tuple[Stream, ...]:
    return (
        *visitors(),
        planned("chirurgie", 1200),
        planned("orthopedie", 1220),
        planned("cardiologie", 900),
        planned("interne", 350),
        planned("longziekten", 300, summer=0.1),
        planned("neurologie", 350),
        planned("oncologie", 1040),
        planned("hc", 420),
        Stream("births", 1380, ((1.0, "kraam"),)),
        Stream("children", 1550, ((1.0, "kinder"),), EMERGENCY_DAY, season=0.25, flu=0.5),
        Stream("breathless", 420, ((1.0, "longziekten"),), EMERGENCY_DAY, season=0.2, flu=1.2),
        asked_for("geriatrie", 130),
        asked_for("reo", 345),
        asked_for("observation", 230),
        asked_for("elv-low", 90),
        asked_for("elv-high", 70),
        asked_for("elv-palliative", 30),
        asked_for("hospice", 55),
        asked_for("recovery", 70),
        asked_for("respite", 450, winter=-0.12),
        asked_for("wmo", 32),
        asked_for("wlz-crisis", 62),
        asked_for("wlz-somatic", 14),
        asked_for("wlz-psychogeriatric", 14),
        Stream("asked ggz", 150, ((1.0, "ggz"),), EMERGENCY_DAY, EMERGENCY_WEEK),
        Stream(
            "home care",
            1400,
            tuple(to_home_care()),
            OFFICE_DAY,
            OFFICE_WEEK,
            holiday=0.1,
            season=0.05,
            ages=True,
        ),
    )
