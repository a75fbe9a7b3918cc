"""A dose in two taps from home: the medicine, then how much; and its undo.

The rule kept: an undo is a void, a later version with its trace; the dose itself stays.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.diary_day import ONE_DAY, zone_named
from app.domain.errors import NotFound
from app.domain.records import Kind, Snapshot
from app.rendering import translations
from app.routers import forms
from app.routers.deps import Form, Here, Now, Person, Read, SignedIn, Write, first
from app.routers.participant import shelf
from app.routers.participant.frame import open_frame
from app.routers.participant.posts import Post
from app.routers.participant.words import Words
from app.services.diary import Outcome
from app.store import records
from app.store.session import Session

router = APIRouter(include_in_schema=False)


@router.get("/doses/new")
def dose_page(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    now: Now,
    medicine: str = Query("", max_length=36),
) -> Response:
    """Ask how much of a medicine was taken; each amount saves at once."""
    snapshot = _listed(session, who, medicine, now)
    words = Words(service.deployment.study, who.lang)
    values = {**_shown(snapshot, words, who, now), "hidden_fields": forms.ids()}
    return open_frame(request, service, session, who).page("participant/dose.html", values)


@router.post("/doses")
def save_dose(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Save a dose, taken now unless the form says otherwise."""
    post = Post(request, service, who, form, now)
    with service.database.read() as reading:
        snapshot = _listed(reading, who, first(form, "medicine"), now)
        if post.is_known(reading):
            return RedirectResponse("/", status_code=303)
    words = Words(service.deployment.study, who.lang)
    post.on_refusal(
        "participant/dose.html",
        lambda error, told: _shown(snapshot, words, who, now) | post.again(error, told),
    )
    payload = forms.dose(form, snapshot.model_dump(mode="json"), who.person.tz, now)
    receipt = post.save(session, kind="dose", payload=payload)
    is_kept = receipt.outcome in (Outcome.SAVED, Outcome.KNOWN)
    target = f"/?noted={receipt.record_id}" if is_kept else f"/saved/{post.submission_id}"
    return RedirectResponse(target, status_code=303)


@router.post("/doses/{record_id}/void")
def undo_dose(
    record_id: str, request: Request, service: Here, session: Write, who: Person, now: Now
) -> Response:
    """Take back a dose that was logged by mistake; the trace stays."""
    with service.database.read() as reading:
        record = records.find_record(reading, record_id)
    if record is None or record.participant_id != who.person.id or record.kind != Kind.DOSE:
        raise NotFound("not_found")
    if not record.void:
        ids = {**forms.ids(), "record_id": record_id}
        post = Post(request, service, who, {name: [value] for name, value in ids.items()}, now)
        texts = {"reason": "undo"}
        post.save(
            session, kind="dose", op="void", base_version=record.version, payload=None, texts=texts
        )
    return RedirectResponse("/", status_code=303)


def _listed(session: Session, who: SignedIn, medicine_id: str, now: datetime) -> Snapshot:
    """The medicine on the participant's list today, or NotFound."""
    today = now.astimezone(zone_named(who.person.tz)).date()
    listed = shelf.snapshots(session, who.person, today)
    if medicine_id not in listed:
        raise NotFound("not_found")
    return listed[medicine_id]


def _shown(medicine: Snapshot, words: Words, who: SignedIn, now: datetime) -> dict[str, Any]:
    _ = translations(words.lang).gettext
    today = now.astimezone(zone_named(who.person.tz)).date()
    return {
        "medicine": shelf.shown(medicine, words),
        "snapshot": medicine.model_dump(mode="json"),
        "days": [
            (today.isoformat(), _("today")),
            ((today - ONE_DAY).isoformat(), _("yesterday")),
        ],
        "values": {},
        "errors": {},
    }
