"""The outbox: what others must be told, written in the transaction of the deed itself."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class OutboxEntry(Base):
    """Taken out by the worker once it has been told on."""

    __tablename__ = "outbox"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


def tell(session: AsyncSession, org_id: int, kind: str, **body: object) -> None:
    session.add(OutboxEntry(org_id=org_id, id=uuid.uuid4(), kind=kind, body=body))
