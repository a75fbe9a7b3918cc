"""What is erased and what never is: machinery after its time, ways to people at the study's end."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.commands.operating import cli
from app.domain.errors import WrongState
from app.services import retention, verification
from app.store import retention as stored
from app.store.session import Database
from app.store.tables import INSERT_ONLY, Base, LedgerRow, RecordVersion
from tests.people import NOW, Stage, Who
from tests.services.test_subscriptions import at, subscribe

AFTER = NOW + timedelta(days=400)
KEPT = {
    "sites", "participants", "participant_zones", "participant_pauses", "participant_medicines",
    "mesotherapy_sessions", "visits", "clinic_measures", "formulary_entries", "staff",
    "staff_grants", "recovery_codes", "staff_passkeys", "api_keys", "pull_places", "heartbeats",
    "deployment", "alerts", "alert_notes", "evenings", "reminders", "reminder_events", "requests",
    "request_answers", "site_messages", "confirmations", "queries", "query_moves", "sign_offs",
    "trail_reviews", "records", "devices",
}  # fmt: skip
"""Tables of which no row is ever erased, beside the insert-only ones."""


AT_THE_END = {"contacts", "passkeys"}
"""Tables of which rows go at the end of the study alone."""


def counts(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def heads(database: Database) -> tuple[verification.Head, ...]:
    with database.read() as session:
        report = verification.verify(session)
    assert report.fault is None
    return report.heads


@pytest.mark.trust(27)
def test_technical_rows_go_after_their_time_and_nothing_else(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    for _ in range(2):
        client.post("/desk/sign-in", data={"login": "a", "password": "b", "code": "123456"})
    before, held = counts(stage.database), heads(stage.database)
    assert before["throttles"]
    retention.purge(stage.database, before=NOW - timedelta(days=30))
    assert counts(stage.database) == before
    erased = retention.purge(stage.database, before=AFTER)
    after = counts(stage.database)
    gone = {name for name in before if after[name] < before[name]}
    assert gone == {name for name, count in erased.items() if count}
    assert {"throttles", "sign_ins", "enrolment_links"} <= gone
    assert after["sign_ins"] == len(
        stage.cast.totp_secrets
    )  # the last one of each, for the review of rights
    assert heads(stage.database) == held


@pytest.mark.trust(27)
def test_every_table_is_either_machinery_or_kept() -> None:
    erased = {table.__tablename__ for table in stored.TECHNICAL}
    assert erased & (KEPT | INSERT_ONLY.keys()) == set()
    assert erased | KEPT | AT_THE_END | INSERT_ONLY.keys() == Base.metadata.tables.keys()


@pytest.mark.trust(24)
def test_the_studys_end_takes_every_way_to_participants_and_no_answer(stage: Stage) -> None:
    subscribe(stage, Who.OWN, at("browser"))
    with stage.database.read() as session:
        kept_before = session.scalars(select(RecordVersion.payload)).all()
        with pytest.raises(WrongState, match="study_goes_on"):
            retention.end_study(session, now=NOW)
    assert stage.client(Who.OWN).get("/").status_code == 200
    held = heads(stage.database)
    with stage.database.write() as session:
        erased = retention.end_study(session, now=AFTER)
    assert min(erased[name] for name in ("contacts", "devices", "push_subscriptions")) > 0
    with stage.database.read() as session:
        assert set(retention.look_at_end(session, AFTER)[0].values()) == {0}
        assert session.scalars(select(RecordVersion.payload)).all() == kept_before
        (act,) = session.scalars(select(LedgerRow).where(LedgerRow.op == "study.purged"))
        assert json.loads(act.body)["details"] == erased
    after = {head.stream: head for head in heads(stage.database)}
    assert all(after[head.stream] == head for head in held if head.stream != "acts")
    assert stage.client(Who.OWN).get("/").status_code == 303
    page = stage.client(Who.CLINICIAN).get(f"/desk/participants/{stage.cast.study_codes[Who.OWN]}")
    assert page.status_code == 200
    assert stage.client(Who.CLINICIAN).get(f"{page.url.path}/course").status_code == 200


def test_the_command_says_first_and_does_only_when_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIARY_DATABASE_URL", stage.database.url.render_as_string(False))
    said = CliRunner().invoke(cli, ["purge", "--study-end"])
    assert said.exit_code == 0
    assert "contacts: 3" in said.output
    assert "Nothing was erased" in said.output
    with stage.database.read() as session:
        assert retention.look_at_end(session, NOW)[0]["contacts"] == 3
