"""Who offers care: sites, units, staff pools, groups; each an anchor with its versions."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.access.tables import Version
from app.db import Base


class Facility(Base):
    __tablename__ = "facilities"

    facility: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))


class FacilityVersion(Version, Base):
    """Facts: name, area."""

    __tablename__ = "facility_versions"

    facility: Mapped[str] = mapped_column(ForeignKey("facilities.facility"), primary_key=True)
    org_id: Mapped[int]


class Unit(Base):
    """The smallest thing that is reported. Its slug never changes, nor who is counted for it."""

    __tablename__ = "units"

    unit: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))

    __table_args__ = (Index(None, "org_id"),)


class UnitVersion(Version, Base):
    """Facts: see `facilities.schemas.UnitFacts`."""

    __tablename__ = "unit_versions"

    unit: Mapped[str] = mapped_column(ForeignKey("units.unit"), primary_key=True)
    org_id: Mapped[int]


class UnitAlias(Base):
    """The sender's own code of a unit, an alias per organisation that sends."""

    __tablename__ = "unit_aliases"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(ForeignKey("units.unit"))
    known_at: Mapped[datetime]


class StaffPool(Base):
    __tablename__ = "staff_pools"

    staff_pool: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))


class StaffPoolVersion(Version, Base):
    """Facts: name, units, roles, shifts."""

    __tablename__ = "staff_pool_versions"

    staff_pool: Mapped[str] = mapped_column(ForeignKey("staff_pools.staff_pool"), primary_key=True)
    org_id: Mapped[int]


class Group(Base):
    """A view over units. Group `region` holds every unit."""

    __tablename__ = "groups"

    group: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))


class GroupVersion(Version, Base):
    """Facts: name, members (unit, from, to)."""

    __tablename__ = "group_versions"

    group: Mapped[str] = mapped_column(ForeignKey("groups.group"), primary_key=True)
    org_id: Mapped[int]


class RuleVersion(Version, Base):
    """Rules, norms and assumptions of the region as data: levels, staffing norms, population,
    use per age band. Facts by kind; each with source and year."""

    __tablename__ = "rule_versions"

    kind: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int]
