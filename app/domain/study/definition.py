"""The study as a whole: every setting and sentence, its places of touch and its formulary.

Parts are typed in the modules beside; here they meet, and what concerns two of them is checked. The
rule kept: values are read from a study and never changed in it.
"""

from collections.abc import Mapping
from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput
from app.domain.study.formulary import Formulary
from app.domain.study.notices import DayMessages, Digest, Message, Notice, PushWords, Quiet
from app.domain.study.questions import (
    Anchors,
    Gate,
    Item,
    Limbs,
    MedicineWording,
    SessionReport,
    Trigger,
    TriggerWording,
)
from app.domain.study.rules import (
    AlertRules,
    Baseline,
    Days,
    Flags,
    Scale,
    Sessions,
    SiteHours,
    Week,
    Window,
)
from app.domain.study.wording import Code, Part, Text, Version, distinct, first_twice
from app.domain.study.zones import ZoneSet

SENTENCES = frozenset(
    {
        "change_answer",
        "contradiction_medicines",
        "contradiction_pain",
        "flare",
        "flare_saved",
        "helper",
        "hospital",
        "hospital_saved",
        "keep_both",
        "mark",
        "midnight",
        "practice",
        "scores_hidden",
        "simulated",
    }
)
"""Sentences that pages ask for by name in `Study.wording`; each must be there, and no other."""


class Reminder(Message):
    """One evening message: its code and its local time of sending."""

    code: Code
    at: time


class EmergencyNumber(Part):
    """A public number and what it is for; `by_sms` where it is reached by message."""

    number: Annotated[str, Field(pattern=r"^\d{2,5}$")]
    by_sms: bool = False
    label: Text


class Emergency(Part):
    """Who to call. The team's number and hours belong to the site and fill `{phone}`, `{hours}`."""

    sentence: Text
    now: Text
    team: Text
    numbers: Annotated[tuple[EmergencyNumber, ...], Field(min_length=1)]


def _known_zone(tz: str) -> str:
    try:
        return zone_named(tz).key
    except InvalidInput:
        raise ValueError("this time zone is not known") from None


class StudyFile(Part):
    """Everything that study.toml sets. See `Study` for the whole."""

    id: Code
    version: Version
    accepted_versions: Annotated[tuple[Version, ...], Field(min_length=1)]
    title: Text
    participant_name: Text
    code_prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,6}$")]
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...]
    default_scale: Scale
    own_scores_hidden: bool
    clinic_measures_first: bool
    unconfirmed_after_days: Days
    adherence_target: Annotated[int, Field(ge=1, le=100)]
    credentials_end_after_days: Days
    tz: Annotated[str, AfterValidator(_known_zone)]
    window: Window
    sessions: Sessions
    site_hours: SiteHours
    baseline: Baseline
    week: Week
    flags: Flags
    items: Annotated[tuple[Item, ...], AfterValidator(distinct)]
    anchors: Anchors
    decline: Text
    limbs: Limbs
    gate: Gate
    trigger_wording: TriggerWording
    triggers: Annotated[tuple[Trigger, ...], AfterValidator(distinct)]
    zones_question: Text
    medicines: MedicineWording
    session_report: SessionReport
    reminders: Annotated[tuple[Reminder, ...], AfterValidator(distinct)]
    test_message: Message
    day_messages: DayMessages
    digest: Digest
    push: PushWords
    quiet: Quiet
    alerts: AlertRules
    emergency: Emergency
    privacy: Notice
    wording: Mapping[str, Text]

    @field_validator("accepted_versions")
    @classmethod
    def _accepts_itself(cls, versions: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("version", versions[0]) not in versions:
            raise ValueError("does not hold the study's own version")
        return versions

    @field_validator("languages")
    @classmethod
    def _speaks(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if (twice := first_twice(languages)) is not None:
            raise ValueError(f"{twice} stands twice")
        if not {"fr", "en"} <= set(languages):
            raise ValueError("needs fr and en")
        return languages

    @field_validator("items")
    @classmethod
    def _asks_the_main_item(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        if not any(item.on and item.code == "pain_average" for item in items):
            raise ValueError("pain_average must be on: every mean is taken of it")
        return items

    @field_validator("reminders")
    @classmethod
    def _inside_window(
        cls, reminders: tuple[Reminder, ...], info: ValidationInfo
    ) -> tuple[Reminder, ...]:
        times = [reminder.at for reminder in reminders]
        if times != sorted(set(times)):
            raise ValueError("are not in the order of their times")
        if "window" in info.data and times[0] < info.data["window"].opens:
            raise ValueError(f"{reminders[0].code} comes before the window opens")
        return reminders

    @field_validator("wording")
    @classmethod
    def _has_every_sentence(cls, wording: Mapping[str, Text]) -> Mapping[str, Text]:
        if missing := SENTENCES - set(wording):
            raise ValueError(f"{min(missing)} is missing")
        if unknown := set(wording) - SENTENCES:
            raise ValueError(f"{min(unknown)} is not a known key")
        return wording


class Study(StudyFile):
    """One study, whole and frozen: its settings, its places of touch and its formulary.

    `version` is stamped on every record; `accepted_versions` are those still taken from phones.
    `adherence_target` is a percentage of the closed due days; `credentials_end_after_days` counts
    from a participant's last diary day.
    """

    zone_set: ZoneSet
    formulary: Formulary

    @property
    def asked_items(self) -> tuple[Item, ...]:
        """Give the pain items that are on, in the order in which they are asked."""
        return tuple(item for item in self.items if item.on)

    @property
    def asked_triggers(self) -> tuple[Trigger, ...]:
        """Give the triggers that are on, in the order in which they are asked."""
        return tuple(trigger for trigger in self.triggers if trigger.on)
