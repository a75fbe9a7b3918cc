"""What is asked: pain items, the gate, triggers, medicines and the report after a session.

Order and layout are the pages' own; the answers' types are in records. The rule kept: every
question has its wording, in every language, and every answer its stored code.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from app.domain.study.rules import Days, Scale, rising
from app.domain.study.wording import Choices, Code, LimbName, Part, Side, Text, distinct

Axis = Literal["dynamic_mechanical", "static_mechanical", "thermal", "movement"]
Group = Literal["emergency", "infection", "confusion"]


class Item(Part):
    """One pain item and its wording on each scale."""

    code: Literal["pain_average", "pain_worst", "pain_least", "pain_now"]
    on: bool
    vas100: Text
    nrs11: Text

    def on_scale(self, scale: Scale) -> Text:
        """Give the wording for a scale."""
        return self.vas100 if scale == "vas100" else self.nrs11


class Anchors(Part):
    """The words at the two ends of a scale."""

    low: Text
    high: Text


class Gate(Part):
    """The allodynia gate and its three answers; avoiding all contact is not an absence."""

    question: Text
    yes: Text
    no: Text
    avoided: Text


class Trigger(Part):
    """One cause of evoked pain, asked when the gate is yes."""

    code: Code
    on: bool
    label: Text
    axis: Axis


class TriggerWording(Part):
    """The question asked of each trigger and its two answers that are no score."""

    question: Text
    not_exposed: Text
    avoided: Text


class Sides(Part):
    """A limb in words, as it stands inside a sentence."""

    left: Text
    right: Text


class Limbs(Part):
    """The participant's own limb in words, because pictures confuse left and right in CRPS."""

    hand: Sides
    foot: Sides

    def words(self, limb: LimbName, side: Side) -> Text:
        """Give the words for a limb and side ("your right hand")."""
        sides = self.hand if limb == "hand" else self.foot
        return sides.left if side == "left" else sides.right


class MedicineWording(Part):
    """Words of the medicines screen and of the dose screen."""

    question: Text
    logged: Text
    scheduled: Text
    as_prescribed: Text
    differently: Text
    not_taken: Text
    rescue: Text
    reason: Text
    reasons: Choices
    parts: Choices
    other_medicine: Text
    none: Text
    patch_applied: Text
    patch_removed: Text


class Symptom(Part):
    """One line of the report after a session; `group` names the alert that it raises, if any."""

    code: Code
    label: Text
    group: Group | None = None


Symptoms = Annotated[tuple[Symptom, ...], AfterValidator(distinct)]


class SessionReport(Part):
    """The checklist on the day of a session and after, then weekly to the last diary day.

    `days_after` counts from the session (0 = its own day); `weekly_every_days` from the last one.
    """

    intro: Text
    weekly_intro: Text
    days_after: Annotated[tuple[Annotated[int, Field(ge=0, le=60)], ...], Field(min_length=1)]
    weekly_every_days: Days
    severities: Choices
    items: Symptoms
    weekly_items: Symptoms

    def codes(self, group: Group | None = None) -> frozenset[str]:
        """Give the codes of all symptoms, or of those in one group."""
        symptoms = (*self.items, *self.weekly_items)
        return frozenset(s.code for s in symptoms if group is None or s.group == group)

    @field_validator("days_after")
    @classmethod
    def _days_rise(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return rising(days)
