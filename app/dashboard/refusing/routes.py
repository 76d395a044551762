"""A refusal as a page, for who opened it in a browser."""

from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.dashboard.language import SPOKEN
from app.dashboard.refusing.words import refused
from app.dashboard.routes import PAGE, language_of, page_of, render

PROBLEM = "application/problem+json"


class RefusedPages:
    """Pure ASGI, around the app: outside the API a browser is told in its own language.

    Who does not ask for a page (a client, a script) is told as the API tells it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not opened_in_a_browser(scope):
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def send_page(message: Message) -> None:
            starts = message["type"] == "http.response.start"
            if starts and Headers(raw=message["headers"]).get("content-type") == PROBLEM:
                held.append(message)
            elif not held:
                await send(message)
            elif not message.get("more_body"):
                for part in told(Request(scope), held[0], message.get("body", b"")):
                    await send(part)

        await self.app(scope, receive, send_page)


def opened_in_a_browser(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] == "HEAD" or scope["path"].startswith("/v1/"):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


def told(request: Request, start: Message, body: bytes) -> tuple[Message, Message]:
    """A problem is one piece of JSON; the page tells it with the number by which it is found."""
    SPOKEN.set(language_of(request))
    problem: dict[str, Any] = orjson.loads(body)
    html = render(
        "refused.html",
        page_of(request),
        refused=refused(start["status"], problem.get("code", ""), request.method),
        problem=problem,
        number=request.state.request_id,
    ).encode()
    headers = MutableHeaders(raw=list(start["headers"]))
    headers.update({**PAGE, "content-type": "text/html; charset=utf-8"})
    headers["content-length"] = str(len(html))
    page: Message = {"type": "http.response.body", "body": html}
    return {**start, "headers": headers.raw}, page
