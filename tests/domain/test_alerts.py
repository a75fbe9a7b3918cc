"""When the site should call: each rule at its threshold, on the study's own settings."""

from datetime import date, timedelta
from pathlib import Path

import pytest

import app.studies
from app.domain.alerts import (
    Call,
    Known,
    calls_at_save,
    calls_now,
    marks_of,
    may_rise_again,
    still_holds,
)
from app.domain.figures import DailyMme, Day, MmeStatus
from app.domain.letters import Unsettled
from app.domain.records import AnswerStatus, EntryStatus, SessionReportPayload
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


def calls(*said: int | str | None, scale: Scale = "vas100") -> dict[str, Call]:
    return calls_now(Known(days(*said), scale), STUDY.alerts, STUDY.week)


def reasons(*said: int | str | None, scale: Scale = "vas100") -> set[str]:
    return set(calls(*said, scale=scale))


def mme(*said: float | None) -> list[DailyMme]:
    """Morphine equivalents of the last dates; None for one that was not answered."""
    found = []
    for back, value in zip(range(len(said) - 1, -1, -1), said, strict=True):
        status = MmeStatus.COMPLETE if value else MmeStatus.NONE_TAKEN
        known = MmeStatus.NOT_ANSWERED if value is None else status
        found.append(DailyMme(LAST - DAY * back, value, known))
    return found


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
    assert "missed_running" not in calls_now(Known(days(None, None), "vas100"), off, STUDY.week)


@pytest.mark.parametrize(
    ("unsettled", "code"),
    [
        (Unsettled(has_request=True), "request"),
        (Unsettled(is_disowned=True), "disowned"),
        (Unsettled(is_unconfirmed=True), "unconfirmed"),
    ],
)
def test_a_letter_marks_even_when_no_diary_is_due(unsettled: Unsettled, code: str) -> None:
    assert marks_of(unsettled) == (code,)


def test_nobody_calls_for_nothing() -> None:
    assert reasons() == set()
    assert reasons(50, 51, 49) == set()


def test_out_of_reach_is_a_rule_with_a_switch() -> None:
    def found(rules: AlertRules) -> tuple[str, ...]:
        return tuple(calls_now(Known((), "vas100", is_unreachable=True), rules, STUDY.week))

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
        ("pain_high", 0, False),
        ("pain_high", 1, True),
        ("few_entries", 5, False),
        ("few_entries", 6, True),
        ("mme_rise", -1, False),
        ("mme_rise", 0, True),
    ],
)
def test_what_a_person_closed_rests_for_a_while(rule: str, days_later: int, may: bool) -> None:
    closed_on = date(2026, 1, 14)
    latest_on = closed_on + timedelta(days=days_later)
    assert may_rise_again(rule, STUDY.alerts, closed_on, latest_on) is may


def test_a_call_says_by_which_figures() -> None:
    high = calls(65, 65, 65, 65, 65, 65, 65, 80, 83)["pain_high"]
    assert high.diary_on == LAST
    assert high.figures == {"scores": {"2026-02-19": 80, "2026-02-20": 83}, "mean": 65.0}
    missed = calls(50, None, None, None)["missed_running"].figures
    assert missed == {"days": 3, "since": "2026-02-18"}


@pytest.mark.parametrize(
    ("said", "is_up"),
    [
        ((40, 40, 40, 40, 60), True),
        ((40, 40, 40, 40, 59), False),
        ((60, 60, 60, 60, 80), False),
        ((0, 0, 0, 0, 20), True),
        ((40, 40, 40, 60), False),
        ((40, 40, None, 40, 40, 90), True),
        ((40, 40, 40, 40, 90, None), True),
        ((40, 40, 40, 40, 90, 40), False),
    ],
    ids=[
        "half as much again and 20 above",
        "19 above",
        "20 above and not half as much again",
        "from none",
        "too few complete dates",
        "a date not answered between",
        "the last date not answered",
        "over since",
    ],
)
def test_a_rise_of_morphine_equivalents(said: tuple[float | None, ...], is_up: bool) -> None:
    known = Known((), "vas100", mme(*said))
    assert ("mme_rise" in calls_now(known, STUDY.alerts, STUDY.week)) is is_up


def test_an_item_with_a_group_calls_at_once() -> None:
    felt = {"redness": "severe", "fever": "none", "new_pus": "mild", "face_or_breathing": "mild"}
    report = SessionReportPayload.model_validate({"session_no": 1, "items": felt})
    found = calls_at_save(report, STUDY.alerts, STUDY.session_report)
    assert [(call.rule, call.figures) for call in found] == [
        ("emergency_item", {"items": {"face_or_breathing": "mild"}}),
        ("infection_item", {"items": {"new_pus": "mild"}}),
    ]


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ((50, 95, 95, 40, 40), True),
        ((50, 95, 60, 40, 40), False),
        ((50, 95, None, 40, 40), False),
    ],
    ids=["better since", "corrected", "voided"],
)
def test_high_pain_stays_until_its_days_change(
    now: tuple[int | str | None, ...], holds: bool
) -> None:
    on = LAST - 2 * DAY
    known = Known([*days(*[50] * 12)[:7], *days(*now)], "vas100")
    assert still_holds("pain_high", on, known, STUDY.alerts, STUDY.week) is holds


def test_what_lies_before_the_days_known_is_left_as_it_is() -> None:
    known = Known(days(40, 40), "vas100", mme(5, 5))
    for rule in ("pain_high", "flare_running", "mme_rise"):
        assert still_holds(rule, LAST - 9 * DAY, known, STUDY.alerts, STUDY.week)
