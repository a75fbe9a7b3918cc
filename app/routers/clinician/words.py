"""The desk's codes in words: causes, statuses, fields of a record and their values.

Interface words are gettext messages, study wording comes from the study. `_` only marks them for
collection; `Words` turns them into the reader's language.
"""

from collections.abc import Mapping
from datetime import date

from babel.dates import get_month_names
from babel.numbers import get_decimal_symbol

from app.domain.comparison import Changed, Field, Value
from app.domain.study import Study
from app.domain.study.wording import Choice
from app.rendering import translations


def _(message: str) -> str:
    return message


CAUSES = {
    "paused": _("Paused by the site"),
    "declined": _("Preferred not to answer"),
    "technical": _("Technical fault"),
    "not_finished": _("Not finished"),
    "not_opened": _("Not opened"),
    "not_reachable": _("Not reachable"),
    "unknown": _("Cause unknown"),
}
SYMBOLS = {
    "entry": ("✓", _("entry")),
    "flare": ("◐", _("too much pain: pain alone")),
    "late": ("◷", _("late entry")),
    "missing": ("–", _("missed")),
    "paused": ("‖", _("paused")),
    "declined": ("×", _("preferred not to answer")),
    "site": ("☑", _("entered by the site")),
}
STATUSES = {
    "declined": _("preferred not to answer"),
    "avoided": _("avoided"),
    "not_exposed": _("did not come up"),
    "not_asked": _("not asked"),
    "skipped_flare": _("skipped: too much pain"),
    "unanswered": _("not answered"),
}
STATES = {
    "screening": _("screening"),
    "screen_failure": _("screen failure"),
    "invited": _("invited"),
    "enrolled": _("enrolled"),
    "paused": _("paused"),
    "diary_stopped": _("diary stopped"),
    "completed": _("completed"),
    "withdrawn": _("withdrawn"),
    "lost_to_follow_up": _("lost to follow-up"),
    "deceased": _("deceased"),
}
LENGTHS = {
    "flare": _("too much pain"),
    "short": _("without triggers"),
    "usual": _("with triggers"),
}
LIMBS = {
    "hand left": _("left hand or arm"),
    "hand right": _("right hand or arm"),
    "foot left": _("left foot or leg"),
    "foot right": _("right foot or leg"),
}
REASONS = {
    "disowned": _("entry not theirs"),
    "request": _("open request"),
    "unconfirmed": _("entry not confirmed"),
    "emergency_item": _("emergency reported"),
    "hospital": _("in hospital"),
    "infection_item": _("sign of infection"),
    "confusion_item": _("confusion reported"),
    "pain_high": _("high pain"),
    "flare_running": _("too much pain"),
    "mme_rise": _("opioids rose"),
    "missed_running": _("missed days"),
    "few_entries": _("few entries"),
    "unreachable": _("cannot be reached"),
}
PAIN = {
    "pain_average": _("Average pain"),
    "pain_worst": _("Worst pain"),
    "pain_least": _("Least pain"),
    "pain_now": _("Pain now"),
}
FIELDS = {
    ("entered", "mode"): _("Entered by the site"),
    ("entered", "page_on"): _("Date on the page"),
    ("entry", "flare"): _("Too much pain today"),
    ("entry", "hospital"): _("In hospital"),
    ("gate", "allodynia"): _("Pain caused by touch"),
    ("zones", "zones"): _("Places"),
    ("medicines", "medicines"): _("Medicines"),
    ("medicines", "none"): _("No medicine taken"),
    ("kept", "worst_below_average"): _("Worst below average, kept"),
    ("kept", "none_beside_dose"): _("No medicine beside a dose, kept"),
    ("dose", "medicine"): _("Medicine"),
    ("dose", "units"): _("Units"),
    ("dose", "taken_on"): _("Taken on"),
    ("dose", "taken_at"): _("Taken at"),
    ("dose", "taken_part"): _("Part of day"),
    ("dose", "patch"): _("Patch"),
    ("dose", "reason"): _("Reason"),
}
FLAGS = {
    "recalled": _("recalled the next day"),
    "clock_unsettled": _("phone clock not confirmed"),
    "clock_skew": _("phone clock wrong by more than 5 min"),
    "not_brought": _("an earlier contact had not brought it"),
    "helper": _("someone touched the screen for the participant"),
}
MODES = {
    "call": _("telephone call"),
    "paper": _("dated paper page"),
    "hospital": _("hospital stay"),
    "no_smartphone": _("no smartphone"),
    "other": _("another way"),
}
SET_ASIDE = {
    "answers_behind_closed_gate": _("Questions were answered that the first answer rules out."),
    "base_set_aside": _("It changes something that was set aside itself."),
    "correction_after_window": _("It corrects a day whose window was over."),
    "impossible_clock": _("The phone's clock was impossible: in the future, or before enrolment."),
    "medicine_not_on_list": _("It names a medicine that is not on the participant's list."),
    "not_in_study": _("The participant was not in the study at that moment."),
    "other_kind": _("Another kind of record has this number already."),
    "other_scale": _("It was answered on another scale than the participant's."),
    "outside_study": _("The day lies outside the diary's days."),
    "outside_window": _("It was saved outside every evening's window."),
    "second_create": _("A record with this number is there already."),
    "second_diary": _("There is a diary for this day already."),
    "simulated_values": _("It says that its values are made up."),
    "stale_base": _("Somebody had changed the record meanwhile."),
    "too_late_for_medicine": _("A dose was noted after noon of the next day."),
    "unknown_item": _("It answers a question that this study does not ask."),
    "unknown_session": _("It is about a session that the site has not dated."),
    "unknown_symptom": _("It names a symptom that this study does not ask about."),
    "unknown_trigger": _("It answers a trigger that this study does not ask about."),
    "void_by_participant": _("The participant takes back more than a dose."),
    "zone_of_another_limb": _("It marks a place on another limb."),
}
"""Why something was set aside; the codes are those of `weighing` and of the domain's `fit`."""
HURDLES = {
    "unreadable": _("No version of the form can read it."),
    "taken_back": _("The record it would change was taken back."),
    **{
        code: SET_ASIDE[code]
        for code in (
            "other_kind",
            "other_scale",
            "simulated_values",
            "unknown_item",
            "unknown_session",
            "unknown_symptom",
            "unknown_trigger",
            "zone_of_another_limb",
        )
    },
}
"""What keeps something that was set aside from being accepted."""
RULINGS = {"accepted": _("accepted"), "declined": _("declined")}
TEXTS = {
    "source": _("Source"),
    "collected_by": _("Collected by"),
    "decision": _("Accepted because"),
    "other_medicine": _("Another medicine"),
    "other_symptom": _("Something else"),
    "note": _("Note"),
}
OPERATIONS = {
    "create": _("saved"),
    "correct": _("corrected"),
    "void": _("taken back"),
    "redact": _("text removed"),
}
ASKED = {
    "correction": _("asks for a correction"),
    "data_copy": _("asks for a copy of the data"),
    "leaving": _("asks to leave the study"),
}
KINDS = {
    "diary": _("Diary"),
    "dose": _("Dose"),
    "session_report": _("Report after a session"),
}
ROLES = {
    "participant": _("participant"),
    "clinician": _("clinician"),
    "coordinator": _("coordinator"),
    "assessor": _("assessor"),
    "monitor": _("monitor"),
    "inspector": _("inspector"),
    "data_manager": _("data manager"),
    "admin": _("administrator"),
    "trial_database": _("trial database"),
    "system": _("the service"),
}
ABSENT = "–"


