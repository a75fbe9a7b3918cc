"""The words of a course: its moves and what each does, the acts of its history, zones by name."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from babel.dates import format_date

from app.domain.diary_day import zone_named
from app.domain.records import Snapshot
from app.routers.clinician.words import LIMBS, ROLES, STATES, Words
from app.services.courses import Act, CourseSeen

Kept = tuple[str, str]


def _(message: str) -> str:
    return message


MOVES = {
    "invite": (
        _("Invite to the diary"),
        _("Screening went well. A phone can then be enrolled with a link."),
    ),
    "fail_screening": (
        _("Screen failure"),
        _("Not included. Links stop working, and the contact is erased."),
    ),
    "stop_diary": (
        _("Stop the diary"),
        _("The person stays in the study. No diary, no reminder any more, from now on."),
    ),
    "complete": (
        _("Completed"),
        _("The study went to its end. No diary, no reminder any more, from now on."),
    ),
    "lose": (
        _("Lost to follow-up"),
        _("Nobody can reach the person. Reminders stop; they can be found again."),
    ),
    "find_again": (
        _("Found again"),
        _("Diary and reminders go on from tonight."),
    ),
    "withdraw": (
        _("Withdraw"),
        _("Collection ends at once, what was recorded stays, and the contact is erased."),
    ),
    "record_death": (
        _("Deceased"),
        _("Every message stops at once, and the contact is erased."),
    ),
}
"""What each move is called, and what it does."""

ACTS = {
    "participant.screened": _("registered for screening"),
    "participant.invited": _("invited"),
    "device.enrolled": _("phone enrolled"),
    "participant.invite": _("invited"),
    "participant.fail_screening": _("screen failure"),
    "participant.pause": _("paused"),
    "participant.resume": _("resumed"),
    "participant.stop_diary": _("diary stopped"),
    "participant.complete": _("completed"),
    "participant.withdraw": _("withdrawn"),
    "participant.lose": _("lost to follow-up"),
    "participant.find_again": _("found again"),
    "participant.record_death": _("deceased"),
    "participant.corrected": _("enrolment corrected"),
    "participant.zone_changed": _("time zone changed"),
    "participant.contact_changed": _("contact changed"),
    "participant.preferences_changed": _("preferences changed"),
    "device.revoked": _("phones closed"),
    "session.dated": _("session dated"),
    "session.corrected": _("session corrected"),
    "visit.noted": _("visit noted"),
    "medicine.listed": _("medicine added"),
    "medicine.changed": _("prescription changed"),
    "medicine.ended": _("medicine ended"),
}
FIELDS = {
    "consent_on": _("Consent"),
    "consent_version": _("Version of the consent form"),
    "inclusion_on": _("Inclusion (D0)"),
    "first_diary_on": _("First diary day"),
    "last_diary_on": _("Last diary day"),
    "trial_record_id": _("Record in the trial database"),
    "limb": _("Affected limb"),
    "side": _("Side"),
    "scale": _("Scale"),
    "language": _("Language"),
    "hand": _("Controls of the phone at the"),
    "reminder_at": _("First reminder at"),
}
VALUES = {
    "vas100": _("line, 0 to 100"),
    "nrs11": _("numbers, 0 to 10"),
    "hand": _("hand or arm"),
    "foot": _("foot or leg"),
    "left": _("left"),
    "centre": _("centre"),
    "right": _("right"),
    "fr": "français",
    "en": "English",
}
WAYS = {
    ("email", "changed"): _("e-mail changed"),
    ("email", "removed"): _("e-mail removed"),
    ("phone", "changed"): _("telephone changed"),
    ("phone", "removed"): _("telephone removed"),
}
USES = {"scheduled": _("scheduled"), "rescue": _("as needed")}
ZONES = {
    "Europe/Paris": _("Paris (mainland France)"),
    "Indian/Reunion": _("La Réunion"),
    "America/Guadeloupe": _("Guadeloupe (Antilles)"),
    "America/Martinique": _("Martinique (Antilles)"),
    "America/Cayenne": _("Guyane"),
    "Indian/Mayotte": _("Mayotte"),
    "Pacific/Noumea": _("Nouvelle-Calédonie"),
    "Pacific/Tahiti": _("Polynésie française (Tahiti)"),
    "America/Miquelon": _("Saint-Pierre-et-Miquelon"),
    "Pacific/Wallis": _("Wallis-et-Futuna"),
    "Europe/Brussels": _("Brussels"),
    "Europe/Luxembourg": _("Luxembourg"),
    "Europe/Zurich": _("Geneva"),
    "Europe/Madrid": _("Madrid"),
    "Europe/Rome": _("Rome"),
    "Europe/Berlin": _("Berlin"),
    "Europe/Lisbon": _("Lisbon"),
    "Europe/London": _("London"),
    "Africa/Algiers": _("Algiers"),
    "Africa/Casablanca": _("Casablanca"),
    "Africa/Tunis": _("Tunis"),
    "America/Toronto": _("Montréal"),
}
"""Zones by the name that people know, France's first; any other IANA name is taken too."""


