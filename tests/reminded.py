"""People who are to be reminded: enrolled in any number and zone, without the cost of a PIN each.

`Post` is a scheduler at work on them, with a clock that the test moves.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from app.domain.participant import State
from app.domain.reach import Channel
from app.gateways.mail import RecordingMailer
from app.gateways.sms import RecordingTexter
from app.services import reminders
from app.services.contacts import EMAIL, PHONE
from app.services.deployment import Deployment
from app.services.ports import Gateways, Mail, Mailer, Pusher, Sms, Texter
from app.services.reminders import Courier
from app.services.subscriptions import PURPOSE
from app.store import reminders as store
from app.store.session import Database, Session
from app.store.tables import (
    Contact,
    Device,
    Participant,
    ParticipantZone,
    PushSubscription,
    Reminder,
    Site,
)
from tests.people import settings_for

FIRST_ON, LAST_ON = date(2026, 1, 10), date(2026, 12, 31)
ENROLLED_AT = datetime(2026, 1, 9, tzinfo=UTC)

EVENING = date(2026, 2, 3)
OPENING = "2026-02-03T18:00+01:00"
FIRST, SECOND, LAST = (
    "2026-02-03T19:00+01:00",
    "2026-02-03T21:00+01:00",
    "2026-02-03T22:30+01:00",
)
"""An evening in Paris, and the instants of its reminders."""


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        """The present."""
        return self.now


def is_not_stopping() -> bool:
    """A process that goes on."""
    return False


@dataclass(kw_only=True)
class Post:
    """A scheduler with a recording mailer, unless it is given a real one."""

    database: Database
    clock: Clock
    worker: str = "one"
    mailer: Mailer = field(default_factory=RecordingMailer)
    texter: Texter = field(default_factory=RecordingTexter)
    pusher: Pusher | None = None

    def __post_init__(self) -> None:
        self.deployment = Deployment.of(settings_for(str(self.database.url)))

    @property
    def url(self) -> str:
        """Where its database is, for other processes."""
        return self.database.engine.url.render_as_string(hide_password=False)

    @property
    def courier(self) -> Courier:
        """What the timetable would hand to the service."""
        return Courier(
            database=self.database,
            deployment=self.deployment,
            gateways=Gateways(mailer=self.mailer, texter=self.texter, pusher=self.pusher),
            worker=self.worker,
            clock=self.clock,
        )

    def run(self, at: str | datetime, is_stopping: Callable[[], bool] = is_not_stopping) -> int:
        """Let the timetable call at an instant; gives how many messages were handed over."""
        self.clock.now = datetime.fromisoformat(at) if isinstance(at, str) else at
        courier = self.courier
        reminders.plan_due(self.database, self.deployment, self.clock.now)
        # Again while there is something: a lane may leave a message to one before it.
        handed = [reminders.deliver(courier, channel, is_stopping) for channel in Channel]
        with self.database.read() as session:
            left = [one for one in Channel if store.has_ready(session, one, self.clock.now)]
        handed += [reminders.deliver(courier, channel, is_stopping) for channel in left]
        return sum(handed)

    @property
    def texted(self) -> list[Sms]:
        """What the recording gateway for text messages took over."""
        assert isinstance(self.texter, RecordingTexter)
        return self.texter.sent

    @property
    def sent(self) -> list[Mail]:
        """What the recording mailer took over."""
        assert isinstance(self.mailer, RecordingMailer)
        return self.mailer.sent

    def enrol(
        self,
        name: str,
        *,
        tz: str = "Europe/Paris",
        language: str = "fr",
        own_first: time | None = None,
        has_address: bool = True,
        phone: str | None = None,
    ) -> int:
        """Enrol one participant; `name` makes the address. Gives the participant's key."""
        with self.database.write() as session:
            _found_site(session)
            person = Participant(
                study_code=f"MS-{name.upper()[:12]}",
                site_id="lyon",
                state=State.ENROLLED.value,
                language=language,
                tz=tz,
                limb="hand",
                side="right",
                scale="vas100",
                reminder_at=own_first,
                first_diary_on=FIRST_ON,
                last_diary_on=LAST_ON,
                created_at=ENROLLED_AT,
                enrolled_at=ENROLLED_AT,
            )
            session.add(person)
            session.flush()
            sealed = self.deployment.vault.seal(address_of(name), EMAIL) if has_address else None
            texted = self.deployment.vault.seal(phone, PHONE) if phone else None
            session.add(Contact(participant_id=person.id, email_sealed=sealed, phone_sealed=texted))
            session.add(ParticipantZone(participant_id=person.id, from_at=ENROLLED_AT, tz=tz))
            return person.id

    def move(self, participant_id: int, tz: str, at: str) -> None:
        """Let a participant arrive in another zone."""
        from_at = datetime.fromisoformat(at)
        with self.database.write() as session:
            session.get_one(Participant, participant_id).tz = tz
            session.add(ParticipantZone(participant_id=participant_id, from_at=from_at, tz=tz))

    def set_state(self, participant_id: int, state: State) -> None:
        """Put a participant into a state."""
        with self.database.write() as session:
            session.get_one(Participant, participant_id).state = state.value

    def reminders(self, participant_id: int, diary_on: date) -> list[Reminder]:
        """The reminders of an evening in order."""
        with self.database.read() as session:
            return store.list_reminders(session, participant_id, diary_on)

    def states(self, participant_id: int, diary_on: date) -> list[str]:
        """The states of an evening's reminders in order."""
        return [row.state for row in self.reminders(participant_id, diary_on)]

    def events(self, reminder_id: str) -> list[tuple[str, str]]:
        """What happened to a reminder: event and detail."""
        with self.database.read() as session:
            return [(row.event, row.detail) for row in store.list_events(session, reminder_id)]

    def events_count(self, participant_id: int, diary_on: date, event: str) -> int:
        """How often something happened to the reminders of an evening."""
        rows = self.reminders(participant_id, diary_on)
        return sum(name == event for row in rows for name, _ in self.events(row.id))


def _found_site(session: Session) -> None:
    if session.get(Site, "lyon") is None:
        words = {"organisation": "CHU", "team_phone": "04 72 00 00 00", "team_hours": "9–17"}
        session.add(Site(id="lyon", name="CHU Lyon", **words))
        session.flush()


def subscribe(post: Post, participant_id: int, id_: str = "browser") -> None:
    """Let a browser of a participant take push messages; its subscription bears this id."""
    told = {"endpoint": f"https://push.invalid/{id_}", "p256dh": "key", "auth": "secret"}
    with post.database.write() as session:
        device = Device(
            id=f"device of {id_}",
            participant_id=participant_id,
            secret_hash=id_,
            pin_hash="",
            label="",
            enrolled_at=ENROLLED_AT,
        )
        session.add(device)
        session.flush()
        session.add(
            PushSubscription(
                id=id_,
                participant_id=participant_id,
                device_id=device.id,
                endpoint_hash=id_,
                sealed=post.deployment.vault.seal(json.dumps(told), PURPOSE),
                created_at=ENROLLED_AT,
            )
        )


def address_of(name: str) -> str:
    """The address of a participant who was enrolled by this name."""
    return f"{name}@example.org"


def every(step: timedelta, first: str, last: str) -> list[datetime]:
    """The instants from first to last, a step apart."""
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    return [start + n * step for n in range((end - start) // step + 1)]
