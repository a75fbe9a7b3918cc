"""The shapes of the door's answers, for OpenAPI; `app/exports` writes them, tests compare both."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.figures import BaselineStatus, MmeFlag, MmeStatus
from app.domain.participant import State
from app.domain.records import EntryStatus, Kind, Op, Scale
from app.domain.schedule import MissedCause

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
        description="The payload; texts beside the reason are under `texts`, which alone a void has"
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


class CopyPlace(Shape):
    """Where a copy stands, as it said, and how many changes lie after that."""

    name: str
    cursor: str
    told_at: datetime
    behind: int


class AcceptedRestore(Shape):
    """A restore that somebody said was theirs: changes after `restored_head` may be gone."""

    epoch: str
    restored_head: int
    gone: int = Field(description="How many changes at least")


class Signing(Shape):
    """What is signed: a digest for each stream, and the place in the row of daily files."""

    study: str
    epoch: str | None
    number: int = Field(description="1, 2, … one each day")
    signed_at: str = Field(description="UTC, microseconds, Z")
    seq: int = Field(description="Number of the last change then, over all streams")
    prev: str | None = Field(description="sha256 of the file before; null for the first")
    accepted: AcceptedRestore | None
    digests: list[str] = Field(description="sha256 of each head's canonical JSON, sorted")


class SignedHeads(Shape):
    """The last signed heads; `signed` is null until the first signing."""

    signed: Signing | None
    heads: dict[str, Head]
    public_key: str | None = Field(description="Ed25519, hexadecimal; it never changes: pin it")
    signature: str | None = Field(description="Of the canonical JSON of `signed`, hexadecimal")


class Participant(Shape):
    """A participant: state and dates. Names and addresses are not here."""

    study_code: str
    site: str
    state: State
    scale: Scale
    limb: Literal["hand", "foot"]
    side: Literal["left", "right"]
    tz: str
    consent_on: date | None
    inclusion_on: date | None = Field(description="D0; study_day = diary_on − inclusion_on")
    first_diary_on: date
    last_diary_on: date
    enrolled_at: datetime | None
    withdrawn_at: datetime | None


class ParticipantsPage(Shape):
    """One page of participants."""

    participants: list[Participant]
    next_cursor: str | None = Field(description="Send it as `after`; null on the last page")
    has_more: bool


class Session(Shape):
    """One mesotherapy session, as the site dated it."""

    study_code: str
    site: str
    session_no: int
    held_on: date
    area_cm2: float | None = Field(description="Measured by a clinician at the session; null: not")


class SessionsPage(Shape):
    """The sessions of one page of participants."""

    sessions: list[Session]
    next_cursor: str | None = Field(description="Send it as `after`; null on the last page")
    has_more: bool


class Mean(Shape):
    """A mean of `pain_average` on the participant's scale; null when too few days are answered."""

    starts_on: date
    ends_on: date
    mean: float | None
    sd: float | None
    n: int = Field(description="Days answered")
    n_partial: int = Field(description="Of them, flare days")
    n_late: int = Field(description="Of them, saved in the grace")
    n_site: int = Field(description="Of them, entered by the site")


class Baseline(Mean):
    """The mean of the diary days before session 1."""

    status: BaselineStatus


class Week(Mean):
    """A week from session 1, with its change from the baseline; positive is less pain."""

    week: int
    is_over: bool
    reduction_points: float | None
    reduction_pct: float | None
    is_moderate: bool | None = Field(description="Reduction of at least 30 % (IMMPACT)")
    is_substantial: bool | None = Field(description="Reduction of at least 50 % (IMMPACT)")
    is_meaningful: bool | None = Field(description="At least 20 points on vas100, 2 on nrs11")


class Adherence(Shape):
    """Closed due days with average pain answered by the participant."""

    answered: int
    due: int
    paused: int
    pct: float | None
    pct_with_paused: float | None


class Missing(Shape):
    """A closed day without a score, and why."""

    diary_on: date
    cause: MissedCause
    is_provisional: bool = Field(
        description="The phone was not in contact since, and may still bring an entry"
    )


class Mme(Shape):
    """Oral morphine milligram equivalents of one date; for research, never for converting."""

    taken_on: date
    value: float | None
    status: MmeStatus
    flags: list[MmeFlag]


class Figures(Shape):
    """What is computed of one participant, as the site's pages show it."""

    study_code: str
    site: str
    scale: Scale
    session_1_on: date | None
    baseline: Baseline | None = Field(description="Null before session 1")
    weeks: list[Week]
    adherence: Adherence
    missing: list[Missing]
    mme: list[Mme]
    mme_table: str = Field(description="Version of the factors")


class FiguresPage(Shape):
    """The figures of one page of participants."""

    figures: list[Figures]
    next_cursor: str | None = Field(description="Send it as `after`; null on the last page")
    has_more: bool


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
    columns: dict[str, dict[str, Any]] = Field(
        description="Columns of each flat file before those of its variables, in order"
    )
    variables: list[dict[str, Any]] = Field(
        description="name, kind, path in `data`, status path, type, label, range, codes, aliases"
    )
