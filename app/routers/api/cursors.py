"""`PUT /api/v1/cursors/{name}`: a puller says how far its copy has committed."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.domain.cursor import read_cursor
from app.routers.api.keys import ChangesKey, api_router
from app.routers.api.shapes import CopyPlace
from app.routers.deps import Now, Write
from app.services import pullers

router: APIRouter = api_router()


class Committed(BaseModel):
    """What the puller keeps in the same transaction as its rows."""

    model_config = ConfigDict(extra="forbid")

    cursor: str = Field(max_length=64, description="The `next_cursor` of the last page committed")


@router.put("/cursors/{name}")
def tell_place(
    name: Annotated[
        str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="The copy's name, of your own")
    ],
    told: Committed,
    holder: ChangesKey,
    session: Write,
    now: Now,
) -> CopyPlace:
    """Note how far a copy has committed, so that the site sees that its trial database follows.

    Nothing clinical is written. A place that a pull could not go on from is refused as there.
    """
    cursor = read_cursor(told.cursor)
    after = pullers.tell_place(session, actor=holder.actor, name=name, cursor=cursor, now=now)
    return CopyPlace(name=name, cursor=told.cursor, told_at=now, behind=after.count)
