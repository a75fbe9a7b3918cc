"""The history of a diary day: each record, each version, who, when and why."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.access import Permission
from app.domain.errors import NotFound
from app.domain.figures import study_day
from app.domain.records import Kind
from app.routers.clinician.person import person_page
from app.routers.clinician.pictures import address_of
from app.routers.clinician.query_words import said_thread
from app.routers.clinician.words import KINDS, OPERATIONS, ROLES, TEXTS, Words
from app.routers.deps import AtDesk, Deployed, Desk, Read
from app.services import queries
from app.services.deployment import Deployment
from app.services.history import DayHistory, RecordHistory, Version, read_day
from app.store.session import Session

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
    about = (study_code, day_of(diary_on))
    return show(request, desk, deployment, session, about)


def show(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    session: Session,
    about: tuple[str, date],
    refused: Mapping[str, Any] | None = None,
) -> Response:
    """Answer with the page of a diary day; `about` is the study code and the day."""
    study_code, on = about
    found = read_day(session, actor=desk.actor, study_code=study_code, diary_on=on)
    threads = queries.list_threads(session, actor=desk.actor, person=found.person, on=on)
    words = Words(deployment.study, desk.lang)
    said = [said_thread(thread, found, words) for thread in threads]
    values = {
        "own": f"/desk/participants/{study_code}",
        "may": _may(desk, found),
        "diary_on": found.diary_on,
        "study_day": study_day(found.diary_on, found.person.inclusion_on),
        "records": [
            {**said_record(record, words), **_points(record, words, said)}
            for record in found.records
        ],
        "asked_of_day": [one for one in said if one["record_id"] is None],
        "question_id": str(uuid.uuid4()),
        "before": _beside(found, -1),
        "after": _beside(found, 1),
        **(refused or {}),
    }
    return person_page(request, desk, deployment, found.person, "clinician/day.html", values)


def _points(
    record: RecordHistory, words: Words, said: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The data points of a record that can be asked about, and what was asked."""
    about = [one for one in said if one["record_id"] == record.record_id]
    fields = {f"{f.group}/{f.code}": f for v in record.versions for f in v.fields}
    latest = {f"{f.group}/{f.code}" for f in record.versions[-1].fields}
    return {
        "queries": about,
        "points": [(key, words.field(field)) for key, field in fields.items()],
        "cells": [
            (
                words.field(field),
                words.value(field.group, field.value),
                [one for one in about if one["field"] == key],
            )
            for key, field in fields.items()
            if key in latest
        ],
    }


def _may(desk: AtDesk, found: DayHistory) -> dict[str, bool]:
    """What the reader may do here: correct what stands, enter what does not."""
    corrects = desk.actor.role_at(Permission.CORRECT, found.person.site_id) is not None
    stands = any(record.kind == Kind.DIARY and not record.is_void for record in found.records)
    asks = desk.actor.role_at(Permission.ASK_QUERY, found.person.site_id) is not None
    return {"correct": corrects, "enter": corrects and not stands, "ask": asks}


def day_of(text: str) -> date:
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


def said_record(record: RecordHistory, words: Words) -> dict[str, object]:
    """A record in words: its values as they stand, and each of its versions."""
    last = record.versions[-1]
    return {
        "id": record.record_id,
        "title": words.say(KINDS, record.kind),
        "is_void": record.is_void,
        "is_entered_by_site": record.is_entered_by_site,
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
        "role": words.say(ROLES, version.role) if version.by else "",
        "organisation": version.organisation if version.by else "",
        "saved_at": version.saved_at.astimezone(zone),
        "received_at": version.received_at.astimezone(zone),
        "tz": version.tz,
        "is_late": version.lateness == "late",
        "is_by_site": version.originator != "participant",
        "is_answered": bool(version.by) and version.originator == "participant",
        "changes": [
            (words.field(c), words.value(c.group, c.old), words.value(c.group, c.new))
            for c in version.changes
        ],
        "reason": version.texts.get("reason"),
        "texts": [
            (words.say(TEXTS, name), text)
            for name, text in version.texts.items()
            if name != "reason"
        ],
        "flags": [words.flag(flag) for flag in version.flags],
    }
