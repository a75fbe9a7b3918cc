"""Sign-off: the review of a period, the signature under it, and what changed after earlier ones."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound
from app.domain.signoff import Meaning, Period, Sealed
from app.routers.clinician import pictures
from app.routers.clinician.desk import FormFields, read_needed_date, typed
from app.routers.clinician.person import person_page
from app.routers.clinician.pictures import address_of
from app.routers.clinician.words import KINDS, OPERATIONS, ROLES, Words
from app.routers.deps import AtDesk, Deployed, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import signoff
from app.services.deployment import Deployment
from app.services.signoff import Review, Signature, Signed
from app.store.session import Session

router = APIRouter(include_in_schema=False)
SECRET = frozenset({"password", "code"})
"""What is never shown again."""


def _(message: str) -> str:
    return message


MEANINGS: dict[str, str] = {
    Meaning.REVIEWED: _("I have reviewed these entries."),
    Meaning.CONFIRMED: _(
        "I have reviewed these entries; to my knowledge they are complete and accurate."
    ),
}
From = Annotated[str, Query(alias="from")]
Until = Annotated[str, Query(alias="until")]


@router.get("/desk/participants/{study_code}/sign-off")
def show_review(
    request: Request,
    study_code: str,
    deployment: Deployed,
    session: Read,
    desk: Desk,
    now: Now,
    from_on: From = "",
    until_on: Until = "",
) -> Response:
    """Show a period for review, and every sign-off there is."""
    chosen = (_date(from_on), _date(until_on))
    review = signoff.read_review(
        session,
        deployment=deployment,
        actor=desk.actor,
        study_code=study_code,
        chosen=chosen,
        now=now,
    )
    return _show(request, desk, deployment, review)


@router.post("/desk/participants/{study_code}/sign-off")
def sign(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Sign the period that was shown, with both factors."""
    _keep_typed(request, service, desk, study_code, form)
    signoff.sign(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        period=_read_period(session, desk, study_code, form),
        signature=Signature(
            meaning=first(form, "meaning"),
            digest=first(form, "digest"),
            password=first(form, "password"),
            code=first(form, "code"),
        ),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}/sign-off#signed", status_code=303)


def _read_period(session: Session, desk: AtDesk, study_code: str, form: FormFields) -> Period:
    signoff.require_signer(session, actor=desk.actor, study_code=study_code)
    return Period(study_code, read_needed_date(form, "from_on"), read_needed_date(form, "until_on"))


def _keep_typed(
    request: Request, service: Service, desk: AtDesk, study_code: str, form: FormFields
) -> None:
    """Answer a refusal with the period as it stands now, and all that was typed but the secrets."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        chosen = (_date(first(form, "from_on")), _date(first(form, "until_on")))
        with service.database.read() as session:
            review = signoff.read_review(
                session,
                deployment=service.deployment,
                actor=desk.actor,
                study_code=study_code,
                chosen=chosen,
                now=service.clock(),
            )
        kept = {name: value for name, value in typed(form).items() if name not in SECRET}
        refused = {"errors": {error.field or "period": told}, "values": kept}
        return _show(request, desk, service.deployment, review, refused)

    on_refusal(request, render)


def _date(text: str) -> date | None:
    """A date of the address; what is none chooses nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _show(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    review: Review,
    refused: Mapping[str, Any] | None = None,
) -> Response:
    words = Words(deployment.study, desk.lang)
    person = review.trend.person
    role = desk.actor.role_at(Permission.SIGN_OFF, person.site_id)
    values = {
        "period": review.period,
        "digest": review.digest,
        "rows": pictures.table(review.trend, review.days, words),
        "triggers": [words.triggers[t.code] for t in deployment.study.triggers if t.on],
        "unsigned": len(review.unsigned),
        "missing": sum(not day.has_entry for day in review.days),
        "waiting": review.waiting,
        "signed": [_signed(one, review, words) for one in review.signed],
        "may_sign": role is not None,
        "signer": (desk.staff.name, words.say(ROLES, role or ""), desk.staff.organisation),
        "meanings": [(code.value, words.say(MEANINGS, code)) for code in Meaning],
        **(refused or {}),
    }
    return person_page(request, desk, deployment, person, "clinician/sign_off.html", values)


def _signed(one: Signed, review: Review, words: Words) -> dict[str, Any]:
    signed = one.row.signed
    return {
        "name": one.row.name,
        "organisation": one.row.organisation,
        "at": signed.signed_at.astimezone(zone_named(review.trend.person.tz)),
        "period": one.period,
        "meaning": words.say(MEANINGS, Meaning(signed.meaning)),
        "digest": signed.digest,
        "holds": one.holds,
        "changes": [_change(change, review, words) for change in one.changes],
    }


def _change(change: Sealed, review: Review, words: Words) -> dict[str, Any]:
    """A version that came after a signature: what, of which day, by whom, when."""
    return {
        "address": address_of(review.trend.person.study_code, change.diary_on),
        "day": change.diary_on,
        "kind": words.say(KINDS, change.kind),
        "what": words.say(OPERATIONS, change.op),
        "version": change.version,
        "who": review.names.get(change.actor_id) or words.say(ROLES, change.actor_role),
        "at": change.received_at.astimezone(zone_named(review.trend.person.tz)),
    }
