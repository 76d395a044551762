"""Who tells the figures of a place: the client of an organisation, by hand or through its feed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from app.facilities.queries import Directory, KnownFacility, KnownPool, KnownUnit
from app.facilities.region import FeedEntry, Region, facts_of
from app.facilities.schemas import FacilityFacts, StaffPoolFacts, UnitFacts
from app.feeds.places import areas_in, place_of_pool, place_of_unit
from app.observations.words import Place

# The region of the demo holds from the beginning, so it does not matter since when.
ALWAYS = datetime(1990, 1, 1, tzinfo=UTC)
LISTS_BEDS = frozenset({"hospital-bedden"})


@dataclass(frozen=True)
class Sender:
    """A client with its key; with a feed, the feed's format and its codes of the units."""

    client: str
    feed: str = ""
    format: str = ""
    codes: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def lists_beds(self) -> bool:
        """Whether it sends the list of beds that hospitals export, instead of counts."""
        return self.feed in LISTS_BEDS


class NobodyTells(Exception):
    """The region file has no client that may tell this."""


@dataclass(frozen=True)
class Senders:
    """The senders of a region, each by what it tells."""

    region: Region

    def sender(self, place: str, source_kind: str, feed: str) -> Sender:
        """Who tells this place's figures in this way. Raises `NobodyTells`."""
        if feed:
            entry = self.feeds[feed]
            codes = {unit: code for code, unit in entry.units.items()}
            return Sender(self.client(entry.organisation, "feed"), feed, entry.format, codes)
        return Sender(self.client(self.teller(place, source_kind), "hand"))

    def teller(self, place: str, source_kind: str) -> str:
        if source_kind != "mandate":
            return self.owners[place]
        for mandate in self.region.mandates:
            if mandate.confirmed and place in mandate.units:
                return mandate.to
        raise NobodyTells(f"No mandate names {place}.")

    def client(self, organisation: str, source_kind: str) -> str:
        for client in self.region.clients:
            tells = "reports:write" in client.scopes
            if client.organisation == organisation and client.source_kind == source_kind and tells:
                return client.client
        raise NobodyTells(f"{organisation} has no {source_kind} client that may tell figures.")

    @cached_property
    def feeds(self) -> Mapping[str, FeedEntry]:
        return {feed.feed: feed for feed in self.region.feeds}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        units = {unit.unit: unit.organisation for unit in self.region.units}
        return units | {pool.staff_pool: pool.organisation for pool in self.region.staff_pools}

    @cached_property
    def care_settings(self) -> Mapping[str, str]:
        return {unit.unit: unit.care_setting for unit in self.region.units}

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Each unit and staff pool, with the words that its figures may use."""
        known = directory(self.region)
        units = {name: place_of_unit(unit, areas_in(known)) for name, unit in known.units.items()}
        return units | {name: place_of_pool(pool) for name, pool in known.staff_pools.items()}


def directory(region: Region) -> Directory:
    """The region as the tower knows it, without the numbers that only the store gives."""
    return Directory(
        organisations={},
        facilities={
            each.facility: KnownFacility(
                each.facility, 0, each.organisation, facts_of(FacilityFacts, each), ALWAYS
            )
            for each in region.facilities
        },
        units={
            each.unit: KnownUnit(
                each.unit, 0, each.organisation, facts_of(UnitFacts, each), ALWAYS, ALWAYS
            )
            for each in region.units
        },
        staff_pools={
            each.staff_pool: KnownPool(
                each.staff_pool, 0, each.organisation, facts_of(StaffPoolFacts, each), ALWAYS
            )
            for each in region.staff_pools
        },
        groups={},
        levels={},
        at=ALWAYS,
    )
