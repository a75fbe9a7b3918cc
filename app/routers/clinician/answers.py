"""The desk's form of a record's answers: dense, every status in words, read back into a payload.

The phone's forms are read by `routers/forms`; this one asks the same on one sheet. The rule kept:
an answer that nobody touched stays exactly what it was, with how it was shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.domain.errors import InvalidInput
from app.domain.records import (
    PARTS,
    AnswerStatus,
    AnyPayload,
    DiaryPayload,
    DosePayload,
    Kind,
    Score,
    SessionReportPayload,
    Snapshot,
    read_payload,
)
from app.domain.review import contradictions
from app.domain.study import Study
from app.domain.study.wording import Choice
from app.routers import forms
from app.routers.clinician.desk import FormFields, read_needed_date, read_time, typed
from app.routers.clinician.words import PAIN, STATUSES, Words
from app.routers.deps import first
from app.store.tables import Participant

Values = dict[str, Any]
ITEM_STATUSES = ("declined",)
TRIGGER_STATUSES = ("not_exposed", "avoided")
_LISTS = ("zones", "kept")
_SAID = (AnswerStatus.DECLINED, AnswerStatus.NOT_EXPOSED, AnswerStatus.AVOIDED)
"""The answers without a number that a form offers."""


@dataclass(frozen=True)
class Sheet:
    """What the form of one record is made of: the participant, the medicines, what stands."""

    study: Study
    person: Participant
    kind: Kind
    medicines: Mapping[str, Snapshot]
    base: AnyPayload | None = None
    has_logged_dose: bool = False

    def values(self, texts: Mapping[str, str]) -> Values:
        """What stands, as the values of the form."""
        match self.base:
            case DiaryPayload():
                return _diary_values(self.base, texts)
            case DosePayload():
                return _dose_values(self.base)
            case SessionReportPayload():
                items = {f"symptom.{code}": said for code, said in self.base.items.items()}
                return {**items, "other_symptom": texts.get("other_symptom", "")}
        return {}

    def read(self, form: FormFields) -> AnyPayload:
        """Read a posted form; InvalidInput names the field, with what was refused."""
        match self.kind:
            case Kind.DIARY:
                raw = self._diary(form)
            case Kind.DOSE:
                raw = self._dose(form)
            case Kind.SESSION_REPORT:
                base = cast(SessionReportPayload, self.base)
                raw = forms.session_report(form, base.session_no)
                raw["simulated"] = base.simulated
        return self._typed(raw)

    def texts(self, form: FormFields, kept: Mapping[str, str]) -> dict[str, str]:
        """The words beside the answers: those of the form, and a note that stands already."""
        names = {Kind.DIARY: "other_medicine", Kind.SESSION_REPORT: "other_symptom"}
        asked = names.get(self.kind)
        said = {"note": kept["note"]} if "note" in kept else {}
        if asked and first(form, asked):
            said[asked] = first(form, asked)
        return said

    def shown(self, words: Words) -> Values:
        """What the template asks, in words."""
        zones = self.study.zone_set.of("hand" if self.person.limb == "hand" else "foot")
        medicines, report = self.study.medicines, self.study.session_report
        symptoms = {one.code: one for one in (*report.items, *report.weekly_items)}
        return {
            "kind": self.kind.value,
            "highest": 100 if self.person.scale == "vas100" else 10,
            "items": [(i.code, words.say(PAIN, i.code)) for i in self.study.asked_items],
            "item_statuses": _statuses(words, ITEM_STATUSES),
            "triggers": [(t.code, words.triggers[t.code]) for t in self.study.asked_triggers],
            "trigger_statuses": _statuses(words, TRIGGER_STATUSES),
            "gates": [(g, words.value("gate", g)) for g in ("yes", "no", "avoided", "declined")],
            "zones": [(zone.code, words.places[zone.code]) for zone in zones],
            "scheduled": [m for m in self.medicines.values() if m.role == "scheduled"],
            "rescue": [m for m in self.medicines.values() if m.role == "rescue"],
            "medicines": list(self.medicines.values()),
            "parts": [(part, words.value("part", part)) for part in PARTS],
            "reasons": _choices(medicines.reasons, words.lang),
            "takings": [
                ("as_prescribed", medicines.as_prescribed.in_(words.lang)),
                ("differently", medicines.differently.in_(words.lang)),
                ("not_taken", medicines.not_taken.in_(words.lang)),
            ],
            "none": medicines.none.in_(words.lang),
            "symptoms": [(code, one.label.in_(words.lang)) for code, one in symptoms.items()],
            "severities": _choices(report.severities, words.lang),
        }

    def _diary(self, form: FormFields) -> forms.Raw:
        read = _as_phone(form, self.study, self.person.scale)
        raw = forms.diary(read, self.study, self.person.scale, self._as_sent())
        if isinstance(self.base, DiaryPayload):
            _keep_shown(raw["scores"], self.base.scores)
            _keep_shown(raw["triggers"], self.base.triggers)
            _leave_unasked(raw["medicines"], self.base)
            raw |= self.base.model_dump(mode="json", include={"simulated", "entered"})
        found = contradictions(
            cast(DiaryPayload, self._typed(raw)), has_logged_dose=self.has_logged_dose
        )
        unsettled = found - set(form.get("kept", []))
        if unsettled:
            raise InvalidInput("contradiction", field="kept", codes=sorted(unsettled))
        return {**raw, "kept": sorted(found)}

    def _dose(self, form: FormFields) -> forms.Raw:
        base = cast(DosePayload, self.base)
        medicine = self.medicines.get(first(form, "medicine"))
        if medicine is None:
            raise InvalidInput("not_a_choice", field="medicine")
        taken_at, part = read_time(form, "taken_at"), first(form, "taken_part") or None
        if taken_at is None and part is None:
            raise InvalidInput("time_missing", field="taken_at")
        units = forms.number(form, "units")
        if not units:
            raise InvalidInput("field_missing", field="units")
        return {
            "medicine": medicine.model_dump(mode="json"),
            "units": units,
            "taken_on": read_needed_date(form, "taken_on").isoformat(),
            "taken_at": taken_at and taken_at.isoformat(),
            "taken_part": None if taken_at else part,
            "reason": first(form, "reason_taken") or None,
            "patch": base.patch if medicine.ug_per_h is not None else None,
            "simulated": base.simulated,
        }

    def _typed(self, raw: forms.Raw) -> AnyPayload:
        try:
            return read_payload(self.kind, raw)
        except InvalidInput as fault:
            field = forms.field_of(fault.field, raw)
            raise InvalidInput(fault.code, field=field, refused=fault.refused) from None

    def _as_sent(self) -> list[forms.Raw]:
        return [medicine.model_dump(mode="json") for medicine in self.medicines.values()]


def typed_again(form: FormFields) -> Values:
    """What was typed, with every tick of a list, to be shown again."""
    return {**typed(form), **{name: form.get(name, []) for name in _LISTS}}


def _as_phone(form: FormFields, study: Study, scale: str) -> FormFields:
    """The form as the phone would post it: a number, or a status in its place."""
    read = dict(form)
    codes: list[str] = [item.code for item in study.asked_items]
    codes += [trigger.code for trigger in study.asked_triggers]
    for code in ["pain_average"] if "flare" in form else codes:
        status, value = first(form, f"{code}.status"), first(form, code)
        if status and value:
            raise InvalidInput("number_beside", field=code, refused={code: value})
        read[f"{code}.status"] = ["answered" if value else status or "unanswered"]
        if scale == "nrs11":
            read[code] = [value or status]
    return read


def _keep_shown(scores: dict[str, Any], before: Mapping[str, Score]) -> None:
    """Leave an answer that says the same exactly as it was, with its line and viewport."""
    for code, score in scores.items():
        old = before.get(code)
        if old and (old.status, old.value) == (score["status"], score.get("value")):
            scores[code] = old.model_dump(mode="json")


def _leave_unasked(medicines: dict[str, Any], base: DiaryPayload) -> None:
    """Add no unanswered question about a medicine that the entry did not ask about."""
    asked = {answer.medicine.medicine_id for answer in base.medicines.scheduled}
    medicines["scheduled"] = [
        answer
        for answer in medicines["scheduled"]
        if answer["taking"] or answer["medicine"]["medicine_id"] in asked
    ]


def _diary_values(payload: DiaryPayload, texts: Mapping[str, str]) -> Values:
    values = forms.diary_values(payload, dict(texts))
    for code, score in (*payload.scores.items(), *payload.triggers.items()):
        values[code] = "" if score.value is None else str(score.value)
        values[f"{code}.status"] = score.status.value if score.status in _SAID else ""
    return {**values, "flare": payload.flare}


def _dose_values(payload: DosePayload) -> Values:
    return {
        "medicine": payload.medicine.medicine_id,
        "units": f"{payload.units:g}",
        "taken_on": payload.taken_on.isoformat(),
        "taken_at": payload.taken_at.strftime("%H:%M") if payload.taken_at else "",
        "taken_part": payload.taken_part or "",
        "reason_taken": payload.reason or "",
    }


def _statuses(words: Words, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, words.say(STATUSES, code)) for code in codes]


def _choices(choices: tuple[Choice, ...], lang: str) -> list[tuple[str, str]]:
    return [(choice.code, choice.label.in_(lang)) for choice in choices]
