"""Home: today in words, the one thing to do, doses, and the last days by status."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.domain.ledger import receipt_code
from app.domain.records import Snapshot
from app.rendering import translations
from app.routers.deps import Here, Now, Person, Read, Service, SignedIn
from app.routers.participant import letters, shelf
from app.routers.participant.frame import open_frame
from app.routers.participant.settings import push_of
from app.routers.participant.words import Words
from app.services import channels, evenings, own_days, today
from app.services.today import Stage, Today
from app.store import participants, records
from app.store.session import Session

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    now: Now,
    noted: str = Query("", max_length=36),
) -> Response:
    """Show where the day stands."""
    return _page(request, service, session, who, now, noted=noted)


def refused(
    request: Request, service: Service, who: SignedIn, now: datetime, told: str
) -> Response:
    """Show the page again, with the sentence that says why the evening cannot be put off so."""
    with service.database.read() as session:
        return _page(request, service, session, who, now, told=told)


def _page(
    request: Request,
    service: Service,
    session: Session,
    who: SignedIn,
    now: datetime,
    *,
    noted: str = "",
    told: str = "",
) -> Response:
    words = Words(service.deployment.study, who.lang)
    seen = today.look(session, deployment=service.deployment, person=who.person, now=now)
    logged = shelf.logged_doses(session, who.person, seen.diary_on)
    listed = shelf.snapshots(session, who.person, seen.diary_on)
    shown = [words.past_day(past) for past in seen.days]
    values = {
        "today": _said(session, seen, words, who.person.tz),
        "evening": _later(session, service, who, seen, now) | {"told": told},
        "push": push_of(service, is_here=channels.is_pushed_here(session, who.actor)),
        "notices": shelf.notices(logged, noted, words, now),
        "logged": [words.dose(dose.payload) for dose in logged],
        "medicines": shelf.medicines(listed, words, {}) if seen.stage is not Stage.ENDED else [],
        "days": shown,
        "legend": words.legend(shown),
        "report": "/session-report" if seen.report else None,
        "sessions": _sessions(seen, words),
        "is_simulated": service.deployment.demo,
        **letters.on_home(session, words, who),
        "tz": who.person.tz,
        "worn": _worn(session, who, listed, words, now) if seen.stage is not Stage.ENDED else [],
        "thanks": _thanks(session, service, who, now) if seen.stage is Stage.ENDED else None,
    }
    return open_frame(request, service, session, who).page("participant/home.html", values)


def _later(
    session: Session, service: Service, who: SignedIn, seen: Today, now: datetime
) -> dict[str, Any]:
    """What can be asked of this evening instead, and what was."""
    words = Words(service.deployment.study, who.lang)
    found = evenings.find_choices(
        session, deployment=service.deployment, person=who.person, seen=seen, now=now
    )
    return {
        "minutes": found.minutes,
        "may_decline": found.may_decline,
        "again": found.again_at and words.clock(found.again_at, who.person.tz),
        "is_declined": found.is_declined,
    }


def _worn(
    session: Session, who: SignedIn, listed: Mapping[str, Snapshot], words: Words, now: datetime
) -> list[dict[str, Any]]:
    """The patches worn now, with the way to note that one is off while it is on the list."""
    _ = translations(words.lang).gettext
    shown = []
    for dose in own_days.list_worn(session, person=who.person, now=now):
        code, clock = dose.medicine.medicine_id, dose.taken_at
        at = f"{clock:%H:%M}" if clock else words.part(dose.taken_part or "noon")
        since = {"day": words.day(dose.taken_on), "time": at}
        shown.append(
            {
                "name": f"{dose.medicine.name} {dose.medicine.strength}",
                "sentence": _("Patch on since %(day)s, %(time)s") % since,
                "address": f"/doses/new?medicine={code}" if code in listed else None,
            }
        )
    return shown


def _thanks(session: Session, service: Service, who: SignedIn, now: datetime) -> dict[str, Any]:
    """What the page says once the diary is over."""
    deployment = service.deployment
    spans = participants.list_zones(session, who.person.id)
    return {
        "days": deployment.study.credentials_end_after_days,
        "has_scores": own_days.scores_are_shown(deployment, who.person, spans, now),
    }


def _said(session: Session, seen: Today, words: Words, tz: str) -> dict[str, Any]:
    """Today in words, with what can be done now."""
    _ = translations(words.lang).gettext
    may_fill = seen.stage in (Stage.OPEN, Stage.LATE)
    action = None
    if may_fill:
        action = {"label": _("Fill in the diary"), "address": "/diary?go=1"}
    elif seen.stage is Stage.BEFORE:
        action = {"label": _("Try it out"), "address": "/diary?go=1"}
    title, sentence = _sentences(words)[seen.stage]
    window = seen.window
    times = {
        "opens": window and words.clock(window.opens_at, tz),
        "until": window and words.clock(window.grace_at, tz),
        "day": words.day(seen.diary_on),
    }
    return {
        "title": title % times,
        "sentence": sentence % times,
        "action": action,
        "has_flare": may_fill,
        **_entry(session, seen, words, tz),
    }


def _sentences(words: Words) -> dict[Stage, tuple[str, str]]:
    """Where the day stands, as a title and a sentence."""
    _ = translations(words.lang).gettext
    return {
        Stage.BEFORE: (
            _("Your diary begins soon"),
            _("You can try it out now. What you answer then is not kept."),
        ),
        Stage.PAUSED: (
            _("Your diary is paused"),
            _("The study team paused it: there is nothing to fill in."),
        ),
        Stage.CLOSED: (
            _("Your diary opens at %(opens)s"),
            _("You have from then until midnight."),
        ),
        Stage.OPEN: (_("Your diary is open"), _("You can fill it in until midnight.")),
        Stage.LATE: (
            _("Your diary is still open"),
            _("You can fill it in until %(until)s, for %(day)s."),
        ),
        Stage.SAVED: (_("Your diary is saved"), _("That is all for today. Thank you.")),
        Stage.ENDED: (_("Thank you"), _("Your diary is finished. There is nothing to do.")),
    }


def _entry(session: Session, seen: Today, words: Words, tz: str) -> dict[str, str | None]:
    """The day's entry: when it was saved, its receipt, and where it can be changed."""
    entry, version = seen.entry, None
    if entry is not None and seen.stage is Stage.SAVED:
        version = records.get_version(session, entry.record_id, entry.version)
    if entry is None or version is None:
        return {"saved_at": None, "receipt": None, "correct": None}
    return {
        "saved_at": words.clock(version.saved_at, tz),
        "receipt": receipt_code(version.change_id),
        "correct": f"/diary/{entry.record_id}/correction",
    }


def _sessions(seen: Today, words: Words) -> list[str]:
    _ = translations(words.lang).gettext
    return [
        _("Session %(number)s: %(day)s") % {"number": row.session_no, "day": words.day(row.held_on)}
        for row in seen.sessions
    ]
