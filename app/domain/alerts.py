"""Rules over the figures and letters of one participant that say when the site should call.

The numbers are the study's settings; the codes are the names of its alert rules, and of what a
letter leaves to do. Pure: the days are handed in, and what becomes of an alert (owner,
acknowledgement) is not here.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from app.domain.figures import Day, mean_between
from app.domain.letters import NOTHING, Unsettled
from app.domain.study import AlertRules, PainAlert, RunAlert, ScarceAlert, Week
from app.domain.study.rules import Scale

_DAY = timedelta(days=1)

RAISED = frozenset({"missed_running", "unreachable"})
"""The rules that raise an alert which somebody takes on; the others only mark the cohort so far."""
UNREACHABLE_AGAIN = timedelta(days=7)
"""How long a person's word that somebody is out of reach is left in peace."""


def reasons_to_call(
    days: Sequence[Day],
    scale: Scale,
    rules: AlertRules,
    week: Week,
    unsettled: Unsettled = NOTHING,
    *,
    is_unreachable: bool = False,
) -> tuple[str, ...]:
    """The rules that these days, the latest of a participant in order, and letters bring up now.

    Letters have no switch: what a participant wrote to the site must not go unseen. Whether anyone
    can be reached is for `reach` to say.
    """
    found = {
        "disowned": unsettled.is_disowned,
        "request": unsettled.has_request,
        "unconfirmed": unsettled.is_unconfirmed,
        "pain_high": _is_pain_high(days, scale, rules.pain_high, week),
        "flare_running": _is_flare_running(days, rules.flare_running),
        "missed_running": _is_missed_running(days, rules.missed_running),
        "few_entries": _are_entries_few(days, rules.few_entries),
        "unreachable": rules.unreachable.on and is_unreachable,
    }
    return tuple(code for code, is_up in found.items() if is_up)


def may_rise_again(rule: str, rules: AlertRules, closed_on: date, latest_on: date) -> bool:
    """Whether a rule that a person closed on a date may raise an alert anew.

    Missed days count from that date on, so that whoever was called is not called about the same
    days again.
    """
    if rule == "missed_running":
        return latest_on >= closed_on + (rules.missed_running.days_running - 1) * _DAY
    return latest_on >= closed_on + UNREACHABLE_AGAIN


def _is_pain_high(days: Sequence[Day], scale: Scale, rule: PainAlert, week: Week) -> bool:
    """High pain on the last days running, by its level or by its rise over the mean before it."""
    if not rule.on:
        return False
    level = rule.level(scale)
    preceding = Week(days=rule.mean_days, minimum=min(week.minimum, rule.mean_days))

    def is_high(day: Day) -> bool:
        value = day.pain_average
        if value is None:
            return False
        if value >= level.at_least:
            return True
        before = mean_between(days, day.diary_on - rule.mean_days * _DAY, preceding).exact
        return (
            value >= level.from_level and before is not None and value - before >= level.above_mean
        )

    run = _latest_run(days, rule.days_running)
    return bool(run) and all(is_high(day) for day in run)


def _is_flare_running(days: Sequence[Day], rule: RunAlert) -> bool:
    run = _latest_run(days, rule.days_running) if rule.on else []
    return bool(run) and all(day.is_partial for day in run)


def _is_missed_running(days: Sequence[Day], rule: RunAlert) -> bool:
    due = [day for day in days if day.is_due and day.closed][-rule.days_running :]
    return rule.on and len(due) == rule.days_running and not any(_has_entry(d) for d in due)


def _are_entries_few(days: Sequence[Day], rule: ScarceAlert) -> bool:
    due = [day for day in days if day.is_due and day.closed][-rule.of_days :]
    entries = sum(_has_entry(day) for day in due)
    return rule.on and len(due) == rule.of_days and entries < rule.fewer_than


def _has_entry(day: Day) -> bool:
    return day.status in ("complete", "partial")


def _latest_run(days: Sequence[Day], length: int) -> list[Day]:
    """The last days in a row that can be judged now; a day still open without entry is not."""
    judged = [day for day in days if day.closed or _has_entry(day)][-length:]
    is_row = len(judged) == length and judged[-1].diary_on - judged[0].diary_on == _DAY * (
        length - 1
    )
    return judged if is_row else []
