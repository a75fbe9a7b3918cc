"""A diary day put together from what was due and what was saved."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.diary_day import WindowRules, ZoneSpan
from app.domain.figures import adherence
from app.domain.records import AnswerStatus, DiaryPayload, EntryStatus
from app.domain.schedule import Course, DueDay, Missed, MissedCause, Pause, due_day
from app.domain.trend import DiarySaved, trend_day

ON = date(2026, 1, 14)
CLOSED_AT = datetime(2026, 1, 15, 1, 30, tzinfo=UTC)
SPANS = (ZoneSpan(datetime(2026, 1, 1, tzinfo=UTC), "Europe/Paris"),)


def due(pauses: tuple[Pause, ...] = ()) -> DueDay:
    course = Course(date(2026, 1, 10), date(2026, 3, 1), pauses)
    return due_day(ON, course, SPANS, WindowRules())


def payload(average: dict[str, Any], **changes: Any) -> DiaryPayload:
    usual: dict[str, Any] = {
        "scores": {"pain_average": {"scale": "vas100", **average}},
        "allodynia": {"status": "answered", "value": "avoided"},
        "zones": {"status": "not_asked", "set": "2026.1"},
        "medicines": {"status": "unanswered"},
    }
    return DiaryPayload.model_validate(usual | changes)


def score(value: int) -> dict[str, Any]:
    return {"status": "answered", "value": value}


def saved(*versions: DiaryPayload, **more: Any) -> DiarySaved:
    usual: dict[str, Any] = {"is_late": False, "by_participant": True}
    first, latest = versions[0], versions[-1]
    return DiarySaved(payload=latest, first=first, version=len(versions), **usual | more)


def test_a_day_closes_when_its_last_save_is_over() -> None:
    before = CLOSED_AT - timedelta(seconds=1)
    assert trend_day(due(), None, None, before).day.closed is False
    assert trend_day(due(), None, None, CLOSED_AT).day.closed is True


def test_a_day_without_entry_keeps_its_cause() -> None:
    day = trend_day(due(), None, Missed(MissedCause.NOT_REACHABLE, is_provisional=True), CLOSED_AT)
    assert (day.day.status, day.day.cause) == (EntryStatus.MISSING, MissedCause.NOT_REACHABLE)
    assert day.day.is_provisional
    assert not day.has_entry


def test_a_paused_day_is_paused_until_something_comes() -> None:
    paused = due((Pause(ON),))
    assert trend_day(paused, None, None, CLOSED_AT).day.status is EntryStatus.PAUSED
    extra = trend_day(paused, saved(payload(score(50))), None, CLOSED_AT)
    assert (extra.day.status, extra.day.pain_average) == (EntryStatus.COMPLETE, 50)
    assert adherence([extra.day]).due == 0


def test_a_corrected_score_keeps_its_first_value_as_a_ghost() -> None:
    day = trend_day(due(), saved(payload(score(70)), payload(score(40))), None, CLOSED_AT)
    assert (day.day.pain_average, day.old_average, day.is_hollow) == (40, 70, True)


def test_a_correction_of_something_else_leaves_no_ghost() -> None:
    now = payload(score(70), hospital=True)
    day = trend_day(due(), saved(payload(score(70)), now), None, CLOSED_AT)
    assert (day.old_average, day.is_corrected) == (None, True)


def test_a_late_entry_is_hollow_and_an_avoided_gate_is_not_empty() -> None:
    day = trend_day(due(), saved(payload(score(70)), is_late=True), None, CLOSED_AT)
    assert (day.is_hollow, day.old_average) == (True, None)
    assert (day.gate, day.zones) == ("avoided", None)


def test_a_declined_score_is_an_entry_without_value() -> None:
    day = trend_day(due(), saved(payload({"status": "declined"})), None, CLOSED_AT)
    assert (day.day.pain_average, day.day.pain_average_st) == (None, AnswerStatus.DECLINED)
    assert day.has_entry
