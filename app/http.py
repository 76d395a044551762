"""What every answer carries: an id, the version, headers that keep a browser safe, a count."""

import time
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

BELOW = {
    400: "The request is not HTTP as this server speaks it.",
    413: "The body is too large. Send the reports in smaller batches.",
    503: "Too much is going on at once. Try again in a few seconds.",
}

SAFE_RAW = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]

# Told of every answer once it has left: the scope, the status and the milliseconds it took.
Seen = Callable[[Scope, int, float], Awaitable[None]]


def route_of(scope: Scope) -> str:
    """The route as it is written in the API, never the path as it was sent."""
    path = getattr(scope.get("route"), "path_format", None) or getattr(
        scope.get("route"), "path", None
    )
    if path is None:
        return "none"
    # FastAPI leaves the prefix of an included router out.
    prefixed = scope["path"].startswith("/v1/") and not path.startswith("/v1/")
    return f"/v1{path}" if prefixed else str(path)


def below_the_handlers(start: Message) -> bool:
    """Whether this refusal was written by a layer that knows no problem+json."""
    if start["status"] < 400:
        return False
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")


def problem_body(status: int) -> bytes:
    title = HTTPStatus(status).phrase
    detail = BELOW.get(status, f"{title}.")
    return orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})


def problem_start(start: Message) -> Message:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["content-type"] = "application/problem+json"
    headers["content-length"] = str(len(problem_body(start["status"])))
    return {**start, "headers": headers.raw}


class Envelope:
    """Pure ASGI: Starlette's BaseHTTPMiddleware breaks context variables and streams."""

    def __init__(self, app: ASGIApp, version: str, seen: Seen) -> None:
        self.app = app
        self.version = version.encode()
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = uuid.uuid4().hex
        began = time.perf_counter()
        status = 500
        replaced = False

        async def send_dressed(message: Message) -> None:
            nonlocal status, replaced
            if message["type"] == "http.response.start":
                status = message["status"]
                replaced = below_the_handlers(message)
                if replaced:
                    message = problem_start(message)
                given = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in SAFE_RAW if header[0] not in given),
                    (b"api-version", self.version),
                    (b"x-request-id", state["request_id"].encode()),
                ]
            elif replaced:
                message = {"type": "http.response.body", "body": problem_body(status)}
            await send(message)

        try:
            await self.app(scope, receive, send_dressed)
        finally:
            await self.seen(scope, status, (time.perf_counter() - began) * 1000)
