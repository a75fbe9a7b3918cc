"""Three schedulers and two servers on one PostgreSQL, each killed at any moment while they send.

None of the messages is lost; one may come twice only when it was in hand at a kill, and then under
its own key.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from app.domain.schedule import ReminderState
from app.store.session import Database
from app.store.tables import Reminder, ReminderEvent
from tests.effort import effort
from tests.engines import Engine, migrate
from tests.reminded import ENROLLED_AT, FIRST, OPENING, Clock, Post
from tests.servers import MailSink, http_sink

ROOT = Path(__file__).parents[2]
PEOPLE = effort(500, 5_000)
KILLS = effort(6, 60)
FIRST_AT = datetime.fromisoformat(FIRST)
SPEED = effort(60, 15)
"""The lease of five minutes ends after 5 seconds, or 20; a step is of use for 24 leases."""
PATIENCE_S = effort(120, 600)


@pytest.fixture
def post(postgresql_engine: Engine) -> Iterator[Post]:
    """Everybody enrolled and planned: one half by mail, the other by text message."""
    url, _ = postgresql_engine.copy_of(migrate)
    database = Database(url)
    post = Post(database=database, clock=Clock(ENROLLED_AT))
    for n in range(PEOPLE):
        is_mailed = n % 2 == 0
        post.enrol(f"k{n}", has_address=is_mailed, phone=None if is_mailed else f"+336{n:08}")
    post.run(OPENING)
    yield post
    database.close()
    postgresql_engine.drop(url)


def left(post: Post) -> int:
    """How many of the evening's first reminders are not handed over."""
    query = (
        select(func.count())
        .select_from(Reminder)
        .where(Reminder.due_at == FIRST_AT, Reminder.state != ReminderState.HANDED_OVER.value)
    )
    with post.database.read() as session:
        return session.scalar(query) or 0


def start(post: Post, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.scheduler.child", post.url, *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def test_kills_lose_none_and_double_only_what_was_in_hand(post: Post, mail_sink: MailSink) -> None:
    chance, room = random.Random(19), Event()
    with http_sink() as texts, ExitStack() as running:
        began = f"{FIRST}@{time.monotonic()}"
        arguments = (str(mail_sink.port), str(texts.port), began, str(SPEED))

        def begin(n: int) -> subprocess.Popen[bytes]:
            # The last two also serve the diary.
            process = start(post, *arguments, *(["0"] if n >= 3 else []))
            running.callback(process.kill)
            return process

        processes = [begin(n) for n in range(5)]
        until, kills, seen = time.monotonic() + PATIENCE_S, 0, -1
        while left(post) and time.monotonic() < until:
            room.wait(0.05)  # five processes share two cores with this loop
            arrived = len(mail_sink.messages) + len(texts.posted)
            if kills < KILLS and arrived > seen:
                n, seen = chance.randrange(5), arrived + PEOPLE // (2 * KILLS)
                processes[n].send_signal(signal.SIGKILL)
                processes[n].wait()
                processes[n], kills = begin(n), kills + 1
        for process in processes:
            process.kill()
            process.wait()
        keys = [message["Message-ID"][1:37] for message in mail_sink.messages]
        keys += [posted.headers["idempotency-key"] for posted in texts.posted]
    with post.database.read() as session:
        due = set(session.scalars(select(Reminder.id).where(Reminder.due_at == FIRST_AT)))
        taken_twice = set(
            session.scalars(
                select(ReminderEvent.reminder_id).where(ReminderEvent.event == "abandoned")
            )
        )
    assert left(post) == 0
    assert set(keys) == due
    doubled = {key for key, times in Counter(keys).items() if times > 1}
    assert doubled <= taken_twice
    assert kills == KILLS
