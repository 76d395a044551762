"""What every answer carries: an id, the version, headers that keep a browser safe, a count."""

import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders
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

# Told of every answer once it has left: the scope, the status and the milliseconds it took.
Seen = Callable[[Scope, int, float], Awaitable[None]]


def route_of(scope: Scope) -> str:
    """The route as it is written in the API, never the path as it was sent."""
    path = getattr(scope.get("route"), "path_format", None) or getattr(
        scope.get("route"), "path", None
    )
    prefix = scope.get("fastapi_prefix", "")
    return f"{prefix}{path}" if path else "none"


class Envelope:
    """Pure ASGI: Starlette's BaseHTTPMiddleware breaks context variables and streams."""

    def __init__(self, app: ASGIApp, version: str, seen: Seen) -> None:
        self.app = app
        self.version = version
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = uuid.uuid4().hex
        began = time.perf_counter()
        status = 500

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
                headers["API-Version"] = self.version
                headers["X-Request-Id"] = state["request_id"]
            await send(message)

        try:
            await self.app(scope, receive, send_dressed)
        finally:
            await self.seen(scope, status, (time.perf_counter() - began) * 1000)
