"""What surrounds every page of a participant: name, language, whom to call, whose phone it is.

The rule kept: a page shows nothing of a person unless that person is signed in; a phone that is
only enrolled shows the number of its study team and how much waits on it.
"""

from dataclasses import dataclass
from typing import Any

from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse

from app.rendering import LANGUAGES, page
from app.routers import deps
from app.routers.deps import Service, SignedIn
from app.store import participants
from app.store.session import Session
from app.store.tables import Participant


@dataclass(frozen=True)
class Frame:
    """The surroundings of one answer: plain values, so that they outlive the session."""

    request: Request
    service: Service
    lang: str
    person: dict[str, str] | None = None
    team: dict[str, str] | None = None
    is_open: bool = False
    is_shell: bool = False
    """Whether the page is the same for everybody, for phones to keep and fill in themselves."""

    def page(self, template: str, values: dict[str, Any], status: int = 200) -> HTMLResponse:
        """Answer with a page inside its frame."""
        is_get = self.request.method == "GET"
        surroundings = {
            "study": self.service.deployment.study,
            "languages": [(code, language_name(code)) for code in LANGUAGES],
            "is_shell": self.is_shell,
            "look": AS_IT_COMES if self.is_shell else look_of(self.request),
            "here": self.request.url.path if is_get else "/",
            "person": self.person,
            "team": self.team,
            "is_open": self.is_open,
        }
        response = page(
            self.request, template, {**surroundings, **values}, lang=self.lang, status=status
        )
        if self.is_open:
            deps.set_awake(response, self.service)
        return response

    def message(self, title: str, *sentences: str, **values: Any) -> HTMLResponse:
        """Answer with a page that only says something; `values` may give actions and a receipt."""
        shown = {"receipt": None, "actions": (), "urgent": False, **values}
        return self.page(
            "participant/message.html", {"title": title, "sentences": sentences} | shown
        )


LOOK_COOKIE = "look"
THEMES, SIZES = ("auto", "light", "dark"), ("normal", "large", "largest")
AS_IT_COMES = {"theme": "", "size": ""}


def look_of(request: Request) -> dict[str, str]:
    """How this phone shows its pages, as its cookie says: `theme` and `size`, empty for neither."""
    theme, _, size = request.cookies.get(LOOK_COOKIE, "").partition(".")
    if theme not in THEMES or size not in SIZES:
        return AS_IT_COMES
    return {"theme": "" if theme == "auto" else theme, "size": size}


def frame_of(
    request: Request, service: Service, session: Session, lang: str, person: Participant | None
) -> Frame:
    """Surround an answer on an enrolled phone that is not open, or on nobody's phone."""
    if person is None:
        return Frame(request, service, lang)
    site = participants.get_site(session, person.site_id)
    return Frame(
        request,
        service,
        lang,
        person={"enrolment": person.study_code, "hand": person.hand},
        team={"phone": site.team_phone, "hours": site.team_hours},
    )


def open_frame(request: Request, service: Service, session: Session, who: SignedIn) -> Frame:
    """Surround an answer for the person who is signed in."""
    closed = frame_of(request, service, session, who.lang, who.person)
    return Frame(request, service, who.lang, closed.person, closed.team, is_open=True)


def language_name(code: str) -> str:
    """A language by its own name, as people look for it."""
    return (Locale.parse(code).get_display_name() or code).capitalize()
