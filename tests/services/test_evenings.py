"""An evening beside its entry: put off, declined, opened, a fault; and what a receipt may do."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.domain.access import Actor
from app.domain.diary_day import local_instant
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.services import evenings, reminders, subscriptions, today
from app.services.evenings import Choices
from app.services.subscriptions import Offered
from app.services.tokens import token_hash
from app.store import evenings as store
from app.store import reminders as stored
from app.store.feed import find_last_seq
from app.store.session import Session
from app.store.tables import Contact, Evening, Participant, Reminder
from tests import factories, scenes
from tests.people import NOW, Stage, Who

TONIGHT = NOW.date()
HALF, HOUR = timedelta(minutes=30), timedelta(hours=1)
TOKEN = "the token of a message"


@pytest.fixture
def evening(stage: Stage) -> Stage:
    """The evening of the own participant, planned."""
    reminders.plan_due(stage.database, stage.deployment, stage.clock.now)
    return stage


def own(stage: Stage) -> int:
    """The key of the own participant."""
    found = stage.actor(Who.OWN).participant_id
    assert found is not None
    return found


def rows(stage: Stage) -> list[Reminder]:
    """What reminds the own participant of tonight, in order."""
    with stage.database.read() as session:
        return stored.list_evening(session, own(stage), TONIGHT)


def live(stage: Stage) -> list[tuple[str, datetime]]:
    """What is still to come: kind and instant."""
    planned = ReminderState.PLANNED
    return [(row.kind, row.due_at) for row in rows(stage) if row.state == planned]


def at(clock: str) -> datetime:
    """A time of tonight in Paris."""
    hour, minute = map(int, clock.split(":"))
    return NOW.replace(hour=hour - 1, minute=minute)


def ask(stage: Stage, minutes: int = 30, who: Who = Who.OWN) -> datetime:
    """Put the evening off."""
    with stage.database.write() as session:
        return evenings.snooze(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            minutes=minutes,
            now=stage.clock.now,
        )


def decline(stage: Stage) -> None:
    """Leave the evening out."""
    with stage.database.write() as session:
        evenings.decline(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.OWN),
            now=stage.clock.now,
        )


def tell(stage: Stage, what: str, token: str = TOKEN) -> None:
    """Let a phone tell of a message."""
    with stage.database.write() as session:
        evenings.note_receipt(
            session, deployment=stage.deployment, token=token, what=what, now=stage.clock.now
        )


def hand_over(stage: Stage, count: int = 1, channel: Channel = Channel.EMAIL) -> list[str]:
    """Let the first planned messages be handed over at once; gives their ids."""
    with stage.database.write() as session:
        found = stored.list_evening(session, own(stage), TONIGHT)
        sent = [row for row in found if row.state == ReminderState.PLANNED][:count]
        for row in sent:
            row.state, row.channel = ReminderState.HANDED_OVER.value, channel.value
            row.handed_over_at, row.ready_at = stage.clock.now, None
        if not any(row.receipt_hash for row in found):
            sent[0].receipt_hash = token_hash(TOKEN)
        return [row.id for row in sent]


def events(stage: Stage, reminder_id: str) -> list[tuple[str, str]]:
    """What happened to a reminder."""
    with stage.database.read() as session:
        return [(one.event, one.detail) for one in stored.list_events(session, reminder_id)]


def choices(stage: Stage) -> Choices:
    """What the first page offers."""
    with stage.database.read() as session:
        person = session.get_one(Participant, own(stage))
        now, deployment = stage.clock.now, stage.deployment
        seen = today.look(session, deployment=deployment, person=person, now=now)
        return evenings.find_choices(
            session, deployment=deployment, person=person, seen=seen, now=now
        )


def known(stage: Stage) -> Evening | None:
    """What is stored of tonight."""
    with stage.database.read() as session:
        return store.find_evening(session, own(stage), TONIGHT)


def acts(stage: Stage) -> int:
    """Where the ledger ends."""
    with stage.database.read() as session:
        return find_last_seq(session)


def test_a_message_comes_later_in_place_of_those_before_it(evening: Stage) -> None:
    assert [kind for kind, _ in live(evening)] == [Kind.DIARY] * 3
    assert choices(evening) == Choices(minutes=(30, 60), may_decline=True)
    before = acts(evening)
    assert ask(evening, 60) == NOW + HOUR
    assert live(evening) == [
        (Kind.SNOOZE, NOW + HOUR),
        (Kind.DIARY, at("21:00")),
        (Kind.DIARY, at("22:30")),
    ]
    (first,) = [row for row in rows(evening) if row.state == ReminderState.STOPPED]
    assert events(evening, first.id)[-1] == ("stopped", "snoozed")
    assert acts(evening) == before + 1
    assert choices(evening).again_at == NOW + HOUR


def test_it_is_of_use_until_the_next_message(evening: Stage) -> None:
    ask(evening, 60)
    (asked,) = [row for row in rows(evening) if row.kind == Kind.SNOOZE]
    assert asked.useful_until_at == at("21:00")
    assert (asked.step, asked.channel) == ("snooze-1", Channel.EMAIL)


def test_what_is_asked_again_takes_the_first_ones_place(evening: Stage) -> None:
    ask(evening, 60)
    evening.clock.advance(minutes=1)
    ask(evening, 30)
    asked = [due for kind, due in live(evening) if kind == Kind.SNOOZE]
    assert asked == [NOW + timedelta(minutes=31)]
    steps = [(row.step, row.state) for row in rows(evening) if row.kind == Kind.SNOOZE]
    assert sorted(steps) == [("snooze-1", "stopped"), ("snooze-2", "planned")]


@pytest.mark.parametrize(
    ("clock", "minutes", "offered"),
    [("22:59", 60, (30, 60)), ("23:00", 60, (30,)), ("23:29", 30, (30,)), ("23:30", 30, ())],
)
def test_never_past_the_end_of_the_window(
    evening: Stage, clock: str, minutes: int, offered: tuple[int, ...]
) -> None:
    evening.clock.now = at(clock)
    assert choices(evening).minutes == offered
    if minutes in offered:
        ask(evening, minutes)
    else:
        with pytest.raises(WrongState, match="snooze_too_late"):
            ask(evening, minutes)


def test_three_messages_an_evening_are_enough(evening: Stage) -> None:
    hand_over(evening, 2)
    ask(evening)
    hand_over(evening, 1)
    assert choices(evening).minutes == ()
    with pytest.raises(WrongState, match="messages_enough"):
        ask(evening)


def test_the_way_is_the_next_ones(evening: Stage) -> None:
    with evening.database.write() as session:
        subscriptions.subscribe(
            session,
            deployment=evening.deployment,
            actor=evening.actor(Who.OWN),
            subscription=Offered(**factories.subscription()),
            now=NOW,
        )
    ask(evening)
    hand_over(evening, 1, Channel.PUSH)
    evening.clock.advance(minutes=40)
    ask(evening)
    assert [row.channel for row in rows(evening) if row.kind == Kind.SNOOZE] == [
        Channel.PUSH,
        Channel.EMAIL,
    ]


def test_who_has_no_way_is_promised_nothing(evening: Stage) -> None:
    with evening.database.write() as session:
        contact = session.get_one(Contact, own(evening))
        contact.email_sealed = contact.phone_sealed = None
    assert choices(evening) == Choices(may_decline=True)
    with pytest.raises(WrongState, match="no_address"):
        ask(evening)


def test_not_today_leaves_the_evening_in_peace(evening: Stage) -> None:
    ask(evening)
    before = acts(evening)
    decline(evening)
    decline(evening)
    assert acts(evening) == before + 1, "once is enough"
    assert live(evening) == []
    assert choices(evening) == Choices(is_declined=True)
    with pytest.raises(WrongState, match="evening_declined"):
        ask(evening)
    tomorrow, other = TONIGHT + timedelta(days=1), own(evening) + 1
    with evening.database.read() as session:
        found = store.declined_days(session, [own(evening), other], [TONIGHT, tomorrow])
    assert found == {(own(evening), TONIGHT)}


@pytest.mark.parametrize(
    "scene", [scenes.saved, scenes.paused, scenes.morning, scenes.before_the_first_day]
)
def test_nothing_is_put_off_when_nothing_is_asked(
    stage: Stage, scene: Callable[[Stage, Who], object]
) -> None:
    scene(stage, Who.OWN)
    assert choices(stage) == Choices()
    for refused in (ask, decline):
        with pytest.raises(WrongState, match="nothing_to_put_off"):
            refused(stage)


def test_another_hour_is_no_choice_and_staff_have_no_evening(evening: Stage) -> None:
    with pytest.raises(InvalidInput, match="not_a_choice"):
        ask(evening, 45)
    with pytest.raises(NotFound):
        ask(evening, 30, Who.CLINICIAN)


def test_a_receipt_counts_once(evening: Stage) -> None:
    (first,) = hand_over(evening)
    for what in ("delivered", "tapped"):
        evening.clock.advance(seconds=5)
        tell(evening, what)
        evening.clock.advance(seconds=5)
        tell(evening, what)
    row = next(row for row in rows(evening) if row.id == first)
    assert row.delivered_at == NOW + timedelta(seconds=5)
    assert row.tapped_at == NOW + timedelta(seconds=15)
    assert events(evening, first)[1:] == [("delivered", ""), ("tapped", "")]


def test_a_touch_proves_the_arrival_whose_receipt_was_lost(evening: Stage) -> None:
    (first,) = hand_over(evening)
    with evening.database.write() as session:
        evenings.note_tap(session, reminder_id=first, now=NOW)
        evenings.note_tap(session, reminder_id="no such message", now=NOW)
    row = next(row for row in rows(evening) if row.id == first)
    assert row.delivered_at == row.tapped_at == NOW


def test_a_token_puts_its_evening_off_once(evening: Stage) -> None:
    (first,) = hand_over(evening)
    tell(evening, "snooze_30")
    evening.clock.advance(minutes=5)
    tell(evening, "snooze_60")
    assert [due for kind, due in live(evening) if kind == Kind.SNOOZE] == [NOW + HALF]
    assert events(evening, first)[1:] == [("delivered", ""), ("snoozed", "30")]


def test_a_token_cannot_do_what_its_owner_could_not(evening: Stage) -> None:
    (first,) = hand_over(evening)
    decline(evening)
    tell(evening, "snooze_30")
    assert live(evening) == []
    assert events(evening, first)[-1] == ("snoozed", "evening_declined")


def test_a_token_of_last_evening_puts_nothing_off_tonight(evening: Stage) -> None:
    (first,) = hand_over(evening)
    evening.clock.advance(days=1)
    tell(evening, "snooze_30")
    assert events(evening, first)[-1] == ("snoozed", "nothing_to_put_off")
    with evening.database.read() as session:
        assert stored.list_evening(session, own(evening), TONIGHT + timedelta(days=1)) == []


def test_a_token_of_a_test_message_puts_nothing_off(evening: Stage) -> None:
    (first,) = hand_over(evening)
    with evening.database.write() as session:
        session.get_one(Reminder, first).kind = Kind.TEST.value
    tell(evening, "snooze_30")
    assert [kind for kind, _ in live(evening)] == [Kind.DIARY] * 2


@pytest.mark.parametrize(
    ("token", "what"),
    [("another token", "delivered"), ("", "tapped"), (TOKEN, "snooze_600"), (TOKEN, "saved")],
)
def test_what_is_not_known_changes_nothing(evening: Stage, token: str, what: str) -> None:
    (first,) = hand_over(evening)
    before = acts(evening)
    tell(evening, what, token)
    assert events(evening, first) == [("planned", "")]
    assert acts(evening) == before


def noted(
    stage: Stage, verb: Callable[..., None], actor: Actor, clock: datetime
) -> tuple[datetime | None, datetime | None]:
    """Note something of an evening, and give what is stored: opened, fault."""
    with stage.database.write() as session:
        verb(session, deployment=stage.deployment, actor=actor, now=clock)
    found = known(stage)
    return (found.opened_at, found.fault_at) if found else (None, None)


def test_the_first_look_and_the_first_fault_of_an_evening_stay(stage: Stage) -> None:
    actor = stage.actor(Who.OWN)
    assert noted(stage, evenings.note_opened, actor, at("12:00")) == (None, None)
    assert noted(stage, evenings.note_opened, actor, NOW) == (NOW, None)
    assert noted(stage, evenings.note_fault, actor, NOW + HALF) == (NOW, NOW + HALF)
    assert noted(stage, evenings.note_opened, actor, NOW + HOUR) == (NOW, NOW + HALF)
    after_midnight = local_instant(TONIGHT, NOW.time().replace(hour=23), "Europe/Paris") + HOUR * 2
    assert noted(stage, evenings.note_fault, actor, after_midnight) == (NOW, NOW + HALF)


def test_what_a_phone_sends_in_vain_is_evidence(stage: Stage) -> None:
    before = known(stage)
    answer = stage.client(Who.OWN).post("/submissions", content="{")
    assert answer.status_code == 422
    found = known(stage)
    assert before is None
    assert found is not None
    assert found.fault_at == NOW
    assert found.opened_at is None


def test_a_message_that_somebody_has_in_hand_is_left_to_them(evening: Stage) -> None:
    with evening.database.write() as session:
        _take(session, own(evening))
    decline(evening)
    assert [row.state for row in rows(evening)] == ["in_hand", "stopped", "stopped"]


def _take(session: Session, participant_id: int) -> None:
    first = stored.list_evening(session, participant_id, TONIGHT)[0]
    first.state = ReminderState.IN_HAND.value
