"""The trail in words: what each act is called, what its details say, who did it.

Tables and their use. What is searched is decided in the services. `_` only marks for collection.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from babel.dates import format_date

from app.domain.access import SYSTEM
from app.domain.comparison import Value
from app.routers.clinician.pictures import address_of
from app.routers.clinician.reminder_words import CHANNELS
from app.routers.clinician.words import (
    ASKED,
    KINDS,
    OPERATIONS,
    PAIN,
    REASONS,
    ROLES,
    STATES,
    TEXTS,
    Words,
)
from app.routers.deps import NOBODY
from app.routers.sentences import SENTENCES
from app.services.trail_reading import Entry


def _(message: str) -> str:
    return message


ACTS: dict[str, dict[str, str]] = {
    _("Records"): OPERATIONS,
    _("Diary and doses"): {
        "submission.set_aside": _("an entry was set aside for the site"),
        "set_aside.accepted": _("accepted an entry that was set aside"),
        "set_aside.declined": _("declined an entry that was set aside"),
        "entry.owned": _("said that an entry was theirs"),
        "entry.disowned": _("said that an entry was not theirs"),
        "participant.evening_declined": _("chose not to fill in the diary that evening"),
    },
    _("Reminders and calls"): {
        "participant.reminded": _("was reminded"),
        "participant.reminder_snoozed": _("put a reminder off"),
        "participant.reminder_changed": _("changed the time of reminders"),
        "participant.push_on": _("turned notifications on"),
        "participant.push_off": _("turned notifications off"),
        "participant.test_asked": _("asked for a test message"),
        "reminder.retried": _("sent a message again"),
        "reminder.called": _("noted a call"),
    },
    _("Participants"): {
        "participant.invited": _("invited a participant"),
        "participant.screened": _("registered a participant for screening"),
        "participant.invite": _("invited a participant"),
        "participant.fail_screening": _("noted a screen failure"),
        "participant.enrol": _("enrolled a participant"),
        "participant.pause": _("paused the diary"),
        "participant.resume": _("resumed the diary"),
        "participant.stop_diary": _("stopped the diary"),
        "participant.complete": _("noted the end of the study for a participant"),
        "participant.withdraw": _("withdrew a participant"),
        "participant.lose": _("noted a participant as lost to follow-up"),
        "participant.find_again": _("noted a participant as found again"),
        "participant.record_death": _("noted a death"),
        "participant.link_issued": _("made an enrolment link"),
        "participant.zone_changed": _("changed the time zone"),
        "participant.language_changed": _("changed the language"),
        "participant.hand_changed": _("changed the side of the buttons"),
        "participant.corrected": _("corrected a participant's particulars"),
        "participant.contact_changed": _("changed the contact"),
        "participant.preferences_changed": _("changed the preferences for a participant"),
        "session.dated": _("dated a session"),
        "session.corrected": _("corrected a session"),
        "visit.noted": _("noted a visit"),
        "clinic_measures.noted": _("said whether the clinic's own measures were done"),
    },
    _("Medicines"): {
        "medicine.listed": _("put a medicine on the list"),
        "medicine.changed": _("changed a medicine on the list"),
        "medicine.ended": _("took a medicine off the list"),
        "formulary.added": _("added a box to the formulary"),
        "formulary.taken_out": _("took a box out of the formulary"),
    },
    _("Phones and sign-ins"): {
        "participant.signed_in": _("opened the diary"),
        "device.enrolled": _("enrolled a phone"),
        "device.removed": _("took the diary off a phone"),
        "device.revoked": _("closed the phones of a participant"),
        "device.ended": _("a phone was closed after the last day"),
        "pairing.code_made": _("made a code for another phone"),
        "passkey.added": _("set up fingerprint or face"),
        "passkey.removed": _("removed fingerprint or face"),
        "passkey.copied": _("a fingerprint or face key seems to be copied"),
    },
    _("Letters"): {
        "message.sent": _("sent a message to a participant"),
        "message.read": _("read a message"),
        "request.asked": _("made a request"),
        "request.answered": _("answered a request"),
    },
    _("Alerts, queries and signatures"): {
        "alert.raised": _("an alert was raised"),
        "alert.acknowledged": _("took an alert on"),
        "alert.noted": _("noted on an alert"),
        "alert.closed": _("closed an alert"),
        "query.asked": _("asked a query"),
        "query.answered": _("answered a query"),
        "query.closed": _("closed a query"),
        "query.reopened": _("reopened a query"),
        "clinic_measures.noted": _("said whether the clinic's measures were done"),
        "signoff.signed": _("signed a period off"),
        "trail.reviewed": _("reviewed the trail"),
    },
    _("Accounts, keys and sites"): {
        "staff.added": _("added an account"),
        "staff.signed_in": _("signed in at the desk"),
        "staff.confirmed": _("confirmed both factors"),
        "staff.invited": _("invited a member of staff"),
        "staff.joined": _("made their account"),
        "staff.granted": _("gave a role"),
        "staff.grant_ended": _("ended a role"),
        "staff.disabled": _("closed an account"),
        "staff.enabled": _("opened an account again"),
        "staff.sign_ins_ended": _("ended the sign-ins of an account"),
        "staff.password_changed": _("changed the password"),
        "staff.factors_renewed": _("renewed the password and the six digits"),
        "staff.codes_made": _("made recovery codes"),
        "staff.passkey_added": _("set up fingerprint or face at the desk"),
        "staff.passkey_removed": _("removed fingerprint or face at the desk"),
        "staff.passkey_copied": _("a fingerprint or face key of the desk seems to be copied"),
        "staff.email_changed": _("changed the e-mail for the daily summary"),
        "staff.language_changed": _("changed the language of the desk"),
        "key.created": _("made a key for the trial database"),
        "key.revoked": _("revoked a key"),
        "key.rotated": _("made a key that takes another’s place"),
        "site.added": _("added a site"),
    },
    _("Exports, copies and pulls"): {
        "trail.exported": _("exported the trail"),
        "copy.taken": _("took a certified copy"),
        "database.restored": _("the database was restored from a backup"),
        "heads.signed": _("signed where the trail stands"),
        "text.redacted": _("removed words from an earlier change"),
        "database.moved": _("the database was moved from another one, whole"),
        "backup.verified": _("the nightly backup was restored on trial and holds"),
        "backup.failed": _("the nightly backup could not be taken or tried out"),
        "secrets.rotated": _("sealed data was sealed again with the present secret"),
        "study.purged": _("addresses and ways in were erased at the study’s end"),
        "study.archived": _("the study was archived"),
        "changes.pulled": _("pulled changes"),
        "entries.read": _("read entries by key"),
        "entries.exported": _("exported days by key"),
        "doses.exported": _("exported doses by key"),
        "odm.exported": _("exported ODM by key"),
        "redcap.exported": _("exported in the form of REDCap by key"),
        "history.read": _("read a record's history by key"),
        "participants.read": _("read participants by key"),
        "sessions.read": _("read sessions by key"),
        "figures.read": _("read figures by key"),
        "reconciliation.read": _("compared counts by key"),
    },
    _("Refusals"): {"refused": _("was refused")},
}
"""Every kind of change by group: its code and what it is called, after who did it."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARAMETER = re.compile(r"%\(\w+\)s")

