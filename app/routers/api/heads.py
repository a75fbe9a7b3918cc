"""`GET /api/v1/heads`: where the streams stood when they were last signed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.routers.api.keys import ChangesKey, api_router
from app.routers.api.queries import NoQuery
from app.routers.api.shapes import SignedHeads
from app.routers.deps import Here
from app.services import heads

router: APIRouter = api_router()


@router.get("/heads")
def show_signed_heads(
    service: Here, holder: ChangesKey, query: Annotated[NoQuery, Query()]
) -> SignedHeads:
    """Give the last signed heads (Ed25519), of the key's streams alone. Keep them with your copy.

    The signature is over the canonical JSON (RFC 8785) of `signed`. A head is proved by the SHA-256
    of its canonical JSON, `{"hash": …, "no": …, "stream": …}`, which is one of `signed.digests`.
    """
    with service.database.read() as session:
        shown = heads.last_shown(session, actor=holder.actor)
    nothing: dict[str, Any] = {"signed": None, "heads": {}, "public_key": None, "signature": None}
    return SignedHeads.model_validate(shown or nothing)
