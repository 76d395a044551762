"""Who is calling: the dependencies that every route names, and the routes of keys."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import queries
from app.access.keys import read_key
from app.access.principal import Principal
from app.access.scopes import Scope
from app.db import Db, Standing
from app.errors import Forbidden, Unauthenticated

# How long a verdict on a key may be used again; a revoked key lives no longer than this.
VERDICT_SECONDS = 1.0
MOST_VERDICTS = 10_000

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="A key of one client: `Authorization: Bearer vt_<kid>_<secret>`.",
)
# The browser's own: set by the page where somebody signs in, read by nothing but the tower.
COOKIE = "toren"
WHO = {"WWW-Authenticate": 'Bearer realm="verkeerstoren"'}


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def known_caller(request: Request, credentials: Credentials) -> Principal:
    """The client behind the key."""
    if credentials is None:
        raise Unauthenticated(
            "Send your API key: Authorization: Bearer vt_<kid>_<secret>.",
            code="no-key",
            headers=WHO,
        )
    principal = await verdict(request, credentials.credentials)
    if principal is None:
        raise Unauthenticated(
            "This key is not known, has ended or was revoked. Ask your operator for a new one.",
            code="bad-key",
            headers=WHO,
        )
    request.state.principal = principal
    return principal


async def identify(request: Request, session: Db, credentials: Credentials) -> Principal:
    """The client behind the key; the transaction then acts for its organisation."""
    return stand(request, session, await known_caller(request, credentials))


async def verdict(request: Request, text: str) -> Principal | None:
    verdicts: dict[str, tuple[float, Principal | None]] = request.app.state.verdicts
    now = time.monotonic()
    known = verdicts.get(text)
    if known and known[0] > now:
        return known[1]
    key = read_key(text)
    # Demo keys are published: a real database knows none, and a demo database only those.
    if key is None or key.demo != request.app.state.fictief:
        return None
    async with request.app.state.sessions() as session:
        principal = await queries.find_principal(session, key, request.app.state.pepper)
    keep(verdicts, text, principal)
    return principal


def keep(
    verdicts: dict[str, tuple[float, Principal | None]], named: str, principal: Principal | None
) -> None:
    if len(verdicts) >= MOST_VERDICTS:
        verdicts.clear()
    verdicts[named] = (time.monotonic() + VERDICT_SECONDS, principal)


async def signed_in(request: Request, session: AsyncSession) -> Principal | None:
    """Whose session the cookie of this browser is; the transaction then acts for them.

    A browser sends its cookie along with what another site makes it send: so anything that changes
    must come from a page of the tower itself.
    """
    token = request.cookies.get(COOKIE)
    found = await token_verdict(request, token) if token else None
    if found is None:
        return None
    if request.method not in ("GET", "HEAD"):
        from_this_tower(request)
    return stand(request, session, found)


def stand(request: Request, session: AsyncSession, principal: Principal) -> Principal:
    request.state.principal = principal
    session.info["standing"] = Standing(principal.org_id, "own")
    session.info["request_id"] = request.state.request_id
    return principal


async def token_verdict(request: Request, token: str, kind: str = "") -> Principal | None:
    """Whose session this is; of a pairing only if that is asked for. Not kept for a pairing."""
    verdicts: dict[str, tuple[float, Principal | None]] = request.app.state.verdicts
    now, named = time.monotonic(), f"session {token}"
    known = None if kind else verdicts.get(named)
    if known and known[0] > now:
        return known[1]
    async with request.app.state.sessions() as session:
        found = await queries.find_session(session, token, request.app.state.pepper)
    is_pairing = found is not None and found[0] == "pairing"
    principal = found[1] if found and is_pairing == (kind == "pairing") else None
    if not kind:
        keep(verdicts, named, principal)
    return principal


def forget(request: Request) -> None:
    """The session of this browser has ended: no verdict on it is used again here."""
    request.app.state.verdicts.pop(f"session {request.cookies.get(COOKIE)}", None)


def from_this_tower(request: Request) -> None:
    """Refuses what a browser sends at the wish of another site (Fetch Metadata, W3C 2021).

    A browser that says nothing of where it comes from is judged by Origin.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site == "same-origin" or (
        site is None
        and origin is not None
        and urlsplit(origin).netloc == request.headers.get("host")
    ):
        return
    raise Forbidden(
        "This came from another site, so nothing was done. Open the page at the tower itself.",
        code="other-site",
    )


def require(scope: Scope, region: bool = False) -> Callable[..., Awaitable[Principal]]:
    """A principal that has this scope; `region` lets the transaction read shared figures."""

    async def check(
        request: Request, session: Db, principal: Annotated[Principal, Depends(identify)]
    ) -> Principal:
        permit(request, principal, scope)
        if region:
            session.info["standing"] = Standing(principal.org_id, "region")
        return principal

    check.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
    return check


def require_apart(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """The same without a transaction: for what takes longer than a request's may last."""

    async def check(
        request: Request, principal: Annotated[Principal, Depends(known_caller)]
    ) -> Principal:
        permit(request, principal, scope)
        return principal

    check.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
    return check


def permit(request: Request, principal: Principal, scope: Scope) -> None:
    request.state.scope = scope
    if not principal.may(scope):
        raise Forbidden(
            f"This key lacks the scope {scope}. Ask your operator for a key that has it.",
            code="missing-scope",
        )


# The signature of a route says who may call it.
Reporter = Annotated[Principal, Depends(require("reports:write"))]
ReportReader = Annotated[Principal, Depends(require("reports:read"))]
HistoryReader = Annotated[Principal, Depends(require("history:read"))]
OverviewReader = Annotated[Principal, Depends(require("overview:read", region=True))]
ForecastReader = Annotated[Principal, Depends(require("forecasts:read", region=True))]
ScenarioWriter = Annotated[Principal, Depends(require("scenarios:write", region=True))]
StaffingReader = Annotated[Principal, Depends(require("staffing:read", region=True))]
EventWriter = Annotated[Principal, Depends(require("events:write"))]
Importer = Annotated[Principal, Depends(require("imports:write"))]
FileSender = Annotated[Principal, Depends(require_apart("imports:write"))]
KeyAdmin = Annotated[Principal, Depends(require("keys:admin"))]
Operator = Annotated[Principal, Depends(require("operator"))]
