"""Proof that real scores came through: those read against those that the trial database is given.

Read with the demo's own key and desk account, through the services that answer `/entries` and the
participant's page; nothing is taken from the simulation's own books but the file.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import Actor
from app.domain.records import EntryStatus
from app.services import entries, trends
from app.services.deployment import Deployment
from app.store.session import Database

PAGE = 1_000

Score = tuple[str, date, str]
"""Study code, diary day and the printed score."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Scores read from the file, those found among the entries, and days shown as missing."""

    read: int
    found: int
    shown_missing: int


def prove(
    database: Database,
    deployment: Deployment,
    *,
    study_codes: Iterable[str],
    expected: frozenset[Score],
    key: Actor,
    desk: Actor,
    now: datetime,
) -> Proof:
    """Count which of the expected scores `/entries` gives, and the days that people miss."""
    found = frozenset(_scores_out(database, key))
    missing = 0
    for study_code in study_codes:
        with database.read() as session:
            trend = trends.read_trend(
                session, deployment=deployment, actor=desk, study_code=study_code, now=now
            )
        missing += sum(shown.day.status is EntryStatus.MISSING for shown in trend.days)
    return Proof(len(expected), len(expected & found), missing)


def _scores_out(database: Database, key: Actor) -> Iterator[Score]:
    after = ""
    while True:
        with database.read() as session:
            page = entries.read_entries(
                session, actor=key, asked=entries.EVERYTHING, after=after, limit=PAGE
            )
        for row in page:
            body, payload = json.loads(row.change.body), json.loads(row.change.payload or "{}")
            source = payload.get("scores", {}).get("pain_average", {}).get("source_value")
            if source is not None:
                yield body["study_code"], date.fromisoformat(body["diary_on"]), source
        if len(page) < PAGE:
            return
        after = page[-1].record_id
