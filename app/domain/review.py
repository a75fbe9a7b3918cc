"""The questions asked once before a diary is saved: answers that contradict each other.

A contradiction is the participant's to settle: what they keep is accepted, and flagged as kept. The
phone asks the same questions by itself; here they are asked where it runs no script.
"""

from collections.abc import Iterator

from app.domain.records import DiaryPayload

WORST_BELOW_AVERAGE = "worst_below_average"
NONE_BESIDE_DOSE = "none_beside_dose"


def contradictions(payload: DiaryPayload, *, has_logged_dose: bool) -> frozenset[str]:
    """Give the codes of what contradicts itself in a day's answers, as `kept` names them."""
    return frozenset(_found(payload, has_logged_dose))


def _found(payload: DiaryPayload, has_logged_dose: bool) -> Iterator[str]:
    average, worst = (
        payload.scores[code].value if code in payload.scores else None
        for code in ("pain_average", "pain_worst")
    )
    if average is not None and worst is not None and worst < average:
        yield WORST_BELOW_AVERAGE
    asked = payload.medicines
    took = any(answer.taking in ("as_prescribed", "differently") for answer in asked.scheduled)
    if asked.none and (took or asked.rescue or has_logged_dose):
        yield NONE_BESIDE_DOSE
