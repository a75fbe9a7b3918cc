"""Rules over the days, doses and answers of one participant that say when the site should call.

The numbers are the study's settings; the codes are the names of its alert rules, and of what a
letter leaves to do. Pure: the days are handed in, and what becomes of an alert (owner,
acknowledgement) is not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.domain.figures import DailyMme, Day, MmeStatus, mean_between
from app.domain.letters import Unsettled
from app.domain.records import AnyPayload, DiaryPayload, SessionReportPayload
from app.domain.study import (
    AlertRules,
    MmeAlert,
    PainAlert,
    RunAlert,
    ScarceAlert,
    SessionReport,
    Week,
)
from app.domain.study.questions import Group
from app.domain.study.rules import Scale

_DAY = timedelta(days=1)

URGENCY = (
    "emergency_item",
    "hospital",
    "infection_item",
    "confusion_item",
    "pain_high",
    "flare_running",
    "mme_rise",
    "unreachable",
    "missed_running",
    "few_entries",
)
"""Every rule that raises an alert, the most urgent first."""
AT_SAVE = frozenset({"emergency_item", "hospital", "infection_item", "confusion_item"})
"""The rules about one answer: raised as it is saved, and closed by a person alone."""
OF_PAST_DAYS = frozenset({"pain_high", "flare_running", "mme_rise"})
"""The rules about days as answered: a better day closes none, only a change of these days does."""
UNREACHABLE_AGAIN = timedelta(days=7)
"""How long a person's word that somebody is out of reach is left in peace."""
_GROUPS: tuple[tuple[str, Group], ...] = (
    ("emergency_item", "emergency"),
    ("infection_item", "infection"),
    ("confusion_item", "confusion"),
)
_WHOLE = frozenset({MmeStatus.COMPLETE, MmeStatus.NONE_TAKEN})
_MME_BEFORE = timedelta(days=7)
"""The dates before, of which the complete ones make the mean that a rise is measured from."""


