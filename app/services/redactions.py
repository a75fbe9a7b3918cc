"""Removing a text that should never have been typed, wherever it stands (TRUST 12).

A text of a record goes with all its versions, by a version that says so; the text of an act, such
as the words of a letter, by an act that says so. The digest stays, the salt goes: the chain holds.
"""

import json
from datetime import datetime

from app.domain.access import ALL_SITES, Actor, Permission
from app.domain.errors import NotFound
from app.domain.ledger import TEXT_REDACTED
from app.services import corrections
from app.services.deployment import Deployment
from app.store import ledger, records, set_aside
from app.store.session import Session


def redact(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    place: tuple[str, str],
    reason: str,
    now: datetime,
) -> None:
    """Remove a text for good; `place` is the change that it stands in, and its field.

    Raises NotFound when no such text is there any more, InvalidInput without a reason.
    """
    change_id, field = place
    record_id = _record_of(session, change_id)
    if record_id is None:
        _redact_act(session, actor, place, reason, now)
        return
    record = records.find_record(session, record_id)
    if record is None:
        raise NotFound("not_found", field="change_id")
    for aside in set_aside.list_of_record(session, record_id):
        if _text_of(session, aside.change_id, field) is not None:
            _redact_act(session, actor, (aside.change_id, field), reason, now)
    corrections.redact(
        session,
        deployment=deployment,
        actor=actor,
        base=(record_id, record.version),
        field=field,
        reason=reason,
        now=now,
    )


def _redact_act(
    session: Session, actor: Actor, place: tuple[str, str], reason: str, now: datetime
) -> None:
    change_id, field = place
    said = corrections.words_of(reason, "reason")
    body = json.loads(ledger.bodies_of(session, [change_id])[change_id])
    role = corrections.role_for(actor, Permission.REDACT, body["site"] or ALL_SITES)
    if _text_of(session, change_id, field) is None:
        raise NotFound("not_found", field="field")
    records.null_texts(session, [change_id], field)
    ledger.queue_act(
        session,
        actor=actor,
        op=TEXT_REDACTED,
        role=role,
        now=now,
        site=body["site"],
        study_code=body["study_code"],
        details={"change_id": change_id, "field": field},
        texts={"reason": said},
    )


def _record_of(session: Session, change_id: str) -> str | None:
    """The record of which a change is a version; None for an act. NotFound when it is neither."""
    body = ledger.bodies_of(session, [change_id]).get(change_id)
    if body is None:
        raise NotFound("not_found", field="change_id")
    told = json.loads(body).get("record_id")
    return None if told is None else str(told)


def _text_of(session: Session, change_id: str, field: str) -> str | None:
    return records.texts_of(session, [change_id]).get(change_id, {}).get(field, (None, None))[0]
