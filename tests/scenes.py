"""What happened before a page is looked at: short scenes on a stage, played by its services.

A scene is called once with a stage of its own and the participant whose page is looked at. It gives
the codes that the page's address needs beyond those of `codes_of`. Only what no service can bring
about on an evening (a first day that lies ahead, another scale) is written into a row.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.letters import Decision, RequestKind
from app.domain.reach import Channel
from app.domain.schedule import ReminderState
from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE
from app.services import (
    devices,
    messages,
    participants,
    pauses,
    requests,
    sessions,
)
from app.services.requests import NewRequest
from app.store.participants import get_by_code, list_medicines
from app.store.records import find_submission
from app.store.tables import ParticipantMedicine, SetAside, Staff
from tests import factories, trial
from tests.desk import message
from tests.people import NOW, PIN, Stage, Who

Codes = dict[str, str]
Scene = Callable[[Stage, Who], Codes]

PATCH = "00000000-0000-4000-8000-0000000000aa"


def spoken_by(lang: str) -> Who:
    """The participant who speaks a language; `speak` made it so."""
    return Who.OWN if lang == "fr" else Who.OTHER


def speak(stage: Stage, lang: str) -> None:
    """Let the participant of `spoken_by`, and whoever's desk is looked at, read a language."""
    who = spoken_by(lang)
    with stage.database.write() as session:
        participants.change_language(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            language=lang,
            now=stage.clock.now,
        )
        for reader in (Who.CLINICIAN, Who.ADMIN, Who.DATA_MANAGER):
            held = session.get(Staff, stage.actor(reader).id)
            assert held is not None
            held.language = lang


def codes_of(stage: Stage, who: Who) -> Codes:
    """What addresses are made of: the codes of a participant and of last evening."""
    cast = stage.cast
    return {
        "study_code": cast.study_codes[who],
        "site_id": "lyon",
        "record_id": cast.record_ids[who],
        "submission_id": cast.submission_ids[who],
        "medicine": cast.rescue_ids[who],
        "token": cast.link.rpartition("/")[2],
        "diary_on": (NOW - timedelta(days=1)).date().isoformat(),
    }


def closed_phone(stage: Stage, who: Who) -> dict[str, str]:
    """The cookies of a phone that is enrolled and locked."""
    return {DEVICE_COOKIE: stage.cast.cookies[who][DEVICE_COOKIE]}


def evening(_stage: Stage, _who: Who) -> Codes:
    """Nothing more than the evening of the stage: the diary is open and empty."""
    return {}


@dataclass(frozen=True)
class At:
    """The evening's stage at another instant."""

    now: datetime

    def __call__(self, stage: Stage, who: Who) -> Codes:
        """Move the clock, and open the phone again: a sign-in does not last."""
        stage.clock.now = self.now
        credential = stage.cast.cookies[who][DEVICE_COOKIE]
        with stage.database.write() as session:
            opened = devices.unlock(session, credential=credential, pin=PIN, now=self.now)
        return {PERSON_COOKIE: opened}


morning = At(datetime(2026, 1, 20, 9, 0, tzinfo=UTC))
after_midnight = At(NOW + timedelta(hours=5))
after_the_study = At(datetime(2026, 4, 20, 18, 30, tzinfo=UTC))


@dataclass(frozen=True)
class Person:
    """A participant of whom something else was written down at the enrolment."""

    changes: tuple[tuple[str, Any], ...]

    def __call__(self, stage: Stage, who: Who) -> Codes:
        """Write it into the row."""
        with stage.database.write() as session:
            person = get_by_code(session, stage.cast.study_codes[who], frozenset({"*"}))
            for name, value in self.changes:
                setattr(person, name, value)
        return {}


before_the_first_day = Person((("first_diary_on", date(2026, 1, 25)),))
on_numbers = Person((("scale", "nrs11"),))
left_foot = Person((("limb", "foot"), ("side", "left"), ("hand", "left")))


def saved(stage: Stage, who: Who) -> Codes:
    """Tonight's diary is in."""
    return _save(stage, who, factories.diary(stage.deployment.study))


def flared(stage: Stage, who: Who) -> Codes:
    """Tonight had too much pain: that is in, and nothing else was asked."""
    return _save(stage, who, too_much_pain())


