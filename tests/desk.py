"""What tests of the desk share: its people whatever the clock says, the ledger's acts, messages."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pyotp
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.domain.access import Actor
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.routers.deps import STAFF_COOKIE
from app.services import accounts
from app.store import feed, reminders
from app.store.participants import get_by_code
from app.store.session import Database
from app.store.tables import Participant, Reminder
from tests.people import NOW, PASSWORD, Stage, Who

TONIGHT = NOW.date()


def staff(stage: Stage, who: Who = Who.CLINICIAN) -> Actor:
    """A member of staff as signed in at NOW, wherever the clock is by now."""
    cookie = stage.cast.cookies[who][STAFF_COOKIE]
    with stage.database.read() as session:
        found = accounts.find_signed_in(session, stage.deployment, cookie, NOW)
    assert found is not None
    return found[2]


def person_of(stage: Stage, who: Who = Who.OWN) -> Participant:
    """The row of a participant."""
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[who], {"lyon"})


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """What is asked of a database within the block, statement by statement."""
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def confirmed(stage: Stage, who: Who = Who.CLINICIAN) -> TestClient:
    """A client of staff who have just shown both factors again, a minute later than the clock."""
    stage.clock.advance(minutes=1)
    client = stage.client(who)
    code = pyotp.TOTP(stage.cast.totp_secrets[who]).at(stage.clock.now)
    answer = client.post("/desk/confirm", data={"password": PASSWORD, "code": code})
    assert answer.status_code == 303, answer.text
    return client


def acts(stage: Stage, prefix: str) -> list[dict[str, Any]]:
    """The bodies of the ledger's acts whose names begin so, in order."""
    with stage.database.read() as session:
        bodies = [json.loads(row.body) for row in feed.list_changes(session, ["acts"], 0, 1000)]
    return [body for body in bodies if body["op"].startswith(prefix)]


def message(
    stage: Stage,
    who: Who = Who.OWN,
    *,
    on: date = TONIGHT,
    at: datetime = NOW,
    channel: Channel = Channel.EMAIL,
    state: ReminderState = ReminderState.HANDED_OVER,
    kind: Kind = Kind.DIARY,
    events: tuple[tuple[str, str], ...] = (),
    **row: Any,
) -> str:
    """Write down a message that was planned for an instant, and what became of it; give its id."""
    id_ = str(uuid.uuid4())
    is_open = state in (ReminderState.PLANNED, ReminderState.IN_HAND, ReminderState.WITH_SITE)
    usual: dict[str, Any] = {
        "ready_at": at if is_open else None,
        "handed_over_at": at if state is ReminderState.HANDED_OVER else None,
        "useful_until_at": at + timedelta(hours=2),
    }
    with stage.database.write() as session:
        person = get_by_code(session, stage.cast.study_codes[who], {"lyon"})
        session.add(
            Reminder(
                id=id_,
                participant_id=person.id,
                diary_on=on,
                kind=kind.value,
                step=id_[:8],
                channel=channel.value,
                due_at=at,
                state=state.value,
                **usual | row,
            )
        )
        session.flush()
        for event, detail in (("planned", ""), *events):
            reminders.add_event(session, id_, event=event, now=at, detail=detail)
    return id_
