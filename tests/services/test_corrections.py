"""The site's corrections, voids and redactions: later versions with a reason, chains unbroken."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.records import Kind, read_payload, read_submission
from app.services import corrections, diary, verification
from app.services.corrections import Correction, Why
from app.store import feed, records
from tests import factories
from tests.people import NOW, Stage, Who

SOON = NOW + timedelta(minutes=5)


def correct(
    stage: Stage, who: Who, *, version: int = 1, reason: str = "misread", source: str = "call"
) -> int:
    """Correct the own participant's diary of last evening to 12."""
    payload = read_payload(Kind.DIARY, factories.diary(stage.deployment.study, average=12))
    with stage.database.write() as session:
        return corrections.correct(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            base=(stage.cast.record_ids[Who.OWN], version),
            correction=Correction(payload=payload, reason=reason, source=source),
            now=SOON,
        ).version


@pytest.mark.trust(1)
def test_both_values_stay_readable(stage: Stage) -> None:
    assert correct(stage, Who.CLINICIAN) == 2
    with stage.database.read() as session:
        rows = records.list_versions(session, stage.cast.record_ids[Who.OWN])
        record = records.find_record(session, stage.cast.record_ids[Who.OWN])
        texts = records.texts_of(session, [rows[1].change_id])
    values = [json.loads(row.payload or "")["scores"]["pain_average"]["value"] for row in rows]
    assert values == [57, 12]
    said = {name: value for name, (value, _) in texts[rows[1].change_id].items()}
    assert said == {"reason": "misread", "source": "call"}
    assert json.loads(rows[1].originator)["type"] == "staff"
    assert record is not None
    assert (record.version, record.pain_average) == (2, 12)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (Who.FAR_CLINICIAN, NotFound),
        (Who.MONITOR, NotAllowed),
        (Who.INSPECTOR, NotAllowed),
        (Who.DATA_MANAGER, NotAllowed),
        (Who.ADMIN, NotAllowed),
        (Who.OWN, NotFound),
    ],
)
@pytest.mark.trust(9)
def test_nobody_else_corrects(stage: Stage, who: Who, error: type[DomainError]) -> None:
    with pytest.raises(error):
        correct(stage, who)


@pytest.mark.trust(4)
def test_a_reason_and_a_source_are_asked(stage: Stage) -> None:
    for said in ((" ", "call"), ("misread", " ")):
        with pytest.raises(InvalidInput) as refused:
            correct(stage, Who.CLINICIAN, reason=said[0], source=said[1])
        missing = "reason" if said[0] == " " else "source"
        assert refused.value.code == f"{missing}_missing"


def test_the_second_of_two_is_told(stage: Stage) -> None:
    correct(stage, Who.CLINICIAN)
    with pytest.raises(WrongState) as refused:
        correct(stage, Who.CLINICIAN, version=1)
    assert refused.value.code == "changed_meanwhile"


def test_a_voided_record_counts_nowhere_and_stays(stage: Stage) -> None:
    record_id = stage.cast.record_ids[Who.OWN]
    with stage.database.write() as session:
        corrections.void(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(record_id, 1),
            why=Why(reason="practice", source="call"),
            now=SOON,
        )
    with stage.database.read() as session:
        person = stage.actor(Who.OWN).participant_id or 0
        assert records.list_latest_versions(session, person, "diary") == []
        assert len(records.list_versions(session, record_id)) == 2
        assert verification.verify(session).fault is None


@pytest.mark.trust(12)
def test_a_redacted_text_is_gone_from_every_version_and_the_chain_holds(stage: Stage) -> None:
    study = stage.deployment.study
    raw = factories.submission(
        study,
        factories.diary(study),
        saved_at=NOW,
        texts={"other_medicine": "from Mrs Martin, 06 12 34 56 78", "note": "kept"},
    )
    with stage.database.write() as session:
        diary.submit(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.OWN),
            submission=read_submission(raw),
            now=NOW,
        )
    with stage.database.write() as session:
        corrections.redact(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(raw["record_id"], 1),
            field="other_medicine",
            reason="names a person",
            now=SOON,
        )
    with stage.database.read() as session:
        assert verification.verify(session).fault is None
        rows = feed.list_changes(session, ["data/lyon"], 0, 100)[-2:]
    assert rows[0].texts["other_medicine"] == (None, None)
    assert rows[0].texts["note"][0] == "kept"
    assert set(rows[1].texts) == {"note", "reason"}
    assert "Martin" not in "".join(row.body + str(row.texts) for row in rows)


@pytest.mark.trust(12)
def test_a_text_that_goes_without_a_redaction_is_noticed(stage: Stage) -> None:
    correct(stage, Who.CLINICIAN)
    with stage.database.engine.begin() as connection:
        connection.execute(text("UPDATE change_texts SET value = NULL, salt = NULL"))
    with stage.database.read() as session:
        fault = verification.verify(session).fault
    assert fault is not None
    assert "reason" in str(fault)