def too_much_pain() -> dict[str, Any]:
    """The answers of an evening with too much pain."""
    skipped = {"status": "skipped_flare", "scale": "vas100"}
    return {
        "flare": True,
        "scores": {"pain_average": factories.score(93), "pain_worst": skipped},
        "allodynia": {"status": "skipped_flare"},
        "triggers": dict.fromkeys(("brush", "pressure", "cold"), skipped),
        "zones": {"status": "skipped_flare", "set": "2026.1", "codes": []},
        "medicines": {"status": "skipped_flare"},
    }


def _save(stage: Stage, who: Who, payload: dict[str, Any]) -> Codes:
    sent = factories.submission(stage.deployment.study, payload, saved_at=stage.clock.now)
    ids = {name: sent[name] for name in ("record_id", "submission_id")}
    trial.save(stage, who, payload, **ids)
    return ids


def set_aside(stage: Stage, who: Who) -> Codes:
    """A second diary of tonight is kept apart for the site."""
    saved(stage, who)
    answers = factories.diary(stage.deployment.study, average=31)
    codes = _save(stage, who, answers)
    with stage.database.read() as session:
        found = find_submission(session, codes["submission_id"])
    assert isinstance(found, SetAside)
    return {**codes, "set_aside_id": found.id}


def dosed(stage: Stage, who: Who) -> Codes:
    """A dose was logged a moment ago."""
    record_id = trial.save(stage, who, trial.dose(stage, who)).record_id
    return {"noted": record_id, "record_id": record_id}


def paused(stage: Stage, who: Who) -> Codes:
    """The site paused the diary."""
    with stage.database.write() as session:
        pauses.pause(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[who],
            from_on=NOW.date(),
            reason="operation",
            now=stage.clock.now,
        )
    return {}


def messaged(stage: Stage, who: Who) -> Codes:
    """Three evenings of messages: some arrived, one failed, one waits, somebody is to be called."""
    other = Who.OTHER if who is Who.OWN else Who.OWN
    _arrived(stage, who, NOW - timedelta(days=1, minutes=30), is_saved=True)
    _arrived(stage, who, NOW - timedelta(days=2, minutes=30), is_saved=False)
    ago = {minutes: NOW - timedelta(minutes=minutes) for minutes in (1, 20, 30)}
    message(stage, who, at=ago[30])
    message(
        stage,
        who,
        at=ago[1],
        state=ReminderState.PLANNED,
        events=(("put_off", "answer_503"),),
        attempts=2,
        ready_at=NOW + timedelta(minutes=1),
    )
    quiet = (("expired", "quiet"),)
    message(stage, other, at=ago[1], state=ReminderState.EXPIRED, events=quiet)
    refused = (("failed", "no_address"),)
    failed = message(stage, who, at=ago[20], state=ReminderState.FAILED, events=refused)
    waits = ReminderState.WITH_SITE
    call = message(stage, other, at=ago[30], state=waits, channel=Channel.CALL)
    return {"failed_id": failed, "call_id": call}


def _arrived(stage: Stage, who: Who, at: datetime, *, is_saved: bool) -> None:
    """An evening's notification that was tapped, and its second message, needed or not."""
    minute = timedelta(minutes=1)
    message(
        stage,
        who,
        on=at.date(),
        at=at,
        channel=Channel.PUSH,
        delivered_at=at + minute,
        tapped_at=at + 2 * minute,
    )
    later = at + 120 * minute
    if is_saved:
        over = ReminderState.STOPPED
        message(stage, who, on=at.date(), at=later, state=over, events=(("stopped", "saved"),))
    else:
        message(stage, who, on=at.date(), at=later)


def session_today(stage: Stage, who: Who) -> Codes:
    """A session was held today."""
    return _session(stage, who, NOW.date())


def session_last_week(stage: Stage, who: Who) -> Codes:
    """A session was held eight days ago: the weekly questions are asked."""
    return _session(stage, who, NOW.date() - timedelta(days=8))


def _session(stage: Stage, who: Who, held_on: date) -> Codes:
    with stage.database.write() as session:
        sessions.record_session(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[who],
            session_no=1,
            held_on=held_on,
            now=stage.clock.now,
        )
    return {}


def reported(stage: Stage, who: Who) -> Codes:
    """A session was held today and reported on."""
    session_today(stage, who)
    answers = {"session_no": 1, "items": {"redness": "mild", "bruise": "moderate"}}
    record_id = trial.save(stage, who, answers, kind="session_report").record_id
    return {"report_id": record_id, "record_id": record_id}


