"""The study definition: what one study sets, read from its folder once and never changed after.

Windows, items, wording in every language, places of touch, the formulary, alert rules and reminder
times live in the study's files; this package gives them types. What holds for any diary (its days,
figures, rules) is not here. The rule kept: a file with a fault is refused by file, key and reason.
"""

from app.domain.study.definition import Emergency, EmergencyNumber, Reminder, Study
from app.domain.study.formulary import Formulary, Ingredient, Medicine
from app.domain.study.loading import load_study
from app.domain.study.questions import (
    Anchors,
    Gate,
    Item,
    Limbs,
    MedicineWording,
    SessionReport,
    Symptom,
    Trigger,
)
from app.domain.study.rules import (
    AlertRules,
    Baseline,
    Flags,
    MmeAlert,
    PainAlert,
    PainLevel,
    RunAlert,
    ScarceAlert,
    Sessions,
    SiteHours,
    SwitchAlert,
    Week,
    Window,
)
from app.domain.study.wording import Choice, Text
from app.domain.study.zones import Zone, ZoneSet

__all__ = [
    "AlertRules",
    "Anchors",
    "Baseline",
    "Choice",
    "Emergency",
    "EmergencyNumber",
    "Flags",
    "Formulary",
    "Gate",
    "Ingredient",
    "Item",
    "Limbs",
    "Medicine",
    "MedicineWording",
    "MmeAlert",
    "PainAlert",
    "PainLevel",
    "Reminder",
    "RunAlert",
    "ScarceAlert",
    "SessionReport",
    "Sessions",
    "SiteHours",
    "Study",
    "SwitchAlert",
    "Symptom",
    "Text",
    "Trigger",
    "Week",
    "Window",
    "Zone",
    "ZoneSet",
    "load_study",
]
