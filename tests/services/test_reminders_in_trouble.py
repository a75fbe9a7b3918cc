"""Reminders after a sleep, a refusal, a death or a jam: none lost, no burst, none doubled."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.errors import Unavailable
from app.domain.reach import Channel
from app.gateways.mail import RecordingMailer
from app.services.ports import ChannelAway, Mail, PassingFailure, PermanentFailure
from app.services.reminders import LEASE
from app.services.reminders.lane import THREADS
from app.store.session import Database, WriteSession
from app.store.tables import Contact
from tests.reminded import (
    ENROLLED_AT,
    EVENING,
    FIRST,
    LAST,
    OPENING,
    SECOND,
    Clock,
    Post,
    address_of,
    every,
)


def test_after_a_sleep_only_the_reminder_still_of_use_goes(post: Post) -> None:
    person = post.enrol("a")
    post.run(OPENING)
    assert post.run("2026-02-03T22:45+01:00") == 1
    assert post.states(person, EVENING) == ["expired", "expired", "handed_over"]
    post.run("2026-02-04T00:00+01:00")
    assert len(post.sent) == 1


def test_an_evening_slept_through_is_not_made_up_for(post: Post) -> None:
    person = post.enrol("a")
    post.run(OPENING)
    post.run("2026-02-04T09:00+01:00")
    assert post.states(person, EVENING) == ["expired"] * 3
    assert post.sent == []


def test_a_refused_address_is_not_tried_again_and_holds_up_nobody(post: Post) -> None:
    refused = post.enrol("a")
    post.enrol("b")
    post.mailer = RecordingMailer(failures={address_of("a"): PermanentFailure("recipient_550")})
    assert post.run(FIRST) == 1
    post.run("2026-02-03T19:30+01:00")
    assert post.states(refused, EVENING) == ["failed", "planned", "planned"]
    row = post.reminders(refused, EVENING)[0]
    assert post.events(row.id)[-1] == ("failed", "recipient_550")
    assert row.attempts == 1


def test_a_passing_failure_is_tried_again_later_each_time_under_the_same_key(post: Post) -> None:
    person = post.enrol("a")
    failing = RecordingMailer(failures={address_of("a"): PassingFailure("recipient_451")})
    post.mailer = failing
    tries = []
    for now in every(timedelta(seconds=20), FIRST, "2026-02-03T19:25+01:00"):
        before = post.events_count(person, EVENING, "put_off")
        post.run(now)
        if post.events_count(person, EVENING, "put_off") > before:
            tries.append(now)
    pauses = [(later - now) / timedelta(minutes=1) for now, later in pairwise(tries)]
    assert len(pauses) >= 4
    # A quarter sooner or later, so that what failed together comes apart; seen every 20 seconds.
    for pause, usual in zip(pauses, (1, 2, 4, 8), strict=False):
        assert usual * 0.75 <= pause <= usual * 1.25 + 1 / 3
    key = post.reminders(person, EVENING)[0].id
    failing.failures.clear()
    post.run("2026-02-03T19:50+01:00")
    assert [mail.key for mail in failing.sent] == [key]


def test_what_failed_together_is_not_tried_again_together(post: Post) -> None:
    people = [post.enrol(f"p{n}") for n in range(8)]
    post.mailer = RecordingMailer(
        failures={address_of(f"p{n}"): PassingFailure("recipient_451") for n in range(8)}
    )
    post.run(FIRST)
    ready = {post.reminders(person, EVENING)[0].ready_at for person in people}
    assert len(ready) == len(people)


def test_a_server_says_how_long_it_wants_to_be_left_alone(post: Post) -> None:
    person = post.enrol("a")
    post.mailer = RecordingMailer(
        failures={address_of("a"): PassingFailure("message_429", retry_after_s=1800)}
    )
    post.run(FIRST)
    ready_at = post.reminders(person, EVENING)[0].ready_at
    assert ready_at == datetime.fromisoformat(FIRST) + timedelta(minutes=30)


def test_a_passing_failure_ends_when_the_next_reminder_is_due(post: Post) -> None:
    person = post.enrol("a")
    post.mailer = RecordingMailer(failures={address_of("a"): PassingFailure("recipient_451")})
    for now in every(timedelta(minutes=15), FIRST, "2026-02-04T00:15+01:00"):
        post.run(now)
    assert post.states(person, EVENING) == ["expired"] * 3


def test_a_server_that_is_away_is_left_alone_until_the_next_call(post: Post) -> None:
    people = [post.enrol(f"p{n}") for n in range(30)]
    away = {address_of(f"p{n}"): ChannelAway("TimeoutError") for n in range(30)}
    post.mailer = RecordingMailer(failures=away)
    assert post.run(FIRST) == 0
    attempts = [post.reminders(person, EVENING)[0].attempts for person in people]
    # Those that were under way side by side when the first failed, in each of the two calls.
    assert 1 <= sum(attempts) <= 2 * THREADS[Channel.EMAIL]
    post.mailer = RecordingMailer()
    assert post.run("2026-02-03T19:05+01:00") == 30


def test_whom_nothing_reaches_the_site_is_asked_to_call_once_an_evening(post: Post) -> None:
    nowhere, unreadable = post.enrol("a", has_address=False), post.enrol("b")
    post.enrol("c")
    with post.database.write() as session:
        session.get_one(Contact, unreadable).email_sealed = b"sealed by nobody"
    assert post.run(FIRST) == 1
    post.run(SECOND)
    post.run(LAST)
    for person in (nowhere, unreadable):
        assert post.states(person, EVENING) == ["with_site", "stopped", "stopped"]
    post.run("2026-02-04T00:00+01:00")
    assert post.states(nowhere, EVENING)[0] == "expired"


def test_a_fault_of_ours_in_one_message_fails_it_alone(post: Post) -> None:
    people = [post.enrol(f"p{n}") for n in range(4)]

    class Faulty(RecordingMailer):
        def send(self, mail: Mail) -> None:
            if mail.to == address_of("p1"):
                raise RuntimeError("nobody thought of this")
            super().send(mail)

    post.mailer = Faulty()
    assert post.run(FIRST) == 3
    post.run(datetime.fromisoformat(FIRST) + LEASE)
    assert Counter(mail.to for mail in post.sent) == {address_of(f"p{n}"): 1 for n in (0, 2, 3)}
    assert post.states(people[1], EVENING)[0] == "failed"
    failed = post.reminders(people[1], EVENING)[0]
    assert post.events(failed.id)[-1] == ("failed", "RuntimeError")


def keys_of(post: Post, people: list[int]) -> set[str]:
    """The keys of the evening's first reminders."""
    return {post.reminders(person, EVENING)[0].id for person in people}


