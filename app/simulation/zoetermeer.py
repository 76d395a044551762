"""The region of Zoetermeer (fictief): its units, pools and rates. Every figure is an assumption."""

from app.simulation.plan import Emergency, Phone, Plan, Visiting
from app.simulation.zoetermeer_people import PEOPLE, needs, streams
from app.simulation.zoetermeer_units import AREAS, at, pools, units

# By urgency: share of the answered calls, and of those the share seen at the post and visited.
URGENCIES = (
    ("u0", 0.005, 0.02, 0.10),
    ("u1", 0.03, 0.25, 0.40),
    ("u2", 0.17, 0.55, 0.18),
    ("u3", 0.38, 0.55, 0.08),
    ("u4", 0.17, 0.45, 0.04),
    ("u5", 0.245, 0.25, 0.01),
)
STARTS_A_WEEK = {"planned": 3.3, "complex": 2.0, "palliative-terminal": 0.9, "night": 0.6}
CITY_WIDE = {"planned": 6.0, "complex": 4.0, "palliative-terminal": 2.0, "night": 1.5}


def zoetermeer() -> Plan:
    """The units by the slugs of the region file."""
    return Plan(
        units=units(),
        needs=needs(),
        streams=streams(),
        pools=pools(),
        phones=(
            Phone(
                "hap",
                calls_per_hour=3.4,
                role="triage-nurse",
                handling_minutes=9.0,
                urgent=0.035,
                urgencies=URGENCIES,
                driver="driver",
            ),
            Phone(
                "dienstapotheek",
                calls_per_hour=0.8,
                role="pharmacy-assistant",
                handling_minutes=4.0,
                urgent=0.01,
                seen=0.7,
            ),
        ),
        visits=(
            Visiting("acute-wijkverpleging", "district-nurse", 11.0, 3.5),
            Visiting("nachtzorg", "nurse", 5.0, 4.0, (*(1.6,) * 7, *(0.0,) * 16, 1.6)),
        ),
        emergency=Emergency("seh", at(8, 18), stop_boarders=11),
        coordination="rtp",
        starts=starts(),
    )


def starts() -> dict[tuple[str, str], float]:
    """New clients a week, by team and profile."""
    local = {
        (f"{house}-{area}", profile): size * people * len(AREAS) * a_week
        for house, size in (("thuiszorg", 1.15), ("wijkzorg", 0.85))
        for area, people in zip(AREAS, PEOPLE, strict=True)
        for profile, a_week in STARTS_A_WEEK.items()
    }
    city = {("thuiszorg-team", profile): a_week for profile, a_week in CITY_WIDE.items()}
    return {**local, **city}
