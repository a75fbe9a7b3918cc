"""The clinic's own measures first: on a visit day a clinician says whether they are done.

The diary must not bias the VAS and the NPSI that the same clinician takes. Asked once per
participant and visit day; nobody is kept from the trends, but that they were opened before is said.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.access import Actor, Permission, Role
from app.domain.diary_day import local_date
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.participant import OVER, State
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.services.trends import next_planned
from app.store import clinic_measures, ledger, participants
from app.store.session import Session
from app.store.tables import Participant

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says: `done` is yes or no, `reason` why the trends are opened all the same."""

    done: str
    reason: str = ""


def find_asked(
    session: Session, *, deployment: Deployment, actor: Actor, person: Participant, now: datetime
) -> date | None:
    """The visit day of today about which the actor is to be asked first; None when it is no such.

    Asked is who sees the trends as a clinician, and only until somebody has said it.
    """
    if not deployment.study.clinic_measures_first:
        return None
    if actor.role_at(Permission.SEE_TRENDS, person.site_id) is not Role.CLINICIAN:
        return None
    today = local_date(now, participants.list_zones(session, person.id))
    if not _is_visit_day(session, deployment, person, today):
        return None
    return None if clinic_measures.is_noted(session, person.id, today) else today


def note(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    said: Said,
    now: datetime,
) -> None:
    """Say of today's visit that the measures are done (yes), or why trends open before (no).

    Whoever says it second says nothing new. Raises NotAllowed for who is not asked, InvalidInput
    without a reason where one is due.
    """
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_TRENDS
    )
    if actor.role_at(Permission.SEE_TRENDS, person.site_id) is not Role.CLINICIAN:
        raise NotAllowed("not_allowed")
    if said.done not in ("yes", "no"):
        raise InvalidInput("not_a_choice", field="measures", refused={"done": said.done})
    were_done = said.done == "yes"
    texts = {} if were_done else {"reason": _read(said.reason)}
    visit_on = find_asked(session, deployment=deployment, actor=actor, person=person, now=now)
    if visit_on is None or not clinic_measures.note_once(
        session, person.id, visit_on, were_done, (actor.id, now)
    ):
        return
    ledger.queue_act(
        session,
        actor=actor,
        op="clinic_measures.noted",
        role=Role.CLINICIAN,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"visit_on": visit_on.isoformat(), "were_done": were_done},
        texts=texts,
    )


def _read(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise InvalidInput("measures_reason", field="measures_reason")
    if len(said) > LONGEST_REASON:
        raise InvalidInput("words_too_many", field="measures_reason", characters=LONGEST_REASON)
    return said


def _is_visit_day(
    session: Session, deployment: Deployment, person: Participant, today: date
) -> bool:
    """Inclusion, a session held or planned next, the last day, another visit dated today."""
    if clinic_measures.is_visit_dated(session, person.id, today):
        return True
    if person.inclusion_on is None or State(person.state) in OVER - {State.COMPLETED}:
        return False
    held = [row.held_on for row in participants.list_sessions(session, person.id)]
    planned = next_planned(deployment, person, held)
    last_on = person.inclusion_on + timedelta(days=deployment.study.sessions.last_day)
    return today in (person.inclusion_on, last_on, planned and planned[1])
