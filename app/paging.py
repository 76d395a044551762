"""Pages: a cursor that holds the last key, so that nothing is skipped or told twice."""

import base64
import binascii
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, TypeAdapter, ValidationError

from app.errors import Invalid
from app.faults import Fault

Limit = Annotated[int, Query(ge=1, le=500, description="At most this many items.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="From the `Link` header of the page before.")
]

# No moment of the tower lies outside them, and at the ends of the calendar UTC overflows.
YEARS = range(1990, 2201)
Part = TypeVar("Part")


def within_years(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError("a moment lies between 1990 and 2200")
    return moment.astimezone(UTC)


KeyMoment = Annotated[AwareDatetime, AfterValidator(within_years)]
MOMENT_AND_ID = TypeAdapter(tuple[KeyMoment, uuid.UUID])


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
        raise bad_cursor("cursor")
    return key


def page_of(cursor: str | None, form: TypeAdapter[Part], parameter: str = "cursor") -> Part | None:
    """The last key of the page before, in the form of this list's keys; None: the first page."""
    if cursor is None:
        return None
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return form.validate_python(tuple(json.loads(told)))
    except (ValueError, TypeError, ValidationError):
        raise bad_cursor(parameter) from None


def bad_cursor(parameter: str) -> Invalid:
    fault = Fault("bad-cursor", "Take it from the Link header.", parameter=parameter)
    return Invalid("The cursor is not one that this API gave.", code=fault.code, faults=[fault])


def link_next(request: Request, response: Response, key: Sequence[str]) -> None:
    query: dict[str, Any] = {**request.query_params, "cursor": encode(key)}
    response.headers["Link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
