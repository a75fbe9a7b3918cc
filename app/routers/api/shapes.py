"""The shapes of the door's answers, for OpenAPI; `app/exports` writes them, tests compare both."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.records import EntryStatus, Kind, Op

Hash = Field(pattern=r"^[0-9a-f]{64}$")


class Shape(BaseModel):
    """Common ground: an answer has these members and no other."""

    model_config = ConfigDict(extra="forbid")


class Originator(Shape):
    """Whose words they are: the participant's, or those of a member of staff."""

    type: Literal["participant", "staff"]
    id: str
    role: str
    organisation: str | None = None


class Act(Shape):
    """Who acted: study code or staff id, with role and organisation; names never leave."""

    id: str
    role: str
    organisation: str


class Sealed(Shape):
    """What a version of a record says; every member of the sealed body stands here too."""

    seq: int = Field(description="Place in the order of all changes; it grows, with gaps")
    stream: str = Field(description="`data/<site>`; each stream is a chain of its own")
    no: int = Field(description="Number in the stream, without a gap")
    change_id: str
    op: Op
    record_id: str
    kind: Kind
    version: int = Field(description="1, 2, … within the record")
    study: str
    study_code: str
    site: str
    form_version: str = Field(description="Study definition in force on the phone")
    diary_on: date = Field(description="Diary day; for a dose the date on which it was taken")
    observed_at: datetime = Field(description="When the answers were given, UTC")
    saved_at: datetime = Field(description="When they were saved, UTC, by the settled clock")
    received_at: datetime = Field(description="When the server had them, UTC")
    tz: str = Field(description="Zone of the diary day")
    originator: Originator
    actor: Act
    lateness: Literal["on_time", "late"]
    assurance: Literal["pin", "device", "staff"]
    flags: list[str]
    payload_digest: str | None = Field(description="sha256 of the canonical payload, null for void")
    texts: dict[str, str] = Field(description="Digest of each text: HMAC-SHA256 under its salt")
    redacts: str | None = Field(description="Text that this version removes from all earlier ones")
    reason: str | None = Field(description="Why it was changed; null when none, or redacted")
    data: dict[str, Any] | None = Field(
        description="The payload, null for a void; texts beside the reason under `texts`"
    )
    hash: str = Hash


class Change(Sealed):
    """One change of the feed: what is said, and what is needed to prove it."""

    body: str = Field(description="The sealed body, canonical JSON (RFC 8785), as it was hashed")
    text_salt: dict[str, str | None] = Field(description="Salt of each text; null when redacted")
    prev_hash: str = Hash


class Head(Shape):
    """Where a stream ends."""

    no: int
    hash: str = Hash


class ChangesPage(Shape):
    """One page of the feed."""

    changes: list[Change]
    next_cursor: str = Field(description="Send it as `after`; it comes with an empty page too")
    has_more: bool
    epoch: str | None = Field(description="Changes after a restore; null before the first site")
    heads: dict[str, Head]


class Entry(Sealed):
    """The latest version of a record."""

    entry_status: EntryStatus | None = Field(description="What a diary day came to; null otherwise")


class EntriesPage(Shape):
    """One page of records."""

    entries: list[Entry]
    next_cursor: str | None = Field(description="Send it as `after`; null on the last page")
    has_more: bool


class History(Shape):
    """Every version of one record, oldest first."""

    versions: list[Change]
    record_id: str


class DaySum(Shape):
    """The changes about one diary day of one participant."""

    study_code: str
    diary_on: date
    count: int = Field(description="How many changes")
    last_seq: int = Field(description="Number of the last one")
    digest: str = Field(description="sha256 of their hashes in order", pattern=r"^[0-9a-f]{64}$")


class Reconciliation(Shape):
    """What both sides must hold, by participant and diary day."""

    days: list[DaySum]


class Problem(Shape):
    """A refusal (RFC 9457). `code` is stable; members beside these fill the sentence."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str = Field(description="A sentence for a person, in the language of Accept-Language")
    status: int
    code: str
    field: str | None = Field(description="The parameter at fault")
    request_id: str


class Metadata(Shape):
    """The data dictionary. Words are objects by language: `{"fr": …, "en": …}`."""

    study: dict[str, Any]
    form_versions: dict[str, Any] = Field(description="Versions of the study definition")
    zone_set: str
    formulary: str
    statuses: dict[str, Any] = Field(description="Why a value is there or is not, with its number")
    codes: dict[str, dict[str, Any]] = Field(description="Code lists: name → code → words")
    members: dict[str, Any] = Field(description="Members around every payload")
    variables: list[dict[str, Any]] = Field(
        description="name, kind, path in `data`, status path, type, label, range, codes, aliases"
    )
