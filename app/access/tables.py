"""Who may, and who did: organisations, clients and their keys, mandates, sharing, the audit."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Version:
    """A version of master data: what holds from `valid_from`, as known since `known_at`.

    At a moment T, as known at K, that version holds which begins last at or before T, and of
    those the one known last at or before K. `valid_to` ends the thing itself. Never changed.
    """

    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    valid_to: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Organisation(Base):
    """A provider or another party. Number 0 is the region itself."""

    __tablename__ = "organisations"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    organisation: Mapped[str] = mapped_column(unique=True)


class OrganisationVersion(Version, Base):
    """Facts: name, audience, chamberOfCommerce, branch, ura, agb."""

    __tablename__ = "organisation_versions"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"), primary_key=True)


class Client(Base):
    """One thing that calls for an organisation: a feed, a board, a phone form."""

    __tablename__ = "clients"

    client_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))
    name: Mapped[str]
    source_kind: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (
        Index(None, "org_id", "name", unique=True),
        CheckConstraint("source_kind in ('hand', 'feed')", "source_kind"),
    )


class ApiKey(Base):
    """A key, sealed; two live ones a client, so that one can be changed for the other."""

    __tablename__ = "api_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.client_id"))
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "org_id", "client_id"),)


class BrowserSession(Base):
    """Somebody at a page: a person for a day's work, a paired phone, or a pairing that waits.

    Only the seal of its token is kept. It ends with the key it was begun with; `kid` is empty if
    that was no key. A phone and a pairing are of one unit.
    """

    __tablename__ = "sessions"

    org_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.org_id"), primary_key=True, autoincrement=False
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.client_id"))
    kind: Mapped[str]
    kid: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    unit: Mapped[str]
    begun_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('person', 'pairing', 'phone')", "kind"),
        CheckConstraint("(kind = 'person') = (unit = '')", "unit"),
        Index(None, "seal", unique=True),
        Index(None, "org_id", "unit"),
    )


class MandateVersion(Version, Base):
    """`org_id` lets another report for it. Facts: to, units, until, confirmed."""

    __tablename__ = "mandate_versions"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"), primary_key=True)
    mandate: Mapped[str] = mapped_column(primary_key=True)
    noted_by: Mapped[int] = mapped_column(server_default="0")


class SharingRuleVersion(Version, Base):
    """`org_id` shows more, or less, than the default. Facts: audience, organisation, measures,
    detail, delayMinutes."""

    __tablename__ = "sharing_rule_versions"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"), primary_key=True)
    sharing_rule: Mapped[str] = mapped_column(primary_key=True)
    noted_by: Mapped[int] = mapped_column(server_default="0")


class AuditEvent(Base):
    """Who did what to what, when, and with which right. Never changed, never deleted."""

    __tablename__ = "audit_events"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    event: Mapped[str]
    action: Mapped[str]
    actor_org: Mapped[int]
    client_id: Mapped[int | None]
    right: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    outcome: Mapped[str]
    request_id: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("action in ('C', 'R', 'U', 'D', 'E')", "action"),
        Index(None, "org_id", "at"),
    )


class AccessLine(Base):
    """Reads, in batches by COPY: at most the last second of them is lost on kill -9."""

    __tablename__ = "access_log"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    client_id: Mapped[int | None]
    method: Mapped[str]
    route: Mapped[str]
    status: Mapped[int]
    milliseconds: Mapped[float]
    request_id: Mapped[str]


class Mark(Base):
    """What this database is: `fictief` for a demo region."""

    __tablename__ = "marks"

    mark: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
