"""Records as a phone or the site submits them: the diary, the dose, the session report.

Payloads are typed and closed: an unknown field, a wrong type, NaN or a lone surrogate is refused
before anything is stored. Whether the values fit the *participant* (scale, limb, medicines) is
asked here too, by `mismatches`; whether they may be saved *now* is for diary_day and the services.
Free text never sits in a payload: it travels as `texts`, so that it can be redacted.
"""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from app.domain.errors import InvalidInput

MAX_TEXT = 500
"""Longest free text, in characters; the form says so beside the field."""


class AnswerStatus(StrEnum):
    """Why a value is there or is not; the same words in pages, API and exports (DOMAIN §4)."""

    ANSWERED = "answered"
    DECLINED = "declined"
    AVOIDED = "avoided"
    NOT_EXPOSED = "not_exposed"
    NOT_ASKED = "not_asked"
    SKIPPED_FLARE = "skipped_flare"
    UNANSWERED = "unanswered"


class EntryStatus(StrEnum):
    """What a diary day came to."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    MISSING = "missing"
    PAUSED = "paused"
    NOT_DUE = "not_due"


class Kind(StrEnum):
    """The three kinds of record."""

    DIARY = "diary"
    DOSE = "dose"
    SESSION_REPORT = "session_report"


class Op(StrEnum):
    """What a version does to its record."""

    CREATE = "create"
    CORRECT = "correct"
    VOID = "void"
    REDACT = "redact"


def _no_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text is not valid Unicode") from None
    if "\0" in text:
        raise ValueError("text holds a null character")
    return text


Words = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_no_surrogates)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Units = Annotated[float, Field(ge=0, le=200, allow_inf_nan=False, multiple_of=0.5)]
"""Units taken: tablets, drops, mL, patches; in steps of a half."""
Positive = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
Part = Literal["night", "morning", "noon", "afternoon", "evening"]
PARTS: tuple[Part, ...] = ("night", "morning", "noon", "afternoon", "evening")
Scale = Literal["vas100", "nrs11"]
SCALE_MAX: dict[str, int] = {"vas100": 100, "nrs11": 10}
Reason = Literal["pain_at_rest", "touch_evoked_pain", "sleep", "before_session", "other"]
Severity = Literal["none", "mild", "moderate", "severe"]


class Payload(BaseModel):
    """Common ground of all payloads: closed, frozen, strict."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Score(Payload):
    """One answer on the participant's scale, with how it was shown.

    `value` is a position (0–100 on vas100, 0–10 on nrs11) and is there exactly when the status is
    `answered`. `line_px` is the drawn length of the line in CSS px, `viewport` width and height.
    `source_value` keeps the text of an imported figure before it was scaled.
    """

    status: Annotated[AnswerStatus, Field(strict=False)]
    value: Annotated[int, Field(ge=0, le=100)] | None = None
    scale: Scale
    line_px: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    viewport: tuple[int, int] | None = Field(default=None, strict=False)
    source_value: Annotated[str, Field(max_length=32), AfterValidator(_no_surrogates)] | None = None

    @model_validator(mode="after")
    def _value_goes_with_status(self) -> Self:
        if (self.value is not None) != (self.status is AnswerStatus.ANSWERED):
            raise ValueError("a value is there exactly when the status is answered")
        if self.value is not None and self.value > SCALE_MAX[self.scale]:
            raise ValueError(f"the scale ends at {SCALE_MAX[self.scale]}")
        return self


class Allodynia(Payload):
    """The gate: did touch or cold cause pain. Avoidance is its own answer, never absence."""

    status: Annotated[AnswerStatus, Field(strict=False)]
    value: Literal["yes", "no", "avoided"] | None = None

    @model_validator(mode="after")
    def _value_goes_with_status(self) -> Self:
        if (self.value is not None) != (self.status is AnswerStatus.ANSWERED):
            raise ValueError("a value is there exactly when the status is answered")
        return self


class Zones(Payload):
    """Where the pain was caused: zone codes of a versioned set."""

    status: Annotated[AnswerStatus, Field(strict=False)]
    set: Annotated[str, Field(max_length=16)]
    codes: tuple[Code, ...] = Field(default=(), max_length=60, strict=False)

    @model_validator(mode="after")
    def _codes_go_with_status(self) -> Self:
        if self.codes and self.status is not AnswerStatus.ANSWERED:
            raise ValueError("zones are there only when the status is answered")
        if len(set(self.codes)) != len(self.codes):
            raise ValueError("a zone is named twice")
        return self


