"""The team's digest: who gets one and when, what it says, once, and again after a failure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.gateways.mail import RecordingMailer
from app.services import digests
from app.services.own_account import EMAIL
from app.services.ports import Gateways, Mail, PassingFailure, PermanentFailure
from app.services.reminders import Courier
from app.store.tables import Alert, Staff
from tests import desk_scenes, scenes_at_work
from tests.people import Stage, Who

MORNING = datetime(2026, 1, 21, 7, 0, tzinfo=UTC)
"""Eight o'clock on the Wednesday after the scene, at the site."""
HEALTH = ("crps", "sdrc", "pain", "douleur", "hospital", "hôpital", "mg", "fièvre", "fever", "ms-")


class Failing(RecordingMailer):
    """A mail server that refuses, and then takes."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.faults = [fault]

    def send(self, mail: Mail) -> None:
        """Refuse once."""
        if self.faults:
            raise self.faults.pop()
        super().send(mail)


def send(stage: Stage, mailer: RecordingMailer, at: datetime = MORNING) -> int:
    courier = Courier(
        database=stage.database,
        deployment=stage.deployment,
        gateways=Gateways(mailer=mailer),
        worker="test",
        clock=lambda: at,
    )
    return digests.send_due(courier, lambda: False)


@pytest.fixture
def team(stage: Stage) -> Stage:
    """Alerts wait, and everybody of the staff has an address."""
    scenes_at_work.at_work(stage, Who.OWN)
    stage.client(Who.KEY).get("/api/v1/metadata")  # a key that was never used waits for somebody
    seal = stage.deployment.vault.seal
    with stage.database.write() as session:
        for who in (Who.CLINICIAN, Who.COORDINATOR, Who.MONITOR, Who.FAR_CLINICIAN):
            staff = session.get(Staff, stage.actor(who).id)
            assert staff is not None
            staff.email_sealed = seal(f"{who.name.lower()}@example.org", EMAIL)
            staff.language = "fr" if who is Who.CLINICIAN else "en"
    return stage


def test_each_of_the_team_is_told_how_much_waits_and_no_word_of_health(team: Stage) -> None:
    mailer = RecordingMailer()
    assert send(team, mailer) == 2
    sent = {mail.to: mail for mail in mailer.sent}
    assert set(sent) == {"clinician@example.org", "coordinator@example.org"}
    clinician, coordinator = (sent[f"{who}@example.org"] for who in ("clinician", "coordinator"))
    assert clinician.subject == "Tâches qui vous attendent\u00a0: 3"
    assert "Depuis plus d’un jour ouvré : 2." in clinician.body.replace("\u00a0", " ")
    assert "http://localhost:8000/desk/work" in clinician.body
    assert coordinator.subject == "Tasks waiting for you: 3"
    for mail in mailer.sent:
        said = f"{mail.sender_name} {mail.subject} {mail.body}".lower()
        assert not [word for word in HEALTH if word in said]


def test_who_watches_over_copies_is_told_of_one_that_is_behind_until_it_has_caught_up(
    team: Stage,
) -> None:
    with team.database.write() as session:
        for who in (Who.DATA_MANAGER, Who.COORDINATOR):
            staff = session.get(Staff, team.actor(who).id)
            assert staff is not None
            staff.email_sealed = team.deployment.vault.seal(f"{who.name}@example.org", EMAIL)
    desk_scenes.pulled(team, Who.OWN)
    mailer = RecordingMailer()
    send(team, mailer)
    sent = {mail.to.split("@")[0].upper(): mail for mail in mailer.sent}
    line = "Copies of the trial database more than 24 hours behind: 1. http"
    assert {who: line in mail.body for who, mail in sent.items()} == {
        "CLINICIAN": False,
        "COORDINATOR": True,
        "DATA_MANAGER": True,
    }
    assert sent["DATA_MANAGER"].subject == "Tasks waiting for you: 1"
    assert sent["DATA_MANAGER"].body.count("\n") == 1
    client = team.client(Who.KEY)
    page = client.get("/api/v1/changes", params={"limit": 1000}).json()
    client.put("/api/v1/cursors/warehouse", json={"cursor": page["next_cursor"]})
    mailer = RecordingMailer()
    send(team, mailer, MORNING + timedelta(days=1))
    assert not [mail for mail in mailer.sent if line[:20] in mail.body]


def test_once_a_day_whoever_sends_it(team: Stage) -> None:
    mailer = RecordingMailer()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: send(team, mailer), range(4))) == 2
    assert send(team, mailer, MORNING + timedelta(hours=1)) == 0
    assert send(team, mailer, MORNING + timedelta(days=1)) == 2
    assert len({mail.key for mail in mailer.sent}) == len(mailer.sent) == 4


def test_none_goes_outside_the_hours_of_a_working_day(team: Stage) -> None:
    too_early, too_late = MORNING - timedelta(minutes=1), MORNING + timedelta(hours=9)
    saturday, easter_monday = (datetime(2026, *on, 8, tzinfo=UTC) for on in ((1, 24), (4, 6)))
    for at in (too_early, too_late, saturday, easter_monday):
        assert send(team, RecordingMailer(), at) == 0


def test_none_goes_when_nothing_waited_as_the_hour_struck(team: Stage) -> None:
    with team.database.write() as session:
        for alert in session.query(Alert).where(Alert.closed_at.is_(None)):
            alert.raised_at = MORNING + timedelta(minutes=5)
    assert send(team, RecordingMailer(), MORNING + timedelta(hours=1)) == 0


@pytest.mark.parametrize(
    ("fault", "later"), [(PassingFailure("busy"), 2), (PermanentFailure("refused"), 1)]
)
def test_only_a_passing_failure_is_tried_again(team: Stage, fault: Exception, later: int) -> None:
    mailer = Failing(fault)
    assert send(team, mailer) == 1
    send(team, mailer, MORNING + timedelta(minutes=10))
    assert len(mailer.sent) == later
