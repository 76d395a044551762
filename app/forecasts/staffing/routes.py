"""The staff that will be needed, over HTTP."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.access.commands import note
from app.access.routes import StaffingReader
from app.db import Db
from app.forecasts.routes import UNCHANGED, Tags, json_or_csv, matches
from app.forecasts.staffing import queries
from app.forecasts.staffing.lines import text_of
from app.forecasts.staffing.schemas import Asked, Staffing

router = APIRouter(tags=["staffing"])
FORMS = {
    **UNCHANGED,
    200: {
        "description": "The need, the roster and the gap, per role and shift.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    406: {"description": "None of the media types of this answer is accepted."},
}


@router.get("/staffing", response_model=Staffing, responses=FORMS)
async def staffing(
    request: Request,
    session: Db,
    viewer: StaffingReader,
    asked: Annotated[Asked, Query()],
    tags: Tags = None,
) -> Response:
    """How many heads of each role each shift of the next 13 weeks needs, and has.

    The need comes from the same sample paths as the beds, by the norms of the region; of a
    huisartsenpost and an SEH from who asks by the hour and the wait that is aimed at. The roster
    is what was told, less who will be absent. Of each shift the role that is worst is named; roles
    are never added up. `capacity` says how many people can be cared for, and whether beds or a
    role bind. `horizon=months` tells heads a shift and FTE; `horizon=years` FTE of each role in the
    region, need beside who will be at work, with a band of 80% and the role that is worst.

    The owner is told all of it, who places people whether a shift is short, others nothing unless
    it is shared. The years are for all: who may not see what the units behind a role told is told
    its need by the open tables. As JSON or, for a planner's sheet, CSV by `Accept`. Keep the
    `ETag`.
    """
    media = json_or_csv(request)
    told = await queries.answer(session, viewer, asked, kept_of(request), datetime.now(UTC))
    body = told.model_dump_json(by_alias=True).encode()
    if media == "text/csv":
        note(
            session,
            viewer,
            "staffing.export",
            "R",
            object_type=told.subject_kind,
            object_id=told.subject,
            right="staffing:read",
            horizon=told.horizon,
        )
        body = text_of(told)
    # By content: the moment of asking alone makes no other answer.
    held = body if asked.known_at else told.model_dump_json(exclude={"known_at"}).encode()
    etag = f'"{hashlib.sha256(media.encode() + held).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept"}
    if tags is not None and matches(tags, etag):
        return Response(status_code=304, headers=headers)
    form = "; charset=utf-8; header=present" if media == "text/csv" else ""
    return Response(body, headers={**headers, "Content-Type": media + form})


def kept_of(request: Request) -> queries.KeptPeople:
    """Made at the first question."""
    kept: queries.KeptPeople | None = getattr(request.app.state, "people", None)
    if kept is None:
        kept = request.app.state.people = queries.KeptPeople()
    return kept
