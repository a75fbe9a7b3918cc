"""What every route of the door asks of a key: that it holds, goes slowly enough, and has the scope.

Also what all these routes say in OpenAPI: the bearer scheme and the shape of a refusal.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Security
from fastapi.security import HTTPBearer

from app.domain.errors import NotAllowed
from app.routers.api.manners import require_manners
from app.routers.api.shapes import Problem
from app.routers.deps import Here, Key, KeyHolder, Now, Service
from app.services import pace

_BEARER = HTTPBearer(
    scheme_name="key",
    description="A key of the trial database: `diary_<id>_<secret>`",
    auto_error=False,
)
_REFUSALS = """A refusal, as problem+json (RFC 9457):
401 no key, or one that does not hold · 403 the key lacks the scope · 404 not there, or out of the
key's sites · 406 there is no such format · 409 the cursor cannot be gone on from: the title says
what to do · 422 a parameter is unknown, repeated or malformed: `field` names it · 429 too many
requests: wait `Retry-After` seconds"""


def api_router() -> APIRouter:
    """A router of the door; its refusals are problem+json (RFC 9457)."""
    problem = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return APIRouter(
        prefix="/api/v1",
        tags=["trial database"],
        dependencies=[Security(_BEARER), Depends(require_manners)],
        responses={"4XX": {"description": _REFUSALS, "content": problem}},
    )


def _holding(scope: str) -> Callable[..., KeyHolder]:
    def holder(service: Here, key: Key, now: Now) -> KeyHolder:
        take_turn(service, key, now)
        if scope not in key.key.scopes.split():
            raise NotAllowed("scope_missing", source=f"scope/{key.key.id}", scope=scope)
        return key

    return holder


def take_turn(service: Service, key: KeyHolder, now: datetime) -> None:
    """Count a request of a key, or raise TooFast."""

    def share(count: int) -> int:
        with service.database.write() as session:
            return pace.add_requests(session, key_id=key.key.id, count=count, now=now)

    service.pace.take(key.key.id, now, share)


ChangesKey = Annotated[KeyHolder, Depends(_holding("changes:read"))]
ExportKey = Annotated[KeyHolder, Depends(_holding("export:read"))]
MetadataKey = Annotated[KeyHolder, Depends(_holding("metadata:read"))]
