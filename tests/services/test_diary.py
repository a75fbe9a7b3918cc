"""What becomes of a submission: saved once, recognised again, set aside, or refused; never lost."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.errors import DomainError, InvalidInput, NotFound, TooFast, WrongState
from app.domain.participant import Move
from app.domain.records import read_submission
from app.services import diary, participants, verification
from app.services.diary import Outcome, Receipt
from app.store import feed, records
from app.store.participants import list_medicines
from tests import factories
from tests.people import NOW, Stage, Who

LATER = NOW + timedelta(minutes=1)


def send(
    stage: Stage, raw: dict[str, Any], who: Who = Who.OWN, received_at: Any = LATER
) -> Receipt:
    """Submit as a person's phone does, in a transaction of its own."""
    actor = stage.actor(who)
    with stage.database.write() as session:
        return diary.submit(
            session,
            deployment=stage.deployment,
            actor=actor,
            submission=read_submission(raw),
            now=received_at,
        )


def entry(stage: Stage, **changes: Any) -> dict[str, Any]:
    """Tonight's diary, saved on the phone a minute ago."""
    study = stage.deployment.study
    given = {"payload": factories.diary(study), "saved_at": NOW, **changes}
    return factories.submission(study, **given)


def first_medicine(stage: Stage) -> dict[str, Any]:
    """The first medicine on the own participant's list, as the phone knows it."""
    person = stage.actor(Who.OWN).participant_id or 0
    with stage.database.read() as session:
        snapshot: dict[str, Any] = json.loads(list_medicines(session, person)[0].snapshot)
    return snapshot


def delivered(stage: Stage) -> list[str]:
    """The bodies of the data stream."""
    with stage.database.read() as session:
        return [row.body for row in feed.list_changes(session, ["data/lyon"], 0, 100)]


def test_a_diary_is_saved_on_the_day_of_its_window(stage: Stage) -> None:
    receipt = send(stage, entry(stage))
    assert (receipt.outcome, receipt.version) == (Outcome.SAVED, 1)
    assert (receipt.diary_on, receipt.lateness) == (NOW.date(), "on_time")
    assert len(receipt.code) == 4


@pytest.mark.trust(14)
def test_fifty_resends_are_one_version(stage: Stage) -> None:
    raw, before = entry(stage), len(delivered(stage))
    first = send(stage, raw)
    for attempt in range(2, 52):
        sent_at = (NOW + timedelta(minutes=attempt)).isoformat()
        again = send(stage, {**raw, "sent_at": sent_at, "attempt": attempt, "waiting": 7})
        assert again.outcome is Outcome.KNOWN
        assert (again.code, again.version) == (first.code, 1)
    assert len(delivered(stage)) == before + 1


def test_a_submission_id_with_other_content_is_refused(stage: Stage) -> None:
    raw = entry(stage)
    send(stage, raw)
    with pytest.raises(WrongState):
        send(stage, {**raw, "elapsed_s": 1.0})


def test_a_second_diary_of_the_day_is_set_aside_with_both_kept(stage: Stage) -> None:
    send(stage, entry(stage))
    second = entry(stage)
    receipt = send(stage, second)
    assert (receipt.outcome, receipt.reason) == (Outcome.SET_ASIDE, "second_diary")
    assert send(stage, second) == receipt
    with stage.database.read() as session:
        waiting = records.list_undecided(session, [stage.actor(Who.OWN).participant_id or 0])
    assert [row.record_id for row in waiting] == [second["record_id"]]


@pytest.mark.trust(1, 9)
def test_a_correction_is_a_second_version_with_its_reason(stage: Stage) -> None:
    first = send(stage, entry(stage))
    change = entry(
        stage,
        record_id=first.record_id,
        op="correct",
        base_version=1,
        texts={"reason": "I tapped the wrong end"},
    )
    assert send(stage, change).version == 2
    stale = {**change, "submission_id": entry(stage)["submission_id"]}
    assert send(stage, stale).reason == "stale_base"


@pytest.mark.parametrize("texts", [{}, {"reason": "  "}])
@pytest.mark.trust(4)
def test_a_correction_without_a_reason_writes_no_version(
    stage: Stage, texts: dict[str, str]
) -> None:
    first = send(stage, entry(stage))
    before = delivered(stage)
    change = entry(stage, record_id=first.record_id, op="correct", base_version=1, texts=texts)
    with pytest.raises(InvalidInput) as refused:
        send(stage, change)
    assert refused.value.code == "reason_missing"
    assert delivered(stage) == before


def test_anothers_record_does_not_exist(stage: Stage) -> None:
    theirs = stage.cast.record_ids[Who.OTHER]
    for op, base in (("create", None), ("correct", 1)):
        raw = entry(stage, record_id=theirs, op=op, base_version=base, texts={"reason": "x"})
        with pytest.raises(NotFound):
            send(stage, raw)


def test_anothers_submission_does_not_exist(stage: Stage) -> None:
    raw = entry(stage)
    send(stage, raw, Who.OTHER)
    with pytest.raises(NotFound):
        send(stage, raw)


@pytest.mark.parametrize(
    ("saved_at", "received_at", "reason"),
    [
        (NOW + timedelta(hours=3), LATER, "impossible_clock"),
        (NOW - timedelta(days=30), LATER, "impossible_clock"),
        (NOW - timedelta(hours=6), LATER, "outside_window"),
        (NOW + timedelta(hours=7, minutes=10), NOW + timedelta(hours=8), "outside_window"),
    ],
)
def test_what_no_window_holds_is_set_aside(
    stage: Stage, saved_at: Any, received_at: Any, reason: str
) -> None:
    raw = entry(stage, saved_at=saved_at, sent_at=received_at.isoformat())
    receipt = send(stage, raw, received_at=received_at)
    assert (receipt.outcome, receipt.reason) == (Outcome.SET_ASIDE, reason)


