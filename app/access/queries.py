"""Who a key belongs to, who may report for whom, and what is shared with whom."""

import hmac
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, Select, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure, SharingRule
from app.access.keys import Key, seal, seal_token
from app.access.principal import Principal
from app.access.tables import (
    ApiKey,
    AuditEvent,
    BrowserSession,
    Client,
    MandateVersion,
    Organisation,
    SharingRuleVersion,
)

SessionKind = Literal["person", "pairing", "phone"]


async def find_principal(session: AsyncSession, key: Key, pepper: bytes) -> Principal | None:
    """The client of a live key, or None for any key that does not hold."""
    row = (
        await session.execute(text("SELECT * FROM find_key(:kid)"), {"kid": key.kid})
    ).one_or_none()
    # Compared also when there is no such key, so that time tells nothing.
    same = hmac.compare_digest(row.seal if row else bytes(32), seal(key, pepper))
    now = datetime.now(UTC)
    if row is None or not same or row.revoked_at is not None:
        return None
    if row.audience is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Principal(
        org_id=row.org_id,
        organisation=row.organisation,
        audience=row.audience,
        client_id=row.client_id,
        client=row.client,
        source_kind=row.source_kind,
        scopes=frozenset(row.scopes),
        kid=key.kid,
    )


async def find_session(
    session: AsyncSession, token: str, pepper: bytes
) -> tuple[SessionKind, Principal] | None:
    """Whom a live session, or a pairing that waits, is of; None for any that does not hold."""
    asked = text("SELECT * FROM find_session(:seal)")
    row = (await session.execute(asked, {"seal": seal_token(token, pepper)})).one_or_none()
    if row is None or row.audience is None:
        return None
    principal = Principal(
        org_id=row.org_id,
        organisation=row.organisation,
        audience=row.audience,
        client_id=row.client_id,
        client=row.client,
        source_kind=row.source_kind,
        scopes=frozenset(row.scopes),
        kid=row.kid,
        session_id=row.id,
        unit=row.unit,
    )
    return row.kind, principal


async def paired_phones(
    session: AsyncSession, unit: str, at: datetime
) -> Sequence[Row[uuid.UUID, datetime, datetime]]:
    """The phones that may report for a unit of the organisation that the transaction acts for."""
    table = BrowserSession
    asked = (
        select(table.id, table.begun_at, table.expires_at)
        .where(table.unit == unit, table.kind == "phone")
        .where(table.ended_at.is_(None), table.expires_at > at)
        .order_by(table.begun_at)
    )
    return (await session.execute(asked)).all()


async def was_paired(session: AsyncSession, unit: str, number: uuid.UUID) -> bool:
    """Whether this is, or was, a phone of a unit of the transaction's organisation."""
    table = BrowserSession
    asked = select(table.id).where(table.id == number, table.unit == unit, table.kind == "phone")
    return await session.scalar(asked) is not None


async def demo_clients(session: AsyncSession) -> Sequence[Row[str, str, str]]:
    """The clients whose keys are published, with the organisation and its name: of a demo only."""
    return (await session.execute(text("SELECT * FROM demo_clients()"))).all()


def as_known(
    table: type[Any],
    *key: Any,  # noqa: ANN401
    at: datetime,
    known_at: datetime | None = None,
) -> Select[Any]:
    """Of each thing the version that held `at`, as known at `known_at`; ended things are left out.

    `key` are the columns that tell one thing from another.
    """
    chosen = (
        select(table)
        .ext(distinct_on(*key))
        .where(table.valid_from <= at)
        .order_by(*key, table.valid_from.desc(), table.known_at.desc())
    )
    if known_at is not None:
        chosen = chosen.where(table.known_at <= known_at)
    version = chosen.subquery()
    return select(version).where((version.c.valid_to.is_(None)) | (version.c.valid_to > at))


async def disclosure(
    session: AsyncSession, viewer: Principal, at: datetime, known_at: datetime | None = None
) -> Disclosure:
    table = SharingRuleVersion
    rows = await session.execute(
        as_known(table, table.org_id, table.sharing_rule, at=at, known_at=known_at)
    )
    rules = [rule for row in rows for rule in sharing_rules(row.org_id, row.facts)]
    return Disclosure(viewer, tuple(rules))


def sharing_rules(owner: int, facts: dict[str, Any]) -> Sequence[SharingRule]:
    return [
        SharingRule(
            owner=owner,
            audience=facts.get("audience"),
            organisation=facts.get("organisation"),
            shown=shown,
            detail=facts["detail"],
            delay=timedelta(minutes=facts.get("delayMinutes", 0)),
        )
        for shown in facts["shown"]
    ]


