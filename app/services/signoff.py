"""Sign-off: an investigator reviews a period of one participant and signs what was shown.

The signature names the digest of exactly what was on the page: whoever saves in between is not
signed unseen. Nothing is locked by it; what comes later says "changed since" (FDA III.E).
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import Actor, Permission, require
from app.domain.diary_day import ONE_DAY
from app.domain.errors import InvalidInput, WrongState
from app.domain.signoff import Meaning, Period, Sealed, changed_since, digest_of
from app.domain.trend import TrendDay
from app.services import accounts, requests
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.services.trends import Trend, trend_of
from app.store import ledger, participants, signoffs, trends
from app.store.session import Session
from app.store.signoffs import SignOffRow
from app.store.tables import Participant, SignOff


@dataclass(frozen=True, slots=True)
class Signed:
    """One sign-off: who gave it, under what, and what was changed after it.

    `holds` says whether the digest is still that of the versions which stood then.
    """

    row: SignOffRow
    period: Period
    changes: tuple[Sealed, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is open in a period: signing is possible all the same, but not unknowingly."""

    queries: int
    set_aside: int
    requests: int


@dataclass(frozen=True, slots=True)
class Review:
    """A period as it stands, to be signed: `digest` is what a signature would be bound to.

    `unsigned` are the closed days of the whole diary that no sign-off covers, `days` those of the
    period. `period` is None before the first day is over.
    """

    trend: Trend
    period: Period | None
    days: tuple[TrendDay, ...]
    digest: str
    unsigned: tuple[date, ...]
    signed: tuple[Signed, ...]
    waiting: Waiting
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Signature:
    """What the form of a signature says; `digest` is that of what the page showed."""

    meaning: str
    digest: str
    password: str
    code: str


def read_review(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    chosen: tuple[date | None, date | None],
    now: datetime,
) -> Review:
    """Read a period for review: the one chosen, or all that is over and not signed yet.

    NotFound out of scope, NotAllowed without sight of trends.
    """
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_TRENDS
    )
    trend = trend_of(session, deployment, person, now)
    sealed = signoffs.list_sealed(session, person.id)
    signed = tuple(
        _signed(row, study_code, sealed) for row in signoffs.list_sign_offs(session, person.id)
    )
    closed = [day.day.diary_on for day in trend.days if day.day.closed]
    unsigned = tuple(on for on in closed if not any(one.period.covers(on) for one in signed))
    period = _period(study_code, closed, unsigned, chosen)
    last_seq = max((one.seq for one in sealed), default=0)
    return Review(
        trend=trend,
        period=period,
        days=tuple(d for d in trend.days if period and period.covers(d.day.diary_on)),
        digest=digest_of(sealed, period, last_seq) if period else "",
        unsigned=unsigned,
        signed=signed,
        waiting=_waiting(session, actor, trend, period),
        names=signoffs.names_of(session, {c.actor_id for one in signed for c in one.changes}),
    )


def sign(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    period: Period,
    signature: Signature,
    now: datetime,
) -> None:
    """Sign a period with both factors, if it is still as it was shown.

    Raises NotSignedIn when the factors do not hold, WrongState when something was saved meanwhile,
    InvalidInput for a period that is not over or has no entry.
    """
    person = get_permitted(
        session, actor=actor, study_code=period.study_code, permission=Permission.SIGN_OFF
    )
    person = participants.lock_participant(session, person.id)
    _require_over(trend_of(session, deployment, person, now), period)
    if signature.meaning not in list(Meaning):
        raise InvalidInput("meaning_missing", field="meaning")
    sealed = signoffs.list_sealed(session, person.id)
    until_seq = max((one.seq for one in sealed), default=0)
    if digest_of(sealed, period, until_seq) != signature.digest:
        raise WrongState("changed_meanwhile", field="period")
    accounts.prove(
        session,
        deployment=deployment,
        staff_id=actor.id,
        password=signature.password,
        code=signature.code,
        now=now,
    )
    _keep(session, actor, person, period, signature, until_seq, now)


def _keep(
    session: Session,
    actor: Actor,
    person: Participant,
    period: Period,
    signature: Signature,
    until_seq: int,
    now: datetime,
) -> None:
    """Write the signature down, with its change."""
    row = SignOff(
        id=str(uuid.uuid4()),
        participant_id=person.id,
        from_on=period.from_on,
        until_on=period.until_on,
        meaning=signature.meaning,
        until_seq=until_seq,
        digest=signature.digest,
        signed_at=now,
        signed_by=actor.id,
    )
    row.change_id = ledger.queue_act(
        session,
        actor=actor,
        op="signoff.signed",
        role=require(actor, Permission.SIGN_OFF, person.site_id),
        now=now,
        site=person.site_id,
        study_code=period.study_code,
        details={
            "sign_off": row.id,
            "from_on": row.from_on.isoformat(),
            "until_on": row.until_on.isoformat(),
            **{name: getattr(row, name) for name in ("meaning", "digest", "until_seq")},
        },
    )
    session.add(row)


def find_last(session: Session, person: Participant) -> tuple[SignOffRow, bool] | None:
    """The last signature for a participant, and whether its days changed since; None without."""
    rows = signoffs.list_sign_offs(session, person.id, limit=1)
    return (rows[0], signoffs.is_changed_since(session, rows[0].signed)) if rows else None


def require_signer(session: Session, *, actor: Actor, study_code: str) -> None:
    """Refuse whoever may not sign for a participant, before anything else is looked at."""
    get_permitted(session, actor=actor, study_code=study_code, permission=Permission.SIGN_OFF)


def _signed(row: SignOffRow, study_code: str, sealed: list[Sealed]) -> Signed:
    signed = row.signed
    period = Period(study_code, signed.from_on, signed.until_on)
    return Signed(
        row,
        period,
        changed_since(sealed, period, signed.until_seq),
        digest_of(sealed, period, signed.until_seq) == signed.digest,
    )


def _period(
    study_code: str,
    closed: list[date],
    unsigned: tuple[date, ...],
    chosen: tuple[date | None, date | None],
) -> Period | None:
    """The period to show: as chosen, else from the first day not signed to the last one over."""
    if not closed:
        return None
    first, last = chosen
    first_on = first or (unsigned[0] if unsigned else closed[0])
    return Period(study_code, first_on, last or max(closed[-1], first_on))


def _require_over(trend: Trend, period: Period) -> None:
    """Refuse a period that is back to front, outside of the diary, or not over yet."""
    if period.from_on > period.until_on:
        raise InvalidInput("period_backwards", field="until_on")
    closed = [day.day.diary_on for day in trend.days if day.day.closed]
    if not closed or period.from_on < closed[0]:
        raise InvalidInput("period_outside", field="from_on")
    if period.until_on >= closed[-1] + ONE_DAY:
        raise InvalidInput("period_not_over", field="until_on")


def _waiting(session: Session, actor: Actor, trend: Trend, period: Period | None) -> Waiting:
    person = trend.person
    queries = (
        signoffs.count_open_queries(session, person.id, period.from_on, period.until_on)
        if period
        else 0
    )
    undecided = trends.count_undecided_of(session, [person.id]).get(person.id, 0)
    asked = requests.list_open(session, actor=actor, person=person)
    return Waiting(queries, undecided, len(asked))
