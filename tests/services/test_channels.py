"""Whether the diary reaches somebody: the masked address, and test messages by the real way."""

from datetime import datetime, timedelta

import pytest

from app.domain.access import Actor
from app.domain.errors import WrongState
from app.domain.participant import State
from app.domain.reach import Channel
from app.gateways.mail import RecordingMailer, SmtpMailer
from app.services import channels, evenings, reminders
from app.services.channels import Delivery, LastTest
from app.services.ports import Gateways
from app.services.reminders import Courier
from app.store import trends
from tests import scenes
from tests.people import NOW, Stage, Who
from tests.reminded import EVENING, FIRST, LAST, SECOND, Post, address_of, is_not_stopping
from tests.servers import MailSink
from tests.services.test_reminder_mail import HEALTH

NOON = datetime.fromisoformat("2026-02-03T12:00+01:00")


def ask(post: Post, participant_id: int, at: datetime = NOON) -> None:
    """Ask for a test message as its participant."""
    actor = Actor(kind="participant", id="MS-TEST", participant_id=participant_id)
    with post.database.write() as session:
        channels.ask_test(session, deployment=post.deployment, actor=actor, now=at)


def last(post: Post, participant_id: int, at: datetime = NOON) -> LastTest | None:
    """How far the last one got."""
    with post.database.read() as session:
        return channels.find_last_test(session, participant_id=participant_id, now=at)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_it_goes_the_real_way_and_says_nothing_of_health(
    post: Post, mail_sink: MailSink, language: str
) -> None:
    person = post.enrol("someone", language=language)
    post.mailer = SmtpMailer(
        host="127.0.0.1", port=mail_sink.port, security="none", sender="carnet@notes.example"
    )
    ask(post, person)
    assert last(post, person) == LastTest(Channel.EMAIL, NOON, Delivery.ON_ITS_WAY, NOON)
    at = NOON + timedelta(seconds=20)
    assert post.run(at) == 1
    (message,) = mail_sink.messages
    assert message["To"] == address_of("someone")
    assert message["Subject"] == post.deployment.study.test_message.subject.in_(language)
    read = f"{message.items()}\n{message.get_content()}"
    assert HEALTH.search(read) is None, read
    assert f"{post.deployment.base_url}/" in message.get_content()
    assert last(post, person, at) == LastTest(Channel.EMAIL, NOON, Delivery.HANDED_OVER, at)


def test_a_mailbox_that_refuses_is_said(post: Post, mail_sink: MailSink) -> None:
    person = post.enrol("full")
    mail_sink.refused.add(address_of("full"))
    post.mailer = SmtpMailer(
        host="127.0.0.1", port=mail_sink.port, security="none", sender="carnet@notes.example"
    )
    ask(post, person)
    assert post.run(NOON) == 0
    found = last(post, person)
    assert found is not None
    assert found.delivery is Delivery.FAILED


def test_it_goes_out_when_no_diary_is_due(post: Post) -> None:
    person = post.enrol("paused")
    post.set_state(person, State.PAUSED)
    ask(post, person)
    assert post.run(NOON) == 1


def test_after_ten_minutes_it_is_of_no_use(post: Post) -> None:
    person = post.enrol("late")
    ask(post, person)
    after = NOON + timedelta(minutes=10)
    assert post.run(after) == 0
    found = last(post, person, after)
    assert found is not None
    assert found.delivery is Delivery.FAILED
    assert last(post, person, NOON + timedelta(days=2)) is None


def test_it_takes_no_reminders_place(post: Post) -> None:
    person = post.enrol("a")
    ask(post, person)
    for at in (NOON.isoformat(), FIRST, SECOND, LAST):
        assert post.run(at) == 1
    with post.database.read() as session:
        states = [(row.diary_on, row.state) for row in trends.list_sent(session, person)]
    assert states == [(EVENING, "handed_over")] * 3


def test_three_a_day_are_enough(post: Post) -> None:
    person = post.enrol("a")
    for _ in range(3):
        ask(post, person)
    with pytest.raises(WrongState, match="tests_enough"):
        ask(post, person)
    assert post.run(NOON) == 3
    ask(post, person, NOON + timedelta(days=1))


def test_without_an_address_there_is_nothing_to_test(post: Post) -> None:
    person = post.enrol("a", has_address=False)
    with pytest.raises(WrongState, match="no_address"):
        ask(post, person)


def test_it_goes_out_although_the_diary_is_saved(stage: Stage) -> None:
    scenes.saved(stage, Who.OWN)
    with stage.database.write() as session:
        channels.ask_test(session, deployment=stage.deployment, actor=stage.actor(Who.OWN), now=NOW)
    mailer = RecordingMailer()
    courier = Courier(
        database=stage.database,
        deployment=stage.deployment,
        gateways=Gateways(mailer=mailer),
        worker="one",
        clock=stage.clock,
    )
    reminders.deliver(courier, Channel.EMAIL, is_not_stopping)
    wanted = stage.deployment.study.test_message.subject.in_("fr")
    assert [mail.subject for mail in mailer.sent if mail.subject == wanted] == [wanted]


def test_it_tries_the_way_of_the_next_reminder(post: Post) -> None:
    person = post.enrol("a", has_address=False, phone="+33612345678")
    ask(post, person)
    assert post.run(NOON) == 1
    assert [sms.to for sms in post.texted] == ["+33612345678"]
    found = last(post, person)
    assert found is not None
    assert (found.channel, found.delivery) == (Channel.SMS, Delivery.HANDED_OVER)
    actor = Actor(kind="participant", id="MS-TEST", participant_id=person, device_id="none")
    with post.database.read() as session:
        ways = channels.find_known_ways(session, deployment=post.deployment, actor=actor)
    assert (ways.email, ways.phone, ways.first) == (None, "…78", Channel.SMS)
    assert not ways.is_pushed_here


def test_what_a_receipt_says_is_known(post: Post) -> None:
    person = post.enrol("a")
    ask(post, person)
    post.run(NOON)
    (row,) = post.reminders(person, NOON.date())
    with post.database.write() as session:
        evenings.note_tap(session, reminder_id=row.id, now=NOON + timedelta(seconds=9))
    assert last(post, person) == LastTest(
        Channel.EMAIL, NOON, Delivery.ARRIVED, NOON + timedelta(seconds=9)
    )
