"""What a request of the door may not be: ambiguous, or for a format that the route does not have.

A repeated parameter would be read as its last value and a body of a GET as nothing at all: both are
slips that must never answer with something else than what was asked.
"""

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.domain.errors import InvalidInput

JSON = "application/json"


def require_manners(request: Request) -> None:
    """Raise InvalidInput for a repeated parameter or an unread body; 406 beside the formats."""
    names = [name for name, _value in request.query_params.multi_items()]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput("parameter_repeated", field=name)
    if request.method == "GET" and (
        request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    ):
        raise InvalidInput("body_unread", field="body")
    route = request.scope["route"]
    if not any(_accepts(request.headers.get("accept", ""), one) for one in _formats(route)):
        raise HTTPException(status_code=406)


def _formats(route: APIRoute) -> set[str]:
    """What a route answers with, as OpenAPI tells."""
    told = set(route.responses.get(200, {}).get("content", ()))
    return told | {JSON} if route.response_model is not None or not told else told


def _accepts(accept: str, media: str) -> bool:
    """Whether a client takes a format; one that says nothing takes anything."""
    if not accept.strip():
        return True
    family = f"{media.partition('/')[0]}/*"
    for part in accept.lower().split(","):
        wanted, *rest = (piece.strip() for piece in part.split(";"))
        is_refused = any(piece.replace(" ", "") in ("q=0", "q=0.0") for piece in rest)
        if wanted in ("*/*", family, media) and not is_refused:
            return True
    return False
