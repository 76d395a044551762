"""The OpenAPI document: what FastAPI writes, made to tell how this API really answers."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.observations.schemas import Report

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `errors` lists everything that is wrong with a request.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "row": {"type": "integer"},
                    "column": {"type": "string"},
                },
            },
        },
    },
}
VERSION_HEADER = {
    "API-Version": {
        "description": "The version of the API that answered.",
        "schema": {"type": "string"},
    }
}
OPEN_TO_ALL = {"/openapi.json"}
# What any operation with a key may answer, whatever else it does.
ANY = {
    "400": "Something in the request cannot be taken; each thing is listed.",
    "401": "No key, or one that does not hold.",
    "403": "The key lacks the scope, or the thing is another's.",
    "404": "There is no such thing.",
    "503": "The store does not answer now; try again after `Retry-After`.",
}
WRITES = {
    "409": "It clashes with what is stored.",
    "413": "The body is too large.",
    "415": "The body is not of the media type that is taken.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The NLGov-conform description of version 1."""
    told = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info=app.license_info,
        routes=app.routes,
        servers=[{"url": "/v1", "description": "This tower, version 1 of its API."}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    settings = app.state.settings
    told["info"]["contact"] = {
        "name": settings.contact_name,
        "url": settings.contact_url,
        "email": settings.contact_email,
    }
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    report = Report.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= report.pop("$defs", {}) | {"Report": report}
    # The version stands in the server's URL, as the NLGov rules ask.
    paths = {path: item for path, item in told["paths"].items() if path.startswith("/v1/")}
    told["paths"] = {path.removeprefix("/v1"): item for path, item in paths.items()}
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            describe(path, method, operation)
    plain: dict[str, Any] = json.loads(json.dumps(told))
    return plain


TAGS = {
    "contract": "This document.",
    "reports": "Tell how things stand, and hear something useful back.",
    "feeds": "Messages in a provider's own form.",
    "imports": "Files of past figures.",
    "facilities": "Who offers care: organisations, facilities, units, pools, groups.",
    "observations": "What was reported, and when it was known.",
    "notices": "Status, stops and events of a unit.",
    "overview": "The region now, or as it was known at a moment.",
    "places": "Where is a place now, and why elsewhere there is none.",
    "signals": "What asks for attention now, since when, and who saw it.",
    "forecasts": "What will probably be needed, with its band and the gap.",
    "staffing": "The heads that will be needed, rostered and short, per role and shift.",
    "pages": "For people who look.",
}


def describe(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    more = {} if path in OPEN_TO_ALL else dict(ANY)
    if method in ("post", "put", "patch", "delete"):
        more |= WRITES
    for status, text in more.items():
        responses.setdefault(
            status,
            {
                "description": text,
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        )
    for response in responses.values():
        response.setdefault("headers", {}).update(VERSION_HEADER)
        for kind in response.get("content", {}).values():
            # FastAPI describes the events one by one in OpenAPI 3.2; this document is 3.1.
            if kind.pop("itemSchema", None) is not None:
                kind["schema"] = {"type": "string", "description": "Server-sent events."}
    operation["responses"] = dict(sorted(responses.items()))
