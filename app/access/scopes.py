"""What a key may be allowed to do, and what kind of party an organisation is."""

from typing import Literal, get_args

Scope = Literal[
    "reports:write",
    "reports:read",
    "history:read",
    "history:backdate",
    "imports:write",
    "overview:read",
    "forecasts:read",
    "staffing:read",
    "scenarios:write",
    "places:search",
    "places:hold",
    "facilities:write",
    "events:write",
    "signals:acknowledge",
    "feeds:admin",
    "webhooks:admin",
    "keys:admin",
    "audit:read",
    "operator",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)

Audience = Literal["provider", "coordinator", "municipality", "insurer", "operator"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
