"""Keys made and revoked, mandates noted, and the trail of who did what."""

import asyncio
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog import get_logger

from app.access.keys import Key, new_key, seal, seal_token
from app.access.principal import Principal
from app.access.queries import SessionKind
from app.access.scopes import Scope
from app.access.tables import ApiKey, AuditEvent, BrowserSession, Client
from app.errors import Conflict, NotFound

log = get_logger(__name__)
Action = Literal["C", "R", "U", "D", "E"]
# A day's work; long enough to walk to the phone; a season of shifts.
LASTS: dict[SessionKind, timedelta] = {
    "person": timedelta(hours=12),
    "pairing": timedelta(minutes=10),
    "phone": timedelta(days=90),
}
# A phone writes for its unit and reads that unit's latest report.
PHONE_SCOPES: frozenset[str] = frozenset({"reports:write", "reports:read"})


def note(
    session: AsyncSession,
    principal: Principal,
    event: str,
    action: Action,
    *,
    object_type: str,
    object_id: str,
    org_id: int | None = None,
    right: Scope | str = "",
    outcome: str = "done",
    **detail: object,
) -> None:
    """One event of the audit trail, in the transaction of the deed itself."""
    session.add(
        AuditEvent(
            org_id=principal.org_id if org_id is None else org_id,
            id=uuid.uuid4(),
            event=event,
            action=action,
            actor_org=principal.org_id,
            client_id=principal.client_id,
            right=right,
            object_type=object_type,
            object_id=object_id,
            outcome=outcome,
            request_id=session.info.get("request_id", ""),
            detail=detail,
        )
    )


async def add_client(
    session: AsyncSession, org_id: int, name: str, source_kind: Literal["hand", "feed"]
) -> int:
    found = await session.scalar(
        select(Client.client_id).where(Client.org_id == org_id, Client.name == name)
    )
    if found is not None:
        return found
    made = insert(Client).values(org_id=org_id, name=name, source_kind=source_kind)
    client_id: int = (await session.execute(made.returning(Client.client_id))).scalar_one()
    return client_id


async def add_key(
    session: AsyncSession,
    org_id: int,
    client_id: int,
    scopes: list[Scope],
    pepper: bytes,
    key: Key | None = None,
    expires_at: datetime | None = None,
) -> Key:
    """A new key of a client; its text is given once and never kept."""
    live = await session.scalar(
        select(func.count(ApiKey.kid))
        .where(ApiKey.org_id == org_id, ApiKey.client_id == client_id)
        .where(ApiKey.revoked_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()))
    )
    if live is not None and live >= 2:
        raise Conflict(
            "This client has two live keys already. Revoke one of them first.", code="two-keys"
        )
    key = key or new_key()
    await session.execute(
        insert(ApiKey).values(
            kid=key.kid,
            org_id=org_id,
            client_id=client_id,
            seal=seal(key, pepper),
            scopes=list(scopes),
            expires_at=expires_at,
        )
    )
    return key


async def give_key(
    session: AsyncSession,
    principal: Principal,
    org_id: int,
    client: str,
    source_kind: Literal["hand", "feed"],
    scopes: Sequence[Scope],
    pepper: bytes,
    key: Key,
    expires_at: datetime | None,
    right: Scope,
) -> bool:
    """Whether this key is new: of one number there is one, and then its text is told no more.

    For a client that is there, or a new one; `source_kind` is that of a new one.
    """
    known = select(ApiKey.kid).where(ApiKey.org_id == org_id, ApiKey.kid == key.kid)
    if await session.scalar(known) is not None:
        return False
    client_id = await add_client(session, org_id, client, source_kind)
    await add_key(session, org_id, client_id, list(scopes), pepper, key, expires_at)
    note(
        *(session, principal, "keys.add", "C"),
        object_type="key",
        object_id=key.kid,
        org_id=org_id,
        right=right,
        client=client,
        scopes=list(scopes),
    )
    return True


