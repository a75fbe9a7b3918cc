"""What was set aside: kept whole, decided once by the site, in the feed only if accepted."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.access import Actor
from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.records import read_payload, read_submission, write_payload
from app.domain.set_aside import ACCEPTABLE, UNFIT
from app.routers.clinician.words import HURDLES, SET_ASIDE
from app.services import diary, set_aside, verification
from app.services.diary import Outcome, Receipt
from app.services.kept import Kept
from app.services.set_aside import Acceptance
from app.store import feed, records
from app.store.set_aside import find_decision
from app.store.tables import SetAside
from tests import factories, scenes, trial
from tests.people import LAST_EVENING, NOW, Stage, Who

SOON = NOW + timedelta(minutes=5)


def send(stage: Stage, payload: Any, **changes: Any) -> dict[str, Any]:
    """Send something as the own participant that is set aside; give the submission."""
    kind = "dose" if payload and "units" in payload else "diary"
    at = changes.pop("at", None)
    usual: dict[str, Any] = {"saved_at": NOW, "kind": kind} | changes
    sent = factories.submission(stage.deployment.study, payload, **usual)
    if at is not None:
        sent |= {"saved_at": at, "observed_at": at}
    assert submit(stage, sent).outcome is Outcome.SET_ASIDE
    return sent


def submit(stage: Stage, sent: dict[str, Any]) -> Receipt:
    """Let the phone send a submission, once more if it was sent before."""
    with stage.database.write() as session:
        return diary.submit(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.OWN),
            submission=read_submission(sent),
            now=NOW,
        )


def row_of(stage: Stage, sent: dict[str, Any]) -> SetAside:
    """What is kept of a submission."""
    with stage.database.read() as session:
        rows = set_aside.list_kept(session, actor=stage.actor(Who.CLINICIAN))
        rows += set_aside.list_kept(session, actor=stage.actor(Who.CLINICIAN), is_decided=True)
        return next(r.row for r in rows if r.row.submission_id == sent["submission_id"])


def look(stage: Stage, sent: dict[str, Any]) -> Kept:
    """What the desk sees of it."""
    with stage.database.read() as session:
        return set_aside.read_kept(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            set_aside_id=row_of(stage, sent).id,
        )


def accept(
    stage: Stage, sent: dict[str, Any], *, by: Who = Who.CLINICIAN, **changes: Any
) -> tuple[str, int]:
    """Accept it as seen; give the record and the version."""
    kept = look(stage, sent)
    version = kept.standing.version if kept.standing else 0
    seen: dict[str, Any] = {"reason": "called", "seen_version": version}
    with stage.database.write() as session:
        made = set_aside.accept(
            session,
            deployment=stage.deployment,
            actor=stage.actor(by),
            set_aside_id=kept.row.id,
            acceptance=Acceptance(**seen | changes),
            now=SOON,
        )
        return made.record_id, made.version


def decline(stage: Stage, sent: dict[str, Any], by: Who = Who.CLINICIAN) -> None:
    """Decline it."""
    actor: Actor = stage.actor(by)
    with stage.database.write() as session:
        set_aside.decline(
            session, actor=actor, set_aside_id=row_of(stage, sent).id, reason="no", now=SOON
        )


def times_in_feed(stage: Stage, sent: dict[str, Any]) -> int:
    """How often the feed holds a version of a submission, in a ledger that holds."""
    with stage.database.read() as session:
        assert verification.verify(session).fault is None
        known = records.find_submission(session, sent["submission_id"])
        assert known is not None
        bodies = [row.body for row in feed.list_changes(session, ["data/lyon"], 0, 100)]
    return sum(json.loads(body)["change_id"] == known.change_id for body in bodies)


def second_diary(stage: Stage) -> dict[str, Any]:
    """A second diary of last evening."""
    study = stage.deployment.study
    return send(stage, factories.diary(study, average=31), saved_at=LAST_EVENING)


def at_noon(stage: Stage) -> dict[str, Any]:
    """A diary saved outside every window, of a day without entry."""
    study = stage.deployment.study
    return send(stage, factories.diary(study), saved_at=NOW - timedelta(days=2, hours=7))


def ahead(stage: Stage) -> dict[str, Any]:
    """A diary of a phone whose clock is a year ahead."""
    later = (NOW + timedelta(days=365)).isoformat()
    return send(stage, factories.diary(stage.deployment.study), at=later)


def stale(stage: Stage) -> dict[str, Any]:
    """A correction that started from a version which the site had changed."""
    record_id = stage.cast.record_ids[Who.OWN]
    trial.correct(stage, record_id, 1, average=40)
    texts = {"reason": "tapped wrong", "other_medicine": "a herbal tea"}
    change = {"op": "correct", "base_version": 1, "record_id": record_id, "texts": texts}
    return send(stage, factories.diary(stage.deployment.study, average=20), **change)


def old_dose(stage: Stage) -> dict[str, Any]:
    """A dose of three days ago."""
    taken = {**trial.dose(stage, Who.OWN), "taken_on": "2026-01-17"}
    return send(stage, taken)


def taken_back(stage: Stage) -> dict[str, Any]:
    """The participant takes last evening's diary back."""
    record_id = stage.cast.record_ids[Who.OWN]
    return send(stage, None, kind="diary", op="void", base_version=4, record_id=record_id)


