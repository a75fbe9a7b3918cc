"""Messages from the site: written by its team, read by one participant, kept afterwards."""

from datetime import timedelta

import pytest

from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.services import messages
from app.services.messages import Message
from app.store.feed import find_last_seq
from tests.people import NOW, Stage, Who

SOON = NOW + timedelta(minutes=5)


def send(stage: Stage, words: str = "Friday at 9", by: Who = Who.CLINICIAN) -> str:
    """Write to the own participant; give the message's id."""
    with stage.database.write() as session:
        return messages.send(
            session,
            actor=stage.actor(by),
            study_code=stage.cast.study_codes[Who.OWN],
            words=words,
            now=NOW,
        ).id


def read(stage: Stage, message_id: str, who: Who = Who.OWN) -> None:
    """Say that a message was read."""
    with stage.database.write() as session:
        messages.mark_read(session, actor=stage.actor(who), message_id=message_id, now=SOON)


def listed(stage: Stage, who: Who = Who.OWN, *, only_unread: bool = False) -> list[Message]:
    """The messages to a participant."""
    with stage.database.read() as session:
        participant_id = stage.actor(who).participant_id or 0
        return messages.list_own(session, participant_id=participant_id, only_unread=only_unread)


def test_a_message_is_unread_until_its_reader_says_so(stage: Stage) -> None:
    sent = send(stage)
    (unread,) = listed(stage, only_unread=True)
    assert (unread.id, unread.words, unread.read_at) == (sent, "Friday at 9", None)
    assert listed(stage, Who.OTHER) == []
    read(stage, sent)
    assert listed(stage, only_unread=True) == []
    assert [message.read_at for message in listed(stage)] == [SOON]


def test_reading_it_twice_leaves_one_change(stage: Stage) -> None:
    sent = send(stage)
    read(stage, sent)
    with stage.database.read() as session:
        before = find_last_seq(session)
    read(stage, sent)
    with stage.database.read() as session:
        assert find_last_seq(session) == before


@pytest.mark.parametrize("who", [Who.OTHER, Who.CLINICIAN])
def test_nobody_else_puts_it_away(stage: Stage, who: Who) -> None:
    sent = send(stage)
    with pytest.raises(NotFound):
        read(stage, sent, who)
    assert len(listed(stage, only_unread=True)) == 1


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (Who.FAR_CLINICIAN, NotFound),
        (Who.MONITOR, NotAllowed),
        (Who.DATA_MANAGER, NotAllowed),
        (Who.OTHER, NotFound),
    ],
)
def test_nobody_else_writes(stage: Stage, who: Who, error: type[DomainError]) -> None:
    with pytest.raises(error):
        send(stage, by=who)


def test_an_empty_message_is_none(stage: Stage) -> None:
    with pytest.raises(InvalidInput, match="words_missing"):
        send(stage, " ")
