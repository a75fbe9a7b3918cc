"""What happened at the desk before a page is looked at; as in `scenes`, played by the services."""

import json
import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyotp

from app.domain.reach import Channel
from app.domain.records import Kind, read_payload
from app.domain.study import Study
from app.services import (
    alerts,
    corrections,
    enrolled,
    prescriptions,
    queries,
    sessions,
    trail_reviews,
)
from app.services.corrections import Correction
from app.services.queries import Move, Question
from app.store import records
from app.store.alerts import list_open
from app.store.participants import get_by_code, list_medicines
from tests import factories, trial
from tests.people import NOW, PASSWORD, Stage, Who
from tests.scenes import Codes, a_month, lettered
from tests.web.reading import Page


def sign(stage: Stage, who: Who, *, meaning: str = "reviewed", **form: str) -> Any:
    """Sign the days that are over, as the clinician sees them, with a code that is new."""
    stage.clock.advance(minutes=1)
    address = f"/desk/participants/{stage.cast.study_codes[who]}/sign-off"
    client = stage.client(Who.CLINICIAN)
    shown = Page(client.get(address).text).form(address)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    usual = {"meaning": meaning, "password": PASSWORD, "code": code}
    return client.post(address, data=shown | usual | form)


def signed(stage: Stage, who: Who) -> Codes:
    """The clinician has signed, and the site has corrected the entry since."""
    assert sign(stage, who).status_code == 303
    correct_by_site(stage, who)
    return {}


def signed_month(stage: Stage, who: Who) -> Codes:
    """A month of diaries is signed, and one of them was corrected since."""
    a_month(stage, who)
    return signed(stage, who)


def pulled(stage: Stage, who: Who) -> Codes:
    """A copy holds what there was yesterday, another one everything."""
    client = stage.client(Who.KEY)
    pages = [client.get("/api/v1/changes", params={"limit": n}).json() for n in (1, 1000)]
    for name, page in zip(("warehouse", "statistics"), pages, strict=True):
        told = {"cursor": page["next_cursor"]}
        assert client.put(f"/api/v1/cursors/{name}", json=told).status_code == 200
    stage.clock.advance(minutes=20)  # since yesterday evening a day has passed
    return {}


def correct_by_site(stage: Stage, who: Who) -> None:
    """The site corrects the average of last evening's entry."""
    with stage.database.write() as session:
        latest = records.get_version(session, stage.cast.record_ids[who], 1)
        assert latest is not None
        assert latest.payload is not None
        payload = json.loads(latest.payload)
        payload["scores"]["pain_average"]["value"] = 12
        corrections.correct(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(latest.record_id, 1),
            correction=Correction(
                reason="read out wrongly",
                source="note of the call",
                payload=read_payload(Kind.DIARY, payload),
            ),
            now=stage.clock.now,
        )


def led(stage: Stage, who: Who) -> Codes:
    """A course that was led: sessions, one corrected, a visit, another prescription, a zone."""
    common: dict[str, Any] = {
        "actor": stage.actor(Who.CLINICIAN),
        "study_code": stage.cast.study_codes[who],
        "now": stage.clock.now,
    }
    with stage.database.write() as session:
        for number, day, area in ((1, 13, 86.0), (2, 19, None), (1, 12, 86.0)):
            sessions.record_session(
                session,
                session_no=number,
                held_on=date(2026, 1, day),
                area_cm2=area,
                reason="Read off the wrong line.",
                **common,
            )
        visit = sessions.NewVisit(held_on=date(2026, 1, 16), note="A bruise was looked at.")
        sessions.note_visit(session, visit=visit, **common)
        enrolled.change_zone(session, tz="Indian/Reunion", from_at=None, **common)
        scheduled = list_medicines(session, stage.actor(who).participant_id or 0)[0]
        prescriptions.change(
            session,
            medicine_id=scheduled.id,
            prescription=prescriptions.Prescription(
                role="scheduled",
                from_on=date(2026, 1, 21),
                prescribed={"morning": 1.0, "evening": 1.0},
                daily_maximum=3,
            ),
            **common,
        )
    return {}


def queried(stage: Stage, who: Who) -> Codes:
    """The monitor asked about two values of last evening; the site has answered one."""
    record_id = stage.cast.record_ids[who]
    ids = [str(uuid.uuid4()) for _ in range(2)]
    asked = {
        "pain/pain_average": "Le cahier du centre note 75 ce soir-là. Est-ce bien 57 ?",
        "gate/allodynia": "Oui au toucher, mais un seul déclencheur : est-ce complet ?",
    }
    with stage.database.write() as session:
        for query_id, (point, words) in zip(ids, asked.items(), strict=True):
            queries.ask(
                session,
                actor=stage.actor(Who.MONITOR),
                study_code=stage.cast.study_codes[who],
                question=Question(
                    id=query_id,
                    diary_on=(NOW - timedelta(days=1)).date(),
                    record_id=record_id,
                    field=point,
                    words=words,
                ),
                now=NOW - timedelta(hours=2),
            )
        queries.move_on(
            session,
            actor=stage.actor(Who.COORDINATOR),
            query_id=ids[1],
            move=Move.ANSWERED,
            words="Oui, vérifié au téléphone.",
            now=NOW - timedelta(hours=1),
        )
    return {"query_id": ids[0], "answered_id": ids[1]}


def trailed_corrections(stage: Stage, who: Who) -> Codes:
    """Last evening's diary was corrected twice by the site."""
    for version, average in ((1, 60), (2, 62)):
        trial.correct(stage, stage.cast.record_ids[who], version, average)
    return {}


def trailed(stage: Stage, who: Who) -> Codes:
    """A month with everything that a reviewer looks for, and a review of last week."""
    a_month(stage, who)
    lettered(stage, who)
    trailed_corrections(stage, who)
    kept = trial.save(stage, who, factories.diary(stage.deployment.study), texts={"note": "Dr X"})
    trial.redact(stage, kept.record_id, 1)
    alerted(stage, Who.OTHER if who is Who.OWN else Who.OWN)
    own = stage.client(who)
    own.post("/diary", data={"pain_average": "111", "pain_average.status": "answered"})
    with stage.database.write() as session:
        trail_reviews.review(
            session,
            actor=stage.actor(Who.MONITOR),
            site_id="lyon",
            until_seq=1,
            note="Deux entrées tardives, expliquées par téléphone.",
            now=NOW - timedelta(days=7),
        )
    return {}


def without_rule(study: Study, rule: str) -> Study:
    """The study with one alert rule switched off."""
    off = getattr(study.alerts, rule).model_copy(update={"on": False})
    return study.model_copy(update={"alerts": study.alerts.model_copy(update={rule: off})})


def alerted(stage: Stage, who: Who) -> Codes:
    """No way to write is known, which calls the site."""
    study = without_rule(stage.deployment.study, "few_entries")
    nowhere = replace(stage.deployment, channels=frozenset({Channel.SMS}), study=study)
    alerts.review(stage.database, deployment=nowhere, now=stage.clock.now)
    with stage.database.read() as session:
        person = get_by_code(session, stage.cast.study_codes[who], {"lyon"})
        (alert,) = list_open(session, [person.id])[person.id]
    return {"alert_id": alert.id}
