"""Pages that help: installing, checking this phone, the privacy notice, what to do in hospital."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.rendering import translations
from app.routers.deps import Here, Lang, MaybePerson, Now, Person, Read, Service
from app.routers.participant.frame import Frame, frame_of, open_frame
from app.routers.participant.settings import last_test, reached
from app.routers.participant.words import Words
from app.store.session import Session

router = APIRouter(include_in_schema=False)


@router.get("/privacy")
def privacy_page(
    request: Request, service: Here, session: Read, found: MaybePerson, lang: Lang
) -> Response:
    """Show what becomes of the data; whoever asks may read it."""
    return _for_anyone(request, service, session, found, lang).page("participant/privacy.html", {})


@router.get("/install")
def install_page(
    request: Request, service: Here, session: Read, found: MaybePerson, lang: Lang
) -> Response:
    """Show how the diary comes onto the home screen of each kind of phone."""
    return _for_anyone(request, service, session, found, lang).page("participant/install.html", {})


@router.get("/check")
def check_page(request: Request, service: Here, session: Read, who: Person, now: Now) -> Response:
    """Let this phone check itself, against what the server knows of it."""
    words = Words(service.deployment.study, who.lang)
    tz = who.person.tz
    contact_at = who.device.contact_at
    values: dict[str, Any] = {
        "now": now.isoformat(),
        "clock": words.clock(now, tz),
        "zone": {"tz": tz, "name": words.zone(tz)},
        "contact": contact_at and words.moment(contact_at, tz),
        **reached(session, service, who),
        "test": last_test(session, who, words, now),
    }
    return open_frame(request, service, session, who).page("participant/check.html", values)


@router.get("/hospital")
def hospital_page(request: Request, service: Here, session: Read, who: Person) -> Response:
    """Say what somebody in hospital can do, and what they need not."""
    _ = translations(who.lang).gettext
    title = service.deployment.study.wording["hospital"].in_(who.lang)
    return open_frame(request, service, session, who).message(
        title,
        _("Your care comes first. The diary can wait."),
        _("Tell the study team, or let somebody call them for you: they can pause your diary."),
        _("If you can fill in the diary, tick “%(words)s” before you save it.") % {"words": title},
        actions=[(_("Go to the first page"), "/")],
    )


def _for_anyone(
    request: Request, service: Service, session: Session, found: MaybePerson, lang: str
) -> Frame:
    if found is not None:
        return open_frame(request, service, session, found)
    return frame_of(request, service, session, lang, None)