async def mandated_units(session: AsyncSession, reporter: Principal, at: datetime) -> set[str]:
    """Units of others that this organisation may report for at this moment."""
    table = MandateVersion
    rows = await session.execute(as_known(table, table.org_id, table.mandate, at=at))
    return {
        unit
        for row in rows
        if row.facts["to"] == reporter.organisation and row.facts.get("confirmed")
        for unit in row.facts["units"]
    }


async def organisations(session: AsyncSession) -> dict[int, str]:
    rows = await session.execute(select(Organisation.org_id, Organisation.organisation))
    return {row.org_id: row.organisation for row in rows}


async def keys_there_are(
    session: AsyncSession, organisation: str | None = None
) -> Sequence[Row[str, str, str, list[str], datetime | None]]:
    """Each key with whose it is, and when it was revoked; never its seal."""
    asked = (
        select(
            *(ApiKey.kid, Organisation.organisation, Client.name.label("client")),
            *(ApiKey.scopes, ApiKey.revoked_at),
        )
        .join(Organisation, Organisation.org_id == ApiKey.org_id)
        .join(Client, Client.client_id == ApiKey.client_id)
        .order_by(Organisation.organisation, Client.name, ApiKey.made_at)
    )
    if organisation is not None:
        asked = asked.where(Organisation.organisation == organisation)
    return (await session.execute(asked)).all()


async def keys_of(
    session: AsyncSession, org_id: int
) -> Sequence[Row[str, str, str, list[str], datetime, datetime | None, datetime | None]]:
    """Each key of the transaction's own organisation: those that open the door first."""
    asked = (
        select(
            *(ApiKey.kid, Client.name.label("client"), Client.source_kind, ApiKey.scopes),
            *(ApiKey.made_at, ApiKey.expires_at, ApiKey.revoked_at),
        )
        .join(Client, Client.client_id == ApiKey.client_id)
        .where(ApiKey.org_id == org_id)
        .order_by(ApiKey.revoked_at.is_not(None), Client.name, ApiKey.made_at)
    )
    return (await session.execute(asked)).all()


async def live_sessions(
    session: AsyncSession, org_id: int, at: datetime, kid: str | None = None
) -> Sequence[Row[uuid.UUID, str, str, str, datetime, datetime]]:
    """People and phones of the transaction's own organisation that are signed in still; by this
    key, if one is named."""
    table = BrowserSession
    opens = (
        select(ApiKey.kid)
        .where(ApiKey.kid == table.kid, ApiKey.revoked_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > at))
        .exists()
    )
    asked = (
        select(
            *(table.id, table.kind, Client.name.label("client")),
            *(table.unit, table.begun_at, table.expires_at),
        )
        .join(Client, Client.client_id == table.client_id)
        .where(table.org_id == org_id, table.kind != "pairing")
        .where(table.ended_at.is_(None), table.expires_at > at)
        .where(or_(table.kid == "", opens))
        .order_by(table.kind, table.begun_at)
    )
    if kid is not None:
        asked = asked.where(table.kid == kid)
    return (await session.execute(asked)).all()


async def there_was(session: AsyncSession, org_id: int, number: uuid.UUID) -> bool:
    """Whether this is, or was, a session of the transaction's own organisation."""
    table = BrowserSession
    asked = select(table.id).where(table.org_id == org_id, table.id == number)
    return await session.scalar(asked) is not None


async def key_of(
    session: AsyncSession, org_id: int, kid: str
) -> Row[str, str, datetime | None] | None:
    asked = (
        select(ApiKey.kid, Client.name.label("client"), ApiKey.revoked_at)
        .join(Client, Client.client_id == ApiKey.client_id)
        .where(ApiKey.org_id == org_id, ApiKey.kid == kid)
    )
    return (await session.execute(asked)).one_or_none()


async def trail(
    session: AsyncSession,
    org_id: int,
    limit: int,
    after: tuple[datetime, uuid.UUID] | None = None,
    event: str = "",
    refused: bool | None = None,
) -> Sequence[Row[AuditEvent, str | None]]:
    """The audit of the transaction's own organisation, newest first, each with the client's name.

    A client of another organisation has no name here: its own alone knows it.
    """
    asked = (
        select(AuditEvent, Client.name.label("client"))
        .outerjoin(Client, Client.client_id == AuditEvent.client_id)
        .where(AuditEvent.org_id == org_id)
    )
    if after is not None:
        asked = asked.where(tuple_(AuditEvent.at, AuditEvent.id) < after)
    if event:
        asked = asked.where(AuditEvent.event == event)
    if refused is not None:
        asked = asked.where((AuditEvent.outcome != "done") == refused)
    newest = asked.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
    return (await session.execute(newest)).all()
