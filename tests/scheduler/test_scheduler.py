"""The timetable at work: beside the service, alone, asked to stop, and killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi.testclient import TestClient

from app import scheduler
from app.gateways.mail import RecordingMailer, SmtpMailer
from app.main import create_app
from app.services import devices
from app.services.ports import Gateways, Mail
from app.services.reminders import HEARTBEAT, LEASE, Courier
from app.store import reminders
from app.store.session import Database
from app.store.tables import Device
from tests.people import Stage, Who, settings_for
from tests.reminded import ENROLLED_AT, EVENING, FIRST, OPENING, Clock, Post
from tests.servers import MailSink

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
AFTER_THE_STUDY = datetime(2026, 4, 2, tzinfo=UTC)


class HoldingSink(MailSink):
    """A mail server that takes one message in and does not answer until it is told to."""

    def __init__(self, hold_no: int) -> None:
        self.hold_no = hold_no
        self.holds = Event()
        self._released = asyncio.Event()
        super().__init__()

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.messages) == self.hold_no:
            self.holds.set()
            await self._released.wait()
        return answer

    def release(self) -> None:
        """Answer at last."""
        self.loop.call_soon_threadsafe(self._released.set)

    def times_by_message(self) -> Counter[str]:
        """How often each message came."""
        return Counter(message["Message-ID"] for message in self.messages)


@contextmanager
def holding(hold_no: int) -> Iterator[HoldingSink]:
    sink = HoldingSink(hold_no)
    sink.start()
    try:
        yield sink
    finally:
        sink.release()
        sink.stop()


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of the diary; killed when the test leaves it running."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read the log of a process up to a line that holds some words."""
    assert process.stderr is not None
    log = []
    for line in process.stderr:
        log.append(line)
        if words in line:
            return
    raise AssertionError("".join(log))


@pytest.fixture
def post(database: Database) -> Post:
    """A scheduler on the database that children share."""
    return Post(database=database, clock=Clock(ENROLLED_AT))


@pytest.fixture
def people(post: Post) -> list[int]:
    """Three participants whose evening has begun and is planned."""
    enrolled = [post.enrol(name) for name in ("a", "b", "c")]
    post.run(OPENING)
    return enrolled


def test_it_runs_beside_the_service(stage: Stage) -> None:
    told = Event()

    class Tells(RecordingMailer):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            if len(self.sent) == 2:
                told.set()

    mailer = Tells()
    app = create_app(
        settings_for(str(stage.database.url)),
        clock=stage.clock,
        schedule=lambda service: scheduler.running(service, gateways=Gateways(mailer=mailer)),
    )
    with TestClient(app) as client:
        assert told.wait(PATIENCE_S)
        assert client.get("/healthz").status_code == 200
    assert {mail.to for mail in mailer.sent} == {"quelqu.un@example.org"}
    with stage.database.read() as session:
        assert reminders.find_heartbeat(session, HEARTBEAT) == stage.clock.now
    counted = app.state.service.meters.registry.get_sample_value
    mailed = {"channel": "email", "outcome": "handed_over"}
    assert counted("diary_messages_total", mailed) == 2


def test_a_kill_repeats_only_what_was_in_hand_under_the_same_id(
    post: Post, people: list[int], database_url: str
) -> None:
    with holding(2) as sink:
        arguments = (database_url, str(sink.port), "0", FIRST)
        with started("-m", "tests.scheduler.child", *arguments) as child:
            assert sink.holds.wait(PATIENCE_S)
            child.send_signal(signal.SIGKILL)
            child.wait(PATIENCE_S)
        sink.release()
        before = dict(sink.times_by_message())
        post.mailer = SmtpMailer(
            host="127.0.0.1", port=sink.port, security="none", sender="carnet@notes.example"
        )
        post.run(datetime.fromisoformat(FIRST) + LEASE - timedelta(seconds=1))
        assert sink.times_by_message() == before
        post.run(datetime.fromisoformat(FIRST) + LEASE)
    after = sink.times_by_message()
    assert len(after) == 3
    assert all(times == before.get(key, 0) + 1 for key, times in after.items())
    assert {post.states(person, EVENING)[0] for person in people} == {"handed_over"}


def test_sigterm_finishes_the_hand_and_takes_no_other(
    post: Post, people: list[int], database_url: str
) -> None:
    arguments = (database_url, "{port}", "0", FIRST)
    with holding(1) as sink:
        told = [argument.format(port=sink.port) for argument in arguments]
        with started("-m", "tests.scheduler.child", *told) as child:
            assert sink.holds.wait(PATIENCE_S)
            child.send_signal(signal.SIGTERM)
            read_until(child, "scheduler stopping")
            sink.release()
            assert child.wait(PATIENCE_S) == 0
    states = [post.states(person, EVENING)[0] for person in people]
    assert states.count("handed_over") == len(sink.messages)
    assert set(states) <= {"handed_over", "planned"}


def test_credentials_end_by_the_hour(stage: Stage) -> None:
    credential = stage.cast.cookies[Who.OWN]["device"]
    with stage.database.write() as session:
        device = session.get(Device, stage.actor(Who.OWN).device_id)
        assert device is not None
        device.emptied_at = AFTER_THE_STUDY
    courier = Courier(
        database=stage.database,
        deployment=stage.deployment,
        gateways=Gateways(mailer=RecordingMailer()),
        worker="a worker",
        clock=lambda: AFTER_THE_STUDY + timedelta(days=60),
    )
    (cadence,) = (line for line in scheduler.TIMETABLE if line.name == "credentials")
    assert (cadence.minutes, cadence.seconds) == ("7", "0")
    assert cadence.call(courier, lambda: False) == 1
    with stage.database.read() as session:
        assert devices.find_enrolled(session, credential) is None


def test_the_command_runs_until_it_is_asked_to_stop(database_url: str) -> None:
    with started("-m", "app", "scheduler", **settings(database_url, "127.0.0.1")) as process:
        read_until(process, "scheduler started")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_the_command_says_which_ways_it_does_not_have(database_url: str) -> None:
    with started("-m", "app", "scheduler", **settings(database_url, "")) as process:
        read_until(process, "DIARY_SMTP_HOST is not set")
        read_until(process, "scheduler started")


def settings(database_url: str, smtp_host: str) -> dict[str, str]:
    """The environment of a deployment under test."""
    return {
        "DIARY_DATABASE_URL": database_url,
        "DIARY_SECRET_KEY": settings_for(database_url).secret_key.get_secret_value(),
        "DIARY_SMTP_HOST": smtp_host,
        "DIARY_DEMO": "false",
    }