class Dies(RecordingMailer):
    """A mailer whose process is gone once the message is with the server."""

    def send(self, mail: Mail) -> None:
        super().send(mail)
        raise SystemExit


def test_a_death_after_sending_repeats_only_what_was_in_hand(post: Post) -> None:
    people = [post.enrol(f"p{n}") for n in range(4)]
    dying = Post(database=post.database, clock=post.clock, worker="dying", mailer=Dies())
    with pytest.raises(SystemExit):
        dying.run(FIRST)
    in_hand = {mail.key for mail in dying.sent}
    after = datetime.fromisoformat(FIRST) + LEASE
    assert post.run(after - timedelta(seconds=1)) == 0
    assert post.run(after) == 4
    assert Counter(mail.key for mail in post.sent) == dict.fromkeys(keys_of(post, people), 1)
    assert in_hand <= keys_of(post, people)
    assert all(("abandoned", "") in post.events(key) for key in keys_of(post, people))
    assert [post.states(person, EVENING)[0] for person in people] == ["handed_over"] * 4


def test_a_slow_scheduler_that_was_overtaken_does_not_have_the_last_word(post: Post) -> None:
    person = post.enrol("a")

    class Slow(RecordingMailer):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            post.run(datetime.fromisoformat(FIRST) + LEASE)

    slow = Post(database=post.database, clock=Clock(post.clock.now), worker="slow", mailer=Slow())
    slow.run(FIRST)
    row = post.reminders(person, EVENING)[0]
    assert [event for event, _ in post.events(row.id)] == [
        "planned",
        "abandoned",
        "handed_over",
        "overtaken",
    ]
    assert row.state == "handed_over"


def test_a_slow_scheduler_leaves_the_message_to_the_hand_that_has_it_now(post: Post) -> None:
    person = post.enrol("a")
    other = Post(database=post.database, clock=post.clock, worker="other", mailer=Dies())

    class Slow(RecordingMailer):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            with pytest.raises(SystemExit):
                other.run(datetime.fromisoformat(FIRST) + LEASE)

    slow = Post(database=post.database, clock=Clock(post.clock.now), worker="slow", mailer=Slow())
    slow.run(FIRST)
    row = post.reminders(person, EVENING)[0]
    assert (row.state, row.claimed_by) == ("in_hand", "other")


class Busy(Database):
    """A database that is busy for some of the next writes."""

    refusals = 0

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable
        with super().write() as session:
            yield session


def test_a_busy_database_is_asked_again_to_note_what_was_sent(database_url: str) -> None:
    busy = Busy(database_url)

    class Jams(RecordingMailer):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            busy.refusals = 4

    post = Post(database=busy, clock=Clock(ENROLLED_AT), mailer=Jams())
    person = post.enrol("a")
    assert post.run(FIRST) == 1
    assert post.states(person, EVENING)[0] == "handed_over"
    busy.close()


def test_a_process_that_is_to_stop_takes_nothing_more(post: Post) -> None:
    people = [post.enrol(f"p{n}") for n in range(3)]
    post.run(OPENING)
    assert post.run(FIRST, is_stopping=lambda: True) == 0
    assert {post.states(person, EVENING)[0] for person in people} == {"planned"}
