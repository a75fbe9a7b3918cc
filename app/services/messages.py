"""Messages from the site to one participant: shown on the first page until they were read.

The words are texts of the change, so that they can be redacted. Nothing is sent anywhere else: a
mail that says more than "your diary is open" would be read by others.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.access import Actor, Permission, require
from app.domain.errors import NotFound
from app.domain.letters import read_words
from app.services.participants import get_permitted
from app.services.requests import WORDS
from app.store import ledger, letters, participants, records
from app.store.session import Session
from app.store.tables import Participant, SiteMessage


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the participant reads it; `words` is None once they were redacted."""

    id: str
    sent_at: datetime
    read_at: datetime | None
    words: str | None


def send(
    session: Session, *, actor: Actor, study_code: str, words: str, now: datetime
) -> SiteMessage:
    """Write to a participant; raises InvalidInput for no words, or more than 500 characters."""
    permission = Permission.MANAGE_PARTICIPANT
    person = get_permitted(session, actor=actor, study_code=study_code, permission=permission)
    role = require(actor, permission, person.site_id)
    said = read_words(words, needed=True)
    message_id = str(uuid.uuid4())
    change_id = ledger.queue_act(
        session,
        actor=actor,
        op="message.sent",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"message": message_id},
        texts={WORDS: said},
    )
    message = SiteMessage(
        id=message_id,
        participant_id=person.id,
        sent_at=now,
        sent_by=actor.id,
        change_id=change_id,
    )
    session.add(message)
    return message


def mark_read(session: Session, *, actor: Actor, message_id: str, now: datetime) -> None:
    """Note that the participant has read a message; saying so twice changes nothing."""
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    message = letters.find_message(session, message_id)
    if message is None or message.participant_id != person.id:
        raise NotFound("not_found")
    if message.read_at is not None:
        return
    message.read_at = now
    ledger.queue_act(
        session,
        actor=actor,
        op="message.read",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"message": message_id},
    )


def list_for_site(session: Session, *, actor: Actor, person: Participant) -> list[Message]:
    """List the messages to a participant, the latest first; words for the site's team alone."""
    found = list_own(session, participant_id=person.id)
    if actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is not None:
        return found
    return [replace(message, words=None) for message in found]


def list_own(session: Session, *, participant_id: int, only_unread: bool = False) -> list[Message]:
    """List the messages to a participant, the latest first."""
    rows = letters.list_messages(session, participant_id, only_unread=only_unread)
    texts = records.texts_of(session, [row.change_id for row in rows])
    return [
        Message(
            row.id,
            row.sent_at,
            row.read_at,
            texts.get(row.change_id, {}).get(WORDS, (None, None))[0],
        )
        for row in rows
    ]