GROUPS = {f"group-{number}": group for number, group in enumerate(ACTS)}
"""Codes by which a whole group can be asked for in an address."""

_CALLED = {op: called for group in ACTS.values() for op, called in group.items()}
_DETAILS = {
    "channel": _("way"),
    "count": _("how many"),
    "diary_on": _("diary day"),
    "field": _("answer"),
    "first_diary_on": _("first diary day"),
    "format": _("format"),
    "from": _("from"),
    "from_on": _("first day"),
    "held_on": _("held on"),
    "label": _("name"),
    "meaning": _("meaning"),
    "minutes": _("minutes"),
    "name": _("name"),
    "outcome": _("outcome"),
    "role": _("role"),
    "rule": _("rule"),
    "scale": _("scale"),
    "session_no": _("session"),
    "site": _("site"),
    "sites": _("sites"),
    "state": _("state"),
    "to": _("to"),
    "until": _("until"),
    "until_on": _("last day"),
    "until_seq": _("up to number"),
    "via": _("by"),
    "visit_on": _("visit on"),
}
_PATTERNS = {"version": _("%(kind)s: %(done)s"), "nobody": _("somebody unknown")}
_OUTCOMES = {"reached": _("Reached"), "no_answer": _("No answer")}
_VALUES: dict[str, Mapping[str, str]] = {
    "channel": CHANNELS,
    "kind": {**ASKED, **KINDS},
    "outcome": _OUTCOMES,
    "role": ROLES,
    "rule": REASONS,
    "state": STATES,
}
_TEXTS = {**TEXTS, "reason": _("Reason"), "words": _("Words"), "decision": _("Reason")}


