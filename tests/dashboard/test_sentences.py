from datetime import UTC, datetime
from typing import Any

import pytest

from app.dashboard import sentences as say
from app.dashboard.language import number, percent
from app.observations.schemas import Coverage, Figure
from app.overview.schemas import (
    LevelNow,
    Overview,
    PlacesNow,
    ReasonNow,
    RefusalRisk,
    StatusNow,
    StopNow,
    Total,
    UnitNow,
)
from app.signals.levels import Level

NOW = datetime(2026, 11, 22, 13, 32, tzinfo=UTC)
UNKNOWN = Figure(value=None, state="unknown")


def a_figure(value: float) -> Figure:
    return Figure(value=value, state="known", observed_at=NOW, age_seconds=60, freshness="fresh")


def a_total(setting: Any, level: Level, risk: float | None = None) -> Total:
    places: Any = dict.fromkeys(
        ("admittable", "usable", "free", "physical", "staffed", "occupied", "reserved"), UNKNOWN
    )
    state = "unknown" if risk is None else "known"
    return Total(
        care_setting=setting,
        resource="bed",
        bed_type="observation-elderly",
        units=1,
        level=LevelNow(level=level, state="known"),
        closed_places=UNKNOWN,
        refusal_risk=RefusalRisk(value=risk, state=state, basis="pool"),
        **places,
    )


def a_unit(setting: Any, level: Level, observed_at: datetime | None = NOW) -> UnitNow:
    return UnitNow(
        unit="afdeling",
        name="Afdeling (fictief)",
        organisation="reo",
        facility="huis",
        care_setting=setting,
        level=LevelNow(level=level, state="unknown" if level == "onbekend" else "known"),
        status=StatusNow(
            status="open",
            state="known",
            observed_at=NOW,
            age_seconds=0,
            reason=None,
            source="hand",
            differs=True,
        ),
        closed=False,
        observed_at=observed_at,
        age_seconds=60,
        freshness="fresh",
        reasons=(),
        stops=(),
        places=(),
        medically_ready=UNKNOWN,
        waiting=UNKNOWN,
        short=(),
        reachability=None,
        crowding=None,
    )


def an_overview(units: tuple[UnitNow, ...], totals: tuple[Total, ...] = ()) -> Overview:
    return Overview(
        as_of=NOW,
        known_at=NOW,
        fictief=True,
        group=None,
        care_setting=None,
        units=units,
        totals=totals,
        level_rules=(),
    )


@pytest.mark.parametrize(
    ("chance", "word"),
    [
        (1.0, "vrijwel zeker"),
        (0.90, "vrijwel zeker"),
        (0.899, "waarschijnlijk"),
        (0.70, "waarschijnlijk"),
        (0.699, "kan beide kanten op"),
        (0.57, "kan beide kanten op"),
        (0.301, "kan beide kanten op"),
        (0.30, "onwaarschijnlijk"),
        (0.0, "onwaarschijnlijk"),
    ],
)
def test_the_words_of_chances_are_fixed(chance: float, word: str) -> None:
    assert say.probability_word(chance) == word


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.004, "minder dan 1%"), (0.126, "13%"), (0.997, "meer dan 99%"), (1.0, "100%")],
)
def test_a_percentage_never_claims_certainty_that_is_not_there(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "nooit"),
        (20, "zojuist"),
        (4 * 60, "4 min geleden"),
        (5 * 3600 + 59, "5 u geleden"),
        (47 * 3600, "47 u geleden"),
        (50 * 3600, "2 d geleden"),
    ],
)
def test_an_age_in_words(seconds: int | None, text: str) -> None:
    assert say.age(seconds) == text


def test_moments_stand_on_the_local_clock() -> None:
    assert say.moment(NOW) == "zo 22 nov 2026, 14:32"
    assert say.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "do 2 jul 2026, 00:30"


def test_a_figure_that_is_not_known_is_a_word_and_never_a_zero() -> None:
    assert say.places(UNKNOWN) == "onbekend"
    assert say.places(Figure(value=None, state="suppressed")) == "niet getoond"
    assert say.places(Figure(value=None, state="notApplicable")) == "n.v.t."
    assert say.places(a_figure(0)) == "0"


def test_a_small_count_of_people_is_told_as_fewer_than_five() -> None:
    assert say.count(Figure(value=None, state="suppressed", doubts=("few",))) == "<5"
    assert say.count(Figure(value=None, state="suppressed")) == "niet getoond"


def test_below_zero_none_are_free_on_the_page() -> None:
    assert say.places(a_figure(-2)) == "0"
    assert number(-1.5) == "−1,5"


def test_the_verdict_says_what_is_full_and_the_rest_stands_beside_it() -> None:
    units = (a_unit("reo", "vol"), a_unit("hospital-ward", "ruim"), a_unit("hospice", "druk"))
    totals = (
        *(a_total("hospital-ward", "ruim"), a_total("hospice", "druk"), a_total("reo", "vol")),
    )

    overview = an_overview(units, totals)

    assert say.verdict(overview) == "REO is vol; hospice is druk"
    assert say.beside(overview) == "Ziekenhuis heeft ruimte."


