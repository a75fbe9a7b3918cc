"""A diary day entered by the site for the participant: a call, a paper page, the hospital.

The values are the participant's, the hand is the site's: both are named, with how they were
collected, why, and what they rest on. The rule kept: an open window, or a dated paper page of that
very evening; never a second entry, and never from memory later on.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from app.domain.access import Actor, Permission, Role, require
from app.domain.diary_day import ONE_DAY, DiaryWindow, Lateness, window_on
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.participant import COLLECTING
from app.domain.records import MAX_TEXT, DiaryPayload, Entered, Kind, Op
from app.domain.set_aside import UNFIT
from app.services.corrections import Why
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.services.versions import NewVersion, save_version
from app.services.weighing import misfits_of
from app.store import ledger, participants, records
from app.store.session import Session
from app.store.tables import Participant, RecordVersion


@dataclass(frozen=True, kw_only=True)
class SiteEntry:
    """What the site enters. `record_id` was made with the form, so that a second tap is the same.

    `observed_at` is when the participant answered, as they state it; `collected_by` names another
    person than the one who enters.
    """

    record_id: str
    diary_on: date
    observed_at: datetime
    payload: DiaryPayload
    entered: Entered
    why: Why
    collected_by: str = ""
    texts_beside: Mapping[str, str] = field(default_factory=dict)


def enter(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    entry: SiteEntry,
    now: datetime,
) -> RecordVersion:
    """Save a participant's diary of a day; give the version, the earlier one of a second tap.

    Raises WrongState when there is an entry, InvalidInput outside the window without a page of that
    evening, or without who, why and on what it rests.
    """
    permission = Permission.CORRECT
    person = get_permitted(session, actor=actor, study_code=study_code, permission=permission)
    role = require(actor, permission, person.site_id)
    person = participants.lock_participant(session, person.id)
    known = _known(session, person, entry.record_id)
    if known is not None:
        return known
    window = _window(session, deployment, person, entry, now)
    texts = _texts(entry)
    payload = entry.payload.model_copy(update={"entered": entry.entered})
    if UNFIT & set(misfits_of(session, deployment, person, payload)):
        raise InvalidInput("value_refused", field="payload")
    if records.find_diary(session, person.id, entry.diary_on) is not None:
        raise WrongState("entry_there", field="day")
    ready = replace(entry, payload=payload)
    return _save(session, deployment, (person, window), ready, (texts, actor, role), now)


def open_days(
    session: Session, *, deployment: Deployment, person: Participant, on: date, now: datetime
) -> tuple[DiaryWindow | None, bool]:
    """Give the window of a day and whether it is open now; None where no diary was due at all."""
    spans = participants.list_zones(session, person.id)
    window = window_on(on, spans, deployment.study.window)
    if window is None:
        return None, False
    return window, window.opens_at <= now < window.save_until_at


def _window(
    session: Session, deployment: Deployment, person: Participant, entry: SiteEntry, now: datetime
) -> DiaryWindow:
    """The window that the entry belongs to, or why it belongs to none."""
    on, entered = entry.diary_on, entry.entered
    window, is_open = open_days(session, deployment=deployment, person=person, on=on, now=now)
    is_day = person.first_diary_on <= on <= person.last_diary_on
    if window is None or not is_day or person.state not in COLLECTING:
        raise InvalidInput("no_diary_day", field="day", refused={"day": on.isoformat()})
    if now < window.opens_at:
        raise InvalidInput("window_ahead", field="day", refused={"day": on.isoformat()})
    if not is_open and entered.mode != "paper":
        raise InvalidInput("window_over", field="mode", refused={"mode": entered.mode})
    if entered.page_on is not None and entered.page_on not in (on, on + ONE_DAY):
        refused = {"page_on": entered.page_on.isoformat()}
        raise InvalidInput("page_of_another_day", field="page_on", refused=refused)
    if not window.opens_at <= entry.observed_at < window.save_until_at:
        refused = {"observed_at": entry.observed_at.isoformat()}
        raise InvalidInput("outside_that_evening", field="observed_at", refused=refused)
    if entry.observed_at > now:
        raise InvalidInput("time_in_future", field="observed_at")
    return window


def _texts(entry: SiteEntry) -> dict[str, str]:
    texts = {**entry.texts_beside, **entry.why.texts()}
    if entry.entered.collected_by == "staff":
        return texts
    collector = entry.collected_by.strip()
    if not collector:
        raise InvalidInput("collector_missing", field="collected_by_name")
    if len(collector) > MAX_TEXT:
        raise InvalidInput("words_too_many", field="collected_by_name", characters=MAX_TEXT)
    return {**texts, "collected_by": collector}


def _known(session: Session, person: Participant, record_id: str) -> RecordVersion | None:
    record = records.find_record(session, record_id)
    if record is None:
        return None
    if record.participant_id != person.id:
        raise NotFound("not_found")
    return records.get_version(session, record_id, 1)


def _save(
    session: Session,
    deployment: Deployment,
    whose: tuple[Participant, DiaryWindow],
    entry: SiteEntry,
    by: tuple[Mapping[str, str], Actor, Role],
    now: datetime,
) -> RecordVersion:
    (person, window), (texts, actor, role) = whose, by
    is_late = entry.observed_at >= window.closes_at
    submission_id = str(uuid.uuid4())
    return save_version(
        session,
        deployment,
        NewVersion(
            record_id=entry.record_id,
            record=None,
            kind=Kind.DIARY,
            op=Op.CREATE,
            person=person,
            submission_id=submission_id,
            content_mac=deployment.vault.mac({"submission_id": submission_id}),
            payload=entry.payload,
            texts=texts,
            diary_on=entry.diary_on,
            tz=window.tz,
            lateness=Lateness.LATE if is_late else Lateness.ON_TIME,
            flags=(),
            observed_at=entry.observed_at,
            device_saved_at=now,
            saved_at=now,
            received_at=now,
            form_version=deployment.study.version,
            assurance="staff",
            actor=ledger.actor_of(actor, role),
            originator={"type": "participant", "id": person.study_code, "role": "participant"},
        ),
    )
