"""What participants and their site say to each other: requests, messages, whose an entry was."""

import uuid
from datetime import date
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.domain.letters import Decision, RequestKind, read_kind
from app.domain.records import MAX_TEXT, Kind
from app.rendering import translations
from app.routers.deps import Form, Here, Now, Person, Read, SignedIn, Write, first
from app.routers.errors import on_refusal
from app.routers.participant.frame import open_frame
from app.routers.participant.words import Words
from app.services import confirmations, messages, requests
from app.services.confirmations import LockedSave
from app.services.requests import Asked, NewRequest
from app.store.session import Session

router = APIRouter(include_in_schema=False)


@router.get("/requests")
def requests_page(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    kind: str = Query("", max_length=16),
    on: str = Query("", max_length=10),
    is_sent: bool = Query(default=False, alias="sent"),
) -> Response:
    """Show what can be asked, the form for one kind of it, and what was asked with its answers."""
    values = _shown(session, Words(service.deployment.study, who.lang), who)
    values |= {"kind": kind if kind in set(RequestKind) else "", "is_sent": is_sent}
    values |= {"values": {"on": on, "request_id": str(uuid.uuid4())}}
    return open_frame(request, service, session, who).page("participant/requests.html", values)


@router.post("/requests")
def ask(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Ask the site for something."""

    def render(error: DomainError, told: str) -> Response:
        with service.database.read() as reading:
            values = _shown(reading, Words(service.deployment.study, who.lang), who)
            frame = open_frame(request, service, reading, who)
        typed = {name: first(form, name) for name in ("on", "request_id", "words")}
        kind = first(form, "kind")
        values |= {"kind": kind if kind in set(RequestKind) else "", "values": typed}
        values |= {"errors": {error.field or "form": told}}
        return frame.page("participant/requests.html", values)

    on_refusal(request, render)
    new = NewRequest(
        id=_id(first(form, "request_id")),
        kind=read_kind(first(form, "kind")),
        words=first(form, "words"),
        diary_on=_date(first(form, "on")),
    )
    requests.ask(session, actor=who.actor, request=new, now=now)
    return RedirectResponse("/requests?sent=1", status_code=303)


@router.post("/messages/{message_id}/read")
def read_message(message_id: str, session: Write, who: Person, now: Now) -> Response:
    """Put a message away that was read."""
    messages.mark_read(session, actor=who.actor, message_id=message_id, now=now)
    return RedirectResponse("/", status_code=303)


@router.post("/confirmations/{locked_id}")
def confirm(locked_id: str, session: Write, who: Person, form: Form, now: Now) -> Response:
    """Say whether an entry saved on a locked phone was one's own."""
    own, version = first(form, "own"), first(form, "version")
    if own not in ("yes", "no") or not (version.isascii() and version.isdigit()):
        raise InvalidInput("not_a_choice", field="own")
    save = (locked_id, min(int(version[:6]), 10_000))
    confirmations.confirm(session, actor=who.actor, save=save, is_own=own == "yes", now=now)
    return RedirectResponse("/", status_code=303)


def on_home(session: Session, words: Words, who: SignedIn) -> dict[str, Any]:
    """What the first page says of letters: messages not read yet, saves that nobody owned yet."""
    unread = messages.list_own(session, participant_id=who.person.id, only_unread=True)
    locked = confirmations.list_own(session, participant_id=who.person.id)
    return {
        "messages": [
            {
                "id": message.id,
                "when": words.moment(message.sent_at, who.person.tz),
                "words": message.words,
            }
            for message in unread
        ],
        "locked": [
            {"id": save.record_id, "version": save.version, "sentence": _asked_of(save, words)}
            for save in locked
        ],
    }


def told(asked: Asked, words: Words, tz: str) -> dict[str, Any]:
    """A request with the site's answer, in words."""
    _ = translations(words.lang).gettext
    decided = {
        Decision.GRANTED: _("Accepted"),
        Decision.DECLINED: _("Not accepted"),
        Decision.ANSWERED: _("Answered"),
    }
    answer = asked.answer
    return {
        "title": kinds(words)[asked.kind],
        "day": asked.diary_on and words.day(asked.diary_on),
        "asked": words.moment(asked.asked_at, tz),
        "words": asked.words,
        "state": decided[answer.decision] if answer else _("Waiting for the study team"),
        "answered": answer and words.moment(answer.answered_at, tz),
        "answer": answer and answer.words,
    }


def kinds(words: Words) -> dict[RequestKind, str]:
    """What can be asked, in the order in which it is offered."""
    _ = translations(words.lang).gettext
    return {
        RequestKind.CORRECTION: _("Correct a past day"),
        RequestKind.DATA_COPY: _("Get a copy of my data"),
        RequestKind.LEAVING: _("Leave the study"),
    }


def _asked_of(save: LockedSave, words: Words) -> str:
    """The question about one save, with its day and time."""
    _ = translations(words.lang).gettext
    sentences = {
        Kind.DIARY: _("On %(moment)s, a diary was saved while your diary was locked."),
        Kind.DOSE: _("On %(moment)s, a dose was noted while your diary was locked."),
        Kind.SESSION_REPORT: _("On %(moment)s, a report was saved while your diary was locked."),
    }
    sentence = sentences[save.kind]
    if save.is_void:
        sentence = _("On %(moment)s, a noted dose was taken back while your diary was locked.")
    return sentence % {"moment": words.moment(save.saved_at, save.tz)}


def _shown(session: Session, words: Words, who: SignedIn) -> dict[str, Any]:
    own = requests.list_own(session, participant_id=who.person.id)
    return {
        "kinds": kinds(words),
        "asked": [told(one, words, who.person.tz) for one in own],
        "longest": MAX_TEXT,
        "first_on": who.person.first_diary_on.isoformat(),
        "last_on": who.person.last_diary_on.isoformat(),
        "is_sent": False,
        "errors": {},
    }


def _id(written: str) -> str:
    """The id that the form was given when it was shown."""
    try:
        return str(uuid.UUID(written))
    except ValueError:
        raise InvalidInput("bad_request", field="request_id") from None


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise InvalidInput("not_a_date", field="on", refused={"on": written}) from None
