"""What the columns of a file mean: each import has a profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.feeds.imports.notation import Notation
from app.feeds.imports.periods import Period
from app.observations.measures import MEASURES, YES_NO, Dimension, Measure, Quantity

# One below the smallest number that may be of a person (8 digits); no unit comes near it.
MOST = 9_999_999
# The first column of a file that tells of staff pools in the place of units.
POOL = "staffPool"


@dataclass(frozen=True)
class Column:
    """One column of figures: a stock told at the day or moment of its row, or over its period."""

    measure: str
    of: Mapping[Dimension, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        told = self.told
        if not told.needs <= self.of.keys() <= told.needs | told.may:
            raise ValueError(f"{self.measure} needs {sorted(told.needs)} and may have more")

    @property
    def told(self) -> Measure:
        return MEASURES[self.measure]

    @property
    def quantity(self) -> Quantity:
        return self.told.quantity

    @property
    def stock(self) -> bool:
        return self.told.time == "stock"

    @property
    def most(self) -> int:
        """The largest figure that it may have."""
        if self.measure in YES_NO:
            return 1
        return 100 if self.quantity == "percent" else MOST

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for two columns that tell the same."""
        return self.measure, *sorted(self.of.items())


@dataclass(frozen=True)
class Profile:
    """How to read a file, and what its units are if they have to be created.

    `open`: the header names the columns, each by its measure. `prefix` stands before the code of a
    unit that is known by its name only.
    """

    name: str
    columns: Mapping[str, Column]
    care_setting: str | None
    resource: str = "bed"
    bed_type: str | None = None
    unit: str = "unique_id"
    time: str = "ds"
    prefix: str = ""
    open: bool = False
    period: Period = "day"
    notation: Notation = field(default_factory=Notation)

    @property
    def header(self) -> frozenset[str]:
        return frozenset({self.unit, self.time, *self.columns})

    @property
    def bed_types(self) -> tuple[str, ...]:
        """Those that its columns name."""
        named = [column.of["bedType"] for column in self.columns.values() if "bedType" in column.of]
        return tuple(dict.fromkeys([self.bed_type, *named] if self.bed_type else named))

    @property
    def stocks(self) -> bool:
        return any(column.stock for column in self.columns.values())

    @property
    def flows(self) -> bool:
        return any(column.told.time == "flow" for column in self.columns.values())

    @property
    def periods(self) -> bool:
        return any(not column.stock for column in self.columns.values())


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
            prefix="divi",
        ),
        # People who no longer meet the criteria to reside, per integrated care board, from NHS
        # England.
        Profile(
            name="nctr",
            columns={"y": Column("medicallyReady", {"resource": "bed"})},
            care_setting="hospital-ward",
            prefix="nctr",
        ),
    )
}
