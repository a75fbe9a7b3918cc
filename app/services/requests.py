"""Requests of a participant to the site: asked on the phone, answered by the site alone, in words.

What is granted is not done here: a correction, a copy or a withdrawal is an act of its own. The
rule kept: no role of the sponsor decides, and no request goes unseen while it is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import Actor, Permission, Role, require
from app.domain.diary_day import local_date
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.letters import (
    ANSWERED_WITH,
    OPEN_AT_ONCE,
    Decision,
    RequestKind,
    read_words,
)
from app.store import ledger, letters, participants, records
from app.store.session import Session
from app.store.tables import Participant, Request, RequestAnswer

WORDS = "words"
"""The field of the one text that a letter has."""


@dataclass(frozen=True, kw_only=True)
class NewRequest:
    """What a form asks. `id` was made with the form, so that sending it twice asks once."""

    id: str
    kind: RequestKind
    words: str = ""
    diary_on: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered; `words` is None once they were redacted."""

    decision: Decision
    answered_at: datetime
    words: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it stands; `words` is None when there are none, or none any more."""

    id: str
    kind: RequestKind
    diary_on: date | None
    asked_at: datetime
    words: str | None
    answer: Answer | None


def ask(session: Session, *, actor: Actor, request: NewRequest, now: datetime) -> Request:
    """Ask the site for something; give the request, the earlier one when it was sent before.

    Raises InvalidInput for a correction without day or words, WrongState when ten wait already.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    known = letters.find_request(session, request.id)
    if known is not None:
        if known.participant_id != person.id:
            raise NotFound("not_found")
        return known
    is_correction = request.kind is RequestKind.CORRECTION
    words = read_words(request.words, needed=is_correction)
    diary_on = _day(session, person, request.diary_on, now) if is_correction else None
    if letters.count_open(session, person.id) >= OPEN_AT_ONCE:
        raise WrongState("requests_waiting", number=OPEN_AT_ONCE)
    details = {"diary_on": None if diary_on is None else diary_on.isoformat()}
    change_id = _note(session, person, actor, request, ("asked", details, words), now)
    asked = Request(
        id=request.id,
        participant_id=person.id,
        kind=request.kind.value,
        diary_on=diary_on,
        asked_at=now,
        change_id=change_id,
    )
    session.add(asked)
    return asked


def answer(
    session: Session,
    *,
    actor: Actor,
    request_id: str,
    decision: Decision,
    words: str,
    now: datetime,
) -> RequestAnswer:
    """Answer a request once, in words that the participant reads.

    Raises NotAllowed for every role outside the site's team, WrongState when it was answered.
    """
    asked = letters.find_request(session, request_id)
    if asked is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, asked.participant_id)
    role = require(actor, ANSWERED_WITH[RequestKind(asked.kind)], person.site_id)
    said = read_words(words, needed=True)
    if letters.find_answer(session, request_id) is not None:
        raise WrongState("answered_already")
    details = {"decision": decision.value}
    change_id = _note(session, person, actor, asked, ("answered", details, said), now, role)
    answered = RequestAnswer(
        request_id=request_id,
        decision=decision.value,
        answered_at=now,
        answered_by=actor.id,
        change_id=change_id,
    )
    session.add(answered)
    return answered


def list_own(session: Session, *, participant_id: int) -> list[Asked]:
    """List what a participant asked, with the site's answers, the latest first."""
    return _with_words(session, letters.list_requests(session, participant_id))


def list_for_site(session: Session, *, actor: Actor, person: Participant) -> list[Asked]:
    """List what a participant asked with its answers, what waits first and longest first.

    Words are read by the site's team alone; to the other readers of records they are None.
    """
    rows = letters.list_requests(session, person.id)
    waiting = [row for row in reversed(rows) if row[1] is None]
    ordered = [*waiting, *(row for row in rows if row[1] is not None)]
    reads = actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is not None
    return _with_words(session, ordered, is_told=reads)


def list_open(session: Session, *, actor: Actor, person: Participant) -> list[Asked]:
    """List what waits for an answer, with its words, for those who may answer; else nothing."""
    if actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is None:
        return []
    return _with_words(session, [(row, None) for row in letters.list_open(session, person.id)])


def _note(
    session: Session,
    person: Participant,
    actor: Actor,
    request: NewRequest | Request,
    said: tuple[str, Mapping[str, str | None], str],
    now: datetime,
    role: Role | None = None,
) -> str:
    """Leave the change of a letter: what was done, its details, and its words as a text."""
    done, details, words = said
    return ledger.queue_act(
        session,
        actor=actor,
        op=f"request.{done}",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"request": request.id, "kind": RequestKind(request.kind).value, **details},
        texts={WORDS: words} if words else {},
    )


def _day(session: Session, person: Participant, on: date | None, now: datetime) -> date:
    """The diary day that a correction is about: one that this participant has lived."""
    if on is None:
        raise InvalidInput("field_missing", field="on")
    today = local_date(now, participants.list_zones(session, person.id))
    if not person.first_diary_on <= on <= min(today, person.last_diary_on):
        raise InvalidInput("no_diary_day", field="on", refused={"on": on.isoformat()})
    return on


def _with_words(
    session: Session,
    rows: Sequence[tuple[Request, RequestAnswer | None]],
    *,
    is_told: bool = True,
) -> list[Asked]:
    ids = [letter.change_id for row in rows for letter in row if letter is not None and is_told]
    texts = records.texts_of(session, ids)

    def words(change_id: str) -> str | None:
        return texts.get(change_id, {}).get(WORDS, (None, None))[0]

    return [
        Asked(
            asked.id,
            RequestKind(asked.kind),
            asked.diary_on,
            asked.asked_at,
            words(asked.change_id),
            None
            if found is None
            else Answer(Decision(found.decision), found.answered_at, words(found.change_id)),
        )
        for asked, found in rows
    ]
