"""Which patches a person wears now, from what was logged of them.

What a patch adds to a day's figures is not here (figures/mme).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from app.domain.intake import Taken

CHANGED_WITHIN = timedelta(hours=12)
"""Applying the new patch and removing the old one are one act, noted in either order."""


def worn_patches(doses: Iterable[Taken]) -> tuple[Taken, ...]:
    """Give the latest application of each medicine whose patch is on the skin, the oldest first.

    A removal takes off all that was applied before, but for the patch that just replaced them.
    """
    worn: defaultdict[str, list[Taken]] = defaultdict(list)
    patches = [dose for dose in doses if dose.patch is not None]
    for dose in sorted(patches, key=lambda d: (d.wall_time, d.patch == "applied")):
        on_skin = worn[dose.medicine.medicine_id]
        if dose.patch == "applied":
            on_skin.append(dose)
            continue
        fresh = [p for p in on_skin if dose.wall_time - p.wall_time < CHANGED_WITHIN]
        on_skin[:] = fresh if len(fresh) < len(on_skin) else []
    latest = [on_skin[-1] for on_skin in worn.values() if on_skin]
    return tuple(sorted(latest, key=lambda dose: dose.wall_time))
