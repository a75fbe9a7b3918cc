"""A trend as its page draws it: panels on one axis, the names of their rows, and the data table.

Geometry comes from app/charts, figures from the services; here both meet the reader's language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app import charts
from app.charts import DoseRow, PainLevels, Shape, TimeAxis, legend
from app.domain.diary_day import zone_named
from app.domain.figures import DailyMme, Day, cause_of, study_day
from app.domain.records import AnswerStatus
from app.domain.trend import TrendDay, TriggerAnswer
from app.routers.clinician.words import ABSENT, CAUSES, REASONS, STATUSES, SYMBOLS, Words
from app.services.cohorts import CohortRow
from app.services.trends import Trend, scale_of

LONGEST_NAME = 26
LONGEST_MEDICINE = 23
STRIP_DAYS = 14


def _(message: str) -> str:
    return message


Keys = list[tuple[tuple[Shape, ...], str]]


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Everything drawn on a participant's page."""

    axis: TimeAxis
    bands: list[tuple[charts.Band, str, str]]
    pain: charts.PainPanel
    diary: charts.DiaryPanel
    allodynia: charts.AllodyniaPanel
    zones: charts.ZonesPanel
    medicines: charts.MedicinesPanel
    names: Mapping[str, str]
    keys: Mapping[str, Keys]


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One day of the data table, in words."""

    address: str
    day: str
    study_day: int | None
    symbol: str
    meaning: str
    average: str
    worst: str
    mean: str
    gate: str
    triggers: tuple[str, ...]
    places: str
    mme: str


@dataclass(frozen=True, kw_only=True)
class CohortLine:
    """One row of the cohort's table, ready; `leads_to` is the page of the participant to open."""

    row: CohortRow
    leads_to: str
    state: str
    strip: charts.Strip
    strip_words: str
    spark: charts.Spark | None
    spark_words: str
    reasons: list[tuple[str, str]]


def shown(trend: Trend, days: int | None) -> list[TrendDay]:
    """The last days asked for, or all; days of an ended course without an entry are left out."""
    kept = list(trend.days)
    while len(kept) > 1 and kept[-1].day.status == "not_due":
        kept.pop()
    return kept[-days:] if days else kept


def draw(trend: Trend, days: Sequence[TrendDay], words: Words) -> Pictures:
    """Draw the days given; there is at least one."""
    study, scale, person = words.study, scale_of(trend.person), trend.person
    axis = charts.time_axis(
        days[0].day.diary_on,
        days[-1].day.diary_on,
        inclusion_on=person.inclusion_on,
        sessions_on=trend.sessions_on,
    )
    asked = [trigger.code for trigger in study.triggers if trigger.on]
    order = [zone.code for zone in study.zone_set.of("foot" if person.limb == "foot" else "hand")]
    levels = PainLevels(trend.baseline, study.flags)
    rows = [
        DoseRow(taken.medicine.medicine_id, taken.medicine.role, taken.units)
        for taken in trend.medicines
    ]
    return Pictures(
        axis=axis,
        bands=_bands(axis, days, words, person.study_code),
        pain=charts.pain_panel(axis, days, trend.rolling, scale, levels),
        diary=charts.diary_panel(axis, days),
        allodynia=charts.allodynia_panel(axis, days, asked, scale),
        zones=charts.zones_panel(axis, days, order, trend.session_1_on),
        medicines=charts.medicines_panel(axis, trend.mme, rows),
        names=_names(trend, words),
        keys=_keys(days, trend, words),
    )


def table(trend: Trend, days: Sequence[TrendDay], words: Words) -> list[TableRow]:
    """The same numbers as a table, the latest day first."""
    mme = {daily.taken_on: daily for daily in trend.mme}
    asked = [trigger.code for trigger in words.study.triggers if trigger.on]
    rows = []
    for shown_day in reversed(days):
        on = shown_day.day.diary_on
        name = charts.symbol_of(shown_day.day)
        rolling = trend.rolling[on].value
        rows.append(
            TableRow(
                address=address_of(trend.person.study_code, on),
                day=words.day(on),
                study_day=study_day(on, trend.person.inclusion_on),
                symbol=SYMBOLS[name][0] if name else "",
                meaning=_meaning(shown_day.day, name, words),
                average=_number(shown_day.day.pain_average),
                worst=_number(shown_day.pain_worst),
                mean=ABSENT if rolling is None else words.number(rolling),
                gate=words.value("gate", shown_day.gate),
                triggers=tuple(_trigger(shown_day.triggers.get(c), words) for c in asked),
                places=ABSENT if shown_day.zones is None else str(len(shown_day.zones)),
                mme=_mme(mme[on], words),
            )
        )
    return rows


def _meaning(day: Day, symbol: str | None, words: Words) -> str:
    """What a day's symbol means; of a missing day also why, and whether that may still change."""
    said = words.symbol(symbol) if symbol else ""
    if symbol != "missing" or (cause := cause_of(day)) is None:
        return said
    why = words.say(CAUSES, cause)
    more = words.say({"provisional": _("provisional")}, "provisional")
    return f"{said} · {why}, {more}" if day.is_provisional else f"{said} · {why}"


