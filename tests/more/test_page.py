"""The pages in a real browser, on the region in a box (fictief): seen, read and used."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.access.keys import demo_key
from benchmarks.browser import PAGES, WALL, a_browser, chromium, wait_for_forecasts
from tests.conftest import missing
from tests.serving import a_tower

pytestmark = [pytest.mark.more]
WIDTHS = (320, 360, 390, 480, 640, 800, 1024, 1280, 1920)
# Enough for a forecast of weeks, which needs 14 days.
DAYS = 20
FORECASTS_SECONDS = 240
# What stands out of sight at the right is not shown at all; what is shown must be whole.
CUT = """() => [...document.querySelectorAll(".wall .card, .wall .tile")]
  .filter((card) => card.checkVisibility())
  .flatMap((card) => {
    const place = card.getBoundingClientRect();
    return [...card.querySelectorAll("h2, h3, p, li, tr, svg")]
      .filter((each) => each.checkVisibility() && !each.closest(".hide"))
      .filter((each) => {
        const box = each.getBoundingClientRect();
        const list = (each.closest("ul") || card).getBoundingClientRect();
        const out = box.bottom > Math.min(place.bottom, innerHeight) + 1;
        return box.height && box.left < list.right - 1 && (out || box.right > place.right + 1);
      })
      .map((each) => `${card.className}: ${each.textContent.trim().slice(0, 60)}`);
  })"""
CONTROLS = """() => {
  const all = "a[href], button, select, input, summary, [tabindex='0']";
  const found = [...document.querySelectorAll(all)]
    .filter((each) => each.type !== "hidden" && !each.disabled)
    .filter((each) => each.checkVisibility({ visibilityProperty: true }));
  found.forEach((each, n) => { each.dataset.n = n; });
  return found.map((each, n) => `${n} ${each.tagName}`);
}"""
FOCUSED = """() => {
  const on = document.activeElement;
  const drawn = getComputedStyle(on);
  const box = on.getBoundingClientRect();
  return {
    n: `${on.dataset.n} ${on.tagName}`,
    seen: drawn.outlineStyle !== "none" && parseFloat(drawn.outlineWidth) >= 2
      && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
# The colours of the shapes of a status, which forced colours leave as they are.
SHAPES = """() => [...new Set([...document.querySelectorAll("main svg.ic")]
  .map((each) => getComputedStyle(each).fill))]"""
MOVING = """() => [...document.querySelectorAll("*")]
  .filter((each) => parseFloat(getComputedStyle(each).transitionDuration) > 0
    || getComputedStyle(each).animationName !== "none")
  .map((each) => each.tagName)"""
OUTLINE = """() => [...document.querySelectorAll("body *")]
  .filter((each) => !each.parentElement.closest("svg"))
  .map((each) => `${each.tagName} ${each.id} ${each.getAttribute("class") || ""}`)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        missing("Chromium")
    assert path
    expect.set_options(timeout=15_000)  # a busy machine is slow, and no fault
    with a_browser(path) as found:
        yield found


@pytest.fixture(scope="module")
def tower() -> Iterator[str]:
    """A region of its own, whose first forecasts are made."""
    with a_tower("--demo", demo_days=DAYS) as (address, _):
        wait_for_forecasts(address, FORECASTS_SECONDS)
        yield address


@pytest.fixture
def context(browser: Browser, tower: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=tower, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def sized(page: Page, width: int, height: int = 900) -> Page:
    page.set_viewport_size({"width": width, "height": height})
    return page


def hindrances(page: Page, theme: str) -> list[str]:
    """What axe finds as the page is now: the rule, and where. Dark differs in its colours only."""
    rules = {"runOnly": ["color-contrast"]} if theme == "dark" else {}
    found = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(
    ("path", "theme"),
    [*product(PAGES, ("light", "dark")), (WALL, "light"), ("/en/", "light")],
)
def test_axe_finds_nothing_on_any_page(page: Page, path: str, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(path)

    found = [(width, hindrances(sized(page, width), theme)) for width in (320, 1280, 1920)]

    assert found == [(320, []), (1280, []), (1920, [])]


@pytest.mark.parametrize("path", [*PAGES, "/en/", "/en/rapport"])
def test_no_page_is_wider_than_its_window(page: Page, path: str) -> None:
    page.goto(path)

    wide = [
        (width, sized(page, width).evaluate("document.documentElement.scrollWidth"))
        for width in WIDTHS
    ]

    assert [(width, found) for width, found in wide if found > width] == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (2560, 1440), (3840, 2160)])
def test_the_wall_fits_and_nothing_on_it_is_cut(page: Page, width: int, height: int) -> None:
    sized(page, width, height).goto(WALL)

    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )

    assert size == [width, height]
    assert page.evaluate(CUT) == []
    expect(page.locator(".wall .alerts li").first).to_be_visible()
    expect(page.locator("#kalender svg.brief")).to_be_in_viewport(ratio=1)


def test_in_forced_colours_shapes_and_where_one_is_stay_visible(
    browser: Browser, tower: str
) -> None:
    context = browser.new_context(base_url=tower, forced_colors="active")
    page = context.new_page()
    page.goto("/")

    here = page.locator(".top nav a[aria-current]")
    outline = here.evaluate("each => getComputedStyle(each).outlineStyle")
    colours = page.evaluate(SHAPES)
    context.close()

    assert outline == "solid"
    assert len(colours) >= 2


def test_who_wants_no_motion_gets_none(browser: Browser, tower: str) -> None:
    context = browser.new_context(base_url=tower, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")

    moving = page.evaluate(MOVING)
    context.close()

    assert moving == []


def test_no_page_has_anything_to_complain_of(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda each: said.append(f"{page.url}: {each.text}"))
    page.on("pageerror", lambda each: said.append(f"{page.url}: {each}"))
    page.on("response", lambda each: said.append(each.url) if each.status >= 400 else None)

    # Nobody is signed in here: the form asks for it, with a refusal (test_phone_form.py).
    shown = [path for path in PAGES if path != "/invoer"]
    for path in (*shown, WALL, *(f"/en{path}" for path in shown)):
        page.goto(path, wait_until="load")

    assert said == []


def test_without_javascript_pictures_tabs_tables_and_the_form_work(
    browser: Browser, tower: str
) -> None:
    context = browser.new_context(base_url=tower, java_script_enabled=False)
    page = context.new_page()
    page.goto("/verwachting")

    page.get_by_role("link", name="Weken").click()
    page.get_by_label("Soort plek").select_option("hospital-ward.ic")
    page.get_by_role("button", name="Toon").click()
    page.get_by_text("Bekijk als tabel").first.click()

    assert "zorg=hospital-ward.ic" in page.url
    assert "h=weken" in page.url
    expect(page.locator("#fan-weeks svg.wide")).to_be_visible()
    expect(page.locator("#fan-weeks h2")).to_contain_text("IC-bed")
    expect(page.locator("#fan-weeks table tbody tr").first).to_be_visible()
    expect(page.locator("button.theme")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("path", [path for path in PAGES if "?" not in path])
def test_tab_reaches_every_control_and_shows_where_it_is(
    context: BrowserContext, page: Page, path: str
) -> None:
    # What changes by itself would be put in anew, and lose the numbers of its controls.
    context.route("**/stroom", lambda route: route.abort())
    page.goto(path)
    controls: list[str] = page.evaluate(CONTROLS)

    reached = [focused_next(page) for _ in controls]

    assert {each["n"] for each in reached} == set(controls)
    assert [each["n"] for each in reached if not each["seen"]] == []


def focused_next(page: Page) -> dict[str, Any]:
    page.keyboard.press("Tab")
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found


def test_the_arrows_read_a_picture_point_by_point(page: Page) -> None:
    page.goto("/verwachting?h=weken")
    days = page.locator("#fan-weeks table tbody th").all_text_contents()
    point = page.locator("#fan-weeks .point")

    page.locator("#fan-weeks .drawn").focus()
    page.keyboard.press("ArrowRight")
    expect(point).to_contain_text(days[0])
    page.keyboard.press("ArrowRight")
    expect(point).to_contain_text(days[1])
    page.keyboard.press("End")
    expect(point).to_contain_text(days[-1])
    expect(point).to_contain_text("nodig")
    page.keyboard.press("Escape")

    expect(point).to_be_hidden()


def test_what_is_told_to_the_tower_changes_the_page_that_is_open(page: Page, tower: str) -> None:
    page.goto("/")
    expect(page.locator(".live.on")).to_be_visible()
    page.evaluate("document.body.dataset.same = 'yes'")
    opened = page.locator("tr[data-unit=reo-flex] td").nth(7)
    expect(opened).not_to_have_text("7")

    tell(tower, staffed=7, occupied=3, reserved=0)

    expect(opened).to_have_text("7")
    assert page.evaluate("document.body.dataset.same") == "yes"


def test_only_what_is_red_and_new_is_told_aloud_and_only_once(page: Page, tower: str) -> None:
    page.goto("/meldingen")
    expect(page.locator(".live.on")).to_be_visible()
    news = page.locator("#nieuws")
    begins_at = datetime.now(UTC).isoformat()
    stop = {"id": str(uuid.uuid4()), "kind": "opnamestop", "beginsAt": begins_at, "reason": "staff"}
    ask(tower, "/v1/units/reo-flex/stops", stop)

    tell(tower, staffed=7, occupied=3, reserved=0)
    expect(news).to_contain_text(": opnamestop")
    told = news.inner_text()
    page.evaluate("document.querySelector('#nieuws').textContent = ''")
    refreshed = page.evaluate("document.querySelector('.live time').dateTime")
    tell(tower, staffed=7, occupied=4, reserved=0)
    page.wait_for_function(
        "t => document.querySelector('.live time').dateTime !== t", arg=refreshed
    )
    ask(tower, f"/v1/units/reo-flex/stops/{stop['id']}/_end", {})

    assert "Geen nieuwe gegevens" not in told
    expect(page.locator("li.vol[data-news^=stop-reo-flex]")).to_be_visible()
    expect(news).not_to_contain_text("opnamestop")


def ask(tower: str, path: str, body: Any) -> None:
    key = {"Authorization": f"Bearer {demo_key('reo-invoer').text}"}
    answer = httpx.post(tower + path, json=body, headers=key)
    assert answer.status_code < 300, answer.text


def tell(tower: str, **figures: int) -> None:
    report = {
        "id": str(uuid.uuid4()),
        "unit": "reo-flex",
        "observedAt": datetime.now(UTC).isoformat(),
        "figures": [{"measure": name, "value": value} for name, value in figures.items()],
    }
    ask(tower, "/v1/reports", report)


def test_a_tower_that_went_away_is_told_and_the_page_stays(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with a_tower("--demo") as (address, _):
            page.goto(address)
            expect(page.locator(".live.on")).to_be_visible()

        expect(page.locator(".live.lost")).to_contain_text("Verbinding weg sinds")
        expect(page.locator("tr[data-unit=reo-flex]")).to_be_visible()


@pytest.mark.parametrize("bed_type", ["ic", "acute-admission", "maternity"])
def test_a_picture_its_title_and_its_table_say_what_the_api_says(
    page: Page, tower: str, bed_type: str
) -> None:
    page.goto(f"/verwachting?zorg=hospital-ward.{bed_type}&h=weken")
    figure = page.locator("#fan-weeks")
    rows = figure.locator("table tbody tr").all()
    shown = [each.locator("td").all_text_contents() for each in rows]
    days = figure.locator("table tbody th").all_text_contents()
    link = figure.get_by_text("JSON", exact=True).get_attribute("href")

    told = told_by_api(f"{tower}{link}", bed_type)
    steps = [each for each in told["steps"] if each["state"] == "known"]
    past = (told["past"]["need"] or told["past"]["values"])[-28:]

    before, ahead = shown[: len(past)], shown[len(past) :]
    assert [row[0] for row in before] == ["onbekend" if n is None else dutch(n) for n in past]
    assert [row[1:5] for row in ahead] == [expected(each) for each in steps]
    chances = [each["pShort"]["value"] for each in steps]
    worst = chances.index(max(chances))
    title = figure.locator("figcaption h2").text_content() or ""
    assert (days[len(past) + worst] in title) == (chances[worst] > 0.3)
    expect(figure.locator("svg.wide .l-middle").first).to_contain_text(shown[-1][1])


def told_by_api(address: str, bed_type: str) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {demo_key('caz-bord').text}"}
    told = httpx.get(address, headers=key).json()
    found: dict[str, Any] = next(each for each in told["forecasts"] if each["bedType"] == bed_type)
    return found


def expected(step: dict[str, Any]) -> list[str]:
    """The first cells of a row, written down here anew."""
    (band,) = (each for each in step["need"]["intervals"] if each["level"] == 80)
    lack = max(-step["gap"]["median"], 0.0) or 0.0  # nothing has no sign
    return [
        dutch(step["need"]["median"]),
        f"{dutch(band['low'])} en {dutch(band['high'])}",
        dutch(step["supply"]["value"]),
        dutch(lack),
    ]


def dutch(value: float) -> str:
    whole, tenth = f"{value:.1f}".split(".")
    return whole if tenth == "0" else f"{whole},{tenth}"


@pytest.mark.parametrize("path", PAGES)
def test_dutch_and_english_pages_are_built_alike(page: Page, path: str) -> None:
    dutch_page, english = built_alike(page, path)

    assert dutch_page == english


def built_alike(page: Page, path: str) -> tuple[list[str], list[str]]:
    """The region lives on: of two looks one may be newer, so it is looked at some times."""
    found: tuple[list[str], list[str]] = ([], [])
    for _ in range(5):
        page.goto(path)
        first: list[str] = page.evaluate(OUTLINE)
        page.goto(f"/en{path}")
        found = (first, page.evaluate(OUTLINE))
        if found[0] == found[1]:
            break
    return found
