"""Reminders: planned when the evening begins, sent at their minute while the entry is missing.

`planning` writes down what is to be sent, once; a `lane` per channel takes what is due in `hand`,
sends it and notes the `outcome`; `situation` knows the people, `wording` the words.
"""

from app.services.reminders.hand import LEASE, Errand, Hand, take_in_hand
from app.services.reminders.lane import Courier, IsStopping, deliver
from app.services.reminders.outcome import Attempt, settle
from app.services.reminders.planning import HEARTBEAT, plan_due

__all__ = [
    "HEARTBEAT",
    "LEASE",
    "Attempt",
    "Courier",
    "Errand",
    "Hand",
    "IsStopping",
    "deliver",
    "plan_due",
    "settle",
    "take_in_hand",
]
