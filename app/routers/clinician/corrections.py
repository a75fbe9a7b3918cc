"""The site corrects a record or takes it back: always with a reason and a source note.

The rule kept: who was overtaken is told what changed, and keeps what was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Role
from app.domain.comparison import fields_of
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound, WrongState
from app.domain.fit import medicines_in
from app.domain.records import Kind, Snapshot
from app.routers.clinician.answers import Sheet, typed_again
from app.routers.clinician.person import person_page
from app.routers.clinician.words import KINDS, ROLES, Words
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import corrections
from app.services.corrections import Correctable, Correction, Why
from app.services.deployment import Deployment
from app.store import participants, records, trends
from app.store.session import Session
from app.store.tables import Participant, RecordVersion

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


FormFields = dict[str, list[str]]


@dataclass(frozen=True)
class Desked:
    """A record on the desk: who looks at it, and what stands."""

    request: Request
    desk: AtDesk
    deployment: Deployment
    found: Correctable
    sheet: Sheet

    @property
    def own(self) -> str:
        """The address of the record."""
        return f"{self._person}/records/{self.found.latest.record_id}"

    @property
    def back(self) -> str:
        """The address of its history."""
        latest = self.found.latest
        return f"{self._person}/days/{latest.diary_on}#record-{latest.record_id}"

    @property
    def _person(self) -> str:
        return f"/desk/participants/{self.found.person.study_code}"

    def page(self, what: str, values: Mapping[str, Any]) -> Response:
        """Answer with the page of the correction or of the voiding."""
        words = Words(self.deployment.study, self.desk.lang)
        found = self.found
        fields = fields_of(found.payload)
        shown = {
            "kind": words.say(KINDS, found.latest.kind),
            "diary_on": found.latest.diary_on,
            "action": f"{self.own}/{what}",
            "back": self.back,
            "base_version": found.latest.version,
            "sheet": self.sheet.shown(words),
            "fields": [(words.field(f), words.value(f.group, f.value)) for f in fields],
            "keeps": keeps(self.deployment, self.desk.lang),
            "unsettled": (),
            "meanwhile": _taken_back(found, words) if found.payload is None else None,
            "values": self.sheet.values(found.texts),
            **values,
        }
        template = f"clinician/{what}.html"
        return person_page(self.request, self.desk, self.deployment, found.person, template, shown)


def keeps(deployment: Deployment, lang: str) -> list[tuple[str, str]]:
    """The contradictions that can be kept, each as the question that is asked about it."""
    wording = deployment.study.wording
    return [
        ("worst_below_average", wording["contradiction_pain"].in_(lang)),
        ("none_beside_dose", wording["contradiction_medicines"].in_(lang)),
    ]


def listed_on(session: Session, person: Participant, on: date) -> dict[str, Snapshot]:
    """The medicines on the list on a date, by id and in their order."""
    rows = participants.list_medicines(session, person.id, on)
    return {row.id: Snapshot.model_validate_json(row.snapshot) for row in rows}


def has_dose(session: Session, person: Participant, on: date) -> bool:
    """Whether a dose was logged for a date."""
    return bool(records.list_latest_versions(session, person.id, Kind.DOSE, on))


@router.get("/desk/participants/{study_code}/records/{record_id}/correction")
def correction_page(
    request: Request, study_code: str, record_id: str, service: Here, session: Read, desk: Desk
) -> Response:
    """Show a record as it stands, to be corrected."""
    found = _find(session, desk, study_code, record_id)
    return _on_desk(request, service, session, desk, found).page("correction", {})


@router.post("/desk/participants/{study_code}/records/{record_id}/correction")
def save_correction(
    request: Request,
    study_code: str,
    record_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Save the site's correction, with its reason and its source."""
    _keep(request, service, desk, "correction", form)
    found = _find(session, desk, study_code, record_id)
    base = _base(form, found)
    there = _on_desk(request, service, session, desk, found)
    saved = corrections.correct(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        base=base,
        correction=Correction(
            payload=there.sheet.read(form),
            reason=first(form, "reason"),
            source=first(form, "source"),
            texts_beside=there.sheet.texts(form, found.texts),
        ),
        now=now,
    )
    return RedirectResponse(_history(study_code, saved), status_code=303)


