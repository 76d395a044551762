"""Refusals: what the tower says no to, and how that reads on the wire (RFC 9457)."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from structlog import get_logger

from app.faults import Fault, fault_of

log = get_logger(__name__)


@dataclass(eq=False)
class Refusal(Exception):
    """Raised where it is found, rendered once."""

    detail: str
    code: str = ""
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    status = 400
    title = "Refused"

    def __str__(self) -> str:
        return self.detail


class Invalid(Refusal):
    status, title = 400, "Not valid"


class Unauthenticated(Refusal):
    status, title = 401, "Who are you?"


class Forbidden(Refusal):
    status, title = 403, "Not yours"


class NotFound(Refusal):
    status, title = 404, "Not found"


class NotAcceptable(Refusal):
    status, title = 406, "Not acceptable"


class Conflict(Refusal):
    status, title = 409, "Conflict"


class TooLarge(Refusal):
    status, title = 413, "Too large"


class WrongMediaType(Refusal):
    status, title = 415, "Wrong media type"


class Unavailable(Refusal):
    status, title = 503, "Not available now"


# Classes of SQLSTATE that say "not now": connection, resources, locks and timeouts, shutdown,
# serialization. Anything else is our own fault, and a 500.
NOT_NOW = ("08", "53", "55P03", "57", "40", "25P03", "25P04")


# The second wall: row level security refused what the app's own check let pass.
ROW_LEVEL = "42501"


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    code: str = "",
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if code:
        body["code"] = code
    if faults:
        body["errors"] = [fault.wire() for fault in faults]
    return Response(
        orjson.dumps(body), status, dict(headers or {}), media_type="application/problem+json"
    )


def not_now() -> Response:
    return problem(
        503,
        "The store did not answer in time. Nothing of a report is half-stored: "
        "send the same request again with the same id.",
        code="store-unavailable",
        headers={"Retry-After": "2"},
    )


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    request.state.refusal = refusal
    return problem(
        refusal.status,
        refusal.detail,
        title=refusal.title,
        code=refusal.code,
        faults=refusal.faults,
        headers=refusal.headers,
    )


def fault_in_request(error: Mapping[str, Any]) -> Fault:
    """In the body by its pointer, elsewhere by the name of the parameter."""
    where, *location = error["loc"] or ("body",)
    fault = fault_of({**error, "loc": location})
    if where == "body":
        return fault
    name = ".".join(str(step) for step in location) or str(where)
    return replace(fault, pointer=None, parameter=name)


async def answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [fault_in_request(each) for each in error.errors()]
    return problem(
        400,
        "The request has values that cannot be taken; each is listed under errors.",
        title="Not valid",
        code="not-valid",
        faults=faults,
    )


async def answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        404: f"There is nothing at {request.url.path}. The API's paths are in /v1/openapi.json.",
        405: f"{request.method} is not served at {request.url.path}; Allow says what is.",
        413: "The body is too large. Send the reports in smaller batches.",
    }.get(error.status_code, str(error.detail))
    return problem(error.status_code, detail, headers=error.headers)


async def answer_database(request: Request, error: Exception) -> Response:
    # The hot paths speak to asyncpg itself, so that its errors come bare as well as wrapped.
    state = str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")
    gone = PoolTimeout | InterfaceError | asyncpg.InterfaceError | OSError | TimeoutError
    away = isinstance(error, gone) or (
        isinstance(error, DBAPIError) and (error.connection_invalidated or not state)
    )
    if away or state.startswith(NOT_NOW):
        log.warning("store unavailable", kind=type(error).__name__, sqlstate=state)
        return not_now()
    if state == ROW_LEVEL:
        log.error("refused by the database")
        return problem(403, "This is another organisation's.", title="Not yours", code="not-yours")
    return await answer_anything(request, error)


async def answer_anything(request: Request, error: Exception) -> Response:
    # The kind and the place only: the text of an error may carry the values of a statement.
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("fault of ours", kind=type(error).__name__, where=where)
    return problem(
        500,
        "A fault of ours, and it is logged. Nothing was stored. Try again; if it stays, "
        "tell your operator the X-Request-Id of this answer.",
        code="internal",
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, answer_refusal)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(HTTPException, answer_http)
    bare = (asyncpg.PostgresError, asyncpg.InterfaceError)
    for kind in (SQLAlchemyError, *bare, OSError, TimeoutError):
        app.add_exception_handler(kind, answer_database)
    app.add_exception_handler(Exception, answer_anything)