def cohort_line(row: CohortRow, words: Words, *, with_trend: bool) -> CohortLine:
    """Draw one row of the cohort; without a trend for those who must not see one."""
    strip_days = row.days[-STRIP_DAYS:]
    counted = charts.tally(strip_days)
    scores = sum(day.pain_average is not None for day in row.days)
    said = [f"{words.symbol(name)} {counted[name]}" for name in SYMBOLS if counted[name]]
    return CohortLine(
        row=row,
        leads_to=f"/desk/participants/{row.person.study_code}{'' if with_trend else '/course'}",
        state=row.person.state,
        strip=charts.strip(strip_days),
        strip_words=", ".join(said) or ABSENT,
        spark=charts.spark(row.days, scale_of(row.person)) if with_trend and scores else None,
        spark_words=_spark_words(row, words),
        reasons=[(words.say(REASONS, code), _standing(row, code, words)) for code in row.reasons],
    )


def _standing(row: CohortRow, rule: str, words: Words) -> str:
    """Since when the alert of a rule is open, and who has taken it on; empty without one."""
    alert = next((alert for alert in row.alerts if alert.rule == rule), None)
    if alert is None:
        return ""
    since = words.say({"since": _("since %(date)s")}, "since")
    said = since % {"date": words.day(alert.raised_at.astimezone(zone_named(row.person.tz)).date())}
    return f"{said} · {alert.owner}" if alert.owner else said


def address_of(study_code: str, on: date) -> str:
    """Where the history of a day is."""
    return f"/desk/participants/{study_code}/days/{on.isoformat()}"


def _spark_words(row: CohortRow, words: Words) -> str:
    scores = [day.pain_average for day in row.days if day.pain_average is not None]
    return f"{scores[0]} → {scores[-1]}" if scores else ABSENT


def _bands(
    axis: TimeAxis, days: Sequence[TrendDay], words: Words, study_code: str
) -> list[tuple[charts.Band, str, str]]:
    by_date = {day.day.diary_on: day for day in days}
    return [
        (band, address_of(study_code, band.on), _title(by_date[band.on], words))
        for band in axis.bands()
        if band.on in by_date
    ]


def _title(day: TrendDay, words: Words) -> str:
    """What the pointer reads on a day: date, what became of it, both scores."""
    parts = [words.day(day.day.diary_on)]
    if name := charts.symbol_of(day.day):
        parts.append(words.symbol(name))
    if day.day.pain_average is not None:
        parts.append(f"{day.day.pain_average}")
    if day.pain_worst is not None:
        parts.append(f"≤ {day.pain_worst}")
    return " · ".join(parts)


def _names(trend: Trend, words: Words) -> dict[str, str]:
    names = {
        "gate": words.say({"gate": _("Any of these")}, "gate"),
        "diary": words.say({"diary": _("Diary")}, "diary"),
        **{code: words.say(CAUSES, code) for code in CAUSES},
        **words.triggers,
        **words.places,
    }
    for taken in trend.medicines:
        medicine = taken.medicine
        name = f"{medicine.name} {medicine.strength}"
        names[medicine.medicine_id] = _cut(name, LONGEST_MEDICINE)
    # A place or trigger of an earlier version of the study has no words here but its code.
    for day in trend.days:
        for code in day.zones or ():
            names.setdefault(code, code)
    return {code: _cut(name) for code, name in names.items()}


def _cut(name: str, longest: int = LONGEST_NAME) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def _keys(days: Sequence[TrendDay], trend: Trend, words: Words) -> dict[str, Keys]:
    """The keys of the marks that occur, so that a legend explains nothing that is not there."""
    has_site = any(not day.day.by_participant for day in days)
    has_old = any(day.old_average is not None for day in days)
    has_hollow = any(day.is_hollow for day in days)
    has_partial = any(daily.status == "partial" for daily in trend.mme)
    pain = {
        "average": (_("average of the day"), True),
        "worst": (_("worst of the day"), True),
        "mean": (_("7-day mean"), True),
        "baseline": (_("baseline"), trend.baseline is not None),
        "hollow": (_("late or corrected"), has_hollow),
        "old": (_("before correction"), has_old),
        "site": (_("entered by the site"), has_site),
    }
    allodynia = {
        "felt": (_("pain caused, at its worst"), True),
        "flat": (_("no pain"), True),
        "hatch": (_("avoided"), True),
        "none": (_("did not come up"), True),
        "ground": (_("not asked"), True),
    }
    roles = {taken.medicine.role for taken in trend.medicines}
    medicines = {
        "scheduled": (_("scheduled"), "scheduled" in roles),
        "rescue": (_("as needed"), "rescue" in roles),
        "partial": (_("partial: something could not be counted"), has_partial),
    }
    counted = charts.tally([day.day for day in days])
    present = [name for name in SYMBOLS if counted[name]]
    symbols = legend.diary_keys(present)
    return {
        "pain": _key_list(legend.PAIN, pain, words),
        "allodynia": _key_list(legend.ALLODYNIA, allodynia, words),
        "medicines": _key_list(legend.MEDICINES, medicines, words),
        "diary": [(symbols[name], words.symbol(name)) for name in present],
    }


def _key_list(
    samples: Mapping[str, tuple[Shape, ...]],
    said: Mapping[str, tuple[str, bool]],
    words: Words,
) -> Keys:
    return [
        (samples[name], words.say({name: message}, name))
        for name, (message, is_there) in said.items()
        if is_there
    ]


def _number(value: int | None) -> str:
    return ABSENT if value is None else str(value)


def _trigger(answer: TriggerAnswer | None, words: Words) -> str:
    if answer is None or answer.status is AnswerStatus.NOT_ASKED:
        return ABSENT
    return str(answer.value) if answer.value is not None else words.say(STATUSES, answer.status)


def _mme(daily: DailyMme, words: Words) -> str:
    """The equivalents of a date; the known part of a partial one is a lower bound."""
    if daily.value is None:
        return ABSENT
    said = words.number(daily.value)
    return f"≥ {said}" if daily.status == "partial" else said
