"""The trail of refusals: what was tried, by whom, and why it was refused (FDA Q13).

Written in a transaction of its own, after the refused work was rolled back and before the answer.
"""

from datetime import datetime
from typing import Any

from app.domain.access import Actor
from app.domain.errors import DomainError
from app.services import throttles
from app.store import ledger
from app.store.session import Session

LONGEST_VALUE = 200
SECRET_FIELDS = frozenset({"pin", "password", "code", "token", "secret", "email", "phone"})


def record_refusal(
    session: Session,
    *,
    actor: Actor,
    error: DomainError,
    act: str,
    now: datetime,
) -> None:
    """Commit a refusal to the ledger and to the throttle of its source.

    `act` names what was tried. The values of refused answers of signed-in people are kept as
    redactable texts of at most 200 characters; credentials and contact data never are.
    """
    if (
        error.source is not None
        and not throttles.count_refusal(session, error.source, now).is_trailed
    ):
        return
    texts = {} if actor.kind == "nobody" else _texts(error.refused)
    ledger.queue_act(
        session,
        actor=actor,
        op="refused",
        now=now,
        study_code=actor.id if actor.kind == "participant" else None,
        details={"act": act, "code": error.code, "field": error.field},
        texts=texts,
    )


def _texts(refused: dict[str, Any]) -> dict[str, str]:
    kept = {}
    for name, value in list(refused.items())[:8]:
        if not SECRET_FIELDS & set(name.lower().split(".")):
            kept[name[-64:]] = str(value).encode(errors="replace").decode()[:LONGEST_VALUE]
    return kept