class Words:
    """The desk's words in one language, for one study."""

    def __init__(self, study: Study, lang: str) -> None:
        self.study, self.lang = study, lang
        self.gettext = translations(lang).gettext
        self._months = get_month_names("abbreviated", locale=lang)
        self._point = get_decimal_symbol(lang)
        places = (*study.zone_set.hand, *study.zone_set.foot)
        self.places = {zone.code: zone.label.in_(lang) for zone in places}
        self.triggers = {t.code: self.short(t.label.in_(lang)) for t in study.triggers}
        report = study.session_report
        self._symptoms = {i.code: i.label.in_(lang) for i in (*report.weekly_items, *report.items)}
        gate = study.gate
        self._answers = {
            "yes": gate.yes.in_(lang),
            "no": gate.no.in_(lang),
            "avoided": gate.avoided.in_(lang),
            "as_prescribed": study.medicines.as_prescribed.in_(lang),
            "not_taken": study.medicines.not_taken.in_(lang),
            "applied": study.medicines.patch_applied.in_(lang),
            "removed": study.medicines.patch_removed.in_(lang),
            **self._choices(study.medicines.parts),
            **self._choices(study.medicines.reasons),
            **self._choices(report.severities),
        }

    def point(self, group: str, code: str) -> str:
        """What a query is about, by the group and code of the field; a medicine by its part."""
        if group in ("scheduled", "rescue", "reason"):
            return self.gettext(FIELDS["medicines", "medicines"])
        return self.field(Field(group, code, None)) if code else self.gettext(_("the whole day"))

    def flag(self, flag: str) -> str:
        """A flag of a version, in words."""
        if flag.startswith("set_aside:"):
            return self.gettext(_("set aside at first, accepted by the site"))
        return self.say(FLAGS, flag)

    def say(self, table: Mapping[str, str], code: str) -> str:
        """The word of a code; a code that the table does not know stands for itself."""
        return self.gettext(table[code]) if code in table else code

    def symbol(self, name: str) -> str:
        """What a day's symbol means."""
        return self.gettext(SYMBOLS[name][1])

    def day(self, on: date) -> str:
        """A date, short: a page has hundreds, so only the name of the month is looked up."""
        return f"{on.day}\u00a0{self._months[on.month]}"

    def number(self, value: float) -> str:
        """A number with one decimal at most, as the language writes it."""
        return f"{value:.1f}".removesuffix(".0").replace(".", self._point)

    def field(self, field: Field | Changed) -> str:
        """What a field of a record is called."""
        match field.group:
            case "pain":
                return self.say(PAIN, field.code)
            case "trigger":
                return self.triggers.get(field.code, field.code)
            case "symptom":
                return self._symptoms.get(field.code, field.code)
            case "scheduled" | "rescue" | "reason":
                return field.name
        known = FIELDS.get((field.group, field.code))
        return self.gettext(known) if known else field.code

    def value(self, group: str, value: Value) -> str:
        """A value as a person reads it; an absent one is a dash."""
        match value:
            case None:
                return ABSENT
            case True:
                return self.gettext(_("yes"))
            case int() | float():
                return self.number(value)
            case tuple():
                names = [self.places.get(place, place) for place in value]
                return ", ".join(names) or self.gettext(_("none"))
            case dict():
                return self._parts(value)
        if group == "entered":
            return self.say(MODES, value)
        if group not in ("gate", "scheduled") and value in STATUSES:
            return self.say(STATUSES, value)
        return self._answers.get(value) or self.say(STATUSES, value)

    def short(self, label: str) -> str:
        """A label without what it explains in brackets."""
        return label.split(" (")[0]

    def _parts(self, units: Mapping[str, float]) -> str:
        said = (f"{self._answers.get(part, part)} {self.number(n)}" for part, n in units.items())
        return ", ".join(said) or "0"

    def _choices(self, choices: tuple[Choice, ...]) -> dict[str, str]:
        return {choice.code: choice.label.in_(self.lang) for choice in choices}
