"""The team's digest of open work: once a working day, by e-mail, numbers and no word of health.

Counted is what waited as the digest's hour struck, so that a late call sends the same as one in
time. Who has nothing waiting gets nothing. Rule kept: a digest is claimed before it is sent, and no
transaction is open while it travels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog

from app.domain.access import ALL_SITES, Actor, Permission
from app.domain.diary_day import local_instant
from app.services import operations, pullers
from app.services.accounts import actor_of_staff, may_enter
from app.services.deployment import Deployment
from app.services.own_account import EMAIL
from app.services.ports import ChannelAway, Mail, Mailer, NotDelivered, PermanentFailure
from app.services.pullers import LateCopy
from app.services.reminders import Courier, IsStopping
from app.services.site_hours import is_open_on, today_at_site, waits_long
from app.store import digests, work
from app.store.session import Database, Session
from app.store.tables import Staff

_log = structlog.get_logger("digests")


@dataclass(frozen=True, slots=True)
class _Open:
    """Something that waits: where, since when, and with whom, if with anybody."""

    site_id: str
    since: datetime
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Waits:
    """All that waits anywhere: at the sites, copies that are behind, troubles of the service."""

    open_ones: Sequence[_Open]
    late: Sequence[LateCopy]
    troubles: int


@dataclass(frozen=True, slots=True)
class _Errand:
    """A digest to send: to whom, and how much waits, `waiting` of it over a working day.

    `copies` are the trial database's that are behind.
    """

    staff_id: str
    digest_on: date
    to: str = field(repr=False)
    language: str
    tasks: int
    waiting: int
    copies: int
    page: str


def send_due(courier: Courier, is_stopping: IsStopping) -> int:
    """Send what is due of today's digests; give how many went out."""
    now, deployment = courier.clock(), courier.deployment
    hours, mailer = deployment.study.site_hours, courier.gateways.mailer
    today = today_at_site(now, hours)
    from_at = local_instant(today, deployment.study.digest.at, hours.zone)
    until_at = local_instant(today, hours.closes, hours.zone)
    if mailer is None or not from_at <= now < until_at or not is_open_on(today, hours):
        return 0
    with courier.database.read() as session:
        errands = _errands(session, deployment, today, from_at, now)
    sent = 0
    for errand in errands:
        if is_stopping():
            break
        with courier.database.write() as session:
            is_ours = digests.claim(session, errand.staff_id, today, now)
        if not is_ours:
            continue
        try:
            sent += _send(courier.database, mailer, _mail(deployment, errand, now), errand)
        except ChannelAway:
            break
        except PermanentFailure:
            with courier.database.write() as session:
                digests.give_up(session, errand.staff_id, today, until_at)
    return sent


def _send(database: Database, mailer: Mailer, mail: Mail, errand: _Errand) -> bool:
    """Hand one over. A passing failure leaves it claimed: once that lapses, a later call tries."""
    try:
        mailer.send(mail)
    except (ChannelAway, PermanentFailure) as failure:
        _log.warning("digest not sent", staff=errand.staff_id, code=failure.code)
        raise
    except NotDelivered as failure:
        _log.warning("digest not sent", staff=errand.staff_id, code=failure.code)
        return False
    with database.write() as session:
        digests.note_sent(session, errand.staff_id, errand.digest_on, mail.at)
    return True


def _errands(
    session: Session, deployment: Deployment, today: date, from_at: datetime, now: datetime
) -> list[_Errand]:
    recipients = digests.list_recipients(session, today, now)
    if not recipients:
        return []
    open_ones = [one for one in _open(session, now) if one.since <= from_at]
    troubles = len(operations.look(session, deployment=deployment, now=now).troubles)
    waits = _Waits(open_ones, pullers.list_late(session, from_at), troubles)
    found = (_errand(session, deployment, staff, waits, now) for staff in recipients)
    return [errand for errand in found if errand is not None]


def _open(session: Session, now: datetime) -> list[_Open]:
    """Everything that waits anywhere; five queries."""
    everywhere = {ALL_SITES}
    alerts = work.list_alerts(session, everywhere)
    others = work.list_waiting(session, everywhere, now)
    return [
        *(_Open(row.site_id, row.alert.raised_at, row.alert.owner_id) for row in alerts),
        *(_Open(one.site_id, one.since) for one in others),
    ]


def _errand(
    session: Session,
    deployment: Deployment,
    staff: Staff,
    waits: _Waits,
    now: datetime,
) -> _Errand | None:
    """What to tell a member of staff; None for who sees to nothing, or has nothing waiting."""
    actor = actor_of_staff(session, staff, now)
    own = [one for one in waits.open_ones if _is_theirs(one, actor)]
    copies = sum(pullers.concerns(late, actor) for late in waits.late)
    troubles = waits.troubles if actor.may_anywhere(Permission.SEE_OPERATIONS) else 0
    if (
        not (own or copies or troubles)
        or staff.email_sealed is None
        or not may_enter(deployment, staff)
    ):
        return None
    hours = deployment.study.site_hours
    return _Errand(
        staff.id,
        today_at_site(now, hours),
        deployment.vault.open(staff.email_sealed, EMAIL),
        staff.language,
        tasks=len(own) + troubles,
        waiting=sum(waits_long(one.since, now, hours) for one in own),
        copies=copies,
        page="/desk/work" if own else "/desk/operations",
    )


def _is_theirs(one: _Open, actor: Actor) -> bool:
    """Whether it waits for somebody: at a site of theirs, and with nobody else."""
    has_right = actor.role_at(Permission.MANAGE_PARTICIPANT, one.site_id) is not None
    return has_right and one.owner_id in (None, actor.id)


def _mail(deployment: Deployment, errand: _Errand, now: datetime) -> Mail:
    words, lang = deployment.study.digest, errand.language
    places = {"waiting": str(errand.waiting), "copies": str(errand.copies)}
    lines = []
    if errand.tasks:
        link = f"{deployment.base_url}{errand.page}"
        lines.append(words.body.in_(lang).format(**places, tasks=errand.tasks, link=link))
    if errand.copies:
        link = f"{deployment.base_url}/desk/trial-database"
        lines.append(words.copies.in_(lang).format(**places, link=link))
    return Mail(
        key=f"digest-{errand.staff_id}-{errand.digest_on.isoformat()}",
        to=errand.to,
        sender_name=deployment.study.participant_name.in_(lang),
        subject=words.subject.in_(lang).format(tasks=errand.tasks + errand.copies),
        body="".join(f"{line}\n" for line in lines),
        language=lang,
        at=now,
    )
