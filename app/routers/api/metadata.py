"""`GET /api/v1/metadata`: the data dictionary of the study; `openapi.json`: that of the door."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from app.exports.dictionary import describe
from app.routers.api.keys import MetadataKey, api_router
from app.routers.api.queries import NoQuery
from app.routers.api.shapes import Metadata
from app.routers.deps import Deployed

router: APIRouter = api_router()
described = APIRouter(include_in_schema=False)


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
    return _tagged(text, if_none_match, "private, no-cache")


@described.get("/api/v1/openapi.json")
def show_description(request: Request, if_none_match: Annotated[str, Header()] = "") -> Response:
    """Give the description of the door; it is for everybody, and changes with the release."""
    text = json.dumps(request.app.openapi(), ensure_ascii=False)
    return _tagged(text, if_none_match, "no-cache")


def _tagged(text: str, known: str, kept: str) -> Response:
    """Answer with JSON and its tag, or say that the client has it."""
    tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": kept}
    if {tag, tag.removeprefix("W/"), "*"} & {one.strip() for one in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
