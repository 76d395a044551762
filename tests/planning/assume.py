"""Made-up assumptions for the tests (fictief)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.planning.assumed import Asks, Assumptions, Lever, LeverKind, Line, LineKey, Role, Service
from app.planning.chances import Chances
from app.planning.demography import Factor, Population
from app.planning.outcome import Reckoner

YEARS = tuple(range(2026, 2041))
WARD = LineKey("hospital-ward", "bed", "ward")
HOME = LineKey("home-care", "care-hour", "")
CERTAIN = Factor(1, 1, 1, "test")


def people(growth: float = 1.03, years: Sequence[int] = range(2024, 2042)) -> Population:
    """Two bands: the young stay as many, the old grow by this factor a year."""
    old = [2000 * growth ** (year - 2024) for year in years]
    middle = np.array([[10_000.0, each] for each in old])
    spread = np.array([[0.01, 0.01 + 0.002 * n] for n in range(len(old))])
    return Population(tuple(years), middle, middle * (1 - spread), middle * (1 + spread))


def line(key: LineKey = WARD, **changes: Any) -> Line:
    made = Line(
        key=key,
        law="Zvw",
        rate=np.array([0.2, 3.0]),
        year=2024,
        drift=Factor(0.98, 1.0, 1.02, "test"),
        stay=Factor(0.99, 1.0, 1.005, "test"),
        service=Service(occupancy=0.9),
        catchment={"town": 1.0},
        supply=26.0,
    )
    return replace(made, **changes)


def role(name: str = "nurse", **changes: Any) -> Role:
    made = Role(
        role=name,
        year=2025,
        youngest=20,
        people=np.full(47, 1.0),
        inflow=Factor(1.0, 1.5, 2.0, "test"),
        begins=(20, 30),
        outflow=Factor(0.01, 0.02, 0.03, "test"),
        retires=67.25,
        fte_factor=0.75,
        absence=0.07,
        hours_change=Factor(0.995, 1.0, 1.005, "test"),
        absence_change=Factor(0.98, 1.0, 1.03, "test"),
        asks=(Asks(WARD, 1.1),),
        source="test",
    )
    return replace(made, **changes)


def lever(kind: LeverKind, amount: float, **changes: Any) -> Lever:
    told = {
        "name": "lever",
        "p10": amount,
        "p50": amount,
        "p90": amount,
        "since": 2027,
        "until": 2030,
        "source": "test",
        "year": 2026,
        "lines": frozenset({WARD}) if kind in ("beds", "occupancy") else frozenset(),
    }
    return Lever(kind=kind, **{**told, **changes})


def assumptions(
    lines: Sequence[Line] | None = None,
    roles: Sequence[Role] | None = None,
    levers: Sequence[Lever] = (),
    population: Mapping[str, Population] | None = None,
    years: tuple[int, ...] = YEARS,
) -> Assumptions:
    return Assumptions(
        years=years,
        now=2026.5,
        people=population or {"town": people()},
        lines=[line(), line(HOME, supply=None, service=Service(occupancy=1.0))]
        if lines is None
        else lines,
        roles=[role()] if roles is None else roles,
        levers=levers,
    )


def reckoner(assumed: Assumptions | None = None, seed: int = 0) -> Reckoner:
    return Reckoner(assumed or assumptions(), Chances(seed=seed))
