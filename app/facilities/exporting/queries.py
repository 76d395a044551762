"""The region as a region file, handed out only if applying it would change nothing."""

import asyncio
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.queries import organisations
from app.access.tables import Mark
from app.errors import Conflict, Invalid
from app.facilities.commands import FICTIEF, KINDS, Kind, apply, holding_now
from app.facilities.exporting.written import written
from app.facilities.region_file import parse
from app.facilities.tables import UnitAlias


async def region_text(session: AsyncSession, feeds: Kind, at: datetime) -> str:
    """All that holds, proven by the very command that would apply it."""
    held = {
        kind.word: [*(await holding_now(session, kind, at))[0].values()] for kind in (*KINDS, feeds)
    }
    names = await organisations(session)
    aliases = [
        (names[each.org_id], each.alias, each.unit)
        for each in await session.scalars(
            select(UnitAlias).order_by(UnitAlias.org_id, UnitAlias.alias)
        )
    ]
    assert feeds.anchor is not None, "a feed has its format in a row of its own"
    formats = {each.feed: each.format for each in await session.scalars(select(feeds.anchor))}
    fictief = await session.get(Mark, FICTIEF) is not None
    # Reading and writing of a long file is not done while others wait.
    text = await asyncio.to_thread(written, held, formats, aliases, fictief=fictief, at=at)
    try:
        region = await asyncio.to_thread(parse, text)
    except Invalid as refused:
        raise not_whole() from refused
    found = await apply(session, region, at=at, dry_run=True, feeds=feeds)
    if any(change.writes or change.deed == "absent" for change in found):
        raise not_whole()
    return text


def not_whole() -> Conflict:
    return Conflict(
        "What holds now cannot be told whole as a region file, so none is given: change the "
        "region by the file that set it up.",
        code="no-whole-file",
    )
