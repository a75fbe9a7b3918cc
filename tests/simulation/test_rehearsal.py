"""The rehearsal ends well in a whole deployment, and names what does not hold in a faulty one."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.records import Submission
from app.services.diary import Outcome, Receipt
from app.services.ports import Mail
from app.simulation import reckoning
from app.simulation.behaviours import life
from app.simulation.memory import Phone
from app.simulation.people import recruits
from app.simulation.reckoning import Feed
from app.simulation.rehearsal import rehearse
from app.simulation.rough import RoughWorld, Sending
from app.store.session import Database
from tests.present import TEAM
from tests.simulation.conftest import deployment
from tests.simulation.test_behaviours import diarist

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 4, 20, 19, 40, tzinfo=UTC)


@pytest.mark.trust(14)
def test_a_study_is_lived_and_everything_holds(database: Database) -> None:
    shares: list[float] = []
    done = rehearse(
        database,
        deployment(demo=True),
        participants=4,
        days=10,
        now=NOW,
        progress=shares.append,
    )
    assert [faults for _, faults in done.checks] == [[]] * 6
    assert done.holds
    assert done.sent == done.acknowledged > 60
    assert done.tries > done.sent
    assert done.saved == done.pulled
    assert done.kept_back["second_diary"] >= 1
    assert done.mails > 10
    assert [row.expected for row in done.rows] == [row.shown for row in done.rows]
    assert all(row.expected.due == 10 for row in done.rows)
    assert 0 < shares[0] < shares[-1] <= 1
    with pytest.raises(ValueError, match="not empty"):
        rehearse(database, deployment(demo=True), participants=1, days=10, now=NOW)


@pytest.fixture
def lived(database: Database) -> RoughWorld:
    """The log of one evening: a diary that was saved and acknowledged."""
    [person] = recruits("meso", date(2026, 4, 1), 1)
    given = deployment(demo=True)
    first = next(
        event
        for event in life(diarist(person, given.study))
        if isinstance(event.act, Submission) and event.act.kind == "diary"
    )
    assert isinstance(first.act, Submission)
    receipt = Receipt(Outcome.SAVED, first.act.record_id, version=1)
    sending = Sending(person, first.act, tries=1, receipt=receipt, acknowledged_at=first.at)
    phones = {person.number: Phone(study_code="MS-AAAAA", credential="none")}
    return RoughWorld(database, given, "lyon", TEAM, phones, sendings=[sending])


def test_what_is_lost_or_doubled_is_named(lived: RoughWorld) -> None:
    [sending] = lived.sendings
    record_id = sending.submission.record_id
    whole = Feed()
    whole.from_phones[record_id, 1] = 1
    assert [*reckoning.lost_or_doubled(lived, whole)] == []
    assert [*reckoning.lost_or_doubled(lived, Feed())] == [
        f"{record_id} version 1: sent 1, in the feed 0"
    ]
    whole.from_phones[record_id, 1] = 2
    assert len([*reckoning.lost_or_doubled(lived, whole)]) == 1
    sending.acknowledged_at = None
    assert len([*reckoning.unacknowledged(lived)]) == 1


def test_a_fourth_message_and_one_after_the_entry_are_named(lived: RoughWorld) -> None:
    [sending] = lived.sendings
    at = sending.acknowledged_at
    assert at is not None

    def mail(sent_at: datetime) -> Mail:
        to = sending.person.email or ""
        return Mail("key", to, "sender", "subject", "body", "fr", sent_at)

    before = [mail(at - timedelta(minutes=n)) for n in range(4)]
    assert [*reckoning.misdirected(lived, before[:3])] == []
    assert len([*reckoning.misdirected(lived, before)]) == 1
    after = [mail(at + timedelta(minutes=1))]
    assert "after the entry" in next(reckoning.misdirected(lived, after))


def test_a_second_entry_that_was_saved_is_named(lived: RoughWorld) -> None:
    [first] = lived.sendings
    lived.sendings.append(Sending(first.person, first.submission, True, 1, first.receipt))
    assert len([*reckoning.unexplained(lived)]) == 1


def test_the_command_prints_the_table_and_what_holds(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "rehearse", "--participants", "1", "--days", "8"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("holds: ") == 6
    assert "DOES NOT HOLD" not in ended.stdout
    assert "participant  due  answered" in ended.stdout