def on_a_patch(stage: Stage, who: Who) -> Codes:
    """A patch is on the own list."""
    snapshot = {
        "medicine_id": PATCH,
        "name": "Durogesic",
        "strength": "25 µg/h",
        "unit": "patch",
        "route": "transdermal",
        "role": "scheduled",
        "ug_per_h": 25.0,
        "prescribed": {"morning": 1.0},
    }
    _list(stage, who, snapshot, position=9)
    return {"medicine": PATCH}


def prescribe(stage: Stage, scheduled: int, who: Who = Who.OWN) -> None:
    """Bring the number of scheduled medicines on the own list to `scheduled`."""
    for number in range(1, scheduled):
        medicine_id = f"00000000-0000-4000-8000-00000000000{number}"
        snapshot = {
            "medicine_id": medicine_id,
            "name": f"Lyrica {number}",
            "strength": "75 mg",
            "unit": "capsule",
            "route": "oral",
            "role": "scheduled",
            "prescribed": {"morning": 1.0},
        }
        _list(stage, who, snapshot, position=number)


def _list(stage: Stage, who: Who, snapshot: dict[str, Any], *, position: int) -> None:
    with stage.database.write() as session:
        person = get_by_code(session, stage.cast.study_codes[who], frozenset({"*"}))
        row = ParticipantMedicine(
            id=snapshot["medicine_id"],
            participant_id=person.id,
            snapshot=json.dumps(snapshot),
            position=position,
            from_on=NOW.date() - timedelta(days=5),
        )
        session.add(row)


def nobodys_record(_stage: Stage, _who: Who) -> Codes:
    """The address names a record that is not there."""
    return {"record_id": str(uuid.UUID(int=0))}


def dead_link(_stage: Stage, _who: Who) -> Codes:
    """The enrolment link is nobody's."""
    return {"token": "an-old-link-that-was-used"}


def a_month(stage: Stage, who: Who) -> Codes:
    """The days since the enrolment have their diaries but for two, doses and a session."""
    for day in range(9, 0, -1):
        stage.clock.now = NOW - timedelta(days=day)
        if day in (1, 4):
            continue
        answers = factories.diary(stage.deployment.study, average=70 - 3 * day, worst=75)
        trial.save(stage, who, answers)
        trial.save(stage, who, trial.dose(stage, who, units=1 + day % 2))
    stage.clock.now = NOW
    return _session(stage, who, NOW.date() - timedelta(days=2))


def patch(stage: Stage, who: Who, done: str, at: str) -> dict[str, Any]:
    """A patch of `on_a_patch` that was put on or taken off today."""
    with stage.database.read() as session:
        listed = list_medicines(session, stage.actor(who).participant_id or 0)
    snapshot = next(json.loads(row.snapshot) for row in listed if row.id == PATCH)
    taken = {"taken_on": stage.clock.now.date().isoformat(), "taken_at": at}
    return {"medicine": snapshot, "units": 1.0, "patch": done, **taken}


def patched(stage: Stage, who: Who) -> Codes:
    """A patch was put on this morning."""
    on_a_patch(stage, who)
    trial.save(stage, who, patch(stage, who, "applied", "08:00"))
    return {}


def lettered(stage: Stage, who: Who) -> Codes:
    """A message came from the site, one request was answered and one waits."""
    site, own = stage.actor(Who.CLINICIAN), stage.actor(who)
    asked, open_one = (
        NewRequest(id=str(uuid.uuid4()), kind=kind, words=words, diary_on=on)
        for kind, words, on in (
            (RequestKind.CORRECTION, "J’avais pris deux comprimés, pas un.", date(2026, 1, 18)),
            (RequestKind.LEAVING, "", None),
        )
    )
    with stage.database.write() as session:
        message = messages.send(
            session,
            actor=site,
            study_code=stage.cast.study_codes[who],
            words="La séance de vendredi est à 9 h.\nÀ bientôt !",
            now=NOW - timedelta(hours=3),
        )
        for request in (asked, open_one):
            requests.ask(session, actor=own, request=request, now=NOW - timedelta(hours=2))
    with stage.database.write() as session:
        requests.answer(
            session,
            actor=site,
            request_id=asked.id,
            decision=Decision.GRANTED,
            words="C’est corrigé, merci.",
            now=NOW - timedelta(hours=1),
        )
    return {"message_id": message.id, "request_id": open_one.id}


def saved_locked(stage: Stage, who: Who) -> Codes:
    """Tonight's diary was saved while the phone was locked."""
    payload = factories.diary(stage.deployment.study)
    return {"locked_id": trial.save(stage, who, payload, assurance="device").record_id}
