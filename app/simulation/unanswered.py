"""What a demo leaves on the desk, so that no work list is empty: a request, a late dose, a query.

Once per demo, by somebody who is in the study. The rule kept: as everywhere in the simulation, the
services do it, and values say that they are made up.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access import Actor
from app.domain.diary_day import local_date
from app.domain.letters import RequestKind
from app.domain.participant import State
from app.domain.records import Kind, read_submission
from app.services import diary, queries, requests, standing
from app.services.deployment import Deployment
from app.services.queries import Question
from app.services.requests import NewRequest
from app.services.standing import Standing
from app.store.session import Database, WriteSession

NAMESPACE = uuid.UUID("3d0f6a4e-8b57-4a52-9f1c-2f0c7d1be6a1")
LATE = timedelta(days=3)
"""How old the dose is that is noted too late."""


@dataclass(frozen=True)
class Desk:
    """Where work is left, and who asks for the site."""

    database: Database
    deployment: Deployment
    team: Actor


def leave_work(desk: Desk, *, actor: Actor, participant_id: int, now: datetime) -> bool:
    """Let one participant leave work on the desk; False for whom it does not suit.

    Who left some before has done so for good.
    """
    request_id = str(uuid.uuid5(NAMESPACE, actor.id))
    with desk.database.write() as session:
        known = requests.list_own(session, participant_id=participant_id)
        if request_id in {asked.id for asked in known}:
            return True
        held = standing.get_standing(session, participant_id)
        on = local_date(now, held.spans) - LATE
        is_there = held.first_diary_on <= on <= held.last_diary_on and bool(held.medicines)
        if held.state != State.ENROLLED or not is_there:
            return False
        if not standing.has_diary(session, participant_id, on):
            return False
        request = NewRequest(
            id=request_id,
            kind=RequestKind.CORRECTION,
            words="J’ai touché la ligne trop à droite ce soir-là.",
            diary_on=on,
        )
        requests.ask(session, actor=actor, request=request, now=now)
        _log_late(session, desk, actor, held, now)
        question = Question(
            id=str(uuid.uuid5(NAMESPACE, request_id)),
            diary_on=on,
            words="Le score de ce soir correspond-il à l’appel noté au dossier ?",
        )
        queries.ask(session, actor=desk.team, study_code=actor.id, question=question, now=now)
    return True


def _log_late(
    session: WriteSession, desk: Desk, actor: Actor, held: Standing, now: datetime
) -> None:
    """Log a dose of some days ago: too late for the phone, so that the site decides."""
    taken_on = local_date(now, held.spans) - LATE
    sent = {
        "submission_id": str(uuid.uuid5(NAMESPACE, f"{actor.id}/late/submission")),
        "record_id": str(uuid.uuid5(NAMESPACE, f"{actor.id}/late")),
        "kind": Kind.DOSE,
        "form_version": desk.deployment.study.version,
        **dict.fromkeys(("observed_at", "saved_at", "sent_at"), now.isoformat()),
        "tz": held.spans[-1].tz,
        "waiting": 2,  # no contact that vouches for this phone's clock
        "payload": {
            "medicine": held.medicines[-1].model_dump(mode="json"),
            "units": 1.0,
            "taken_on": taken_on.isoformat(),
            "taken_at": "14:30",
            "simulated": True,
        },
    }
    diary.submit(
        session,
        deployment=desk.deployment,
        actor=actor,
        submission=read_submission(sent),
        now=now,
    )
