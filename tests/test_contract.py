"""The OpenAPI document that is committed is the one that is served."""

from httpx import AsyncClient

from app.cli import openapi_text
from tests.serving import ROOT


def test_the_committed_document_is_the_one_served() -> None:
    committed = (ROOT / "openapi" / "verkeerstoren.json").read_bytes()

    assert committed == openapi_text(), "run `make openapi` and review its diff"


async def test_the_document_is_open_to_every_site(client: AsyncClient) -> None:
    answer = await client.get("/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["openapi"].startswith("3.1")
    assert "itemSchema" not in answer.text, "of OpenAPI 3.2: the Dutch linter refuses it"


async def test_every_operation_names_its_problems(client: AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    operations = [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path != "/openapi.json"
    ]

    assert len(operations) > 20
    for path, method, operation in operations:
        assert "422" not in operation["responses"], (path, method)
        assert {"400", "401", "403", "503"} <= operation["responses"].keys(), (path, method)
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
