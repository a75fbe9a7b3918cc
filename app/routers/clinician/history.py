"""The history of a diary day: each record, each version, who, when and why."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import NotFound
from app.domain.figures import study_day
from app.routers.clinician.desk import desk_page
from app.routers.clinician.pictures import address_of
from app.routers.clinician.words import FLAGS, KINDS, OPERATIONS, ROLES, Words
from app.routers.deps import Deployed, Desk, Read
from app.services.history import DayHistory, RecordHistory, Version, read_day

router = APIRouter(include_in_schema=False)
_DAY = timedelta(days=1)


@router.get("/desk/participants/{study_code}/days/{diary_on}")
def show_day(
    request: Request,
    study_code: str,
    diary_on: str,
    deployment: Deployed,
    session: Read,
    desk: Desk,
) -> Response:
    """Show everything that was recorded for a diary day, and how it came to be so."""
    found = read_day(session, actor=desk.actor, study_code=study_code, diary_on=_date_of(diary_on))
    words = Words(deployment.study, desk.lang)
    values = {
        "person": found.person,
        "diary_on": found.diary_on,
        "study_day": study_day(found.diary_on, found.person.inclusion_on),
        "records": [_record(record, words) for record in found.records],
        "before": _beside(found, -1),
        "after": _beside(found, 1),
    }
    return desk_page(request, desk, deployment, "clinician/day.html", values)


def _date_of(text: str) -> date:
    """The date of an address; anything else is no page."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound("not_found") from None


def _beside(found: DayHistory, step: int) -> str | None:
    """The address of the day before or after, within the diary's days."""
    on = found.diary_on + step * _DAY
    if not found.person.first_diary_on <= on <= found.person.last_diary_on:
        return None
    return address_of(found.person.study_code, on)


def _record(record: RecordHistory, words: Words) -> dict[str, object]:
    last = record.versions[-1]
    return {
        "id": record.record_id,
        "title": words.say(KINDS, record.kind),
        "is_void": record.is_void,
        "fields": [(words.field(f), words.value(f.group, f.value)) for f in last.fields],
        "versions": [_version(version, words) for version in record.versions],
    }


def _version(version: Version, words: Words) -> dict[str, object]:
    zone = ZoneInfo(version.tz)
    return {
        "number": version.number,
        "what": words.say(OPERATIONS, version.op),
        "code": version.code,
        "who": version.by or words.say(ROLES, version.role),
        "saved_at": version.saved_at.astimezone(zone),
        "received_at": version.received_at.astimezone(zone),
        "tz": version.tz,
        "is_late": version.lateness == "late",
        "is_by_site": version.originator != "participant",
        "changes": [
            (words.field(c), words.value(c.group, c.old), words.value(c.group, c.new))
            for c in version.changes
        ],
        "reason": version.texts.get("reason"),
        "texts": {name: text for name, text in version.texts.items() if name != "reason"},
        "flags": [words.say(FLAGS, flag) for flag in version.flags],
    }
