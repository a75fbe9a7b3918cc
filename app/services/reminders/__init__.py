"""Reminders: planned when the evening begins, sent at their minute while the entry is missing.

`planning` writes down what is to be sent, once; a `lane` per channel takes what is due in `hand`,
sends it and notes the `outcome`; `situation` knows the people, `wording` the words.
"""

from app.services.reminders.hand import LEASE, take_in_hand
from app.services.reminders.lane import Courier, IsStopping, deliver
from app.services.reminders.planning import HEARTBEAT, plan_due

__all__ = [
    "HEARTBEAT",
    "LEASE",
    "Courier",
    "IsStopping",
    "deliver",
    "plan_due",
    "take_in_hand",
]
