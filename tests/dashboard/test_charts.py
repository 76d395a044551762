"""A picture and its table hold the same numbers, and neither is made without the other."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from app.dashboard.charts import Chart
from app.dashboard.drawing.alone import picture
from app.dashboard.drawing.calendar import Cell, calendar
from app.dashboard.drawing.fan import NARROW, WIDE, Band, fan
from app.dashboard.drawing.places import bar
from app.dashboard.drawing.small import smalls
from app.dashboard.drawing.svg import apart, nice, scaled
from app.dashboard.drawing.waterfall import hanging, waterfall
from app.dashboard.ledgers import ledger_chart, scarcest
from app.planning.assembly import assumptions
from app.planning.schemas import Plan
from app.planning.told import plan
from tests.planning.test_scenarios import an_assumption_set


@pytest.fixture(scope="module")
def told() -> Plan:
    assumed = an_assumption_set()
    return plan(assumed, assumptions(assumed), (), 2040, 1000)


@pytest.mark.parametrize(
    ("title", "sentence", "rows", "why"),
    [
        ("", "a", [("1",)], "needs a title"),
        ("a", "", [("1",)], "needs a title"),
        ("a", "a", [], "needs a title"),
        ("a", "a", [("1", "2")], "another number of columns"),
    ],
)
def test_a_chart_without_title_sentence_or_table_cannot_be_made(
    title: str, sentence: str, rows: list[tuple[str, ...]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Chart("c", title, sentence, (fan([], "bedden"),), ("Wanneer",), rows)


def test_the_fan_is_hatched_only_where_the_middle_is_above_the_supply() -> None:
    steps = [
        Band(10.0, (8, 12), (9, 11), 12.0),
        Band(14.0, (11, 17), (13, 15), 12.0, "b"),
        Band(None, None, None, None),
        Band(9.0, (7, 11), None, None),
    ]

    drawn = str(fan(steps, "bedden"))

    (hatched,) = re.findall(r'class="short" d="([^"]+)"', drawn)
    assert len(re.findall(r"[ML]", hatched)) == 5
    # What is not known breaks the line, and is not drawn as zero.
    assert drawn.count('class="middle"') == 2
    assert drawn.count('class="supply"') == 1
    assert "nan" not in drawn.lower()


def test_what_was_seen_ends_at_now_and_what_nobody_told_breaks_its_line() -> None:
    steps = [
        Band(None, None, seen=8.0, past=True),
        Band(None, None, seen=9.0, past=True),
        Band(None, None, past=True),
        Band(None, None, seen=7.0, past=True),
        Band(10.0, (8, 12), None, 12.0, gap=(2.0, 0.0, 4.0)),
    ]

    drawn = str(fan(steps, "bedden"))

    (now,) = re.findall(r'class="now" d="M([\d.]+) ', drawn)
    lines = re.findall(r'class="seen" d="M([\d.]+) [^"]+"', drawn)
    (bar,) = re.findall(r'class="over" x="([\d.]+)"', drawn)
    assert len(lines) == 2
    assert all(float(x) < float(now) for x in lines)
    assert float(bar) > float(now)


def test_marks_under_a_narrow_picture_do_not_lie_over_each_other() -> None:
    steps = [Band(10.0, (8, 12), mark=f"mrt ’{n}") for n in range(20, 50)]

    drawn = str(fan(steps, "bedden", NARROW))

    at = [float(x) for x in re.findall(r'class="ax" x="([\d.]+)"[^>]+>mrt', drawn)]
    assert all(after - before >= 7 * 7 for before, after in pairwise(at))


def test_a_picture_in_pixels_has_its_letters_on_every_machine() -> None:
    drawn = (fan([Band(10.0, (8, 12))], "bedden"),)
    told = Chart("c", "Een titel", "Een zin.", drawn, ("Wanneer",), [("nu",)])

    pixels = picture(told)

    assert pixels.startswith(b"\x89PNG")
    assert pixels != picture(replace(told, title="Een andere titel"))
    assert pixels != picture(told, "Regio (fictief)")


def test_small_multiples_hold_every_kind_in_each_width() -> None:
    kinds = [(f"soort {n}", [Band(10.0, (8, 12), None, 9.0)]) for n in range(7)]

    drawn = [str(each) for each in smalls(kinds)]

    assert [each.count('class="short"') for each in drawn] == [7, 7, 7]
    assert all(f"soort {n}" in each for each in drawn for n in range(7))


def test_the_gap_stands_over_its_line_or_under_it_with_its_sign() -> None:
    steps = [
        Band(10.0, (8, 12), None, 12.0, gap=(2.0, 0.0, 4.0)),
        Band(14.0, (11, 17), None, 12.0, gap=(-2.0, -5.0, 1.0)),
    ]

    drawn = str(fan(steps, "bedden", WIDE))

    line = float(re.findall(r'class="zero" d="M\S+ (\S+)L', drawn)[0])
    over, lack = (
        [
            float(n)
            for n in re.findall(
                rf'class="{kind}" x="\S+" y="(\S+)" width="\S+" height="(\S+)"', drawn
            )[0]
        ]
        for kind in ("over", "lack")
    )
    assert sum(over) == pytest.approx(line, abs=0.2)
    assert lack[0] == pytest.approx(line, abs=0.2)
    assert re.findall(r'class="n \w+"[^>]*>([^<]+)<', drawn) == ["+2", "−2"]


def test_labels_never_lie_over_each_other_and_keep_their_order() -> None:
    assert apart([100.0, 104.0, 40.0], 16) == [100.0, 116.0, 40.0]


def test_a_bar_of_places_holds_all_of_them() -> None:
    drawn = str(bar(6, 1, 8, 2))

    widths = {
        kind: float(wide)
        for kind, wide in re.findall(r'class="(track|taken|promised)"[^>]*width="([^"]+)"', drawn)
    }
    assert widths == {"track": 160.0, "taken": 120.0, "promised": 20.0}
    assert drawn.count("M") == 9
    assert 'class="shut"' in drawn


def test_the_bars_of_a_waterfall_hang_where_the_one_before_ended() -> None:
    bars = hanging(("nu", 2.0), [("mensen", 5.0), ("instroom", -3.0)], ("2040", 4.0))

    drawn = str(waterfall(bars))

    told = re.findall(r'class="(whole|more|less)"[^>]* y="([^"]+)"[^>]*height="([^"]+)"', drawn)
    begin, more, less, end = [(kind, float(y), float(y) + float(h)) for kind, y, h in told]
    assert [each[0] for each in (begin, more, less, end)] == ["whole", "more", "less", "whole"]
    assert more[2] == pytest.approx(begin[1], abs=0.2)
    assert less[1] == pytest.approx(more[1], abs=0.2)
    assert end[1] == pytest.approx(less[2], abs=0.2)
    assert re.findall(r'class="n \w+"[^>]*>([^<]+)<', drawn) == ["2", "+5", "−3", "4"]


def test_a_calendar_tells_each_chance_by_shade_and_number() -> None:
    drawn = str(calendar([("IC & zo", [Cell(0.1), Cell(0.5), Cell(0.9), Cell(None)])], ["1"] * 4))

    assert re.findall(r'class="in (\w+)"><text[^>]*>([^<]+)<', drawn) == [
        ("none", "?"),
        ("unlikely", "10"),
        ("either", "50"),
        ("likely", "90"),
    ]
    assert "IC &amp; zo" in drawn


@pytest.mark.parametrize(
    ("step", "round_"), [(0.03, 0.05), (0.7, 1), (3.1, 5), (12, 20), (260, 500)]
)
def test_ticks_are_1_2_or_5(step: float, round_: float) -> None:
    assert nice(step) == pytest.approx(round_)


def test_an_axis_holds_all_and_zero() -> None:
    scale, ticks = scaled([3.2, 17.9], 0, 100, from_zero=True)

    assert (scale.low, ticks[0]) == (0, 0)
    assert scale.high == ticks[-1] >= 17.9


def test_the_ledger_chart_adds_up_to_what_it_says(told: Plan) -> None:
    role = scarcest(told)
    assert role is not None

    chart = ledger_chart("opbouw", "Verpleegkundige", "fte", role, told)

    assert chart is not None
    values = [float(row[1].replace("−", "-").replace(",", ".")) for row in chart.rows]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.05 * len(values))
    assert "fte" in chart.title
    assert str(told.years[0]) in chart.rows[0][0]
