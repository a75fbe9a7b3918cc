"""Whether a well-formed payload fits its study and its participant.

What the form should have stopped (another scale, a zone of another limb, a trigger that was not to
be asked) is not refused: it is set aside for the site, because a phone with an old form may hold
the only copy. The reasons are codes, shown to the site in words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.records import (
    AnswerStatus,
    AnyPayload,
    DiaryPayload,
    DosePayload,
    Score,
    SessionReportPayload,
    Snapshot,
)
from app.domain.study import Study
from app.domain.study.wording import LimbName

_NOT_PUT = (AnswerStatus.NOT_ASKED, AnswerStatus.SKIPPED_FLARE)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a form is made of for one participant: limb, scale and the medicines of the list."""

    limb: LimbName
    scale: str
    medicine_ids: frozenset[str]
    sessions: frozenset[int]
    may_be_simulated: bool = False


def misfits(payload: AnyPayload, study: Study, profile: Profile) -> tuple[str, ...]:
    """Give the codes of what does not fit, each once, in a stable order."""
    codes: list[str] = []
    if isinstance(payload, DiaryPayload):
        codes = sorted(set(_diary(payload, study, profile)))
    elif isinstance(payload, SessionReportPayload):
        codes = sorted(set(_report(payload, study, profile)))
    if not named_medicines(payload) <= profile.medicine_ids:
        codes.append("medicine_not_on_list")
    if payload.simulated and not profile.may_be_simulated:
        codes.append("simulated_values")
    return tuple(codes)


def named_medicines(payload: AnyPayload) -> frozenset[str]:
    """The ids of the medicines that a payload is about."""
    return frozenset(medicine.medicine_id for medicine in medicines_in(payload))


def medicines_in(payload: AnyPayload | None) -> tuple[Snapshot, ...]:
    """The medicines that a payload is about, as they were; none of a voided record."""
    if isinstance(payload, DosePayload):
        return (payload.medicine,)
    if isinstance(payload, DiaryPayload):
        asked = payload.medicines
        scheduled = tuple(answer.medicine for answer in asked.scheduled)
        return scheduled + tuple(answer.medicine for answer in asked.rescue)
    return ()


def _diary(payload: DiaryPayload, study: Study, profile: Profile) -> Iterator[str]:
    if not set(payload.scores) <= {item.code for item in study.items}:
        yield "unknown_item"
    if not set(payload.triggers) <= {trigger.code for trigger in study.triggers}:
        yield "unknown_trigger"
    scores: list[Score] = [*payload.scores.values(), *payload.triggers.values()]
    if any(score.scale != profile.scale for score in scores):
        yield "other_scale"
    if payload.allodynia.value != "yes":
        asked = [score.status for score in payload.triggers.values()] + [payload.zones.status]
        if any(status not in _NOT_PUT for status in asked):
            yield "answers_behind_closed_gate"
    if not set(payload.zones.codes) <= study.zone_set.codes(profile.limb):
        yield "zone_of_another_limb"


def _report(payload: SessionReportPayload, study: Study, profile: Profile) -> Iterator[str]:
    if not set(payload.items) <= study.session_report.codes():
        yield "unknown_symptom"
    if payload.session_no not in profile.sessions:
        yield "unknown_session"
