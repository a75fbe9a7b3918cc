"""The one table from errors to answers: status, page, fragment or problem+json.

Refusals of writes are trailed here: the refused work was rolled back, and a second transaction
commits the trail row and the throttle count before the answer goes out.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from app.domain import errors
from app.domain.errors import DomainError
from app.rendering import LANGUAGES, best_language, page
from app.routers.deps import NOBODY, Service, actor_of, address_of
from app.routers.sentences import sentence
from app.services import evenings
from app.services.trail import record_refusal

STATUS: dict[type[DomainError], int] = {
    errors.InvalidInput: 422,
    errors.WrongState: 409,
    errors.NotAllowed: 403,
    errors.NotSignedIn: 401,
    errors.NotFound: 404,
    errors.TooFast: 429,
    errors.Unavailable: 503,
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MACHINE_PATHS = ("/api/", "/redcap/", "/gateway/", "/submissions")
LONGEST_FIELD = 80
"""So much of a name that nobody knows is said back."""
_log = structlog.get_logger("errors")


def install(app: FastAPI) -> None:
    """Teach the application to answer errors."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _bad_parameters)
    app.add_exception_handler(HTTPException, _http_error)


def is_machine(request: Request) -> bool:
    """Whether the answer is for a program: the API, and the phone's script."""
    return request.url.path.startswith(_MACHINE_PATHS)


def language_of(request: Request) -> str:
    """The language to refuse in: the signed-in person's, else the visitor's."""
    known = getattr(request.state, "lang", None) or request.cookies.get("lang")
    if known in LANGUAGES:
        return str(known)
    return best_language(request.headers.get("accept-language", ""))


RefusalPage = Callable[[DomainError, str], Response]


def on_refusal(request: Request, render: RefusalPage) -> None:
    """Let a form answer its own refusals: `render(error, sentence)`, with what was typed kept.

    Called by a handler before its verb; the refusal is rolled back and trailed all the same.
    """
    request.state.refusal_page = render


async def refuse(request: Request, code: str, status: int) -> Response:
    """Answer what is refused before any route is found; what pretends to be ours is trailed."""
    error: DomainError = errors.InvalidInput(code)
    if status in (403, 421):
        error = errors.NotAllowed(code, source=f"{code}/{address_of(request)}")
    try:
        await run_in_threadpool(_trail, request, error)
    except errors.Unavailable as busy:
        return answer(request, busy)
    return answer(request, error, status)


def _domain_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError):
        raise error
    try:
        _trail(request, error)
    except errors.Unavailable as busy:  # what cannot be trailed is not answered yet
        return answer(request, busy)
    if error.code == "sign_in_needed" and not is_machine(request):
        at_desk = request.url.path.startswith("/desk")
        door = "/desk/sign-in" if at_desk else "/unlock"
        asked = f"?{urlencode({'next': request.url.path}, safe='/')}"
        return RedirectResponse(door + asked if request.method in _SAFE else door, status_code=303)
    if error.code == "confirmation_needed":
        back = request.url.path if request.method in _SAFE else _page_before(request)
        return RedirectResponse(f"/desk/confirm?{urlencode({'next': back})}", status_code=303)
    render: RefusalPage | None = getattr(request.state, "refusal_page", None)
    if render is None or isinstance(error, errors.Unavailable):
        return answer(request, error)
    response = render(error, sentence(error, language_of(request)))
    response.status_code = status_of(error)
    return response


def _page_before(request: Request) -> str:
    """The path of the page that a form stood on."""
    try:
        return urlsplit(request.headers.get("referer", "")).path or "/desk"
    except ValueError:  # brackets around what is no address
        return "/desk"


def status_of(error: DomainError) -> int:
    """The HTTP status of an error."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def answer(request: Request, error: DomainError, status: int = 0) -> Response:
    """Answer an error as a page or as problem+json, with what the caller should do.

    `status` is what HTTP says where that is more than the kind of error does.
    """
    status = status or status_of(error)
    lang = language_of(request)
    told = sentence(error, lang)
    request_id = getattr(request.state, "request_id", "")
    if is_machine(request):
        response: Response = JSONResponse(
            {
                **_plain(error.params),
                "type": "about:blank",
                "title": told,
                "status": status,
                "code": error.code,
                "field": error.field,
                "request_id": request_id,
            },
            status_code=status,
            media_type="application/problem+json",
        )
    else:
        at_desk = request.url.path.startswith("/desk")
        values: dict[str, Any] = {
            "study": None if at_desk else request.app.state.service.deployment.study,
            "sentence": told,
            "advice": None,
            "home": "/desk" if at_desk else "/",
            "code": error.code,
            "request_id": request_id,
        }
        response = page(request, "error.html", values, lang=lang, status=status)
    if isinstance(error, errors.TooFast | errors.Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.code in ("key_needed", "key_refused"):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """What fills the sentence, for a program to read beside it."""
    return {name: value for name, value in params.items() if isinstance(value, str | int | None)}


_UNTRAILED = frozenset({"sign_in_needed", "confirmation_needed", "other_enrolment"})
"""Refusals that are nobody's attempt: a door that was closed, a phone that changed hands."""


def _trail(request: Request, error: DomainError) -> None:
    """Commit what was refused, unless there is nothing to say or nowhere to say it."""
    actor = actor_of(request)
    is_write = request.method not in _SAFE
    is_guess = error.source is not None
    is_overreach = isinstance(error, errors.NotAllowed)
    if isinstance(error, errors.Unavailable) or error.code in _UNTRAILED:
        return
    if not (is_guess or is_overreach or (is_write and actor is not NOBODY)):
        return
    service: Service = request.app.state.service
    route = request.scope.get("route")
    act = f"{request.method} {getattr(route, 'path', '?')}"
    with service.database.write() as session:
        now = service.clock()
        record_refusal(session, actor=actor, error=error, act=act, now=now)
        if isinstance(error, errors.InvalidInput) and request.url.path == "/submissions":
            evenings.note_fault(session, deployment=service.deployment, actor=actor, now=now)


def _bad_parameters(request: Request, error: Exception) -> Response:
    field, rule = None, None
    if isinstance(error, RequestValidationError) and error.errors():
        first = error.errors()[0]
        field, rule = ".".join(str(part) for part in first["loc"][1:]) or None, first["msg"]
        field = field and field[:LONGEST_FIELD]
    return answer(request, errors.InvalidInput("bad_request", field=field, rule=rule))


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return answer(request, errors.NotFound("not_found"))
    codes = {406: "format_missing", 408: "too_slow", 413: "too_large"}
    code = codes.get(status, "bad_request")
    response = answer(request, errors.InvalidInput(code), status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


def fail(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw, and log where it happened."""
    _log.error("internal", error=type(error).__name__, exc_info=error)
    return answer(request, DomainError("internal"))
