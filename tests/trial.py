"""What the trial database meets: a scene in which every kind of change has happened, and its keys.

Everything is saved by the services that a deployment uses; nothing is written into tables by hand.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from app import puller
from app.domain.access import SYSTEM
from app.domain.records import Kind, read_payload, read_submission
from app.puller import Pulled, Server, Verified, open_copy, pull
from app.puller.copies import Copy
from app.services import corrections, devices, diary, keys, participants
from app.services.corrections import Correction, Why
from app.services.diary import Receipt
from app.store.participants import list_medicines
from tests import factories
from tests.people import ENROLLED_AT, NOW, PIN, Stage, Who

SITES = ("lille", "lyon")
NOTE = 'Vu « Mme Martin », 06 12 34 56 78; "=1+1"\u2028\r\nà rappeler'
"""A text with what breaks formats: accents, quotes, a formula, line ends of every kind."""


def save(stage: Stage, who: Who, payload: dict[str, Any] | None, **changes: Any) -> Receipt:
    """Save a record as a participant does, now."""
    kind = "dose" if payload is not None and "units" in payload else "diary"
    sent = factories.submission(
        stage.deployment.study, payload, saved_at=stage.clock.now, **{"kind": kind} | changes
    )
    with stage.database.write() as session:
        return diary.submit(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            submission=read_submission(sent),
            now=stage.clock.now,
        )


def dose(stage: Stage, who: Who, units: float = 1) -> dict[str, Any]:
    """A dose of the rescue medicine, taken a minute ago."""
    with stage.database.read() as session:
        listed = list_medicines(session, stage.actor(who).participant_id or 0)
    return {
        "medicine": json.loads(listed[-1].snapshot),
        "units": units,
        "taken_on": stage.clock.now.date().isoformat(),
        "taken_at": "19:29",
        "reason": "sleep",
    }


def correct(stage: Stage, record_id: str, version: int, average: int) -> None:
    """Correct a diary's score as the site does."""
    amend(stage, record_id, version, factories.diary(stage.deployment.study, average=average))


def amend(stage: Stage, record_id: str, version: int, payload: dict[str, Any]) -> None:
    """Correct a diary as the site does."""
    with stage.database.write() as session:
        corrections.correct(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(record_id, version),
            correction=Correction(
                payload=read_payload(Kind.DIARY, payload),
                reason="misread « 12 »",
                source="call of the same evening",
            ),
            now=stage.clock.now,
        )


def void(stage: Stage, record_id: str, version: int) -> None:
    """Void a record as the site does."""
    with stage.database.write() as session:
        corrections.void(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(record_id, version),
            why=Why(reason="entered twice", source="call"),
            now=stage.clock.now,
        )


def redact(stage: Stage, record_id: str, version: int, field: str = "note") -> None:
    """Remove a text of a record as the site does."""
    with stage.database.write() as session:
        corrections.redact(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(record_id, version),
            field=field,
            reason="names a person",
            now=stage.clock.now,
        )


def live(stage: Stage) -> dict[str, str]:
    """Let everything happen that a feed can carry; give the record ids by what became of them."""
    study = stage.deployment.study
    kept = save(stage, Who.OWN, dose(stage, Who.OWN))
    voided = save(stage, Who.OWN, dose(stage, Who.OWN, units=0.5), texts={"note": "1 or 2?"})
    void(stage, voided.record_id, 1)
    noted = save(stage, Who.OWN, factories.diary(study, average=0, worst=100), texts={"note": NOTE})
    corrected = stage.cast.record_ids[Who.OWN]
    correct(stage, corrected, 1, average=12)
    save(stage, Who.OTHER, {**factories.diary(study), "flare": True})
    save(stage, Who.OTHER, factories.diary(study))  # a second diary: set aside
    stage.clock.advance(minutes=10)
    redact(stage, noted.record_id, 1)
    correct(stage, corrected, 2, average=21)
    far_away(stage)
    return {
        "kept": kept.record_id,
        "voided": voided.record_id,
        "redacted": noted.record_id,
        "corrected": corrected,
    }


def far_away(stage: Stage) -> str:
    """Enrol a participant at the other site and save a diary there; give the study code."""
    team = stage.actor(Who.FAR_CLINICIAN)
    with stage.database.write() as session:
        person = participants.invite(
            session,
            deployment=stage.deployment,
            actor=team,
            enrolment=factories.enrolment("lille"),
            now=ENROLLED_AT,
        )
        code = person.study_code
    with stage.database.write() as session:
        link = participants.issue_link(
            session, deployment=stage.deployment, actor=team, study_code=code, now=NOW
        )
    with stage.database.write() as session:
        phone = devices.join(
            session,
            token=link.rpartition("/")[2],
            pin=PIN,
            label="phone",
            sent_at=ENROLLED_AT,
            now=ENROLLED_AT,
        )
    with stage.database.write() as session:
        found = devices.find_enrolled(session, phone.credential)
        assert found is not None
        study = stage.deployment.study
        sent = factories.submission(study, factories.diary(study), saved_at=stage.clock.now)
        diary.submit(
            session,
            deployment=stage.deployment,
            actor=devices.actor_for(found[1], found[0]),
            submission=read_submission(sent),
            now=stage.clock.now,
        )
    return code


def new_key(
    stage: Stage, *sites: str, scopes: tuple[str, ...] = keys.SCOPES, days: float = 30
) -> str:
    """Make a key for these sites (all, when none is named)."""
    with stage.database.write() as session:
        return keys.create(
            session,
            actor=SYSTEM,
            new=keys.NewKey(
                label="another database",
                sites=sites or ("*",),
                scopes=scopes,
                expires_at=stage.clock.now + timedelta(days=days),
            ),
            now=stage.clock.now,
        )


def new_token(stage: Stage, *sites: str) -> str:
    """Make a token of the REDCap façade for these sites (all, when none is named)."""
    with stage.database.write() as session:
        return keys.create_redcap_token(
            session,
            actor=SYSTEM,
            new=keys.NewKey(
                label="older scripts",
                sites=sites or ("*",),
                expires_at=stage.clock.now + timedelta(days=30),
            ),
            now=stage.clock.now,
        )


def bearing(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"authorization": f"Bearer {key}"}


def changes_of(stage: Stage, key: str, **query: Any) -> list[dict[str, Any]]:
    """Every change that a key may read, page by page."""
    client, after, found = stage.client(Who.NOBODY), "0", []
    while True:
        answer = client.get(
            "/api/v1/changes", params={"after": after, **query}, headers=bearing(key)
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["changes"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return found


@contextmanager
def server_of(stage: Stage, key: str) -> Iterator[Server]:
    """The served application as the puller sees it; it never waits."""

    def refuse_to_wait(seconds: float) -> None:
        raise AssertionError(f"the puller wants to wait {seconds} s")

    with Server(stage.deployment.base_url, key, pause=refuse_to_wait) as server:
        yield server


def verify(stage: Stage, into: str | Path, key: str = "") -> Verified:
    """Bring a copy up to date, and verify it."""
    with server_of(stage, key or stage.cast.key) as server, closing(open_copy(str(into))) as copy:
        place = pull(server, copy).place
        return puller.verify(server, copy, place)


def pull_into(stage: Stage, into: str | Path, key: str = "", **options: Any) -> Pulled:
    """Pull from a stage that is served."""
    copy: Copy
    with server_of(stage, key or stage.cast.key) as server, closing(open_copy(str(into))) as copy:
        return pull(server, copy, **options)
