"""What the columns of a file mean: each import has a profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.observations.measures import MEASURES, Dimension, Quantity


@dataclass(frozen=True)
class Column:
    """One column of figures: a stock, told at the moment or day of its row."""

    measure: str
    of: Mapping[Dimension, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        measure = MEASURES[self.measure]
        if measure.time != "stock":
            raise ValueError(f"{self.measure} is over a period, and a row has a moment only")
        if not measure.needs <= self.of.keys() <= measure.needs | measure.may:
            raise ValueError(f"{self.measure} needs {sorted(measure.needs)} and may have more")

    @property
    def quantity(self) -> Quantity:
        return MEASURES[self.measure].quantity


@dataclass(frozen=True)
class Profile:
    """How to read a file, and what its units are if they have to be created."""

    name: str
    columns: Mapping[str, Column]
    care_setting: str
    resource: str = "bed"
    bed_type: str | None = None
    unit: str = "unique_id"
    time: str = "ds"

    @property
    def header(self) -> frozenset[str]:
        return frozenset({self.unit, self.time, *self.columns})


_IC: Mapping[Dimension, str] = {"resource": "bed", "bedType": "ic"}

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # Places with staff (betreibbar) and people in them, per German state, from the
        # DIVI-Intensivregister.
        Profile(
            name="divi",
            columns={"y": Column("occupied", _IC), "cap": Column("staffed", _IC)},
            care_setting="hospital-ward",
            bed_type="ic",
        ),
        # People who no longer meet the criteria to reside, per integrated care board, from NHS
        # England.
        Profile(
            name="nctr",
            columns={"y": Column("medicallyReady", {"resource": "bed"})},
            care_setting="hospital-ward",
        ),
    )
}
