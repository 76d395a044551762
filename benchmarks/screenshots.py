"""`make screenshots`: each page of the region in a box (fictief) as it is seen, in docs/pictures/.

What stands below the fold is left out: a picture is to be looked at, and kept small.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer
from playwright.sync_api import Browser

from app.dashboard.page import FOOT, MENU
from benchmarks.browser import MADE, WALL, a_browser, chromium, wait_for_forecasts
from tests.serving import ROOT, a_tower

PICTURES = ROOT / "docs" / "pictures"
DAYS = 730
FORECASTS_SECONDS = 1800.0
LARGEST_BYTES = 200 * 1024
# What is wider than a desk is drawn at a scale, as a wall is looked at from afar.
DESK, SCALE = 1280, 0.5
Theme = Literal["light", "dark"]
DUTCH: Mapping[Theme, str] = {"light": "licht", "dark": "donker"}


class Shot(NamedTuple):
    path: str
    width: int
    height: int
    theme: Theme = "light"

    @property
    def name(self) -> str:
        """ "verwachting-weken-1280-licht.png"."""
        words = re.sub(r"\W+", "-", self.path.replace("?h=", "/").replace("?wand=1", "wand"))
        return f"{words.strip('-') or 'nu'}-{self.width}-{DUTCH[self.theme]}.png"


def shots() -> Iterator[Shot]:
    """Every page on a phone or a desk, the most looked at on both, at its widest, and the wall."""
    for path in (*(item.path for item in MENU), "/verwachting?h=weken", "/afdeling/reo-flex"):
        yield Shot(path, 390, 844, "dark")
        yield Shot(path, 1280, 720)
    for item in FOOT:
        yield Shot(item.path, 1280, 720)
    for path in ("/", "/verwachting?h=weken"):
        yield Shot(path, 1920, 1080)
    yield Shot("/", 1280, 720, "dark")
    yield Shot("/en/", 1280, 720)
    yield Shot(WALL, 1920, 1080, "dark")


def pictured(browser: Browser, address: str, shot: Shot) -> bytes:
    with browser.new_context(
        base_url=address,
        color_scheme=shot.theme,
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=1 if shot.width <= DESK else SCALE,
    ) as context:
        page = context.new_page()
        page.goto(shot.path)
        return page.screenshot()


@contextmanager
def tower_at(address: str | None) -> Iterator[str]:
    if address:
        yield address
        return
    with a_tower("--demo", demo_days=DAYS) as (started, _):
        yield started


def main(
    address: Annotated[
        str | None,
        typer.Argument(help="Of a demo that is served; left out: one is started and filled."),
    ] = None,
    into: Annotated[Path, typer.Option(help="The folder to write to.")] = PICTURES,
) -> None:
    """Writes the pictures anew; those of pages that are no more are removed."""
    path = chromium()
    if path is None:
        sys.exit("Install Chromium first: apt-get install chromium.")
    into.mkdir(parents=True, exist_ok=True)
    with tower_at(address) as served, a_browser(path) as browser:
        wait_for_forecasts(served, FORECASTS_SECONDS, MADE, every=5)
        made = {shot.name: pictured(browser, served, shot) for shot in shots()}
    for old in {*into.glob("*.png")} - {into / name for name in made}:
        old.unlink()
    for name, picture in made.items():
        (into / name).write_bytes(picture)
        large = " TOO LARGE" if len(picture) > LARGEST_BYTES else ""
        print(f"{len(picture) / 1024:6.0f} KiB  {name}{large}")
    print(f"{sum(map(len, made.values())) / 1024:6.0f} KiB  in {len(made)} pictures")


if __name__ == "__main__":
    typer.run(main)