@dataclass(frozen=True, slots=True)
class Call:
    """That a rule calls the site: about which diary day, by which figures (JSON, without words).

    `diary_on` is None for what is about no day.
    """

    rule: str
    diary_on: date | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a participant: the latest days and morphine equivalents, both in order.

    `mme` is of dates that are over.
    """

    days: Sequence[Day]
    scale: Scale
    mme: Sequence[DailyMme] = ()
    is_unreachable: bool = False

    def until(self, on: date) -> "Known":
        """The same as if the given day had been the last."""
        days = [day for day in self.days if day.diary_on <= on]
        return Known(days, self.scale, [one for one in self.mme if one.taken_on <= on])


def marks_of(unsettled: Unsettled) -> tuple[str, ...]:
    """What letters leave to do. No switch: what a participant wrote must not go unseen."""
    found = {
        "disowned": unsettled.is_disowned,
        "request": unsettled.has_request,
        "unconfirmed": unsettled.is_unconfirmed,
    }
    return tuple(code for code, is_up in found.items() if is_up)


def calls_now(known: Known, rules: AlertRules, week: Week) -> dict[str, Call]:
    """What the rules over days bring up now, by rule."""
    found = (
        _pain_high(known, rules.pain_high, week),
        _flare_running(known.days, rules.flare_running),
        _mme_rise(known.mme, rules.mme_rise),
        Call("unreachable") if rules.unreachable.on and known.is_unreachable else None,
        _missed_running(known.days, rules.missed_running),
        _few_entries(known.days, rules.few_entries),
    )
    return {call.rule: call for call in found if call is not None}


def calls_at_save(payload: AnyPayload, rules: AlertRules, report: SessionReport) -> list[Call]:
    """What one answer brings up by itself, whatever the days before; each without its day."""
    if isinstance(payload, DiaryPayload):
        return [Call("hospital")] if payload.hospital and rules.hospital.on else []
    if not isinstance(payload, SessionReportPayload):
        return []
    felt = {code: how for code, how in payload.items.items() if how != "none"}
    found = []
    for rule, group in _GROUPS:
        items = {code: felt[code] for code in sorted(report.codes(group) & felt.keys())}
        if items and getattr(rules, rule).on:
            found.append(Call(rule, figures={"items": items}))
    return found


def still_holds(rule: str, on: date, known: Known, rules: AlertRules, week: Week) -> bool:
    """Whether an alert of `OF_PAST_DAYS` about a day is still right: its days may have changed.

    What lies before the days that are known is left as it is.
    """
    first_on = known.mme[0].taken_on if rule == "mme_rise" and known.mme else None
    if rule != "mme_rise" and known.days:
        first_on = known.days[0].diary_on
    if first_on is None or on - _reach(rule, rules) < first_on:
        return True
    return rule in calls_now(known.until(on), rules, week)


def may_rise_again(rule: str, rules: AlertRules, closed_on: date, latest_on: date) -> bool:
    """Whether a rule that a person closed on a date may raise an alert anew.

    Days count from that date on, so that whoever was called is not called about the same days
    again.
    """
    if rule == "unreachable":
        return latest_on >= closed_on + UNREACHABLE_AGAIN
    return latest_on >= closed_on + _run(rule, rules)


def _run(rule: str, rules: AlertRules) -> timedelta:
    """From the first to the last of the days that a rule judges."""
    match rule:
        case "pain_high" | "flare_running" | "missed_running":
            running: int = getattr(rules, rule).days_running
            return (running - 1) * _DAY
        case "few_entries":
            return (rules.few_entries.of_days - 1) * _DAY
    return timedelta(0)


def _reach(rule: str, rules: AlertRules) -> timedelta:
    """How far before its day a rule looks, as far as it must."""
    if rule == "mme_rise":
        return _MME_BEFORE
    before = rules.pain_high.mean_days if rule == "pain_high" else 0
    return _run(rule, rules) + before * _DAY


def _pain_high(known: Known, rule: PainAlert, week: Week) -> Call | None:
    """High pain on the last days running, by its level or by its rise over the mean before it."""
    run = _latest_run(known.days, rule.days_running) if rule.on else []
    level = rule.level(known.scale)
    preceding = Week(days=rule.mean_days, minimum=min(week.minimum, rule.mean_days))

    def is_high(day: Day) -> bool:
        value = day.pain_average
        if value is None:
            return False
        if value >= level.at_least:
            return True
        before = mean_between(known.days, day.diary_on - rule.mean_days * _DAY, preceding).exact
        return (
            value >= level.from_level and before is not None and value - before >= level.above_mean
        )

    if not run or not all(is_high(day) for day in run):
        return None
    before = mean_between(known.days, run[0].diary_on - rule.mean_days * _DAY, preceding)
    scores = {day.diary_on.isoformat(): day.pain_average for day in run}
    return Call("pain_high", run[-1].diary_on, {"scores": scores, "mean": before.value})


def _flare_running(days: Sequence[Day], rule: RunAlert) -> Call | None:
    run = _latest_run(days, rule.days_running) if rule.on else []
    if not run or not all(day.is_partial for day in run):
        return None
    return Call("flare_running", run[-1].diary_on, {"days": len(run)})


def _mme_rise(mme: Sequence[DailyMme], rule: MmeAlert) -> Call | None:
    """The last date known against the mean of the complete dates before it; a part known counts."""
    known = [one for one in mme if one.value is not None]
    if not rule.on or not known:
        return None
    last, first_on = known[-1], known[-1].taken_on - _MME_BEFORE
    before = [
        one.value or 0.0 for one in known[:-1] if one.status in _WHOLE and one.taken_on >= first_on
    ]
    if len(before) < rule.complete_days:
        return None
    mean, value = sum(before) / len(before), last.value or 0.0
    if value < rule.times_mean * mean or value - mean < rule.above_mean_mg:
        return None
    figures = {"mg": value, "mean_mg": mean, "n": len(before)}
    return Call("mme_rise", last.taken_on, {**figures, "is_part": last.status not in _WHOLE})


def _missed_running(days: Sequence[Day], rule: RunAlert) -> Call | None:
    due = [day for day in days if day.is_due and day.closed]
    missed: list[Day] = []
    for day in reversed(due):
        if _has_entry(day):
            break
        missed.append(day)
    if not rule.on or len(missed) < rule.days_running:
        return None
    figures = {"days": len(missed), "since": missed[-1].diary_on.isoformat()}
    return Call("missed_running", missed[0].diary_on, figures)


def _few_entries(days: Sequence[Day], rule: ScarceAlert) -> Call | None:
    due = [day for day in days if day.is_due and day.closed][-rule.of_days :]
    entries = sum(_has_entry(day) for day in due)
    if not rule.on or len(due) < rule.of_days or entries >= rule.fewer_than:
        return None
    return Call("few_entries", due[-1].diary_on, {"entries": entries, "of": rule.of_days})


def _has_entry(day: Day) -> bool:
    return day.status in ("complete", "partial")


def _latest_run(days: Sequence[Day], length: int) -> list[Day]:
    """The last days in a row that can be judged now; a day still open without entry is not."""
    judged = [day for day in days if day.closed or _has_entry(day)][-length:]
    is_row = len(judged) == length and judged[-1].diary_on - judged[0].diary_on == _DAY * (
        length - 1
    )
    return judged if is_row else []
