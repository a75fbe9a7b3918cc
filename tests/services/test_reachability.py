"""Whether somebody can be reached: what each way's latest messages say, and the site's test."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import NotAllowed, NotFound, WrongState
from app.domain.participant import Move
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.services import channels, participants
from app.services.channels import Delivery
from app.services.deployment import Deployment
from app.services.reachability import Known, Reachability, Way, read_reachability
from tests.desk import acts, message, person_of, staff
from tests.people import NOW, Stage, Who

YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=7)


def by_mail(stage: Stage) -> Deployment:
    """The deployment with e-mail set up."""
    return replace(stage.deployment, channels=frozenset({Channel.EMAIL}))


def reach(stage: Stage, deployment: Deployment | None = None) -> Reachability:
    with stage.database.read() as session:
        return read_reachability(
            session,
            deployment=deployment or by_mail(stage),
            person=person_of(stage),
            now=stage.clock.now,
        )


def ask(stage: Stage, who: Who = Who.CLINICIAN, deployment: Deployment | None = None) -> None:
    with stage.database.write() as session:
        channels.ask_test_for(
            session,
            deployment=deployment or by_mail(stage),
            actor=staff(stage, who),
            study_code=stage.cast.study_codes[Who.OWN],
            now=stage.clock.now,
        )


@pytest.mark.parametrize(
    ("messages", "known", "at"),
    [
        ((), Known.UNTRIED, None),
        (({"at": YESTERDAY},), Known.UNCONFIRMED, YESTERDAY),
        (({"at": LAST_WEEK, "delivered_at": LAST_WEEK}, {"at": YESTERDAY}),
         Known.CONFIRMED, LAST_WEEK),
        (({"at": LAST_WEEK}, {"at": YESTERDAY, "state": ReminderState.FAILED}),
         Known.REFUSED, YESTERDAY),
        (({"at": YESTERDAY, "state": ReminderState.FAILED, "handed_over_at": NOW},),
         Known.REFUSED, YESTERDAY),
        (({"at": LAST_WEEK, "state": ReminderState.FAILED}, {"at": YESTERDAY}),
         Known.UNCONFIRMED, YESTERDAY),
        (({"at": YESTERDAY, "kind": Kind.TEST, "delivered_at": YESTERDAY},),
         Known.CONFIRMED, YESTERDAY),
        (({"at": YESTERDAY, "state": ReminderState.STOPPED},), Known.UNTRIED, None),
    ],
)  # fmt: skip
def test_the_latest_word_counts(
    stage: Stage, messages: tuple[dict[str, Any], ...], known: Known, at: Any
) -> None:
    for one in messages:
        message(stage, on=one["at"].date(), **one)
    assert reach(stage).ways == (Way(Channel.EMAIL, known, at),)


def test_without_a_way_somebody_is_called(stage: Stage) -> None:
    message(stage, at=YESTERDAY)
    found = reach(stage, replace(stage.deployment, channels=frozenset({Channel.SMS})))
    assert found.ways == ()
    assert found.lost == (Way(Channel.EMAIL, Known.UNCONFIRMED, YESTERDAY),)


def test_the_site_sends_a_test(stage: Stage) -> None:
    ask(stage)
    test = reach(stage).last_test
    assert test is not None
    assert (test.channel, test.delivery) == (Channel.EMAIL, Delivery.ON_ITS_WAY)
    (act,) = acts(stage, "participant.test_asked")
    assert (act["actor"]["role"], act["study_code"]) == (
        "clinician",
        stage.cast.study_codes[Who.OWN],
    )


def test_a_test_needs_a_way_a_right_and_a_course(stage: Stage) -> None:
    with pytest.raises(WrongState, match="no_address"):
        ask(stage, deployment=replace(stage.deployment, channels=frozenset({Channel.SMS})))
    with pytest.raises(NotAllowed):
        ask(stage, Who.MONITOR)
    with pytest.raises(NotFound):
        ask(stage, Who.FAR_CLINICIAN)
    with stage.database.write() as session:
        participants.change_state(
            session,
            actor=staff(stage),
            study_code=stage.cast.study_codes[Who.OWN],
            by=Move.WITHDRAW,
            reason="wish",
            now=NOW,
        )
    with pytest.raises(WrongState, match="not_in_this_state"):
        ask(stage)
