"""Pages: a cursor that holds the last key, so that nothing is skipped or told twice."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from app.errors import Invalid
from app.faults import Fault

Limit = Annotated[int, Query(ge=1, le=500, description="At most this many items.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="From the `Link` header of the page before.")
]


def encode(key: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode(cursor: str | None, width: int) -> list[str] | None:
    if cursor is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if not (isinstance(key, list) and len(key) == width and all(isinstance(k, str) for k in key)):
        raise Invalid(
            "The cursor is not one that this API gave.",
            faults=[Fault("bad-cursor", "Take it from the Link header.", parameter="cursor")],
        )
    return key


def link_next(request: Request, response: Response, key: Sequence[str]) -> None:
    query: dict[str, Any] = {**request.query_params, "cursor": encode(key)}
    response.headers["Link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
