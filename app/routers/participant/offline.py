"""What a phone holds for the time without a network: empty pages, its owner's profile, the worker.

The rule kept: an empty page is the same for everybody and holds no name and no answer. The profile
is what the questions need to be asked (limb, side, scale, evenings, medicines) and nothing that was
ever answered; the phone erases it at sign-out.
"""

import hashlib
from functools import cache
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.domain.errors import NotFound
from app.domain.study import Study
from app.rendering import LANGUAGES, asset, script, translations
from app.routers import deps
from app.routers.deps import Here, Now, Person, Read, Service, SignedIn
from app.routers.participant import shelf
from app.routers.participant.frame import Frame, open_frame
from app.routers.participant.paper import Paper, document_of, paper_for
from app.routers.participant.words import Words
from app.services import today
from app.services.today import Stage

router = APIRouter(include_in_schema=False)
DAYS_AHEAD = 45
"""How long a phone can go without a network and still know its evenings."""
SHELLS = {"diary": "diary", "dose": "dose", "home": "offline"}
SCRIPTS = ("outbox", "phone", "controls", "diary", "dose", "home", "report")


@router.get("/profile")
def profile(request: Request, service: Here, session: Read, who: Person, now: Now) -> Response:
    """Give what this phone keeps of its owner."""
    paper = paper_for(session, service, who, now)
    frame = open_frame(request, service, session, who)
    ahead = today.windows_ahead(
        session, deployment=service.deployment, person=who.person, now=now, days=DAYS_AHEAD
    )
    evenings = [
        {
            "on": window.diary_on.isoformat(),
            "opens": _ms(window.opens_at),
            "closes": _ms(window.closes_at),
            "until": _ms(window.grace_at),
        }
        for window in ahead
    ]
    told = _asked_of(paper, who) | {"evenings": evenings, "team": frame.team, "now": _ms(now)}
    answer = JSONResponse(told)
    deps.set_awake(answer, service)
    return answer


def _asked_of(paper: Paper, who: SignedIn) -> dict[str, Any]:
    """What the questions of one person need."""
    words = Words(paper.service.deployment.study, who.lang)
    shown = paper.fresh("diary", "/diary")
    return {
        **{name: shown["profile"][name] for name in ("limb", "limb_kind", "side", "scale")},
        **{name: shown["document"][name] for name in ("medicines", "on")},
        "enrolment": who.person.study_code,
        "lang": who.lang,
        "hand": who.person.hand,
        "tz": who.person.tz,
        "shelf": [shelf.shown(medicine, words) for medicine in paper.listed.values()],
        "logged": shown["profile"]["logged"],
        "practice": paper.is_practice,
        "is_saved": paper.seen.stage is Stage.SAVED,
        "is_over": paper.seen.stage is Stage.ENDED,
    }


def _ms(instant: Any) -> int:
    """An instant as scripts count: milliseconds since 1970."""
    return int(instant.timestamp() * 1000)


@router.get("/shell/{lang}/{name}")
def shell(lang: str, name: str, request: Request, service: Here) -> Response:
    """Give an empty page, for a phone to keep."""
    if lang not in LANGUAGES or name not in SHELLS:
        raise NotFound("not_found")
    answer = _empty(request, service, lang, name)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _empty(request: Request, service: Service, lang: str, name: str) -> HTMLResponse:
    study = service.deployment.study
    person = {"enrolment": "", "hand": "centre"}
    frame = Frame(request, service, lang, person, {"phone": "", "hours": ""}, is_shell=True)
    return frame.page(f"participant/{SHELLS[name]}.html", _values(study, lang)[name])


def _values(study: Study, lang: str) -> dict[str, dict[str, Any]]:
    """What each empty page is made of."""
    words = Words(study, lang)
    _ = translations(lang).gettext
    common: dict[str, Any] = {"values": {}, "errors": {}, "hidden_fields": {}}
    diary = {
        "profile": None,
        "mode": "diary",
        "action": "/diary",
        "contradictions": (),
        "item_labels": words.item_labels(),
        "is_practice": False,
        "document": document_of(study, lang),
        "blanks": {role: shelf.BLANK | {"role": role} for role in ("scheduled", "rescue")},
    }
    dose = {
        "medicine": shelf.BLANK | {"is_patch": False, "is_rescue": True, "amounts": ()},
        "snapshot": None,
        "days": [("today", _("today")), ("yesterday", _("yesterday"))],
    }
    return {"diary": common | diary, "dose": common | dose, "home": {}}


@router.get("/sw.js")
def worker(request: Request, service: Here, lang: str = Query("fr", max_length=5)) -> Response:
    """Give the service worker, with what it keeps; its text changes whenever that does."""
    if lang not in LANGUAGES:
        raise NotFound("not_found")
    pages = {name: bytes(_empty(request, service, lang, name).body) for name in SHELLS}
    kept = [*(f"/shell/{lang}/{name}" for name in SHELLS), *_assets()]
    scripts = [asset(f"js/{name}.js") for name in SCRIPTS]
    named = hashlib.sha256(b"".join([*pages.values(), *map(str.encode, kept + scripts)]))
    head = f'const LANG = "{lang}";\nconst VERSION = "{named.hexdigest()[:12]}";\n'
    listed = ",\n".join(f'  "{address}"' for address in kept)
    text = f"{head}const KEPT = [\n{listed},\n];\n{script('js/worker.js')}"
    return Response(
        text,
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


@cache
def _assets() -> tuple[str, ...]:
    """The files that the empty pages load. Scripts import each other, so by their plain names."""
    return (asset("app.css"), *(f"/static/js/{name}.js" for name in SCRIPTS))


@router.get("/manifest.webmanifest")
def manifest(request: Request, service: Here, lang: deps.Lang) -> Response:
    """Say how the diary looks on a home screen: by its discreet name alone."""
    name = service.deployment.study.participant_name.in_(lang)
    icons = [
        {"src": asset(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    told = {
        "id": "/",
        "name": name,
        "short_name": name,
        "lang": lang,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbf7f1",
        "theme_color": "#fbf7f1",
        "icons": [*icons, {**icons[-1], "purpose": "maskable"}],
    }
    headers = {"Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
    return JSONResponse(told, media_type="application/manifest+json", headers=headers)
