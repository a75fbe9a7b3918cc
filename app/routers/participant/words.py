"""Facts put into words for the participant: times, days, amounts and medicines, in one language.

The study's own sentences come from the study definition, the others from the catalogues. No score
is ever put into words here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_time, get_timezone_location
from babel.numbers import format_decimal

from app.domain.diary_day import zone_named
from app.domain.intake import Taken
from app.domain.records import PARTS, DosePayload, EntryStatus, Snapshot
from app.domain.study import Study
from app.rendering import translations
from app.services.today import PastDay

HALVES = {0.5: "½", 1.5: "1½", 2.5: "2½"}
_AMOUNTS = {
    "drop": (5, 10, 15, 20, 25, 30),
    "ml": (2.5, 5, 10, 15, 20),
    "tablet": (0.5, 1, 1.5, 2, 3, 4),
}
_WHOLE = (1, 2, 3, 4)


class Words:
    """How things are said in one language."""

    def __init__(self, study: Study, lang: str) -> None:
        self.study = study
        self.lang = lang

    def clock(self, at: datetime, tz: str) -> str:
        """An instant as the clock on the wall shows it: 20:14."""
        return str(format_time(at.astimezone(zone_named(tz)), "HH:mm", locale=self.lang))

    def on(self, at: datetime, tz: str) -> str:
        """The date of an instant as people write it: 14 January 2026."""
        here = at.astimezone(zone_named(tz)).date()
        return str(format_date(here, "d MMMM y", locale=self.lang))

    def day(self, on: date) -> str:
        """A date as people say it: Wednesday 14 January."""
        return str(format_date(on, "EEEE d MMMM", locale=self.lang))

    def moment(self, at: datetime, tz: str) -> str:
        """An instant with its day: Wednesday 14 January at 20:14."""
        _ = translations(self.lang).gettext
        day = self.day(at.astimezone(zone_named(tz)).date())
        return _("%(day)s at %(time)s") % {"day": day, "time": self.clock(at, tz)}

    def zone(self, tz: str) -> str:
        """A time zone by the place that people know: La Réunion."""
        return get_timezone_location(tz, locale=self.lang, return_city=True) or tz

    def number(self, value: float) -> str:
        """A number of units: ½, 1,5 or 10."""
        return HALVES.get(value) or str(format_decimal(value, "#,##0.##", locale=self.lang))

    def units(self, unit: str, value: float) -> str:
        """An amount with its unit: 2 tablets."""
        words = self.study.formulary.units[unit]
        named = words.one if value <= 1 else words.many
        return f"{self.number(value)} {named.in_(self.lang)}"

    def unit(self, unit: str) -> str:
        """Several of a unit: tablets."""
        return self.study.formulary.units[unit].many.in_(self.lang)

    def part(self, code: str) -> str:
        """A part of the day inside a sentence: this morning."""
        found = next(part for part in self.study.medicines.parts if part.code == code)
        label = found.label.in_(self.lang)
        return label[0].lower() + label[1:]

    def prescribed(self, medicine: Snapshot) -> str:
        """How a medicine is prescribed: morning 1, evening 2; empty for one taken as needed."""
        asked = [(part, medicine.prescribed.get(part)) for part in PARTS]
        return ", ".join(
            f"{self.part(part)} {self.number(units)}" for part, units in asked if units
        )

    def dose(self, dose: DosePayload | Taken) -> str:
        """A dose that was logged or recalled: Ixprim, 1 tablet, 14:05."""
        medicine = dose.medicine
        when = dose.taken_at.strftime("%H:%M") if dose.taken_at else self.part(str(dose.taken_part))
        if dose.patch:
            wording = self.study.medicines
            done = wording.patch_applied if dose.patch == "applied" else wording.patch_removed
            what = done.in_(self.lang)
        else:
            what = self.units(medicine.unit, dose.units)
        named = f"{medicine.name} {medicine.strength}"
        _ = translations(self.lang).gettext
        return _("%(medicine)s: %(what)s, %(when)s") % {
            "medicine": named,
            "what": what,
            "when": when,
        }

    def amounts(self, unit: str) -> list[tuple[str, str]]:
        """The amounts of a unit that one tap can say, as (value, words)."""
        offered: Iterable[float] = _AMOUNTS.get(unit, _WHOLE)
        return [(f"{value:g}", self.units(unit, value)) for value in offered]

    def item_labels(self) -> Mapping[str, str]:
        """The pain items by the short names that the last look uses."""
        _ = translations(self.lang).gettext
        return {
            "pain_average": _("Average pain"),
            "pain_worst": _("Worst pain"),
            "pain_least": _("Least pain"),
            "pain_now": _("Pain right now"),
        }

    def symbols(self) -> dict[EntryStatus | str, tuple[str, str]]:
        """What each status of a past day looks like and is called; nothing praises or blames."""
        _ = translations(self.lang).gettext
        return {
            EntryStatus.COMPLETE: ("✓", _("filled in")),
            EntryStatus.PARTIAL: ("◐", _("in part")),
            "late": ("◷", _("after midnight")),
            EntryStatus.MISSING: ("–", _("no entry")),
            EntryStatus.PAUSED: ("‖", _("paused")),
            EntryStatus.NOT_DUE: ("", _("not asked for")),
            "open": ("○", _("not yet")),
        }

    def past_day(self, past: PastDay) -> dict[str, Any]:
        """A past day for the strip: its letter, its symbol and the words for both."""
        status: EntryStatus | str = past.status or "open"
        if past.is_late and status is EntryStatus.COMPLETE:
            status = "late"
        symbol, words = self.symbols()[status]
        return {
            "name": format_date(past.diary_on, "EEEEE", locale=self.lang),
            "symbol": symbol,
            "sentence": f"{self.day(past.diary_on)}: {words}",
            "is_empty": status not in (EntryStatus.COMPLETE, EntryStatus.PARTIAL, "late"),
        }

    def legend(self, shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
        """The symbols that a strip uses, each with its words."""
        used = {day["symbol"] for day in shown}
        return [pair for pair in self.symbols().values() if pair[0] in used and pair[0]]