def test_a_total_says_why_fewer_can_be_taken_in_than_are_free() -> None:
    closed = ReasonNow(code="outside-admission-hours", nl="buiten opnametijden", en="")
    full = ReasonNow(code="full", nl="vol", en="")
    figures = {"admittable": a_figure(0), "free": a_figure(3)}
    total = a_total("reo", "vol").model_copy(update=figures)
    lines = [
        PlacesNow.model_validate(
            {
                **total.model_dump(include=set(PlacesNow.model_fields)),
                "usable_as": (),
                "law": "Zvw",
                "closed_by": (),
                "reasons": reasons,
            }
        )
        for reasons in ((closed,), (closed, full))
    ]
    units = tuple(a_unit("reo", "vol").model_copy(update={"places": (line,)}) for line in lines)

    assert say.why_fewer(an_overview(units, (total,)), total) == "buiten opnametijden"
    taken = total.model_copy(update={"free": a_figure(0)})
    assert say.why_fewer(an_overview(units, (taken,)), taken) == ""


def test_the_verdict_names_settings_that_stand_alike_together() -> None:
    settings = ("reo", "short-stay", "hospice")
    totals = tuple(a_total(setting, "ruim") for setting in settings)
    units = tuple(a_unit(setting, "ruim") for setting in settings)

    told = say.verdict(an_overview(units, totals))

    assert told == "REO, kortdurend verblijf en hospice hebben ruimte"


def test_the_verdict_names_a_few_and_counts_the_rest() -> None:
    settings = ("reo", "short-stay", "hospice", "home-care", "hospital-ward", "nursing-home")
    totals = tuple(a_total(setting, "vol") for setting in settings)
    units = tuple(a_unit(setting, "vol") for setting in settings)

    told = say.verdict(an_overview(units, totals))

    named = "REO, kortdurend verblijf, hospice en nog 3 soorten plekken"
    assert told == f"{named} zijn vol"


def test_a_setting_whose_kinds_stand_apart_is_told_by_kind() -> None:
    full = a_total("short-stay", "vol").model_copy(update={"bed_type": "recovery"})
    roomy = a_total("short-stay", "ruim").model_copy(update={"bed_type": "respite"})

    told = say.verdict(an_overview((a_unit("short-stay", "druk"),), (full, roomy)))

    assert told == "Herstelbed is vol"


def test_a_setting_without_places_stands_by_its_units() -> None:
    told = say.verdict(an_overview((a_unit("huisartsenpost", "druk"),)))

    assert told == "Huisartsenpost (HAP) is druk"


def test_an_empty_region_says_so() -> None:
    assert say.verdict(an_overview(())) == "Er zijn nog geen afdelingen"
    never = (a_unit("reo", "onbekend", None),)
    assert say.verdict(an_overview(never)) == "Er zijn nog geen gegevens gemeld"


@pytest.mark.parametrize(
    ("risk", "sentence"),
    [
        (
            0.94,
            "Een nieuwe aanvraag voor REO-bed (REO) vindt de komende 24 uur vrijwel zeker geen "
            "plek: 94% kans op nee.",
        ),
        (
            0.57,
            "Of een nieuwe aanvraag voor REO-bed (REO) de komende 24 uur een plek vindt, kan beide "
            "kanten op: 57% kans op nee.",
        ),
        (
            0.12,
            "Dat een nieuwe aanvraag voor REO-bed (REO) de komende 24 uur geen plek vindt, is "
            "onwaarschijnlijk: 12% kans op nee.",
        ),
        (None, "Hoe groot de kans is dat een nieuwe aanvraag geen plek vindt, is niet bekend."),
    ],
)
def test_the_greatest_chance_is_said_in_the_fixed_words(risk: float | None, sentence: str) -> None:
    totals = (a_total("reo", "ruim", risk), a_total("hospice", "ruim"))

    assert say.chance_sentence(an_overview((), totals)) == sentence


def test_own_judgement_is_told_only_where_it_differs() -> None:
    unit = a_unit("reo", "vol")

    differs = say.judgement(unit.status)
    agrees = say.judgement(unit.status.model_copy(update={"differs": False}))

    assert differs == "Meldt zichzelf: open. De cijfers zeggen iets anders."
    assert agrees == ""


def test_a_stop_names_its_routes_and_its_end() -> None:
    stop = StopNow(
        kind="seh-stop",
        applies_to=("ambulance", "referral"),
        specialism=None,
        begins_at=NOW,
        expected_until=NOW,
        overdue=True,
        reason="staff",
        source="LPZ",
    )

    assert say.stop_sentence(stop) == (
        "SEH-stop voor ambulance en verwijzing sinds zo 22 nov 2026, 14:32, verwacht tot "
        "zo 22 nov 2026, 14:32 (die tijd is voorbij)."
    )


def test_coverage_is_told_in_words() -> None:
    figure = a_figure(3).model_copy(update={"of": Coverage(current=3, total=5)})

    assert say.coverage(figure) == "3 van 5 actueel"
