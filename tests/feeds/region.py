"""The demo region's feeds and units, as the rules of a report want them."""

from pathlib import Path
from typing import Any

import yaml

from app.access.keys import demo_key
from app.observations.words import Place

ROOT = Path(__file__).parents[2]
FILE: dict[str, Any] = yaml.safe_load((ROOT / "app/facilities/zoetermeer.yaml").read_text())
AREAS = frozenset(word for each in FILE["facilities"] for word in each["area"].values())


def units_of(feed: str) -> dict[str, str]:
    return next(dict(each["units"]) for each in FILE["feeds"] if each["feed"] == feed)


def place(unit: str) -> Place:
    facts = next(each for each in FILE["units"] if each["unit"] == unit)
    return Place(
        org_id=1,
        unit=unit,
        resource=facts.get("resource", "bed"),
        bed_types=tuple(bed["bedType"] for bed in facts.get("beds", ())),
        roles=frozenset(facts["roles"]),
        shifts=frozenset(shift["shift"] for shift in facts["shifts"]),
        areas=AREAS,
    )


def bearer(client: str) -> dict[str, str]:
    """With the published key of a client of the demo."""
    return {"Authorization": f"Bearer {demo_key(client).text}"}
