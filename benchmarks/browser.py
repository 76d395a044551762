"""Debian's Chromium, driven by Playwright: for the browser tests and for the pictures."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from playwright.sync_api import Browser, sync_playwright

from app.dashboard.page import FOOT, MENU

# Every page of the menu and the foot, one of a unit, and other times ahead.
PAGES = (
    *(item.path for item in (*MENU, *FOOT)),
    "/afdeling/reo-flex",
    *("/beheer/afdelingen", "/beheer/normen", "/beheer/delen"),
    "/aanmelden",
    "/?h=jaren",
    "/verwachting?h=weken",
    "/verwachting?h=maanden",
    "/verwachting?h=jaren",
)
WALL = "/?wand=1"
# Pictures that a page holds once its forecasts are made.
MADE: Mapping[str, str] = {
    "/": "kalender",
    "/verwachting": "komende-dagen",
    "/verwachting?h=weken": "fan-weeks",
}


def chromium() -> str | None:
    """Its path, or None where it is not installed; a browser is never downloaded."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def a_browser(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def wait_for_forecasts(
    address: str, seconds: float, made: Mapping[str, str] = MADE, every: float = 3.0
) -> None:
    """Until the pages show them. Raises TimeoutError after so many seconds."""
    give_up = time.monotonic() + seconds
    while not all(f'id="{name}"' in looked_at(address + path) for path, name in made.items()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{address} has made no forecast in {seconds:.0f} s")
        time.sleep(every)


def looked_at(address: str) -> str:
    return httpx.get(address, timeout=30).text