async def revoke_key(
    session: AsyncSession, principal: Principal, kid: str, right: Scope = "operator"
) -> None:
    """End a live key for good, and with it all that was begun by it."""
    org_id = await session.scalar(
        update(ApiKey)
        .where(ApiKey.kid == kid, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
        .returning(ApiKey.org_id)
    )
    if org_id is None:
        raise NotFound("There is no live key of this id. `keys list` names them.")
    note(
        *(session, principal, "keys.revoke", "D"),
        object_type="key",
        object_id=kid,
        org_id=org_id,
        right=right,
    )


async def begin_session(
    session: AsyncSession,
    who: Principal,
    token: str,
    pepper: bytes,
    kind: SessionKind = "person",
    unit: str = "",
    number: uuid.UUID | None = None,
) -> None:
    """Whoever this is may from now on be known by this token; its organisation's transaction.

    By a key `who` is what the key says. An identity provider would come in here: what it says of
    somebody, made into a Principal of a client (without a `kid`), is all that a session needs.
    Of one `number` there is one session: begun again, it is the same.
    """
    number = number or uuid.uuid4()
    assert who.client_id is not None, "a session is of a client"
    scopes = who.scopes if kind == "person" else who.scopes & PHONE_SCOPES
    begun = await session.scalar(
        upsert(BrowserSession)
        .values(
            org_id=who.org_id,
            id=number,
            seal=seal_token(token, pepper),
            client_id=who.client_id,
            kind=kind,
            kid=who.kid,
            scopes=sorted(scopes),
            unit=unit,
            expires_at=func.clock_timestamp() + LASTS[kind],
        )
        .on_conflict_do_nothing()
        .returning(BrowserSession.id)
    )
    if begun is not None:
        note(
            *(session, who, f"sessions.{kind}", "C"),
            object_type="session",
            object_id=str(number),
            unit=unit,
        )


async def end_session(
    session: AsyncSession,
    who: Principal,
    number: uuid.UUID,
    org_id: int | None = None,
    right: Scope | str = "",
) -> bool:
    """Whether there was a session of this number that went on until now; then it has ended.

    One's own, unless `org_id` says of whom; the transaction acts for that organisation.
    """
    of = who.org_id if org_id is None else org_id
    unit = await session.scalar(
        update(BrowserSession)
        .where(BrowserSession.org_id == of, BrowserSession.id == number)
        .where(BrowserSession.ended_at.is_(None))
        .values(ended_at=func.clock_timestamp())
        .returning(BrowserSession.unit)
    )
    if unit is not None:
        note(
            *(session, who, "sessions.end", "D"),
            object_type="session",
            object_id=str(number),
            org_id=of,
            right=right,
            unit=unit,
        )
    return unit is not None


async def note_refusal(
    engine: AsyncEngine, principal: Principal | None, status: int, route: str, request_id: str
) -> None:
    """A refusal is noted in a transaction of its own: the request's own is undone."""
    org_id = principal.org_id if principal else 0
    with suppress(Exception):
        async with asyncio.timeout(3), engine.begin() as connection:
            await connection.exec_driver_sql(f"SET LOCAL app.org = '{org_id}'")
            await connection.execute(
                insert(AuditEvent).values(
                    org_id=org_id,
                    id=uuid.uuid4(),
                    event="refused",
                    action="E",
                    actor_org=org_id,
                    client_id=principal.client_id if principal else None,
                    right="",
                    object_type="route",
                    object_id=route,
                    outcome=str(status),
                    request_id=request_id,
                    detail={},
                )
            )
        return
    log.warning("refusal not noted", status=status, route=route, request_id=request_id)


class AccessLog:
    """Reads, kept for a second in memory and then written by one COPY."""

    COLUMNS = (
        *("org_id", "id", "at", "client_id", "method", "route", "status"),
        *("milliseconds", "request_id"),
    )
    MOST = 50_000

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.lines: deque[tuple[Any, ...]] = deque(maxlen=self.MOST)
        self.lost = 0

    def add(
        self,
        principal: Principal | None,
        method: str,
        route: str,
        status: int,
        milliseconds: float,
        request_id: str,
    ) -> None:
        if len(self.lines) == self.MOST:
            self.lost += 1
        org_id, client_id = (principal.org_id, principal.client_id) if principal else (0, None)
        now = datetime.now(UTC)
        self.lines.append(
            (org_id, uuid.uuid4(), now, client_id, method, route, status, milliseconds, request_id)
        )

    async def keep_flushing(self) -> None:
        connection: asyncpg.Connection | None = None
        try:
            while True:
                await asyncio.sleep(1)
                try:
                    if connection is None or connection.is_closed():
                        connection = await asyncpg.connect(self.dsn, timeout=3)
                    await self.flush(connection)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                    log.warning("access log waits for the store", lines=len(self.lines))
        finally:
            if connection is not None and not connection.is_closed():
                with suppress(Exception):
                    await self.flush(connection)
                await connection.close(timeout=2)

    async def flush(self, connection: asyncpg.Connection) -> None:
        batch = list(self.lines)
        if batch:
            await connection.copy_records_to_table(
                "access_log", records=batch, columns=self.COLUMNS, timeout=3
            )
            for _ in batch:
                self.lines.popleft()