Make = Callable[[Stage], dict[str, Any]]
EVERY: tuple[tuple[Make, str, str, int], ...] = (
    (at_noon, "outside_window", "create", 1),
    (ahead, "impossible_clock", "create", 1),
    (old_dose, "too_late_for_medicine", "create", 1),
    (stale, "stale_base", "correct", 3),
    (second_diary, "second_diary", "correct", 4),
    (taken_back, "void_by_participant", "void", 5),
)
"""What was set aside, why, and what it becomes; each follows those before it."""


def test_accepted_it_is_in_the_feed_once_and_nothing_of_it_is_lost(stage: Stage) -> None:
    for make, code, op, number in EVERY:
        sent = make(stage)
        kept = row_of(stage, sent)
        assert (kept.code, times_in_feed(stage, sent)) == (code, 0)
        found = accept(stage, sent)
        assert found[1] == number
        check_version(stage, sent, kept, found, op)
        again = submit(stage, sent)
        assert (again.outcome, again.version) == (Outcome.KNOWN, number)
        assert times_in_feed(stage, sent) == 1


def check_version(
    stage: Stage, sent: dict[str, Any], kept: SetAside, found: tuple[str, int], op: str
) -> None:
    """The version says all that was sent, whose it is, who took it in and why."""
    assert row_of(stage, sent).submission == kept.submission
    with stage.database.read() as session:
        row = records.get_version(session, *found)
        assert row is not None
        texts = records.texts_of(session, [row.change_id])[row.change_id]
    assert row.op == op
    assert json.loads(row.originator)["type"] == "participant"
    assert (row.actor_role, row.received_at) == ("clinician", kept.received_at)
    assert f"set_aside:{kept.code}" in row.flags.split()
    said = {name: value for name, (value, _) in texts.items()}
    assert said.items() >= sent.get("texts", {}).items()
    assert said["decision"] == "called"
    if sent["payload"] is not None:
        read = read_payload(read_submission(sent).kind, sent["payload"])
        assert json.loads(row.payload or "") == write_payload(read)


def test_declined_it_stays_where_it_is_and_out_of_the_feed(stage: Stage) -> None:
    sent = stale(stage)
    kept = row_of(stage, sent)
    decline(stage, sent)
    assert row_of(stage, sent).submission == kept.submission
    assert submit(stage, sent).outcome is Outcome.SET_ASIDE
    assert times_in_feed(stage, sent) == 0


def test_of_two_people_one_wins_and_the_other_is_told(stage: Stage) -> None:
    sent = second_diary(stage)
    decline(stage, sent, by=Who.COORDINATOR)
    with pytest.raises(WrongState) as refused:
        accept(stage, sent)
    assert refused.value.code == "decided_already"
    other = at_noon(stage)
    trial.correct(stage, stage.cast.record_ids[Who.OWN], 1, average=40)
    with pytest.raises(WrongState) as refused:
        accept(stage, other, seen_version=1)
    assert refused.value.code == "changed_meanwhile"
    with stage.database.read() as session:
        assert find_decision(session, row_of(stage, other).id) is None


def test_the_day_is_the_sites_to_choose_where_it_is_not_known(stage: Stage) -> None:
    sent = at_noon(stage)
    assert look(stage, sent).is_day_open
    for impossible in (date(2026, 1, 21), date(2026, 1, 9)):
        with pytest.raises(InvalidInput):
            accept(stage, sent, day=impossible)
    record_id, _ = accept(stage, sent, day=date(2026, 1, 16))
    with stage.database.read() as session:
        record = records.find_record(session, record_id)
    assert record is not None
    assert (record.diary_on, record.late) == (date(2026, 1, 16), True)


def test_another_scale_is_never_accepted_and_a_session_once_dated_is(stage: Stage) -> None:
    study = stage.deployment.study
    sent = send(stage, factories.diary(study, average=5, worst=7, scale="nrs11"))
    assert look(stage, sent).hurdle == "other_scale"
    with pytest.raises(WrongState) as refused:
        accept(stage, sent)
    assert refused.value.code == "cannot_be_accepted"
    report = send(stage, {"session_no": 1, "items": {"redness": "mild"}}, kind="session_report")
    assert look(stage, report).hurdle == "unknown_session"
    scenes.session_today(stage, Who.OWN)
    assert accept(stage, report)[1] == 1


def test_only_the_site_decides_and_only_its_own(stage: Stage) -> None:
    sent = second_diary(stage)
    for who in (Who.MONITOR, Who.INSPECTOR, Who.DATA_MANAGER, Who.ASSESSOR, Who.ADMIN):
        with pytest.raises(NotAllowed):
            decline(stage, sent, by=who)
    with pytest.raises(NotFound):
        decline(stage, sent, by=Who.FAR_CLINICIAN)
    with stage.database.read() as session:
        assert set_aside.list_kept(session, actor=stage.actor(Who.FAR_CLINICIAN)) == []


def test_every_reason_is_told_in_words() -> None:
    assert set(ACCEPTABLE) | UNFIT == set(SET_ASIDE)
    assert set(HURDLES) > UNFIT