def refusal_of(words: Words, code: str) -> str:
    """Why something was refused, in the sentence that the person read."""
    return _PARAMETER.sub("…", words.say(SENTENCES, code)).replace("%%", "%")


def ops_of(kind: str) -> tuple[str, ...] | None:
    """The kinds of change that a choice of the form asks for; None for all."""
    if kind in GROUPS:
        return tuple(ACTS[GROUPS[kind]])
    return (kind,) if kind else None


class TrailWords:
    """The trail's words in one language."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def choices(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The kinds to choose from: the code and name of each group, and what is in it."""
        say = self.words.say
        return [
            (code, say({code: group}, code), [(op, say(ACTS[group], op)) for op in ACTS[group]])
            for code, group in GROUPS.items()
        ]

    def act(self, entry: Entry) -> str:
        """What was done, in a few words."""
        done = self.words.say(_CALLED, entry.row.op)
        if not entry.is_version:
            return done
        kind = self.words.say(KINDS, entry.body["kind"])
        return self.words.say(_PATTERNS, "version") % {"kind": kind, "done": done}

    def who(self, entry: Entry) -> str:
        """Who did it: the name of a member of staff, a study code, or what it was."""
        actor = entry.body["actor"]
        if actor["id"] == NOBODY.id:
            return self.words.say(_PATTERNS, "nobody")
        if actor["id"] == SYSTEM.id:
            return self.words.say(ROLES, "system")
        return str(entry.name or actor["id"])

    def role(self, entry: Entry) -> str:
        """The role, and the organisation where there is one."""
        actor = entry.body["actor"]
        said = "" if actor["id"] in (NOBODY.id, SYSTEM.id) else self.words.say(ROLES, actor["role"])
        return " · ".join(part for part in (said, actor["organisation"]) if part)

    def details(self, entry: Entry) -> list[tuple[str, str]]:
        """What an act says beside its name, as far as there are words for it."""
        details = entry.body.get("details", {})
        if entry.row.op == "refused":
            return [("", refusal_of(self.words, details["code"]))]
        return [
            (self.words.say(_DETAILS, name) if name in _DETAILS else "", self._value(name, value))
            for name, value in details.items()
            if (name in _DETAILS or name == "kind") and value not in (None, "", [])
        ]

    def changes(self, entry: Entry) -> list[tuple[str, str | None, str]]:
        """What a version says: field, old value (None for a first version), new value."""
        words = self.words
        first = [(words.field(f), None, self._said(f.group, f.value)) for f in entry.fields]
        later = [
            (words.field(c), self._said(c.group, c.old), self._said(c.group, c.new))
            for c in entry.changes
        ]
        return [*first, *later]

    def texts(self, entry: Entry) -> Iterator[tuple[str, str | None]]:
        """The texts that go with it by name; None where one was removed."""
        for name, value in entry.texts.items():
            code = next((part for part in name.split(".") if part in PAIN), None)
            yield self.words.say(PAIN, code) if code else self.words.say(_TEXTS, name), value

    def link(self, entry: Entry) -> str | None:
        """The page of the diary day that a change is about."""
        on = entry.body.get("diary_on")
        code = entry.row.study_code
        return address_of(code, date.fromisoformat(on)) if on and code else None

    def day(self, written: str) -> str:
        """A date in full."""
        return str(format_date(date.fromisoformat(written), "d MMM y", locale=self.words.lang))

    def _said(self, group: str, value: Value) -> str:
        """A value in words; dates are stored as they sort."""
        if isinstance(value, str) and _DATE.fullmatch(value):
            return self.day(value)
        return self.words.value(group, value)

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(str(one) for one in value)
        if name in _VALUES:
            return self.words.say(_VALUES[name], str(value))
        return self.day(value) if _DATE.fullmatch(str(value)) else str(value)
