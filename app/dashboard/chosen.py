"""Which units stand in the list: of one care setting, of one organisation, or those in trouble."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.dashboard.forms import Option
from app.dashboard.language import _
from app.dashboard.names import setting_name
from app.dashboard.sentences import by_setting
from app.overview.schemas import Overview, UnitNow

TROUBLE = frozenset({"vol", "druk", "oud", "onbekend"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is looked for, and what of the overview that is; empty words: all of it."""

    groups: Sequence[tuple[str, Sequence[UnitNow]]]
    settings: Sequence[Option]
    organisations: Sequence[Option]
    trouble: bool
    shown: int
    of: int

    @property
    def said(self) -> str:
        """How much of all units stands there."""
        if self.shown == self.of:
            return _("alle {n} afdelingen", n=self.of)
        return _("{n} van {of} afdelingen", n=self.shown, of=self.of)


def chosen(overview: Overview, setting: str, organisation: str, trouble: bool) -> Chosen:
    """A word that names nothing here finds nothing, and is said to."""
    groups = [
        (each, found)
        for each, units in by_setting(overview)
        if setting in ("", each)
        and (
            found := [
                unit
                for unit in units
                if organisation in ("", unit.organisation) and (not trouble or troubled(unit))
            ]
        )
    ]
    settings = dict.fromkeys(unit.care_setting for unit in overview.units)
    organisations = sorted({unit.organisation for unit in overview.units})
    return Chosen(
        groups,
        [Option(each, setting_name(each), each == setting) for each in settings],
        [Option(each, each, each == organisation) for each in organisations],
        trouble,
        sum(len(units) for _setting, units in groups),
        len(overview.units),
    )


def troubled(unit: UnitNow) -> bool:
    """Full, busy, old or unknown, a stop, short of staff, or in contradiction with itself."""
    levels = {unit.level.level, *(line.level.level for line in unit.places)}
    short = any(each.short_today.value for each in unit.short)
    return bool(levels & TROUBLE or unit.stops or short or unit.status.differs)
