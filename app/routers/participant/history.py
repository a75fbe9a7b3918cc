"""A participant's own history: their days in words, a month at a time, and the older messages.

The rule kept: scores are here only once they may be shown; until then no page holds one.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.dates import format_date
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app import charts
from app.domain.diary_day import ONE_DAY, zone_named
from app.domain.records import SCALE_MAX
from app.rendering import translations
from app.routers.deps import Here, Now, Person, Read
from app.routers.participant import letters
from app.routers.participant.frame import open_frame
from app.routers.participant.words import Words
from app.services import messages, own_days
from app.services.messages import Message
from app.services.own_days import Entry, OwnDay, OwnMonth

router = APIRouter(include_in_schema=False)


@router.get("/history")
def history_page(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    now: Now,
    month: str = Query("", max_length=7),
) -> Response:
    """Show one month of days, the latest first."""
    words = Words(service.deployment.study, who.lang)
    seen = own_days.read_month(
        session,
        deployment=service.deployment,
        person=who.person,
        month=_month(month),
        now=now,
    )
    written = messages.list_own(session, participant_id=who.person.id)
    values: dict[str, Any] = {
        "month": format_date(seen.first_on, "MMMM y", locale=words.lang),
        "days": [_day(day, words, who.person.tz) for day in seen.days],
        **_neighbours(seen),
        "messages": [
            {"when": words.moment(one.sent_at, who.person.tz), "words": one.words}
            for one in written
            if _is_of(one, seen)
        ],
        "begins": words.day(who.person.first_diary_on),
        "scores": seen.scores and _scores(seen.scores, words, SCALE_MAX[who.person.scale]),
    }
    return open_frame(request, service, session, who).page("participant/history.html", values)


def _scores(scores: Mapping[date, int | None], words: Words, maximum: int) -> dict[str, Any] | None:
    """The daily averages as a line, a sentence and a table; None without any."""
    _ = translations(words.lang).gettext
    known = [score for score in scores.values() if score is not None]
    if not known:
        return None
    sentence = _(
        "Average pain from %(first)s to %(last)s: %(answered)s of %(all)s days answered, lowest "
        "%(low)s, highest %(high)s."
    )
    days = list(scores)
    return {
        "line": charts.own_line(list(scores.values()), maximum),
        "sentence": sentence
        % {
            "first": words.day(days[0]),
            "last": words.day(days[-1]),
            "answered": len(known),
            "all": len(days),
            "low": min(known),
            "high": max(known),
        },
        "rows": [(words.day(on), score) for on, score in scores.items()],
    }


def _month(written: str) -> date | None:
    """The first day of a month written 2026-01; None for anything else."""
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        return None


def _saved(entry: Entry, on: date, words: Words) -> str:
    """When an entry was saved; its day is said where it is another one."""
    _ = translations(words.lang).gettext
    if entry.saved_at.astimezone(zone_named(entry.tz)).date() == on:
        return _("saved at %(time)s") % {"time": words.clock(entry.saved_at, entry.tz)}
    return _("saved on %(moment)s") % {"moment": words.moment(entry.saved_at, entry.tz)}


def _neighbours(seen: OwnMonth) -> dict[str, str | None]:
    before, after = seen.first_on - ONE_DAY, seen.first_on + 31 * ONE_DAY
    return {
        "earlier": f"/history?month={before:%Y-%m}" if seen.has_earlier else None,
        "later": f"/history?month={after:%Y-%m}" if seen.has_later else None,
    }


def _is_of(message: Message, seen: OwnMonth) -> bool:
    """Whether a message is of the month, or of none: the latest month shows what came since."""
    sent = message.sent_at.date().replace(day=1)
    return sent == seen.first_on or (sent > seen.first_on and not seen.has_later)


def _day(day: OwnDay, words: Words, tz: str) -> dict[str, Any]:
    """One day in words."""
    _ = translations(words.lang).gettext
    entry = day.entry
    status = "late" if day.is_late and day.status == "complete" else day.status or "open"
    symbol, said = words.symbols()[status]
    scores = []
    if entry is not None and entry.average is not None:
        scores.append(_("average %(score)s") % {"score": entry.average})
    if entry is not None and entry.worst is not None:
        scores.append(_("worst %(score)s") % {"score": entry.worst})
    is_past = day.holds_anything and day.status is not None and not day.can_correct
    is_waiting = any(one.answer is None for one in day.asked)
    return {
        "name": words.day(day.diary_on),
        "symbol": symbol,
        "status": said,
        "saved": entry and _saved(entry, day.diary_on, words),
        "receipt": entry and entry.receipt,
        "is_corrected": entry is not None and entry.is_corrected,
        "scores": ", ".join(scores),
        "doses": [words.dose(dose) for dose in day.taken],
        "change": f"/diary/{entry.record_id}/correction" if entry and day.can_correct else None,
        "ask": f"/requests?kind=correction&on={day.diary_on.isoformat()}"
        if is_past and not is_waiting
        else None,
        "asked": [letters.told(one, words, tz) for one in day.asked],
    }
