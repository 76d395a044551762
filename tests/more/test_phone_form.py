"""The phone form in a real browser: by thumb, without a connection, and without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.more.test_page import browser, hindrances, sized
from tests.serving import a_tower

__all__ = ["browser"]
pytestmark = [pytest.mark.more]
UNIT = "/invoer/beddenhuis-observatie"
FIRST = {"physical": "10", "occupied": "7", "closedPlaces": "0"}


@pytest.fixture(scope="module")
def tower() -> Iterator[str]:
    """A region without figures."""
    with a_tower("--demo") as (address, _):
        yield address


@pytest.fixture
def context(browser: Browser, tower: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=tower, viewport={"width": 390, "height": 844})
    yield context
    context.close()


def signed_in(context: BrowserContext) -> Page:
    """Somebody of REO at the form of a unit, filled in."""
    page = context.new_page()
    page.goto("/aanmelden")
    page.get_by_role("button", name="reo-invoer").click()
    page.goto(UNIT)
    for measure, value in FIRST.items():
        for field in page.locator(f'input[name^="{measure}"]').all():
            field.fill(value)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_while_somebody_reports(context: BrowserContext, theme: str) -> None:
    page = signed_in(context)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]

    form = [(width, hindrances(sized(page, width), theme)) for width in (320, 390, 1280)]
    page.locator("button.main").click()
    expect(page.locator("main h1")).to_contain_text("Doorgegeven")
    done = hindrances(page, theme)
    page.goto(f"{UNIT}/koppelen")
    page.locator("button.main").click()
    phones = hindrances(page, theme)

    assert form == [(320, []), (390, []), (1280, [])]
    assert (done, phones) == ([], [])


def test_a_lost_connection_loses_nothing_and_says_so(context: BrowserContext) -> None:
    page = signed_in(context)
    context.set_offline(True)

    page.locator("button.main").click()
    expect(page.locator("#bewaard")).to_have_text("Nog niet verstuurd, wordt opnieuw geprobeerd.")
    context.set_offline(False)

    expect(page.locator("main h1")).to_contain_text("Doorgegeven")
    assert page.evaluate("localStorage.getItem('toren-kept')") == "[]"


def test_what_was_kept_is_sent_after_a_reload(context: BrowserContext) -> None:
    page = signed_in(context)
    posts = "**/invoer/**"
    page.route(posts, lambda r: r.abort() if r.request.method == "POST" else r.continue_())

    page.locator("button.main").click()
    expect(page.locator("#bewaard")).to_contain_text("Nog niet verstuurd")
    page.unroute(posts)
    page.goto("/invoer")

    expect(page.locator("#bewaard")).to_have_text("Een bewaarde melding is alsnog verstuurd.")


def test_the_form_works_without_a_script(browser: Browser, tower: str) -> None:
    context = browser.new_context(base_url=tower, java_script_enabled=False)
    page = signed_in(context)

    page.locator('button[value^="occupied"][value$="+"]').click()
    counted = page.locator('input[name^="occupied"]').input_value()
    page.locator('input[name^="occupied"]').press("Enter")
    said = page.locator("main h1").inner_text()
    context.close()

    assert counted == "8"
    assert "Doorgegeven" in said
