"""What was enrolled, corrected at the desk: dates, zone, contact, preferences."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput
from app.routers.clinician.course_page import back, keep_typed
from app.routers.clinician.desk import FormFields, read_date, read_needed_date, read_time
from app.routers.deps import Desk, Form, Here, Now, Write, first
from app.services import enrolled, participants
from app.services.contacts import Addresses
from app.services.enrolled import Enrolled, NewAddresses, Preferences

router = APIRouter(include_in_schema=False)
_MANAGE = Permission.MANAGE_PARTICIPANT


@router.post("/desk/participants/{study_code}/enrolment")
def correct(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Correct what was written down at the enrolment, with a reason."""
    keep_typed(request, service, desk, study_code, form, "enrolment")
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    enrolled.correct(
        session,
        actor=desk.actor,
        study_code=study_code,
        corrected=_read_enrolled(form),
        reason=first(form, "correction_reason"),
        now=now,
    )
    return back(study_code, "enrolment")


@router.post("/desk/participants/{study_code}/zone")
def change_zone(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Note that the participant lives in another zone, now or since an instant."""
    keep_typed(request, service, desk, study_code, form, "zone")
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    tz = first(form, "tz")
    enrolled.change_zone(
        session,
        actor=desk.actor,
        study_code=study_code,
        tz=tz,
        from_at=_read_instant(form, "zone_from", zone_named(tz)),
        now=now,
    )
    return back(study_code, "zone")


@router.post("/desk/participants/{study_code}/preferences")
def change_preferences(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Set the language, the hand and the time of the first reminder."""
    keep_typed(request, service, desk, study_code, form, "preferences")
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    wanted = Preferences(
        language=first(form, "language"),
        hand=first(form, "hand"),
        reminder_at=read_time(form, "reminder_at"),
    )
    enrolled.change_preferences(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        wanted=wanted,
        now=now,
    )
    return back(study_code, "preferences")


@router.post("/desk/participants/{study_code}/contact")
def change_contact(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Change how the participant is reached."""
    keep_typed(request, service, desk, study_code, form, "contact")
    change = NewAddresses(
        new=Addresses(email=first(form, "email") or None, phone=first(form, "phone") or None),
        forget_email="forget_email" in form,
        forget_phone="forget_phone" in form,
        is_sure="sure" in form,
    )
    enrolled.change_contact(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        change=change,
        now=now,
    )
    return back(study_code, "contact")


def _read_enrolled(form: FormFields) -> Enrolled:
    return Enrolled(
        consent_on=read_date(form, "consent_on", needed=False),
        consent_version=first(form, "consent_version")[:32] or None,
        inclusion_on=read_date(form, "inclusion_on", needed=False),
        first_diary_on=read_needed_date(form, "first_diary_on"),
        last_diary_on=read_needed_date(form, "last_diary_on"),
        trial_record_id=first(form, "trial_record_id")[:64] or None,
        limb=first(form, "limb"),
        side=first(form, "side"),
        scale=first(form, "scale"),
    )


def _read_instant(form: FormFields, name: str, zone: ZoneInfo) -> datetime | None:
    """Read a date and time by the clock of a zone; None when it is empty."""
    typed = first(form, name)
    try:
        if not typed:
            return None
        return datetime.fromisoformat(typed).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("not_a_date", field=name, refused={name: typed}) from None
