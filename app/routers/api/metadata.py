"""`GET /api/v1/metadata`: the data dictionary of the study."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from app.exports.dictionary import describe
from app.routers.api.keys import MetadataKey, api_router
from app.routers.api.queries import NoQuery
from app.routers.api.shapes import Metadata
from app.routers.deps import Deployed

router: APIRouter = api_router()


@router.get("/metadata", response_model=Metadata, responses={304: {"description": "As known"}})
def show_metadata(
    deployment: Deployed,
    holder: MetadataKey,
    query: Annotated[NoQuery, Query()],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Give every variable, code and range, with words in French and English.

    It changes only with the study definition: send the `ETag` back as `If-None-Match`.
    """
    text = json.dumps(describe(deployment.study), ensure_ascii=False)
    tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
