"""The morphine equivalents of several participants over the last days, for the alert rules.

Two queries for all of them, of a bounded number of days; who has no opioid on the list is not read.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from app.domain import figures
from app.domain.diary_day import ONE_DAY
from app.domain.figures import PATCH_WEAR, DailyMme
from app.domain.intake import doses_taken
from app.domain.records import AnswerStatus, DiaryPayload, DosePayload
from app.store import intake
from app.store.intake import IntakeRow
from app.store.session import Session

MME_DAYS = 14
"""How many dates before today are looked at: the last one known, and those it is compared with."""
_WORN_BEFORE = PATCH_WEAR + ONE_DAY


def recent_mme(
    session: Session, ids: Collection[int], today: Mapping[int, date]
) -> dict[int, tuple[DailyMme, ...]]:
    """Give the dates that are over of each participant with an opioid on the list, in order."""
    if not ids:
        return {}
    last_on = max(today[id_] for id_ in ids) - ONE_DAY
    first_on = min(today[id_] for id_ in ids) - timedelta(days=MME_DAYS) - _WORN_BEFORE
    taking = intake.who_takes_opioids(session, ids, first_on)
    rows: defaultdict[int, list[IntakeRow]] = defaultdict(list)
    if taking:
        for row in intake.list_intake(session, taking, first_on, last_on):
            rows[row.participant_id].append(row)
    return {id_: _daily(rows[id_], today[id_]) for id_ in sorted(taking)}


def _daily(rows: Sequence[IntakeRow], today: date) -> tuple[DailyMme, ...]:
    over = [row for row in rows if row.diary_on < today]
    diaries = {
        row.diary_on: DiaryPayload.model_validate_json(row.payload)
        for row in over
        if row.kind == "diary"
    }
    logged = [DosePayload.model_validate_json(row.payload) for row in over if row.kind == "dose"]
    answered = {
        on for on, diary in diaries.items() if diary.medicines.status is AnswerStatus.ANSWERED
    }
    return figures.daily_mme(
        doses_taken(diaries, logged),
        [today - timedelta(days=back) for back in range(MME_DAYS, 0, -1)],
        answered_on=answered,
        uncoded_on={row.diary_on for row in over if row.is_uncoded},
    )
