"""Mandates: one organisation reports for units of another, once both and the operator agree."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.access.queries import organisations
from app.access.tables import MandateVersion
from app.db import Standing, act_as
from app.errors import Invalid, NotFound
from app.facilities.queries import KnownMandate, mandates, units
from app.faults import Fault
from app.feeds.schemas import Mandate, MandateKnown


async def give_mandate(
    session: AsyncSession, principal: Principal, mandate: Mandate, now: datetime
) -> MandateKnown:
    """A version of a mandate, not yet confirmed; a known one is given anew."""
    known = {unit.unit: unit.org_id for unit in (await units(session, now)).values()}
    faults = [
        Fault("not-yours", "A mandate is for units of your own.", f"/units/{n}")
        for n, unit in enumerate(mandate.units)
        if known.get(unit) != principal.org_id
    ]
    if mandate.to not in (await organisations(session)).values():
        faults.append(Fault("unknown-organisation", "There is no such organisation.", "/to"))
    if mandate.until is not None and mandate.until <= now:
        faults.append(Fault("in-the-past", "Give a moment that is still to come.", "/until"))
    if faults:
        raise Invalid("The mandate cannot be given.", code="not-valid", faults=faults)
    # No slug holds two hyphens together, so two pairs never make one name.
    name = f"{principal.organisation}--{mandate.to}"
    held = await known_mandate(session, name, now)
    if held is not None and same_mandate(held, mandate):
        return mandate_known(held)
    await keep_mandate(session, principal, principal.org_id, name, mandate, False, now)
    return MandateKnown(
        **mandate.model_dump(), mandate=name, organisation=principal.organisation, confirmed=False
    )


async def confirm_mandate(
    session: AsyncSession, principal: Principal, name: str, now: datetime
) -> MandateKnown:
    """Harmless when it is confirmed already."""
    held = await known_mandate(session, name, now)
    if held is None:
        raise NotFound("There is no mandate of this name now.", code="unknown-mandate")
    if not held.facts.confirmed:
        mandate = Mandate(to=held.facts.to, units=held.facts.units, until=held.until)
        await act_as(session, Standing(held.org_id, "own"))
        await keep_mandate(session, principal, held.org_id, name, mandate, True, now)
    return mandate_known(held).model_copy(update={"confirmed": True})


async def known_mandate(session: AsyncSession, name: str, now: datetime) -> KnownMandate | None:
    return next((each for each in await mandates(session, now) if each.mandate == name), None)


def same_mandate(held: KnownMandate, mandate: Mandate) -> bool:
    told = (mandate.to, mandate.units, mandate.until)
    return (held.facts.to, held.facts.units, held.until) == told


def mandate_known(held: KnownMandate) -> MandateKnown:
    return MandateKnown(
        mandate=held.mandate,
        organisation=held.organisation,
        to=held.facts.to,
        units=held.facts.units,
        until=held.until,
        confirmed=held.facts.confirmed,
    )


async def keep_mandate(
    session: AsyncSession,
    principal: Principal,
    org_id: int,
    name: str,
    mandate: Mandate,
    confirmed: bool,
    now: datetime,
) -> None:
    session.add(
        MandateVersion(
            org_id=org_id,
            mandate=name,
            valid_from=now,
            valid_to=mandate.until,
            facts={"to": mandate.to, "units": list(mandate.units), "confirmed": confirmed},
            noted_by=principal.org_id,
        )
    )
    note(
        session,
        principal,
        "mandates.confirm" if confirmed else "mandates.give",
        "U" if confirmed else "C",
        object_type="mandate",
        object_id=name,
        org_id=org_id,
        right="operator" if confirmed else "keys:admin",
    )
    await session.flush()
