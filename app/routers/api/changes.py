"""`GET /api/v1/changes`: every version of every record, each once, in the order of the commits."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.cursor import Cursor, read_cursor
from app.exports.changes import write_change, write_lines, write_page
from app.routers.api.keys import ChangesKey, api_router
from app.routers.api.shapes import ChangesPage
from app.routers.deps import Here, KeyHolder, Service
from app.services import feed
from app.services.feed import Pull

router: APIRouter = api_router()

JSON, NDJSON = "application/json", "application/x-ndjson"


class ChangesQuery(BaseModel):
    """Where to go on from, how much to take, and how long to wait for something new."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(
        "0",
        max_length=64,
        description="The `next_cursor` of the page before; 0 begins at the first change",
    )
    limit: int = Field(100, ge=1, le=1000, description="At most so many changes")
    wait: int = Field(
        0, ge=0, le=30, description="Wait so many seconds for a change when there is none yet"
    )


@router.get(
    "/changes",
    response_model=ChangesPage,
    responses={
        200: {
            "description": "One page. As NDJSON, a line for each change and the rest as last line",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        }
    },
)
async def list_changes(
    request: Request, service: Here, holder: ChangesKey, query: Annotated[ChangesQuery, Query()]
) -> Response:
    """Give the changes after a cursor, with all that is needed to prove that none is missing.

    Corrections, voids and redactions are changes like any other. The page tells `heads`: when
    `has_more` is false, that is where each stream of the key ends.
    """
    media = _media(request.headers.get("accept", ""))
    pull_once = partial(_pull, service, holder, read_cursor(query.after), query.limit, media)
    pull = await run_in_threadpool(pull_once)
    if query.wait and not pull.rows:
        with service.waiting_room.seat(holder.key.id) as is_seated:
            if is_seated:
                pull = await _wait(request, pull_once, query.wait)
    return _written(pull, media)


async def _wait(request: Request, pull_once: Callable[[], Pull], seconds: int) -> Pull:
    """Ask again every second; no session and no thread is held in between."""
    for _ in range(seconds):
        await asyncio.sleep(1)
        pull = await run_in_threadpool(pull_once)
        if pull.rows or await request.is_disconnected():
            break
    return pull


def _pull(service: Service, holder: KeyHolder, after: Cursor, limit: int, media: str) -> Pull:
    """Read one page; what it returns is on record before it leaves."""
    with service.database.read() as session:
        pull = feed.read_changes(session, actor=holder.actor, after=after, limit=limit)
    if pull.rows:
        with service.database.write() as session:
            feed.record_pull(
                session, actor=holder.actor, pull=pull, media=media, now=service.clock()
            )
    return pull


def _media(accept: str) -> str:
    """The format asked for; JSON when the client takes anything."""
    return NDJSON if NDJSON in accept else JSON


def _written(pull: Pull, media: str) -> Response:
    items = [write_change(row) for row in pull.rows]
    envelope = {
        "next_cursor": str(pull.end),
        "has_more": pull.has_more,
        "epoch": pull.end.epoch,
        "heads": {stream: {"no": no, "hash": head} for stream, (no, head) in pull.heads.items()},
    }
    if media == NDJSON:
        return Response(write_lines(items, envelope), media_type=NDJSON)
    return Response(write_page("changes", items, envelope), media_type=JSON)
