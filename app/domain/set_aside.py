"""What was set aside: the reasons, and which of them the site may settle by accepting.

The codes are those of `services/weighing` and of `fit`. The rule kept: nothing that was set aside
is ever lost or changed; accepting makes a version of it, declining leaves it where it is.
"""

from enum import StrEnum

ACCEPTABLE = (
    "answers_behind_closed_gate",
    "base_set_aside",
    "correction_after_window",
    "impossible_clock",
    "medicine_not_on_list",
    "not_in_study",
    "outside_study",
    "outside_window",
    "second_create",
    "second_diary",
    "stale_base",
    "too_late_for_medicine",
    "unknown_session",
    "void_by_participant",
)
"""Reasons to look at a submission that may become a version as it stands."""

UNFIT = frozenset(
    {
        "other_kind",
        "other_scale",
        "simulated_values",
        "unknown_item",
        "unknown_session",
        "unknown_symptom",
        "unknown_trigger",
        "zone_of_another_limb",
    }
)
"""What no version may hold while it is so: the site enters the answers itself instead.

An unknown session is known once the site has dated it.
"""


class Ruling(StrEnum):
    """What the site decided, once."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


def flag_of(code: str) -> str:
    """The flag of a version that was accepted after it had been set aside."""
    return f"set_aside:{code}"
