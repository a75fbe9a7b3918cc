"""Words that should never have been typed go from wherever they stand, and the proof holds."""

import pytest
from sqlalchemy import text

from app.domain.access import SYSTEM
from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.services import messages, redactions, set_aside, verification
from app.store.records import texts_of
from tests import factories, trial
from tests.people import Stage, Who

PRIVATE = "Mme Martin, 06 12 34 56 78"


def redact(stage: Stage, change_id: str, field: str, who: Who | None = None) -> None:
    """Remove a text, as an operator does or as somebody at the desk."""
    with stage.database.write() as session:
        redactions.redact(
            session,
            deployment=stage.deployment,
            actor=SYSTEM if who is None else stage.actor(who),
            place=(change_id, field),
            reason="names a person",
            now=stage.clock.now,
        )


def whole(stage: Stage) -> bool:
    """Whether the ledger holds."""
    with stage.database.read() as session:
        return verification.verify(session).fault is None


def everything(stage: Stage) -> str:
    """Every value of every table, as one text."""
    with stage.database.engine.connect() as connection:
        if stage.database.is_sqlite:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        names = connection.execute(text(query)).scalars().all()
        return "".join(str(connection.execute(text(f"SELECT * FROM {n}")).all()) for n in names)


def change_of(stage: Stage, op: str) -> str:
    """The last change of a kind."""
    query = text("SELECT change_id FROM ledger WHERE op = :op ORDER BY seq DESC LIMIT 1")
    with stage.database.engine.connect() as connection:
        return str(connection.execute(query, {"op": op}).scalar_one())


@pytest.mark.trust(12)
def test_the_words_of_a_letter_go_and_the_chain_holds(stage: Stage) -> None:
    with stage.database.write() as session:
        messages.send(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            words=PRIVATE,
            now=stage.clock.now,
        )
    sent = change_of(stage, "message.sent")
    assert PRIVATE in everything(stage)
    for who, error in ((Who.MONITOR, NotAllowed), (Who.FAR_CLINICIAN, NotFound)):
        with pytest.raises(error):
            redact(stage, sent, "words", who)
    redact(stage, sent, "words", Who.COORDINATOR)
    assert PRIVATE not in everything(stage)
    assert whole(stage)
    with stage.database.read() as session:
        told = texts_of(session, [change_of(stage, "text.redacted")])
        assert [dict(one)["reason"][0] for one in told.values()] == ["names a person"]
    with pytest.raises(NotFound):
        redact(stage, sent, "words")


@pytest.mark.trust(12)
def test_the_words_of_an_entry_go_even_when_it_was_taken_back(stage: Stage) -> None:
    dose = trial.dose(stage, Who.OWN)
    saved = trial.save(stage, Who.OWN, dose, texts={"note": PRIVATE})
    noted = change_of(stage, "create")
    trial.void(stage, saved.record_id, 1)
    redact(stage, noted, "note")
    assert PRIVATE not in everything(stage)
    assert whole(stage)
    days = stage.client(Who.KEY).get("/api/v1/entries", params={"kind": "dose"}).json()["entries"]
    assert [(one["op"], one["data"]) for one in days] == [("redact", {"texts": {"source": "call"}})]


@pytest.mark.trust(12)
def test_the_words_of_what_was_set_aside_go_too(stage: Stage) -> None:
    study = stage.deployment.study
    trial.save(stage, Who.OWN, factories.diary(study))
    trial.save(stage, Who.OWN, factories.diary(study), texts={"note": PRIVATE})
    aside = change_of(stage, "submission.set_aside")
    redact(stage, aside, "note")
    assert PRIVATE not in everything(stage)
    assert whole(stage)
    with stage.database.read() as session:
        query = text("SELECT id FROM set_aside WHERE change_id = :id")
        found = str(session.execute(query, {"id": aside}).scalar_one())
        team = stage.actor(Who.CLINICIAN)
        kept = set_aside.read_kept(
            session, deployment=stage.deployment, actor=team, set_aside_id=found
        )
    assert kept.submission.texts == {}
    assert kept.payload is not None


def test_a_reason_is_asked_and_the_change_must_be_there(stage: Stage) -> None:
    with pytest.raises(NotFound):
        redact(stage, "no such change", "note")
    with pytest.raises(InvalidInput, match="reason_missing"), stage.database.write() as session:
        redactions.redact(
            session,
            deployment=stage.deployment,
            actor=SYSTEM,
            place=(change_of(stage, "participant.invited"), "note"),
            reason=" ",
            now=stage.clock.now,
        )