def zones(words: Words, present: str = "") -> list[Kept]:
    """The zones to choose from, as value and words; a present one that has no name comes too."""
    known = [(zone, words.say(ZONES, zone)) for zone in ZONES]
    return known if not present or present in ZONES else [*known, (present, present)]


def moves(seen: CourseSeen, words: Words) -> list[tuple[str, str, str]]:
    """The moves that are possible now: code, name, what it does."""
    gettext = words.gettext
    return [(by.value, gettext(MOVES[by][0]), gettext(MOVES[by][1])) for by in seen.moves]


def history(seen: CourseSeen, words: Words) -> list[dict[str, Any]]:
    """The acts of a course, ready: when by the participant's clock, who, what, why."""
    zone = zone_named(seen.person.tz)
    medicines = {row.id: row.medicine for row in seen.medicines or ()}
    return [
        {
            "at": act.at.astimezone(zone),
            "by": act.by,
            "role": words.say(ROLES, act.role),
            "act": words.say(ACTS, act.op),
            "was": words.say(STATES, act.was) if act.was else "",
            "state": words.say(STATES, act.state) if act.was and act.state else "",
            "told": " · ".join(_told(act, words, medicines)),
            "words": [text for text in act.words if text],
            "is_redacted": None in act.words,
        }
        for act in seen.acts
    ]


def _told(act: Act, words: Words, medicines: Mapping[str, Snapshot]) -> list[str]:
    """What an act's details say, in words."""
    details = act.details
    match act.op:
        case "participant.corrected" | "participant.preferences_changed":
            return [_changed(name, change, words) for name, change in details.items()]
        case "participant.zone_changed":
            change = f"{words.say(ZONES, details['from'])} → {words.say(ZONES, details['to'])}"
            since = details.get("from_at")
            return [change, _since(since, details["to"], words)] if since else [change]
        case "participant.contact_changed":
            return [words.gettext(WAYS[way, how]) for way, how in details.items()]
        case "participant.pause" | "participant.resume" if "from_on" in details:
            days = [details["from_on"], details.get("until_on")]
            return [" – ".join(_day(on, words) for on in days if on)]
        case "session.dated" | "session.corrected" | "visit.noted":
            return _held(details, words)
        case "medicine.listed" | "medicine.changed" | "medicine.ended":
            found = medicines.get(details["medicine"])
            name = f"{found.name} {found.strength}" if found else ""
            return [f"{name}, {_day(details.get('from_on') or details['until_on'], words)}"]
    return [_day(details["on"], words)] if "on" in details else []


def _held(details: Mapping[str, Any], words: Words) -> list[str]:
    """A session or a visit: its number, its date and area, and what they were before."""
    number = details.get("session_no")
    name = words.gettext(_("Session %(number)s")) % {"number": number} if number else ""
    was = details.get("was") or {}
    dates = [was.get("held_on"), details["held_on"]]
    told = " → ".join(dict.fromkeys(_day(on, words) for on in dates if on))
    areas = [was.get("area_cm2"), details.get("area_cm2")]
    measured = " → ".join(
        dict.fromkeys(f"{words.number(area)} cm²" for area in areas if area is not None)
    )
    return [part for part in (name, told, measured) if part]


def _changed(name: str, change: Mapping[str, Any], words: Words) -> str:
    from_, to = (_value(change[key], words) for key in ("from", "to"))
    return f"{words.say(FIELDS, name)}: {from_} → {to}"


def _value(value: Any, words: Words) -> str:
    if not value:
        return "–"
    if value in VALUES:
        return words.gettext(VALUES[value])
    return _day(value, words)


def _day(value: str, words: Words) -> str:
    """A date in words, or what is none as it stands."""
    try:
        return str(format_date(date.fromisoformat(value), "d MMM y", locale=words.lang))
    except ValueError:
        return value


def _since(instant: str, tz: str, words: Words) -> str:
    local = datetime.fromisoformat(instant).astimezone(zone_named(tz))
    return f"{_day(local.date().isoformat(), words)} {local:%H:%M}"


def limb(person_limb: str, side: str, words: Words) -> str:
    """The affected limb with its side."""
    return words.say(LIMBS, f"{person_limb} {side}")