@pytest.mark.trust(13)
def test_received_late_is_not_late(stage: Stage) -> None:
    tomorrow = NOW + timedelta(days=1)
    receipt = send(stage, entry(stage, sent_at=tomorrow.isoformat()), received_at=tomorrow)
    assert (receipt.diary_on, receipt.lateness) == (NOW.date(), "on_time")


def test_saved_in_the_grace_is_late_and_of_the_evening_before(stage: Stage) -> None:
    after_midnight = NOW + timedelta(hours=6)  # 01:30 in Lyon
    receipt = send(stage, entry(stage, saved_at=after_midnight), received_at=after_midnight)
    assert (receipt.diary_on, receipt.lateness) == (NOW.date(), "late")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scores": {"pain_average": factories.score(5, "nrs11")}}, "other_scale"),
        ({"scores": {"mood": factories.score(5)}}, "unknown_item"),
        ({"triggers": {"wind": factories.score(5)}}, "unknown_trigger"),
        ({"allodynia": {"status": "answered", "value": "no"}}, "answers_behind_closed_gate"),
        ({"simulated": ["doses"]}, "simulated_values"),
    ],
)
def test_what_the_form_should_have_stopped_is_set_aside(
    stage: Stage, change: dict[str, Any], reason: str
) -> None:
    raw = entry(stage)
    raw["payload"] = {**raw["payload"], **change}
    assert send(stage, raw).reason == reason


def test_a_zone_of_the_other_limb_is_set_aside(stage: Stage) -> None:
    raw = entry(stage)
    raw["payload"]["zones"]["codes"] = [stage.deployment.study.zone_set.foot[0].code]
    assert send(stage, raw).reason == "zone_of_another_limb"


def test_an_unknown_form_is_refused(stage: Stage) -> None:
    with pytest.raises(InvalidInput) as refused:
        send(stage, entry(stage, form_version="1999.1"))
    assert refused.value.code == "unknown_form_version"


def test_one_device_cannot_fill_the_work_list(stage: Stage) -> None:
    noon = {"saved_at": NOW - timedelta(hours=7), "sent_at": LATER.isoformat()}
    for _ in range(diary.SET_ASIDE_PER_DEVICE_AND_DAY):
        assert send(stage, entry(stage, **noon)).outcome is Outcome.SET_ASIDE
    with pytest.raises(TooFast):
        send(stage, entry(stage, **noon))
    assert send(stage, entry(stage)).outcome is Outcome.SAVED


@pytest.mark.trust(26)
def test_after_withdrawal_values_are_discarded_and_before_it_kept(stage: Stage) -> None:
    with stage.database.write() as session:
        participants.change_state(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            by=Move.WITHDRAW,
            reason="asked to leave",
            now=NOW + timedelta(minutes=30),
        )
    before = len(delivered(stage))
    hour = NOW + timedelta(hours=1)
    kept = send(stage, entry(stage, sent_at=hour.isoformat()), received_at=hour)
    gone = send(stage, entry(stage, saved_at=hour), received_at=hour)
    assert (kept.outcome, gone.outcome) == (Outcome.SAVED, Outcome.DISCARDED)
    assert len(delivered(stage)) == before + 1


def test_a_refused_submission_leaves_nothing_behind(stage: Stage) -> None:
    before = delivered(stage)
    for raw in (
        entry(stage, form_version="1999.1"),
        entry(stage, record_id=stage.cast.record_ids[Who.OTHER]),
    ):
        with pytest.raises(DomainError):
            send(stage, raw)
    assert delivered(stage) == before


def test_a_dose_belongs_to_its_date_and_says_when_recalled(stage: Stage) -> None:
    medicine = first_medicine(stage)
    dose = {"medicine": medicine, "units": 1.0, "taken_on": "2026-01-20", "taken_at": "12:30"}
    today = entry(stage, kind="dose", payload=dose)
    assert send(stage, today).diary_on == date(2026, 1, 20)
    yesterday = {**dose, "taken_on": "2026-01-19"}
    recalled = entry(stage, kind="dose", payload=yesterday)
    assert send(stage, recalled).reason == "too_late_for_medicine"
    stranger = {**dose, "medicine": {**medicine, "medicine_id": entry(stage)["record_id"]}}
    assert send(stage, entry(stage, kind="dose", payload=stranger)).reason == "medicine_not_on_list"


def test_an_undone_dose_is_voided_with_its_trace(stage: Stage) -> None:
    medicine = first_medicine(stage)
    dose = {"medicine": medicine, "units": 1.0, "taken_on": "2026-01-20", "taken_at": "12:30"}
    first = send(stage, entry(stage, kind="dose", payload=dose))
    undo = entry(
        stage,
        kind="dose",
        op="void",
        base_version=1,
        record_id=first.record_id,
        payload=None,
        texts={"reason": "undone"},
    )
    assert send(stage, undo).version == 2
    with stage.database.read() as session:
        record = records.find_record(session, first.record_id)
    assert record is not None
    assert record.void


def test_the_ledger_holds_after_all_of_it(stage: Stage) -> None:
    send(stage, entry(stage))
    send(stage, entry(stage))
    with stage.database.read() as session:
        report = verification.verify(session)
    assert report.fault is None
    assert report.versions == len(delivered(stage))
