"""A gateway that hangs, refuses or asks for patience holds up nobody else, and binds little."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from app import scheduler
from app.domain.reach import Channel
from app.gateways.mail import SmtpMailer
from app.gateways.sms import HttpTexter
from app.main import service_of
from app.services import reminders
from app.services.ports import Gateways
from app.services.reminders.lane import THREADS
from app.store.session import Database
from tests.people import settings_for
from tests.reminded import ENROLLED_AT, EVENING, FIRST, OPENING, Clock, Post
from tests.servers import HttpSink, MailSink, http_sink

MAILED, TEXTED = 12, 40
PATIENCE_S = 60


@pytest.fixture
def post(database: Database) -> Post:
    """Some who are written to by mail, and more by text message; the evening is planned."""
    post = Post(database=database, clock=Clock(ENROLLED_AT))
    for n in range(MAILED):
        post.enrol(f"m{n}")
    for n in range(TEXTED):
        post.enrol(f"t{n}", has_address=False, phone=f"+336{n:08}")
    post.run(OPENING)
    return post


@pytest.fixture
def texts() -> Iterator[HttpSink]:
    with http_sink() as sink:
        yield sink


@contextmanager
def texting(post: Post, sink: HttpSink, timeout_s: float = 10.0) -> Iterator[HttpTexter]:
    """A gateway of the test's post that hands over to the sink."""
    texter = HttpTexter(
        url=f"http://127.0.0.1:{sink.port}/", token="t", sender="Carnet", timeout_s=timeout_s
    )
    post.texter = texter
    yield texter
    texter.close()


def texted(post: Post) -> list[str]:
    """The state of the evening's first reminder of each who is texted."""
    people = range(MAILED + 1, MAILED + TEXTED + 1)
    return [post.states(person, EVENING)[0] for person in people]


class Counting(MailSink):
    """A mail server that says when it has taken so many messages."""

    def __init__(self) -> None:
        self.has_all = threading.Event()
        super().__init__()

    async def handle_DATA(self, *told: object) -> str:  # noqa: N802 - aiosmtpd calls it so
        answer = await super().handle_DATA(*told)  # type: ignore[arg-type]
        if len(self.messages) == MAILED:
            self.has_all.set()
        return answer


def test_a_gateway_that_hangs_holds_up_no_mail_and_few_threads(post: Post, texts: HttpSink) -> None:
    texts.hang()
    before = threading.active_count()
    now = datetime.fromisoformat(FIRST)
    mails = Counting()
    mails.start()
    with texting(post, texts) as texter:
        mailer = SmtpMailer(
            host="127.0.0.1", port=mails.port, security="none", sender="carnet@notes.example"
        )
        service = service_of(settings_for(post.url), lambda: now)
        with scheduler.running(service, gateways=Gateways(mailer=mailer, texter=texter)):
            assert mails.has_all.wait(PATIENCE_S)
            assert len(texts.posted) <= THREADS[Channel.SMS]
            lanes = len(scheduler.TIMETABLE) + 1 + sum(THREADS.values())
            # A sink has a thread for each connection; the rest is bounded whatever is due.
            assert threading.active_count() - before <= lanes + len(texts.posted) + 2
            texts.go_on()
        service.database.close()
    mails.stop()


def test_what_a_hanging_gateway_was_not_asked_is_given_back(post: Post, texts: HttpSink) -> None:
    texts.hang()
    post.clock.now = datetime.fromisoformat(FIRST)
    with texting(post, texts, timeout_s=0.2):
        reminders.deliver(post.courier, Channel.SMS, lambda: False)
    texts.go_on()
    assert set(texted(post)) == {"planned"}
    assert len(texts.posted) <= THREADS[Channel.SMS]


def test_a_gateway_that_asks_for_patience_gets_it(post: Post, texts: HttpSink) -> None:
    texts.status, texts.headers = 429, {"Retry-After": "600"}
    with texting(post, texts):
        post.clock.now = datetime.fromisoformat(FIRST)
        reminders.deliver(post.courier, Channel.SMS, lambda: False)
        asked = len(texts.posted)
        assert 1 <= asked <= THREADS[Channel.SMS]
        tried = [
            row
            for person in range(MAILED + 1, MAILED + TEXTED + 1)
            for row in post.reminders(person, EVENING)
            if row.attempts
        ]
        assert {row.ready_at for row in tried} == {post.clock.now + timedelta(minutes=10)}
        texts.status, texts.headers = 201, {}
        post.clock.now += timedelta(minutes=10)
        assert reminders.deliver(post.courier, Channel.SMS, lambda: False) == TEXTED


def test_a_gateway_in_trouble_is_asked_once_for_each_and_later_again(
    post: Post, texts: HttpSink
) -> None:
    texts.status = 500
    with texting(post, texts):
        post.clock.now = datetime.fromisoformat(FIRST)
        assert reminders.deliver(post.courier, Channel.SMS, lambda: False) == 0
        assert len(texts.posted) == TEXTED
        texts.status = 201
        post.clock.now += timedelta(minutes=2)
        assert reminders.deliver(post.courier, Channel.SMS, lambda: False) == TEXTED
    keys = [posted.headers["idempotency-key"] for posted in texts.posted]
    assert sorted(keys[:TEXTED]) == sorted(keys[TEXTED:])


def test_a_gateway_that_is_not_there_is_tried_again(post: Post) -> None:
    with http_sink() as gone:
        pass
    with texting(post, gone):
        post.clock.now = datetime.fromisoformat(FIRST)
        assert reminders.deliver(post.courier, Channel.SMS, lambda: False) == 0
    assert set(texted(post)) == {"planned"}