class SnapshotIngredient(Payload):
    """One active ingredient per unit; `opioid` names the MME factor's component, if any."""

    inn: Annotated[str, Field(max_length=80), AfterValidator(_no_surrogates)]
    mg: Positive | None = None
    opioid: Code | None = None


class Snapshot(Payload):
    """A medicine as it stood on the participant's list when the dose was taken.

    `ingredients[].mg` is milligrams per unit (per drop where the unit is a drop), `ug_per_h` the
    rate of a patch, `prescribed` the units per part of day of a scheduled medicine.
    """

    medicine_id: Uuid
    name: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_no_surrogates)]
    atc: Annotated[str, Field(pattern=r"^[A-Z]\d{2}[A-Z]{2}\d{2}$")] | None = None
    ingredients: tuple[SnapshotIngredient, ...] = Field(default=(), max_length=6, strict=False)
    strength: Annotated[str, Field(max_length=80), AfterValidator(_no_surrogates)]
    unit: Code
    route: Code
    role: Literal["scheduled", "rescue"]
    ug_per_h: Positive | None = None
    prescribed: dict[Part, Units] = Field(default_factory=dict)


class ScheduledAnswer(Payload):
    """How one scheduled medicine was taken; `taking` is null while unanswered."""

    medicine: Snapshot
    taking: Literal["as_prescribed", "differently", "not_taken"] | None = None
    units: dict[Part, Units] = Field(default_factory=dict)


class RescueAnswer(Payload):
    """Rescue medicine recalled in the evening, by part of day."""

    medicine: Snapshot
    units: dict[Part, Units]
    reason: Reason | None = None


class Medicines(Payload):
    """The evening recall; `none` is the explicit "I took nothing", which is not missing."""

    status: Annotated[AnswerStatus, Field(strict=False)]
    none: bool = False
    scheduled: tuple[ScheduledAnswer, ...] = Field(default=(), max_length=30, strict=False)
    rescue: tuple[RescueAnswer, ...] = Field(default=(), max_length=30, strict=False)


Mode = Literal["call", "paper", "hospital", "no_smartphone", "other"]
MODES: tuple[Mode, ...] = ("call", "paper", "hospital", "no_smartphone", "other")


class Entered(Payload):
    """How the site came by a participant's answers that it entered; who collected them.

    `page_on` is the date on the paper page. Another person than the one who entered them is named
    in the text `collected_by`, why it was so in `reason`, and what it rests on in `source`.
    """

    mode: Mode
    collected_by: Literal["staff", "other"] = "staff"
    page_on: Annotated[date | None, Field(strict=False)] = None

    @model_validator(mode="after")
    def _only_a_page_is_dated(self) -> Self:
        if (self.page_on is not None) != (self.mode == "paper"):
            raise ValueError("a paper page has its date, and nothing else has one")
        return self


class DiaryPayload(Payload):
    """One diary day's answers. `kept` lists contradictions that the participant chose to keep.

    `entered` is there when the site entered the first version for the participant.
    """

    scores: dict[Code, Score]
    allodynia: Allodynia
    triggers: dict[Code, Score] = Field(default_factory=dict)
    zones: Zones
    medicines: Medicines
    flare: bool = False
    hospital: bool = False
    kept: tuple[Literal["worst_below_average", "none_beside_dose"], ...] = Field(
        default=(), strict=False
    )
    simulated: tuple[Code, ...] = Field(default=(), strict=False)
    entered: Entered | None = None

    def entry_status(self) -> EntryStatus:
        """`partial` for a flare entry or when the day's main item has no answer at all."""
        main = self.scores.get("pain_average")
        if self.flare or main is None or main.status is AnswerStatus.UNANSWERED:
            return EntryStatus.PARTIAL
        return EntryStatus.COMPLETE


class DosePayload(Payload):
    """One dose. `taken_at` is local and null when only the part of day is known.

    Whether it was recalled after its day is a flag of the version, not an answer.
    """

    medicine: Snapshot
    units: Units
    taken_on: Annotated[date, Field(strict=False)]
    taken_at: Annotated[time, Field(strict=False)] | None = None
    taken_part: Part | None = None
    reason: Reason | None = None
    patch: Literal["applied", "removed"] | None = None
    simulated: bool = False

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.taken_at is None and self.taken_part is None:
            raise ValueError("a dose needs a time or a part of day")
        if self.patch is not None and self.medicine.ug_per_h is None:
            raise ValueError("only a patch is applied or removed")
        return self


