"""Participants: invited by the site, enrolled on a phone, changed by the site with a reason."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.access import ALL_SITES, Actor, Permission, Role, require
from app.domain.diary_day import ONE_DAY, zone_named
from app.domain.errors import InvalidInput, WrongState
from app.domain.participant import Move, State, move
from app.services import contacts, formularies, subscriptions
from app.services.contacts import Addresses
from app.services.deployment import Deployment
from app.services.listed_medicines import ListedMedicine, put_on_list
from app.services.tokens import new_code, new_token, token_hash
from app.store import ledger, participants, reminders
from app.store.session import Session
from app.store.tables import EnrolmentLink, Participant, ParticipantZone

LINK_LIVES = timedelta(days=7)
LONGEST_REASON = 500
LONGEST_VERSION = 32
LINKABLE = frozenset(
    {
        State.INVITED,
        State.ENROLLED,
        State.PAUSED,
        State.DIARY_STOPPED,
        State.LOST_TO_FOLLOW_UP,
    }
)
"""States in which a phone may be enrolled by a new link."""
CONTACTLESS = frozenset({State.SCREEN_FAILURE, State.WITHDRAWN, State.DECEASED})
"""States in which no address is kept: there is nothing left to write."""


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What the site fills in to invite a participant, or only to screen one.

    `is_sure`: the same address or trial record elsewhere was looked at and is no mistake.
    """

    site_id: str
    language: str
    tz: str
    limb: str
    side: str
    scale: str
    first_diary_on: date
    last_diary_on: date
    hand: str = "centre"
    consent_on: date | None = None
    consent_version: str | None = None
    inclusion_on: date | None = None
    trial_record_id: str | None = None
    reminder_at: time | None = None
    email: str | None = None
    phone: str | None = None
    medicines: tuple[ListedMedicine, ...] = ()
    is_screening: bool = False
    is_sure: bool = False

    @property
    def addresses(self) -> Addresses:
        """How the participant is to be reached."""
        return Addresses(email=self.email, phone=self.phone)


def invite(
    session: Session, *, deployment: Deployment, actor: Actor, enrolment: Enrolment, now: datetime
) -> Participant:
    """Create a participant with a random study code; the phone is enrolled with `issue_link`.

    Raises InvalidInput naming the field, WrongState once for an address or a trial record that
    another participant has.
    """
    role = require(actor, Permission.ENROL, enrolment.site_id)
    participants.get_site(session, enrolment.site_id)
    _check(deployment, enrolment, now)
    if not enrolment.is_sure:
        contacts.require_undoubled(
            session,
            deployment=deployment,
            actor=actor,
            new=enrolment.addresses,
            trial_record_id=enrolment.trial_record_id,
        )
    screened = State.SCREENING
    person = Participant(
        study_code=_free_code(session, deployment.study.code_prefix),
        site_id=enrolment.site_id,
        trial_record_id=enrolment.trial_record_id,
        state=screened if enrolment.is_screening else move(screened, Move.INVITE),
        language=enrolment.language,
        tz=enrolment.tz,
        limb=enrolment.limb,
        side=enrolment.side,
        scale=enrolment.scale,
        hand=enrolment.hand,
        reminder_at=enrolment.reminder_at,
        consent_on=enrolment.consent_on,
        consent_version=enrolment.consent_version,
        inclusion_on=enrolment.inclusion_on,
        first_diary_on=enrolment.first_diary_on,
        last_diary_on=enrolment.last_diary_on,
        created_at=now,
    )
    session.add(person)
    session.flush()
    session.add(ParticipantZone(participant_id=person.id, from_at=now, tz=enrolment.tz))
    session.add(contacts.seal(deployment, person.id, enrolment.addresses))
    formulary = formularies.read_formulary(session, deployment.study)
    for position, listed in enumerate(enrolment.medicines):
        put_on_list(
            session,
            formulary=formulary,
            participant_id=person.id,
            listed=listed,
            position=position,
            from_on=now.astimezone(zone_named(person.tz)).date(),
        )
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.screened" if enrolment.is_screening else "participant.invited",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={
            "state": person.state,
            "first_diary_on": person.first_diary_on.isoformat(),
            "scale": person.scale,
        },
    )
    return person


def issue_link(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> str:
    """Give a fresh enrolment link. Opening it consumes nothing; setting the PIN does.

    Raises WrongState for somebody who is only screened, or whose course is over.
    """
    person, role = hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.ENROL
    )
    if person.state not in LINKABLE:
        raise WrongState("not_in_this_state")
    token = new_token()
    session.add(
        EnrolmentLink(
            token_hash=token_hash(token), participant_id=person.id, expires_at=now + LINK_LIVES
        )
    )
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.link_issued",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
    )
    return f"{deployment.base_url}/join/{token}"


def change_state(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    by: Move,
    reason: str,
    now: datetime,
    on: date | None = None,
) -> Participant:
    """Change a participant's state, with a reason; who leaves, or never comes, keeps no contact.

    `on` is the date on which it happened, if it was another. Messages ask for the state when they
    are about to go, so that none follows an end. Raises WrongState where the move is not possible.
    """
    person, role = hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.MANAGE_PARTICIPANT
    )
    need_reason(reason)
    if on is not None and on > now.date() + ONE_DAY:
        raise InvalidInput("date_in_future", field="on")
    person.state = move(State(person.state), by).value
    if by is Move.INVITE and person.consent_on is None:
        raise WrongState("consent_missing", field="consent_on")
    _let_go(session, person, now)
    ledger.queue_act(
        session,
        actor=actor,
        op=f"participant.{by.value}",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"state": person.state, **({"on": on.isoformat()} if on else {})},
        texts={"reason": reason},
    )
    return person


