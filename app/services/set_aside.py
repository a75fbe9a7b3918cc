"""What was set aside: looked at beside what stands, then accepted as a version or declined.

Accepting makes one version of the very answers that the phone sent, with the participant as their
originator; declining makes none. The rules kept: the submission itself is never changed, a decision
is made once, with a reason, by the site alone, and of two people at once one wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import Actor, Permission, Role, require, require_anywhere
from app.domain.diary_day import SKEW_FLAGGED_S, ClockFlag, Lateness, local_date
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.records import MAX_TEXT, Op
from app.domain.set_aside import Ruling, flag_of
from app.services.deployment import Deployment
from app.services.kept import Kept, look
from app.services.versions import NewVersion, save_version
from app.store import ledger, participants, records, set_aside
from app.store.session import Session
from app.store.set_aside import AsideRow
from app.store.tables import Participant, RecordVersion, SetAside, SetAsideDecision

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """How it is accepted: why, on which diary day, and which version was seen to stand (0: none).

    `day` counts only where the submission's own day is not known.
    """

    reason: str
    seen_version: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Decider:
    """Who decides, by which role, and why in words."""

    actor: Actor
    role: Role
    reason: str


def list_kept(
    session: Session, *, actor: Actor, study_code: str = "", is_decided: bool = False, page: int = 1
) -> list[AsideRow]:
    """List what waits at the actor's sites, oldest first, or what was decided, latest first.

    One row more than a page, when there is a next page.
    """
    require_anywhere(actor, Permission.SEE_RECORDS)
    return set_aside.list_asides(
        session,
        actor.sites_with(Permission.SEE_RECORDS),
        is_decided=is_decided,
        study_code=study_code,
        offset=(page - 1) * PAGE,
        limit=PAGE + 1,
    )


def read_kept(session: Session, *, deployment: Deployment, actor: Actor, set_aside_id: str) -> Kept:
    """Read what was set aside beside what stands; NotFound out of the actor's scope."""
    row, person = _find(session, set_aside_id)
    require(actor, Permission.SEE_RECORDS, person.site_id)
    return look(session, deployment, row, person)


def accept(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    set_aside_id: str,
    acceptance: Acceptance,
    now: datetime,
) -> RecordVersion:
    """Make a version of it, new or the next one of what stands.

    Raises WrongState when somebody decided before, when what stands has changed since it was seen,
    or when it cannot be a version; InvalidInput without a reason or for no diary day.
    """
    row, person, decider = _hold(session, actor, set_aside_id, acceptance.reason)
    kept = look(session, deployment, row, person)
    if kept.is_day_open and acceptance.day is not None:
        kept = look(session, deployment, row, person, chosen=acceptance.day)
    if kept.hurdle is not None:
        raise WrongState("cannot_be_accepted", field="reason")
    today = local_date(now, participants.list_zones(session, person.id))
    if not person.first_diary_on <= kept.day <= min(today, person.last_diary_on):
        raise InvalidInput("no_diary_day", field="day", refused={"day": kept.day.isoformat()})
    if acceptance.seen_version != (kept.standing.version if kept.standing else 0):
        raise WrongState("changed_meanwhile", field="reason")
    version = save_version(session, deployment, _version(session, kept, decider, now))
    details: dict[str, str | int] = {
        "record_id": version.record_id,
        "version": version.version,
    }
    _decide(session, kept.row, person, Ruling.ACCEPTED, decider, details, now)
    return version


def decline(
    session: Session, *, actor: Actor, set_aside_id: str, reason: str, now: datetime
) -> None:
    """Leave it out of the records, with a reason; it stays readable where it is."""
    row, person, decider = _hold(session, actor, set_aside_id, reason)
    _decide(session, row, person, Ruling.DECLINED, decider, {}, now)


def _find(session: Session, set_aside_id: str) -> tuple[SetAside, Participant]:
    row = set_aside.find_aside(session, set_aside_id)
    if row is None:
        raise NotFound("not_found")
    return row, participants.get_participant(session, row.participant_id)


def _hold(
    session: Session, actor: Actor, set_aside_id: str, reason: str
) -> tuple[SetAside, Participant, _Decider]:
    """Hold the participant, and make sure that nobody has decided yet."""
    row, person = _find(session, set_aside_id)
    role = require(actor, Permission.DECIDE_SET_ASIDE, person.site_id)
    said = reason.replace("\r\n", "\n").strip()
    if not said:
        raise InvalidInput("reason_missing", field="reason")
    if len(said) > MAX_TEXT:
        raise InvalidInput("words_too_many", field="reason", characters=MAX_TEXT)
    person = participants.lock_participant(session, person.id)
    if set_aside.find_decision(session, row.id) is not None:
        raise WrongState("decided_already", field="reason")
    return row, person, _Decider(actor, role, said)


def _version(session: Session, kept: Kept, decider: _Decider, now: datetime) -> NewVersion:
    """The version that an acceptance makes: the phone's answers and instants, the site's hand.

    The instant of an impossible clock is that of its receipt; what the device said stays beside it.
    """
    row, sent, standing = kept.row, kept.submission, kept.standing
    op = sent.op if sent.op is Op.VOID else Op.CORRECT if standing else Op.CREATE
    texts = {**sent.texts, "decision": decider.reason}
    if op is not Op.CREATE:
        texts.setdefault("reason", decider.reason)
    record_id = standing.record_id if standing else sent.record_id
    saved_at = min(row.saved_at, row.received_at)
    return NewVersion(
        record_id=record_id,
        record=records.find_record(session, record_id),
        kind=sent.kind,
        op=op,
        person=kept.person,
        submission_id=row.submission_id,
        content_mac=row.content_mac,
        payload=kept.payload,
        texts=texts,
        diary_on=kept.day,
        tz=kept.tz,
        lateness=Lateness(standing.lateness) if standing else kept.lateness,
        flags=_flags(kept),
        observed_at=min(sent.observed_at + (row.saved_at - sent.saved_at), saved_at),
        device_saved_at=sent.saved_at,
        saved_at=saved_at,
        received_at=row.received_at,
        elapsed_s=sent.elapsed_s,
        skew_s=row.skew_s,
        form_version=sent.form_version,
        assurance=sent.assurance,
        device_id=row.device_id,
        actor=ledger.actor_of(decider.actor, decider.role),
        originator={"type": "participant", "id": kept.person.study_code, "role": "participant"},
        accepted_at=now,
    )


def _flags(kept: Kept) -> tuple[str, ...]:
    raised = {
        ClockFlag.SKEW.value: abs(kept.row.skew_s) > SKEW_FLAGGED_S,
        "helper": kept.submission.helper,
        "recalled": kept.row.code == "too_late_for_medicine",
        flag_of(kept.row.code): True,
    }
    return tuple(flag for flag, is_up in raised.items() if is_up)


def _decide(
    session: Session,
    row: SetAside,
    person: Participant,
    ruling: Ruling,
    decider: _Decider,
    details: Mapping[str, str | int],
    now: datetime,
) -> None:
    """Leave the decision and its change; the words are the change's text."""
    change_id = ledger.queue_act(
        session,
        actor=decider.actor,
        op=f"set_aside.{ruling}",
        role=decider.role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={
            "set_aside": row.id,
            "code": row.code,
            "submission_id": row.submission_id,
            **details,
        },
        texts={"reason": decider.reason},
    )
    session.add(
        SetAsideDecision(
            set_aside_id=row.id,
            decision=ruling.value,
            decided_at=now,
            decided_by=decider.actor.id,
            change_id=change_id,
        )
    )
