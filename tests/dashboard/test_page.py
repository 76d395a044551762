import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.make import now
from tests.overview.lay import a_stop, told


class Outline(HTMLParser):
    """The tags of a page in order, with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def demo(app: FastAPI) -> FastAPI:
    app.state.fictief = True
    return app


async def test_the_page_shows_what_the_overview_says(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-vol")
    await told(session, "reo-flex", staffed=9, occupied=4, reserved=1)
    await told(session, "reo-vol", staffed=3, occupied=4, reserved=0)

    answer = await client.get("/")

    assert answer.status_code == 200
    page = Outline(answer.text)
    assert "REO heeft ruimte" in page.text
    assert re.search(r"reo-flex \(fictief\) REO-bed ruim 4 4 4 9", page.text)
    assert re.search(r"reo-vol \(fictief\) REO-bed vol 0 0 4 3", page.text)
    assert "1 min geleden" in page.text
    assert "2 van 2 afdelingen actueel" in page.text


async def test_a_stale_unit_is_greyed_with_its_last_value(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    old = now() - timedelta(days=3)
    await told(session, "reo-flex", old, staffed=9, occupied=4, reserved=0)

    page = Outline((await client.get("/")).text)

    assert "stale oud" in [row["class"] for row in page.all("tr") if "class" in row]
    assert re.search(r"REO-bed oud 5 5 4 9", page.text)
    assert "3 d geleden" in page.text


async def test_a_stop_is_told_where_places_are_free(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    await a_stop(session, "reo-flex")

    page = Outline((await client.get("/")).text)

    assert "opnamestop voor alles sinds" in page.text
    assert re.search(r"REO-bed vol 0 stop 1", page.text)


async def test_an_empty_tower_says_what_to_do(demo: FastAPI, client: AsyncClient) -> None:
    page = Outline((await client.get("/")).text)

    assert "Er zijn nog geen afdelingen" in page.text
    assert "verkeerstoren region apply" in page.text


async def test_a_unit_without_figures_says_how_to_begin(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    page = Outline((await client.get("/")).text)

    assert "Er zijn nog geen gegevens gemeld" in page.text
    assert "Nog geen gegevens." in page.text
    assert "POST /v1/reports" in page.text


async def test_a_made_up_region_says_that_it_is(demo: FastAPI, client: AsyncClient) -> None:
    assert "Fictief : alle organisaties" in Outline((await client.get("/")).text).text


async def test_a_real_tower_opens_with_a_key_only(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    without, with_key = await client.get("/"), await client.get("/", headers=key)

    assert without.status_code == 401
    assert "overview:read" in without.text
    assert without.headers["content-type"].startswith("text/html")
    assert with_key.status_code == 200
    assert "Fictief" not in with_key.text


async def test_a_key_without_the_scope_opens_nothing(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session, "reports:write")

    assert (await client.get("/", headers=key)).status_code == 403


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1", "nowhere"])
async def test_a_made_up_region_opens_from_this_machine_only(demo: FastAPI, address: str) -> None:
    transport = ASGITransport(demo, client=(address, 4711))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).status_code == 401


async def test_what_a_proxy_hands_on_is_not_from_this_machine(
    demo: FastAPI, client: AsyncClient
) -> None:
    handed_on = await client.get("/", headers={"X-Forwarded-For": "203.0.113.9"})

    assert handed_on.status_code == 401


async def test_the_page_needs_no_script_and_no_one_else(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    answer = await client.get("/")

    page = Outline(answer.text)
    # What the page tells is in it without the script, which comes from the tower itself.
    (script,) = page.all("script")
    assert (script["src"] or "").startswith("/static/tower.js?")
    assert not any("style" in attributes for _, attributes in page.tags)
    assert all((a["href"] or "").startswith(("/", "#")) for a in page.all("a"))
    assert all((link["href"] or "").startswith("/static/") for link in page.all("link"))
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_the_page_can_be_read_aloud(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)

    page = Outline((await client.get("/")).text)

    assert page.all("html") == [{"lang": "nl"}]
    assert page.all("th")
    assert all(th.get("scope") for th in page.all("th"))
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert all(svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]
    assert set(labels) <= set(ids)


async def test_what_is_typed_by_others_is_only_text(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, name="<script>alert(1)</script>")

    answer = await client.get("/")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_the_style_is_served_by_the_tower_itself(client: AsyncClient) -> None:
    answer = await client.get("/static/tower.css")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")


def luminance(colour: str) -> float:
    def part(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (part(int(colour[n : n + 2], 16)) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
async def test_every_word_stands_out_from_its_ground(client: AsyncClient, theme: int) -> None:
    style = (await client.get("/static/tower.css")).text
    themes = [block for block in re.findall(r":root \{([^}]*)\}", style) if "--page" in block]
    told = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", themes[theme]))
    colours = {
        name: c if len(c) == 7 else "#" + "".join(x * 2 for x in c[1:]) for name, c in told.items()
    }

    for ground in ("page", "card"):
        for word in ("ink", "quiet", "accent", "ruim", "druk", "vol", "oud"):
            light, dark = sorted((luminance(colours[ground]), luminance(colours[word])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, word)