def _let_go(session: Session, person: Participant, now: datetime) -> None:
    """End what the new state leaves no room for: unused links, and every way to who is gone."""
    if person.state not in LINKABLE:
        participants.end_links(session, person.id, now)
    if person.state in CONTACTLESS:
        contacts.purge(session, person.id)
    if person.state in (State.WITHDRAWN, State.DECEASED):
        person.withdrawn_at = now
        subscriptions.end_of_participant(session, participant_id=person.id, by="withdrawn", now=now)


def change_zone(
    session: Session,
    *,
    actor: Actor,
    participant_id: int,
    tz: str,
    now: datetime,
    from_at: datetime | None = None,
    role: Role | None = None,
) -> None:
    """Note that a participant lives in another time zone, from now on or since `from_at`.

    Raises InvalidInput for an instant that is still to come, or not after the last change.
    """
    person = participants.lock_participant(session, participant_id)
    zone_named(tz)
    if person.tz == tz:
        return
    since = from_at or now
    if since > now:
        raise InvalidInput("time_in_future", field="zone_from")
    if since <= participants.list_zones(session, person.id)[-1].from_at:
        raise InvalidInput("zone_out_of_order", field="zone_from")
    session.add(ParticipantZone(participant_id=person.id, from_at=since, tz=tz))
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.zone_changed",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"from": person.tz, "to": tz, "from_at": ledger.instant(since)},
    )
    person.tz = tz
    reminders.look_again(session, person.id, now)


def change_language(
    session: Session, *, deployment: Deployment, actor: Actor, language: str, now: datetime
) -> None:
    """Speak another language to the acting participant."""
    if actor.participant_id is None or language not in deployment.study.languages:
        raise InvalidInput("unknown_language", field="language")
    person = participants.lock_participant(session, actor.participant_id)
    if person.language == language:
        return
    person.language = language
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.language_changed",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"to": language},
    )


def hold_permitted(
    session: Session, *, actor: Actor, study_code: str, permission: Permission
) -> tuple[Participant, Role]:
    """Get and hold a participant for something that the actor may do, and the role permitting it.

    Raises NotFound out of scope, NotAllowed within it.
    """
    person = participants.get_by_code(session, study_code, frozenset({ALL_SITES}))
    role = require(actor, permission, person.site_id)
    return participants.lock_participant(session, person.id), role


def get_permitted(
    session: Session, *, actor: Actor, study_code: str, permission: Permission
) -> Participant:
    """Get a participant for something that the actor may do; NotFound out of scope."""
    person = participants.get_by_code(session, study_code, frozenset({ALL_SITES}))
    require(actor, permission, person.site_id)
    return person


def need_reason(reason: str, field: str = "reason") -> None:
    """Raise InvalidInput unless something was said, and not too much."""
    if not reason.strip():
        raise InvalidInput("reason_missing", field=field)
    if len(reason) > LONGEST_REASON:
        raise InvalidInput("words_too_many", field=field, characters=LONGEST_REASON)


def check_dates(
    *,
    consent_on: date | None,
    inclusion_on: date | None,
    first_diary_on: date,
    last_diary_on: date,
    today: date,
) -> None:
    """Raise InvalidInput, naming the field, for dates of a course that contradict each other."""
    if consent_on is not None:
        if consent_on > today + ONE_DAY:
            raise InvalidInput("date_in_future", field="consent_on")
        if inclusion_on is not None and inclusion_on < consent_on:
            raise InvalidInput("before_consent", field="inclusion_on")
        if first_diary_on < consent_on:
            raise InvalidInput("before_consent", field="first_diary_on")
    if last_diary_on < first_diary_on:
        raise InvalidInput("dates_reversed", field="last_diary_on")


def _check(deployment: Deployment, enrolment: Enrolment, now: datetime) -> None:
    """Refuse what no page offers, naming the field."""
    choices = {
        "language": deployment.study.languages,
        "limb": ("hand", "foot"),
        "side": ("left", "right"),
        "scale": ("vas100", "nrs11"),
        "hand": ("left", "centre", "right"),
    }
    for name, allowed in choices.items():
        if getattr(enrolment, name) not in allowed:
            raise InvalidInput("not_a_choice", field=name)
    zone_named(enrolment.tz)
    check_dates(
        consent_on=enrolment.consent_on,
        inclusion_on=enrolment.inclusion_on,
        first_diary_on=enrolment.first_diary_on,
        last_diary_on=enrolment.last_diary_on,
        today=now.date(),
    )
    if enrolment.consent_version and len(enrolment.consent_version) > LONGEST_VERSION:
        raise InvalidInput("words_too_many", field="consent_version", characters=LONGEST_VERSION)
    contacts.check(enrolment.addresses)


def _free_code(session: Session, prefix: str) -> str:
    while True:
        code = f"{prefix}-{new_code(5)}"
        if not participants.has_code(session, code):
            return code
