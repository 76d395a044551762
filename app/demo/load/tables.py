"""Up to when a made-up region has been laid down, so that a restart loads only what is missing."""

from datetime import datetime

from sqlalchemy import BigInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class DemoLoad(Base):
    """What becomes known of a place before `until` is in the store; place '' is all of them."""

    __tablename__ = "demo_loads"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(BigInteger)
    begin_at: Mapped[datetime]
    dense_from: Mapped[datetime]
    rows: Mapped[int] = mapped_column(BigInteger)
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
