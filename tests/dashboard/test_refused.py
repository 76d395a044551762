"""A refusal is a page for who opened one in a browser, and a problem for everything else."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.dashboard.refusing.words import BY_STATUS, refused
from tests.dashboard.test_page import Outline, demo

__all__ = ["demo"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def opened(client: AsyncClient, path: str) -> Response:
    return await client.get(path, headers=BROWSER)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/afdeling/geen", 404, "Dit is er niet"),
        ("/en/afdeling/geen", 404, "This is not there"),
        ("/dat-is-er-niet", 404, "Dit is er niet"),
        ("/verwachting?h=eeuwen", 400, "Dit kan zo niet"),
    ],
)
async def test_a_browser_is_told_in_its_own_language_with_the_way_back(
    demo: FastAPI, client: AsyncClient, path: str, status: int, said: str
) -> None:
    answer = await opened(client, path)
    page = Outline(answer.text)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert said in page.text
    assert answer.headers["x-request-id"] in page.text
    assert {"/", "/en/"} & {link["href"] for link in page.all("a")}


async def test_a_form_from_another_site_is_told_that_and_not_that_a_key_lacks_a_right(
    demo: FastAPI, client: AsyncClient
) -> None:
    headers = {**BROWSER, "Sec-Fetch-Site": "cross-site"}

    answer = await client.post("/aanmelden", data={"sleutel": "x"}, headers=headers)

    assert answer.status_code == 403
    assert "Dit kwam van een andere site" in Outline(answer.text).text


async def test_what_cannot_be_taken_is_named(demo: FastAPI, client: AsyncClient) -> None:
    page = Outline((await opened(client, "/verwachting?h=eeuwen")).text)

    assert "Give one of these: 'dagen', 'weken', 'maanden' or 'jaren'." in page.text


async def test_a_script_and_the_api_are_told_as_before(demo: FastAPI, client: AsyncClient) -> None:
    script = await client.get("/afdeling/geen")
    api = await opened(client, "/v1/units/geen")

    assert script.headers["content-type"] == "application/problem+json"
    assert api.headers["content-type"] == "application/problem+json"


def test_only_a_store_that_is_away_is_tried_again_by_itself() -> None:
    assert [status for status in BY_STATUS if refused(status).again] == [503]
    assert refused(500).title == "Er ging iets mis bij ons"
    assert refused(418).title == refused(400).title


def test_what_was_sent_to_a_store_that_is_away_is_not_sent_again_by_itself() -> None:
    sent = refused(503, method="POST")

    assert not sent.again
    assert "Stuur het formulier" in sent.text
    assert "vanzelf" not in sent.text