class SessionReportPayload(Payload):
    """What was noticed after a session; the site decides what is an adverse event."""

    session_no: Annotated[int, Field(ge=1, le=50)]
    items: dict[Code, Severity]
    simulated: bool = False


AnyPayload = DiaryPayload | DosePayload | SessionReportPayload
PAYLOADS: dict[Kind, type[DiaryPayload] | type[DosePayload] | type[SessionReportPayload]] = {
    Kind.DIARY: DiaryPayload,
    Kind.DOSE: DosePayload,
    Kind.SESSION_REPORT: SessionReportPayload,
}
M = TypeVar("M", bound=BaseModel)
TEXT_FIELDS = frozenset({"reason", "other_medicine", "other_symptom", "note"})
SITE_TEXTS = frozenset({"source", "collected_by", "decision"})
"""What the site alone writes: the note on the source, who collected answers, why it accepted."""


def _believable(instant: datetime) -> datetime:
    """Accept any clock that a phone can show; what is not an instant at all is malformed."""
    if not 1970 <= instant.year <= 2200:
        raise ValueError("not an instant of a clock")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(_believable)]


_OF_THE_ATTEMPT = {"sent_at", "attempt", "waiting", "enrolment"}


class Submission(BaseModel):
    """What a device sends: one new version of one record, with the instants that it knows.

    `saved_at` and `sent_at` are the device's own clock; `elapsed_s` is monotonic from open to save.
    `sent_at`, `attempt` and `waiting` describe the attempt and are left out of the content digest,
    as is `enrolment`: the study code of whose it is, so that no phone sends it as another's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    submission_id: Uuid
    record_id: Uuid
    kind: Kind
    op: Literal[Op.CREATE, Op.CORRECT, Op.VOID] = Op.CREATE
    base_version: Annotated[int, Field(ge=1, le=10_000)] | None = None
    form_version: Annotated[str, Field(min_length=1, max_length=16)]
    observed_at: Instant
    saved_at: Instant
    tz: Annotated[str, Field(max_length=64)]
    elapsed_s: Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)] = 0.0
    sent_at: Instant
    attempt: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    waiting: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    enrolment: Annotated[str, Field(max_length=16)] | None = None
    helper: bool = False
    assurance: Literal["pin", "device", "staff"] = "pin"
    payload: dict[str, Any] | None = None
    texts: dict[str, Words] = Field(default_factory=dict)

    @field_validator("texts")
    @classmethod
    def _known_texts(cls, texts: dict[str, str]) -> dict[str, str]:
        if not set(texts) <= TEXT_FIELDS:
            raise ValueError("a text of that name is not asked for")
        return texts

    @model_validator(mode="after")
    def _a_change_names_its_base(self) -> Self:
        if (self.op is Op.CREATE) != (self.base_version is None):
            raise ValueError("a correction or a void names the version it starts from")
        if (self.op is Op.VOID) != (self.payload is None):
            raise ValueError("every version but a void has a payload")
        return self

    def content(self) -> dict[str, Any]:
        """What makes this submission itself, whenever and however often it is sent."""
        return self.model_dump(mode="json", exclude=_OF_THE_ATTEMPT)


def read_submission(raw: Any) -> Submission:
    """Parse a submission, or raise InvalidInput naming the first field at fault."""
    return _validate(Submission, raw)


def read_payload(kind: Kind, raw: Any) -> AnyPayload:
    """Parse a payload of its kind, or raise InvalidInput naming the first field at fault."""
    return _validate(PAYLOADS[kind], raw)


def write_payload(payload: AnyPayload) -> dict[str, Any]:
    """The JSON form that is stored, digested and fed: defaults written out, null where unknown."""
    return payload.model_dump(mode="json")


def _validate(model: type[M], raw: Any) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or model.__name__
        raise InvalidInput(
            "value_refused",
            field=field,
            refused=_scalars(field, first["input"]),
            rule=first["type"],
        ) from None


def _scalars(field: str, value: Any) -> dict[str, Any]:
    """The plain values at fault, one level deep: what the trail keeps of a refused answer."""
    if isinstance(value, dict):
        return {f"{field}.{key}": v for key, v in value.items() if not isinstance(v, dict | list)}
    return {} if isinstance(value, list) else {field: value}
