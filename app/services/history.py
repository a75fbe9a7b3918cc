"""The history of a diary day: every version of its records, who saved it, when and why.

Names of staff are looked up here for the site's own pages; the ledger and the feed never hold them.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import Actor, Permission
from app.domain.comparison import Changed, Field, changes_between, fields_of
from app.domain.ledger import receipt_code
from app.domain.records import AnyPayload, Kind, read_payload
from app.services.participants import get_permitted
from app.store import ledger, records, trends
from app.store.session import Session
from app.store.tables import Participant, RecordVersion


@dataclass(frozen=True, slots=True)
class Version:
    """One save: its values in full, what it changed, and what is known about it.

    `by` is the name of a member of staff, empty for the participant; role and organisation are
    those that were sealed. `texts` are what was written with it by field, null where redacted.
    """

    number: int
    op: str
    code: str
    fields: tuple[Field, ...]
    changes: tuple[Changed, ...]
    by: str
    role: str
    organisation: str
    originator: str
    texts: Mapping[str, str | None]
    flags: tuple[str, ...]
    lateness: str
    tz: str
    saved_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """One record with its versions, the first one first."""

    record_id: str
    kind: str
    versions: tuple[Version, ...]

    @property
    def is_entered_by_site(self) -> bool:
        """Whether the site entered the first version, for the participant."""
        return any(field.group == "entered" for field in self.versions[0].fields)

    @property
    def is_void(self) -> bool:
        """Whether the record was taken back."""
        return next(v.op for v in reversed(self.versions) if v.op != "redact") == "void"


@dataclass(frozen=True, slots=True)
class DayHistory:
    """Everything recorded for one participant and diary day."""

    person: Participant
    diary_on: date
    records: tuple[RecordHistory, ...]


def read_day(session: Session, *, actor: Actor, study_code: str, diary_on: date) -> DayHistory:
    """Read the history of a diary day; a day without any record has an empty one."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_RECORDS
    )
    rows = trends.list_versions_on(session, person.id, diary_on)
    return DayHistory(person, diary_on, _records(session, rows))


def read_days(session: Session, *, person: Participant) -> list[DayHistory]:
    """Read the history of every day of a participant whom the caller may see, in order."""
    rows = trends.list_versions_of(session, person.id)
    found: defaultdict[date, list[RecordHistory]] = defaultdict(list)
    by_record = {row.record_id: row.diary_on for row in rows}
    for record in _records(session, rows):
        found[by_record[record.record_id]].append(record)
    return [DayHistory(person, on, tuple(records)) for on, records in sorted(found.items())]


def _records(session: Session, rows: Sequence[RecordVersion]) -> tuple[RecordHistory, ...]:
    """Put versions together by record, with all that lies beside them."""
    texts = records.texts_of(session, [row.change_id for row in rows])
    staff = trends.names_of_staff(session, {row.actor_id for row in rows})
    bodies = ledger.bodies_of(session, [row.change_id for row in rows])
    told = _Told(texts, staff, bodies)
    by_record: defaultdict[str, list[RecordVersion]] = defaultdict(list)
    for row in rows:
        by_record[row.record_id].append(row)
    found = [
        RecordHistory(record_id, versions[0].kind, _versions(versions, told))
        for record_id, versions in by_record.items()
    ]
    found.sort(key=lambda record: (_ORDER.index(record.kind), record.versions[0].saved_at))
    return tuple(found)


_ORDER = (Kind.DIARY.value, Kind.DOSE.value, Kind.SESSION_REPORT.value)


@dataclass(frozen=True, slots=True)
class _Told:
    """What lies beside the versions of a day: texts and bodies by change, names by staff id."""

    texts: Mapping[str, Mapping[str, tuple[str | None, str | None]]]
    staff: Mapping[str, str]
    bodies: Mapping[str, str]

    def organisation(self, change_id: str) -> str:
        """The organisation of who acted, as it was sealed."""
        body = json.loads(self.bodies.get(change_id, "{}"))
        return str(body.get("actor", {}).get("organisation", ""))


def _versions(rows: list[RecordVersion], told: _Told) -> tuple[Version, ...]:
    found = []
    before: AnyPayload | None = None
    for row in rows:
        payload = read_payload(Kind(row.kind), json.loads(row.payload)) if row.payload else None
        found.append(
            Version(
                number=row.version,
                op=row.op,
                code=receipt_code(row.change_id),
                fields=fields_of(payload),
                changes=changes_between(before, payload) if row.version > 1 else (),
                by=told.staff.get(row.actor_id, ""),
                role=row.actor_role,
                organisation=told.organisation(row.change_id),
                originator=json.loads(row.originator)["type"],
                texts=_values(told.texts.get(row.change_id, {})),
                flags=tuple(row.flags.split()),
                lateness=row.lateness,
                tz=row.tz,
                saved_at=row.saved_at,
                received_at=row.received_at,
            )
        )
        before = payload
    return tuple(found)


def _values(texts: Mapping[str, tuple[str | None, str | None]]) -> dict[str, str | None]:
    return {name: value for name, (value, _) in texts.items()}
