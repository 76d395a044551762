"""Files that are being brought in, and what became of them."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class FileImport(Base):
    """Under way while `finished_at` is null and `alive_until` ahead; what is refused is gone.

    The row of one that is finished is written in the transaction of its figures.
    """

    __tablename__ = "imports"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    profile: Mapped[str]
    dry_run: Mapped[bool]
    client_id: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    alive_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    read_bytes: Mapped[int] = mapped_column(BigInteger)
    total_bytes: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    figures: Mapped[int | None] = mapped_column(BigInteger)
    units: Mapped[int | None]
    added: Mapped[int | None] = mapped_column(BigInteger)
    corrected: Mapped[int | None] = mapped_column(BigInteger)
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    seal: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (Index(None, "org_id", "started_at", "id"),)
