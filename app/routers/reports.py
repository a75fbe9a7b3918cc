"""What the SMS gateway reports of the texts that it took over (docs/sms-gateway.md)."""

import json
import secrets

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.routers.deps import Body, Here, Now, Write, address_of
from app.services import receipts, throttles

router = APIRouter(include_in_schema=False)


@router.post("/gateway/reports")
def report(request: Request, service: Here, session: Write, body: Body, now: Now) -> Response:
    """Note whether a text arrived; answered with nothing, and the same when it is said again."""
    expected = service.report_token
    if not expected:
        raise NotFound("not_found")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer:
        raise NotSignedIn("key_needed")
    if not secrets.compare_digest(bearer.strip().encode(), expected.encode()):
        source = f"report/{address_of(request)}"
        throttles.require_patience(session, source, now)
        raise NotSignedIn("key_refused", source=source)
    reference, status = _read(body)
    receipts.note_report(session, reference=reference, status=status, now=now)
    return Response(status_code=204)


def _read(body: bytes) -> tuple[str, str]:
    try:
        told = json.loads(body)
        reference, status = told["reference"], told["status"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise InvalidInput("bad_request") from None
    if not (isinstance(reference, str) and isinstance(status, str)):
        raise InvalidInput("bad_request")
    return reference, status
