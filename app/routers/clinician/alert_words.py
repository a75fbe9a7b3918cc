"""Alerts in words: the rule, the figures that raised it, how long it waits."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.diary_day import zone_named
from app.rendering import translations
from app.routers.clinician.words import REASONS, Words
from app.services.work import Task


def _(message: str) -> str:
    return message


FIGURES = {
    "mean": _("mean before: %(mean)s"),
    "running": _("%(days)s days running"),
    "missed": _("%(days)s days since %(date)s"),
    "few": _("%(entries)s entries in %(days)s days"),
    "mme": _("%(mg)s mg, mean before: %(mean)s mg (%(n)s days)"),
}
URGENT = frozenset({"emergency_item", "hospital", "infection_item", "confusion_item"})
"""The rules whose name is set apart at a glance."""
_DATED = frozenset({"pain_high", "missed_running"})
"""The rules whose figures name their days."""
_SPANS = {
    "min": _("%(n)s min"),
    "h": _("%(n)s h"),
    "days": _("%(days)s d"),
    "d": _("%(days)s d %(hours)s h"),
}


class AlertWords:
    """Says alerts in one language, their instants by the site's clock."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._zone = zone_named(words.study.site_hours.zone)
        report = words.study.session_report
        self._items = {
            item.code: item.label.in_(words.lang) for item in (*report.items, *report.weekly_items)
        }

    def said(self, task: Task, reader_id: str) -> dict[str, Any]:
        """What a page shows of an alert."""
        alert = task.row.alert
        is_dated = alert.rule in _DATED and bool(task.figures)
        return {
            "id": alert.id,
            "study_code": task.row.study_code,
            "rule": self.words.say(REASONS, alert.rule),
            "is_urgent": alert.rule in URGENT,
            "on": "" if is_dated else self.words.day(alert.diary_on),
            "figures": self.figures(alert.rule, task.figures),
            "since": self.instant(alert.raised_at),
            "waited": self.span(task.waited // timedelta(minutes=1)),
            "worked": self.span(task.worked_min, is_work=True),
            "owner": task.row.owner,
            "is_own": alert.owner_id == reader_id,
            "taken": alert.acknowledged_at and self.instant(alert.acknowledged_at),
            "notes": [(note.by, self.instant(note.at), note.words) for note in task.notes],
            "closed": alert.closed_at and self.instant(alert.closed_at),
            "closer": task.row.closer,
            "closing": task.closing,
            "may_act": task.may_act,
        }

    def figures(self, rule: str, figures: Mapping[str, Any]) -> str:
        """The figures of a rule in words; nothing for those without."""
        number, day = self.words.number, self.words.day
        match rule, figures:
            case "pain_high", {"scores": scores, "mean": mean}:
                said = [f"{scores[on]} ({day(date.fromisoformat(on))})" for on in sorted(scores)]
                if mean is not None:
                    said.append(self._fill("mean", mean=number(mean)))
                return ", ".join(said)
            case "flare_running", {"days": days}:
                return self._fill("running", days=days)
            case "missed_running", {"days": days, "since": since}:
                return self._fill("missed", days=days, date=day(date.fromisoformat(since)))
            case "few_entries", {"entries": entries, "of": of}:
                return self._fill("few", entries=entries, days=of)
            case "mme_rise", {"mg": mg, "mean_mg": mean, "n": n, "is_part": is_part}:
                known = f"≥ {number(mg)}" if is_part else number(mg)
                return self._fill("mme", mg=known, mean=number(mean), n=n)
            case _, {"items": items}:
                pairs = ((self._items.get(code, code), how) for code, how in items.items())
                return ", ".join(f"{item} ({self.words.value('', how)})" for item, how in pairs)
        return ""

    def instant(self, at: datetime) -> str:
        """A date, short, with the time of day at the site."""
        local = at.astimezone(self._zone)
        return f"{self.words.day(local.date())} {local:%H:%M}"

    def span(self, minutes: float, *, is_work: bool = False) -> str:
        """A length of time: minutes, hours, and days beyond two, which time of work has none of."""
        if minutes < 100:
            return self._say(_SPANS["min"], n=round(minutes))
        hours = round(minutes / 60)
        if is_work or hours < 48:
            return self._say(_SPANS["h"], n=hours)
        name = "d" if hours % 24 else "days"
        return self._say(_SPANS[name], days=hours // 24, hours=hours % 24)

    def _fill(self, name: str, **places: Any) -> str:
        return self._say(FIGURES[name], **places)

    def _say(self, message: str, **places: Any) -> str:
        return translations(self.words.lang).gettext(message) % places
