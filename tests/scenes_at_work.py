"""A morning at the desk's work list, played by the services of a stage."""

from datetime import timedelta

from app.services import alerts, sessions
from app.store.work import AlertRow, list_alerts
from tests import factories, trial
from tests.people import NOW, Stage, Who
from tests.scenes import Codes


def at_work(stage: Stage, who: Who) -> Codes:
    """A morning at the desk: alerts of several kinds, some taken on and noted, one closed."""
    other = Who.OTHER if who is Who.OWN else Who.OWN
    site, coordinator = stage.actor(Who.CLINICIAN), stage.actor(Who.COORDINATOR)
    stage.clock.now = NOW - timedelta(days=5)
    for average in (91, 96):
        trial.save(stage, who, factories.diary(stage.deployment.study, average=average, worst=99))
        alerts.review(stage.database, deployment=stage.deployment, now=stage.clock.now)
        stage.clock.advance(days=1)
    in_hospital = {**factories.diary(stage.deployment.study), "hospital": True}
    trial.save(stage, other, in_hospital)
    with stage.database.write() as session:
        sessions.record_session(
            session,
            actor=site,
            study_code=stage.cast.study_codes[other],
            session_no=1,
            held_on=stage.clock.now.date(),
            now=stage.clock.now,
        )
    felt = {"session_no": 1, "items": {"fever": "moderate", "redness": "mild"}}
    stage.clock.advance(hours=1)
    trial.save(stage, other, felt, kind="session_report")
    stage.clock.now = NOW - timedelta(hours=5)
    alerts.review(stage.database, deployment=stage.deployment, now=NOW - timedelta(hours=9))
    by_rule = {row.alert.rule: row.alert.id for row in _alerts(stage)}
    with stage.database.write() as session:
        for actor, rule in ((site, "hospital"), (coordinator, "few_entries")):
            alert_id = by_rule[rule]
            alerts.acknowledge(session, actor=actor, alert_id=alert_id, now=stage.clock.now)
        words = "Appelé : hospitalisé pour une fracture, sans lien. Lettre demandée."
        now = stage.clock.now + timedelta(minutes=20)
        alerts.note(session, actor=site, alert_id=by_rule["hospital"], words=words, now=now)
        words = "Fièvre passée, vue en consultation."
        alert_id = by_rule["infection_item"]
        alerts.close(session, actor=coordinator, alert_id=alert_id, reason=words, now=now)
    stage.clock.now = NOW
    return {"alert_id": by_rule["pain_high"]}


def _alerts(stage: Stage) -> list[AlertRow]:
    with stage.database.read() as session:
        return list_alerts(session, {"lyon"})
