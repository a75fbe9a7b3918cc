"""When the site should call: each rule at its threshold, on the study's own settings."""

from datetime import date, timedelta
from pathlib import Path

import pytest

import app.studies
from app.domain.alerts import may_rise_again, reasons_to_call
from app.domain.figures import Day
from app.domain.letters import Unsettled
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import Due
from app.domain.study import AlertRules, load_study
from app.domain.study.rules import Scale

STUDY = load_study(Path(app.studies.__file__).parent / "meso_sdrc")
LAST = date(2026, 2, 20)
DAY = timedelta(days=1)
COMPLETE, PARTIAL, MISSING = EntryStatus.COMPLETE, EntryStatus.PARTIAL, EntryStatus.MISSING


def days(*said: int | str | None) -> list[Day]:
    """The last days: a score, "flare", None for missed, "paused", "open" for still open."""
    found = []
    for back, what in zip(range(len(said) - 1, -1, -1), said, strict=True):
        on = LAST - DAY * back
        if isinstance(what, int):
            found.append(Day(on, COMPLETE, what, AnswerStatus.ANSWERED))
        elif what == "flare":
            found.append(Day(on, PARTIAL, 60, AnswerStatus.ANSWERED))
        elif what == "paused":
            found.append(Day(on, EntryStatus.PAUSED, due=Due.PAUSED))
        else:
            found.append(Day(on, MISSING, closed=what != "open"))
    return found


def reasons(*said: int | str | None, scale: Scale = "vas100") -> set[str]:
    return set(reasons_to_call(days(*said), scale, STUDY.alerts, STUDY.week))


@pytest.mark.parametrize(
    ("said", "is_up"),
    [
        ((50, 90, 90), True),
        ((50, 90, 89), False),
        ((90,), False),
        ((90, None, 90), False),
        ((90, 90, "open"), True),
        ((65, 65, 65, 65, 65, 65, 65, 80, 83), True),
        ((70, 70, 70, 70, 70, 70, 70, 80, 80), False),
        ((65, 65, 65, 80, 83), False),
    ],
    ids=[
        "two days at 90",
        "one day short",
        "one day alone",
        "not running",
        "tonight still open",
        "80 and 15 above the mean before",
        "80 and not 15 above",
        "80 and no mean before",
    ],
)
def test_high_pain_two_days_running(said: tuple[int | str | None, ...], is_up: bool) -> None:
    assert ("pain_high" in reasons(*said)) is is_up


def test_high_pain_on_the_scale_from_0_to_10_has_its_own_numbers() -> None:
    assert "pain_high" in reasons(9, 9, scale="nrs11")
    assert "pain_high" not in reasons(9, 9, scale="vas100")


def test_two_flare_days_running() -> None:
    assert "flare_running" in reasons(40, "flare", "flare")
    assert "flare_running" not in reasons("flare", 40, "flare")
    assert "flare_running" not in reasons("flare", None, "flare")


@pytest.mark.parametrize(
    ("said", "is_up"),
    [
        ((50, None, None), True),
        ((50, None, None, "open"), True),
        ((50, None, "paused", None), True),
        ((None, 50, None), False),
        ((None,), False),
    ],
)
def test_two_due_days_missed_running(said: tuple[int | str | None, ...], is_up: bool) -> None:
    assert ("missed_running" in reasons(*said)) is is_up


def test_fewer_than_four_entries_in_the_last_seven_due_days() -> None:
    assert "few_entries" in reasons(50, None, 50, None, 50, None, None)
    assert "few_entries" not in reasons(50, None, 50, None, 50, None, 50)
    assert "few_entries" not in reasons(50, None, None)


def test_a_rule_that_is_off_says_nothing() -> None:
    off = STUDY.alerts.model_copy(
        update={"missed_running": STUDY.alerts.missed_running.model_copy(update={"on": False})}
    )
    assert "missed_running" not in reasons_to_call(days(None, None), "vas100", off, STUDY.week)


@pytest.mark.parametrize(
    ("unsettled", "code"),
    [
        (Unsettled(has_request=True), "request"),
        (Unsettled(is_disowned=True), "disowned"),
        (Unsettled(is_unconfirmed=True), "unconfirmed"),
    ],
)
def test_a_letter_calls_even_when_no_diary_is_due(unsettled: Unsettled, code: str) -> None:
    assert reasons_to_call((), "vas100", STUDY.alerts, STUDY.week, unsettled) == (code,)


def test_nobody_calls_for_nothing() -> None:
    assert reasons() == set()
    assert reasons(50, 51, 49) == set()


def test_out_of_reach_is_a_rule_with_a_switch() -> None:
    def found(rules: AlertRules) -> tuple[str, ...]:
        return reasons_to_call((), "vas100", rules, STUDY.week, is_unreachable=True)

    assert found(STUDY.alerts) == ("unreachable",)
    off = STUDY.alerts.unreachable.model_copy(update={"on": False})
    assert found(STUDY.alerts.model_copy(update={"unreachable": off})) == ()


@pytest.mark.parametrize(
    ("rule", "days_later", "may"),
    [
        ("missed_running", 0, False),
        ("missed_running", 1, True),
        ("unreachable", 6, False),
        ("unreachable", 7, True),
    ],
)
def test_what_a_person_closed_rests_for_a_while(rule: str, days_later: int, may: bool) -> None:
    closed_on = date(2026, 1, 14)
    latest_on = closed_on + timedelta(days=days_later)
    assert may_rise_again(rule, STUDY.alerts, closed_on, latest_on) is may