@router.get("/desk/participants/{study_code}/records/{record_id}/void")
def void_page(
    request: Request, study_code: str, record_id: str, service: Here, session: Read, desk: Desk
) -> Response:
    """Show a record as it stands, to be taken back."""
    found = _find(session, desk, study_code, record_id)
    return _on_desk(request, service, session, desk, found).page("void", {})


@router.post("/desk/participants/{study_code}/records/{record_id}/void")
def void(
    request: Request,
    study_code: str,
    record_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Take a record back, with a reason and a source."""
    _keep(request, service, desk, "void", form)
    found = _find(session, desk, study_code, record_id)
    saved = corrections.void(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        base=_base(form, found),
        why=Why(reason=first(form, "reason"), source=first(form, "source")),
        now=now,
    )
    return RedirectResponse(_history(study_code, saved), status_code=303)


def _find(session: Session, desk: AtDesk, study_code: str, record_id: str) -> Correctable:
    return corrections.read_correctable(
        session, actor=desk.actor, study_code=study_code, record_id=record_id
    )


def _on_desk(
    request: Request, service: Service, session: Session, desk: AtDesk, found: Correctable
) -> Desked:
    """The record with its sheet: its own medicines as they were, and those of that day's list."""
    latest = found.latest
    medicines = {m.medicine_id: m for m in medicines_in(found.payload)}
    if latest.kind != Kind.SESSION_REPORT:
        medicines = {**listed_on(session, found.person, latest.diary_on), **medicines}
    sheet = Sheet(
        study=service.deployment.study,
        person=found.person,
        kind=Kind(latest.kind),
        medicines=medicines,
        base=found.payload,
        has_logged_dose=has_dose(session, found.person, latest.diary_on),
    )
    return Desked(request, desk, service.deployment, found, sheet)


def _base(form: FormFields, found: Correctable) -> tuple[str, int]:
    """The record and the version that the form started from, which must still be the latest."""
    version = first(form, "base_version")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 6 else 0
    if found.payload is None or seen != found.latest.version:
        raise WrongState("changed_meanwhile")
    return found.latest.record_id, seen


def _keep(request: Request, service: Service, desk: AtDesk, what: str, form: FormFields) -> None:
    """Let a refused form come back as it was typed, with the sentence at its field."""
    study_code, record_id = (request.path_params[name] for name in ("study_code", "record_id"))

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        with service.database.read() as session:
            found = _find(session, desk, study_code, record_id)
            there = _on_desk(request, service, session, desk, found)
            words = Words(service.deployment.study, desk.lang)
            overtaken = error.code == "changed_meanwhile"
            values: dict[str, Any] = {
                "values": typed_again(form),
                "errors": {"meanwhile" if overtaken else error.field or "reason": told},
                "unsettled": error.params.get("codes", ()),
            }
            if overtaken:
                values["meanwhile"] = _meanwhile(session, found, first(form, "base_version"), words)
        return there.page(what, values)

    on_refusal(request, render)


def _meanwhile(session: Session, found: Correctable, seen: str, words: Words) -> dict[str, Any]:
    """What was changed since the version that a form started from, by whom and when."""
    version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else 0
    changes = corrections.changes_since(session, record_id=found.latest.record_id, version=version)
    names = trends.names_of_staff(session, {found.latest.actor_id})
    return {
        **_taken_back(found, words),
        "who": names.get(found.latest.actor_id) or _who(found.latest.actor_role, words),
        "changes": [
            (words.field(c), words.value(c.group, c.old), words.value(c.group, c.new))
            for c in changes
        ],
    }


def _taken_back(found: Correctable, words: Words) -> dict[str, Any]:
    """That a record was taken back, or changed: by whom and when."""
    latest = found.latest
    return {
        "who": _who(latest.actor_role, words),
        "at": latest.received_at.astimezone(zone_named(latest.tz)),
        "is_void": found.payload is None,
        "changes": [],
    }


def _who(role: str, words: Words) -> str:
    """Somebody without a name, at the head of a sentence."""
    is_participant = role == Role.PARTICIPANT
    return words.gettext(_("The participant")) if is_participant else words.say(ROLES, role)


def _history(study_code: str, saved: RecordVersion) -> str:
    on, record_id = saved.diary_on, saved.record_id
    return f"/desk/participants/{study_code}/days/{on}#record-{record_id}"
