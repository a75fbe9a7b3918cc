"""Queries in words: where they stand, what was said, what they are about."""

from collections.abc import Mapping
from typing import Any

from app.domain.diary_day import zone_named
from app.routers.clinician.words import Words
from app.services.history import DayHistory
from app.services.queries import WHOLE, Move, Thread


def _(message: str) -> str:
    return message


QUERY_STATES: Mapping[str, str] = {
    "open": _("open"),
    "answered": _("answered"),
    "closed": _("closed"),
}
MOVES: Mapping[str, str] = {
    "asked": _("asked"),
    "answered": _("answered"),
    "closed": _("closed"),
    "reopened": _("reopened"),
}
BUTTONS: Mapping[str, str] = {
    "answered": _("Answer"),
    "closed": _("Close the query"),
    "reopened": _("Reopen"),
}


def said_thread(thread: Thread, day: DayHistory, words: Words) -> dict[str, Any]:
    """A query with all that was said, in words."""
    query, zone = thread.query, zone_named(day.person.tz)
    fields = {
        f"{field.group}/{field.code}": field
        for record in day.records
        if record.record_id == query.record_id
        for version in record.versions
        for field in version.fields
    }
    about = fields.get(query.field)
    return {
        "id": query.id,
        "record_id": query.record_id,
        "field": query.field,
        "about": words.field(about) if about else "" if query.field == WHOLE else query.field,
        "state": query.state,
        "state_words": words.say(QUERY_STATES, query.state),
        "said": [
            {
                "what": words.say(MOVES, one.move),
                "by": one.by,
                "at": one.at.astimezone(zone),
                "words": one.words,
            }
            for one in thread.said
        ],
        "may": [(move.value, words.say(BUTTONS, move)) for move in Move if move in thread.may],
    }
