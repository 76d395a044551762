from httpx import AsyncClient


async def test_a_tower_with_a_store_is_ready(client: AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200


async def test_an_unknown_path_is_a_problem_with_every_header(client: AsyncClient) -> None:
    answer = await client.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["api-version"] == "0.1.0"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_metrics_name_routes_and_nothing_else(client: AsyncClient) -> None:
    await client.get("/livez")
    await client.get("/123456782")

    metrics = (await client.get("/metrics")).text

    assert 'toren_answers_total{method="GET",route="/livez",status="200"} 1.0' in metrics
    assert "123456782" not in metrics
