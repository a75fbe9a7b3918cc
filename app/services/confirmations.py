"""The participant's word on what was saved while their phone was locked: theirs, or not.

A locked phone takes an empty diary and shows nothing; whose hand it was is asked at the next
sign-in. The rule kept: an answer changes no entry. What is not theirs, and what nobody owned for
longer than the study waits, calls the site, which decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access import Actor
from app.domain.errors import NotFound, WrongState
from app.domain.records import Kind
from app.services.deployment import Deployment
from app.store import ledger, letters, participants, records
from app.store.session import Session
from app.store.tables import Confirmation

ASKED_AT_ONCE = 5
"""Questions that the first page asks; the next ones follow the answers."""


@dataclass(frozen=True, slots=True)
class LockedSave:
    """A version saved on a locked phone: what it was and when, never what it said."""

    record_id: str
    version: int
    kind: Kind
    is_void: bool
    saved_at: datetime
    tz: str


def list_own(session: Session, *, participant_id: int) -> list[LockedSave]:
    """List what a participant is to own or disown, oldest first."""
    return [
        LockedSave(
            row.record_id, row.version, Kind(row.kind), row.payload is None, row.saved_at, row.tz
        )
        for row in letters.list_unconfirmed(session, participant_id, ASKED_AT_ONCE)
    ]


def confirm(
    session: Session, *, actor: Actor, save: tuple[str, int], is_own: bool, now: datetime
) -> Confirmation:
    """Note whether a save was the participant's own; `save` is its record and its version.

    Raises NotFound for what is not theirs or was not saved locked, WrongState for a second answer
    that says the opposite.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    row = records.get_version(session, *save)
    if row is None or row.participant_id != person.id or row.assurance != "device":
        raise NotFound("not_found")
    known = letters.find_confirmation(session, *save)
    if known is not None:
        if known.is_own is not is_own:
            raise WrongState("answered_already")
        return known
    change_id = ledger.queue_act(
        session,
        actor=actor,
        op="entry.owned" if is_own else "entry.disowned",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"record_id": row.record_id, "version": row.version},
    )
    word = Confirmation(
        record_id=row.record_id,
        version=row.version,
        participant_id=person.id,
        is_own=is_own,
        confirmed_at=now,
        change_id=change_id,
    )
    session.add(word)
    return word


def waited_since(deployment: Deployment, now: datetime) -> datetime:
    """The instant before which a locked save has waited too long for its owner."""
    return now - timedelta(days=deployment.study.unconfirmed_after_days)
