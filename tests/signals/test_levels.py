import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.schemas import RuleFacts
from app.observations.notices.known import Status
from app.signals.levels import (
    DEFAULTS,
    Band,
    Calls,
    Level,
    crowding_level,
    differ,
    in_force,
    nedocs,
    nedocs_band,
    phone_level,
    places_level,
    read_rules,
    together,
)

RULES = read_rules({})
NORMS = Calls(calls=100, answered=95, within_120s=80, over_600s=1, urgent=5, urgent_within_30s=5)


@pytest.mark.parametrize(
    ("closed", "stale", "admittable", "no_place", "level"),
    [
        (False, False, 2, 0.1, "ruim"),
        (False, False, 2, None, "ruim"),
        (False, False, 2, 0.2999, "ruim"),
        (False, False, 2, 0.30, "druk"),
        (False, False, 0, 0.0, "vol"),
        (False, False, None, 0.9, "onbekend"),
        (False, True, 2, 0.1, "oud"),
        (False, True, 0, 0.9, "oud"),
        (False, True, None, None, "oud"),
        (True, False, 2, 0.1, "gesloten"),
        (True, True, None, None, "gesloten"),
    ],
)
def test_the_level_of_places(
    closed: bool, stale: bool, admittable: float | None, no_place: float | None, level: Level
) -> None:
    told = places_level(
        RULES.beds, closed=closed, stale=stale, admittable=admittable, no_place=no_place
    )

    assert told == level


@given(st.floats(0, 1) | st.none())
def test_unknown_places_are_never_full(no_place: float | None) -> None:
    told = places_level(RULES.beds, closed=False, stale=False, admittable=None, no_place=no_place)

    assert told == "onbekend"


@pytest.mark.parametrize(
    ("levels", "word"),
    [
        (["vol", "vol"], "vol"),
        (["vol", "ruim"], "druk"),
        (["druk", "ruim"], "druk"),
        (["ruim", "onbekend"], "ruim"),
        (["vol", "onbekend"], "onbekend"),
        (["gesloten", "gesloten"], "gesloten"),
        ([], "onbekend"),
    ],
)
def test_several_lines_have_one_word(levels: list[Level], word: Level) -> None:
    assert together(levels) == word


@pytest.mark.parametrize(
    ("calls", "level"),
    [
        (NORMS, "ruim"),
        (Calls(answered=100, within_120s=75, over_600s=2), "ruim"),
        (Calls(answered=100, within_120s=74, over_600s=0), "druk"),
        (Calls(answered=100, within_120s=90, over_600s=3), "druk"),
        (Calls(answered=100, within_120s=90, urgent=10, urgent_within_30s=8), "druk"),
        (Calls(answered=100, within_120s=49), "vol"),
        (Calls(answered=100, within_120s=90, over_600s=11), "vol"),
        (Calls(calls=20, answered=0), "vol"),
        (Calls(calls=0, answered=0), "ruim"),
        (Calls(), "onbekend"),
        (Calls(calls=40), "onbekend"),
    ],
)
def test_the_level_of_a_huisartsenpost_follows_its_norms(calls: Calls, level: Level) -> None:
    assert phone_level(RULES.huisartsenpost, calls, closed=False, stale=False) == level


def test_a_huisartsenpost_can_be_closed_or_stale() -> None:
    assert phone_level(RULES.huisartsenpost, NORMS, closed=True, stale=True) == "gesloten"
    assert phone_level(RULES.huisartsenpost, NORMS, closed=False, stale=True) == "oud"


def test_nedocs_by_hand() -> None:
    score = nedocs(
        patients=35,
        places=25,
        boarders=8,
        hospital_beds=300,
        ventilated=4,
        longest_boarding_hours=3.5,
        last_door_to_bed_hours=2,
    )

    # -20 + 85.8 x 1.4 + 600 x 0.02667 + 13.4 x 4 + 0.93 x 3.5 + 5.64 x 2
    assert score == pytest.approx(-20 + 120.12 + 16 + 53.6 + 3.255 + 11.28)
    assert score == pytest.approx(184.255)


def test_an_empty_seh_stands_at_minus_20() -> None:
    empty = nedocs(
        patients=0,
        places=10,
        boarders=0,
        hospital_beds=100,
        ventilated=0,
        longest_boarding_hours=0,
        last_door_to_bed_hours=0,
    )

    assert empty == -20


def test_nedocs_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one place"):
        nedocs(
            patients=1,
            places=0,
            boarders=0,
            hospital_beds=100,
            ventilated=0,
            longest_boarding_hours=0,
            last_door_to_bed_hours=0,
        )


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (-20, "not-busy"),
        (20, "not-busy"),
        (20.1, "busy"),
        (60, "busy"),
        (100, "extremely-busy"),
        (140, "overcrowded"),
        (144, "severely-overcrowded"),
        (180, "severely-overcrowded"),
        (181, "dangerously-overcrowded"),
        (577.9, "dangerously-overcrowded"),
    ],
)
def test_the_bands_of_nedocs(score: float, band: Band) -> None:
    assert nedocs_band(score) == band


@pytest.mark.parametrize(
    ("score", "of_places", "level"),
    [
        (90, "druk", "ruim"),
        (120, "ruim", "druk"),
        (141, "ruim", "vol"),
        (90, "vol", "vol"),
        (200, "oud", "oud"),
        (200, "gesloten", "gesloten"),
        (120, "onbekend", "druk"),
        (None, "ruim", "ruim"),
        (None, "onbekend", "onbekend"),
    ],
)
def test_the_level_of_an_seh(score: float | None, of_places: Level, level: Level) -> None:
    assert crowding_level(RULES.seh, score, of_places) == level


@pytest.mark.parametrize(
    ("status", "of_figures", "differs"),
    [
        ("open", "vol", True),
        ("open", "druk", False),
        ("restricted", "ruim", True),
        ("closed", "ruim", True),
        ("closed", "vol", False),
        ("unknown", "vol", False),
        ("open", "oud", False),
        (None, "vol", False),
    ],
)
def test_own_judgement_and_figures_can_differ(
    status: Status | None, of_figures: Level, differs: bool
) -> None:
    assert differ(status, of_figures) is differs


def test_every_default_has_a_source_and_a_year() -> None:
    assert all(rule.source and rule.year >= 1990 for rule in DEFAULTS.values())


def test_a_region_changes_one_setting_and_keeps_the_others() -> None:
    own = RuleFacts(source="besluit van de regio", year=2026, settings={"noPlaceFrom": 0.5})

    rules = read_rules({"beds": own})

    assert rules.beds.no_place_from == 0.5
    assert rules.beds.small_below == 5
    assert in_force({"beds": own})["beds"].source == "besluit van de regio"


@pytest.mark.parametrize("wrong", ["veel", None, True, -1, float("nan")])
def test_a_setting_that_is_no_number_is_refused_by_name(wrong: object) -> None:
    own = RuleFacts(source="besluit van de regio", year=2026, settings={"noPlaceFrom": wrong})

    with pytest.raises(ValueError, match="beds: noPlaceFrom"):
        read_rules({"beds": own})
