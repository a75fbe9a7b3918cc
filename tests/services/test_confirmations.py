"""Whose an entry from a locked phone was: asked of its owner, told to the site, no more."""

from datetime import timedelta

import pytest

from app.domain.errors import NotFound, WrongState
from app.domain.records import Kind
from app.services import confirmations
from app.services.cohorts import read_cohort
from app.services.confirmations import LockedSave
from tests import factories, trial
from tests.people import NOW, Stage, Who


def locked(stage: Stage, who: Who = Who.OWN) -> str:
    """Save tonight's diary on a locked phone; give its record."""
    payload = factories.diary(stage.deployment.study)
    return trial.save(stage, who, payload, assurance="device").record_id


def asked(stage: Stage, who: Who = Who.OWN) -> list[LockedSave]:
    """What a participant is asked."""
    with stage.database.read() as session:
        return confirmations.list_own(session, participant_id=stage.actor(who).participant_id or 0)


def confirm(
    stage: Stage, record_id: str, *, is_own: bool, who: Who = Who.OWN, version: int = 1
) -> None:
    """Say whose it was."""
    with stage.database.write() as session:
        confirmations.confirm(
            session,
            actor=stage.actor(who),
            save=(record_id, version),
            is_own=is_own,
            now=stage.clock.now,
        )


def reasons(stage: Stage, who: Who = Who.OWN, after: timedelta = timedelta(0)) -> set[str]:
    """Why the site should call a participant, some time after the evening."""
    actor, code = stage.actor(Who.CLINICIAN), stage.cast.study_codes[who]
    with stage.database.read() as session:
        rows = read_cohort(session, deployment=stage.deployment, actor=actor, now=NOW + after)
    return {reason for row in rows if row.person.study_code == code for reason in row.reasons}


def test_only_what_was_saved_locked_is_asked_about(stage: Stage) -> None:
    assert asked(stage) == []
    record_id = locked(stage)
    (save,) = asked(stage)
    assert (save.record_id, save.version, save.kind) == (record_id, 1, Kind.DIARY)
    assert (save.saved_at, save.tz, save.is_void) == (NOW, "Europe/Paris", False)
    assert asked(stage, Who.OTHER) == []


@pytest.mark.parametrize("is_own", [True, False])
def test_one_answer_settles_it_and_changes_no_entry(stage: Stage, *, is_own: bool) -> None:
    record_id = locked(stage)
    confirm(stage, record_id, is_own=is_own)
    confirm(stage, record_id, is_own=is_own)
    assert asked(stage) == []
    assert ("disowned" in reasons(stage)) is not is_own
    with pytest.raises(WrongState, match="answered_already"):
        confirm(stage, record_id, is_own=not is_own)


def test_what_was_not_theirs_calls_until_the_site_has_changed_it(stage: Stage) -> None:
    record_id = locked(stage)
    confirm(stage, record_id, is_own=False)
    assert "disowned" in reasons(stage)
    assert reasons(stage, Who.OTHER) & {"disowned", "unconfirmed"} == set()
    trial.void(stage, record_id, 1)
    assert "disowned" not in reasons(stage)


@pytest.mark.trust(19)
def test_after_three_days_without_a_word_the_site_is_told(stage: Stage) -> None:
    record_id = locked(stage)
    days = timedelta(days=3)
    assert "unconfirmed" not in reasons(stage, after=days - timedelta(seconds=1))
    assert "unconfirmed" in reasons(stage, after=days)
    confirm(stage, record_id, is_own=True)
    assert "unconfirmed" not in reasons(stage, after=days)


def test_who_corrected_it_with_the_code_has_seen_it(stage: Stage) -> None:
    record_id = locked(stage)
    trial.save(
        stage,
        Who.OWN,
        factories.diary(stage.deployment.study, average=40),
        op="correct",
        record_id=record_id,
        base_version=1,
        texts={"reason": "the other end"},
    )
    assert asked(stage) == []


def test_a_dose_taken_back_on_a_locked_phone_is_asked_about(stage: Stage) -> None:
    record_id = trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN)).record_id
    void = {"op": "void", "record_id": record_id, "base_version": 1, "assurance": "device"}
    trial.save(stage, Who.OWN, None, **void, kind="dose")
    assert [(save.version, save.is_void) for save in asked(stage)] == [(2, True)]


@pytest.mark.parametrize("who", [Who.OTHER, Who.CLINICIAN])
def test_nobody_else_answers(stage: Stage, who: Who) -> None:
    record_id = locked(stage)
    with pytest.raises(NotFound):
        confirm(stage, record_id, is_own=True, who=who)


def test_what_was_saved_with_the_code_is_not_to_be_confirmed(stage: Stage) -> None:
    with pytest.raises(NotFound):
        confirm(stage, stage.cast.record_ids[Who.OWN], is_own=True)
    with pytest.raises(NotFound):
        confirm(stage, locked(stage), is_own=True, version=2)
