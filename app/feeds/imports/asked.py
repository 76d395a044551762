"""From what is asked to a profile: the named ones, and those whose columns a sender names."""

from dataclasses import replace

from app.errors import Invalid
from app.faults import Fault
from app.feeds.cells import Wrong
from app.feeds.imports.columns import column_of
from app.feeds.imports.notation import Notation
from app.feeds.imports.schemas import Asked
from app.feeds.profiles import PROFILES, Column, Profile

TIDY, COLUMNS = "tidy", "columns"
NAMES = (*PROFILES, TIDY, COLUMNS)
OF_TIDY = ("measure", "cap_measure", "bed_type")
WIRE = {"measure": "measure", "cap_measure": "capMeasure", "bed_type": "bedType"}


def profile_of(asked: Asked) -> Profile:
    """All that is wrong with what is asked, at once, by the name of its parameter."""
    faults: list[Fault] = []
    if asked.profile not in NAMES:
        known = f"There is no such profile. There are: {', '.join(NAMES)}."
        faults.append(Fault("unknown-word", known, parameter="profile"))
    faults += [] if asked.profile == TIDY else not_of_tidy(asked)
    columns = tidy_columns(asked, faults) if asked.profile == TIDY else {}
    notation = notation_of(asked, faults)
    if faults:
        raise Invalid("The file was not read.", code="not-valid", faults=tuple(faults))
    if asked.profile in PROFILES:
        profile = PROFILES[asked.profile]
    elif asked.profile == TIDY:
        profile = Profile(TIDY, columns, care_setting=None)
    else:
        profile = Profile(COLUMNS, {}, care_setting=None, unit="unit", open=True)
    return replace(profile, period=asked.period, notation=notation)


def not_of_tidy(asked: Asked) -> list[Fault]:
    return [
        Fault("not-for-this-profile", f"Only the profile {TIDY} takes it.", parameter=WIRE[name])
        for name in OF_TIDY
        if getattr(asked, name) is not None
    ]


def tidy_columns(asked: Asked, faults: list[Fault]) -> dict[str, Column]:
    if asked.measure is None:
        missing = "Say what the column y counts, such as occupied."
        faults.append(Fault("missing", missing, parameter="measure"))
    found: dict[str, Column] = {}
    for column, name in (("y", "measure"), ("cap", "cap_measure")):
        told: str | None = getattr(asked, name)
        if told is not None:
            try:
                found[column] = of_bed_type(column_of(told), asked.bed_type)
            except Wrong as wrong:
                faults.append(Fault(wrong.code, wrong.detail, parameter=WIRE[name]))
    if len(found) == 2 and found["y"].same == found["cap"].same:
        same = "The columns y and cap would tell the same."
        faults.append(Fault("column-twice", same, parameter="capMeasure"))
    return found


def of_bed_type(column: Column, bed_type: str | None) -> Column:
    """A bed type that is said for all columns holds for those that are counted by bed."""
    takes = "bedType" in column.told.may and "bedType" not in column.of
    if bed_type is None or not takes:
        return column
    return replace(column, of={**column.of, "bedType": bed_type})


def notation_of(asked: Asked, faults: list[Fault]) -> Notation:
    try:
        return Notation(
            asked.separator, asked.decimal, asked.date_form, frozenset(asked.unknown_as)
        )
    except ValueError as error:
        faults.append(Fault("not-valid", str(error), parameter="unknownAs"))
        return Notation()
