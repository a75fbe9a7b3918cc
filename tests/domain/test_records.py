"""Payloads and submissions: what no form can give is refused, and the refusal names it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.records import (
    AnswerStatus,
    DiaryPayload,
    EntryStatus,
    Kind,
    Score,
    read_payload,
    read_submission,
    write_payload,
)

DIARY: dict[str, Any] = {
    "scores": {"pain_average": {"status": "answered", "value": 57, "scale": "vas100"}},
    "allodynia": {"status": "answered", "value": "yes"},
    "triggers": {"cold": {"status": "not_exposed", "scale": "vas100"}},
    "zones": {"status": "answered", "set": "2026.1", "codes": ["hand.palm"]},
    "medicines": {"status": "answered", "none": True},
}
SUBMISSION: dict[str, Any] = {
    "submission_id": "0b0f3a52-6a5e-4a7c-9d43-3f1f2a9f0c11",
    "record_id": "5d2d5a8e-52f0-49a5-8a39-6b8a3f1f7a22",
    "kind": "diary",
    "form_version": "2026.1",
    "observed_at": "2026-01-10T20:13:00+01:00",
    "saved_at": "2026-01-10T20:14:00+01:00",
    "sent_at": "2026-01-10T20:14:01+01:00",
    "tz": "Europe/Paris",
    "payload": DIARY,
}


def changed(source: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a nested document with one value replaced."""
    copied: dict[str, Any] = json.loads(json.dumps(source))
    *parents, last = path.split("/")
    place = copied
    for parent in parents:
        place = place[parent]
    place[last] = value
    return copied


@pytest.mark.parametrize("value", [-1, 101, 57.0, 57.5, "57", True, None, [57], float("nan")])
def test_a_score_is_a_whole_number_of_its_scale(value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_payload(Kind.DIARY, changed(DIARY, "scores/pain_average/value", value))
    assert str(refused.value.field).startswith("scores.pain_average")


def test_a_refused_value_is_kept_for_the_trail() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_payload(Kind.DIARY, changed(DIARY, "scores/pain_average/value", 111))
    assert refused.value.refused == {"scores.pain_average.value": 111}


def test_the_eleven_buttons_end_at_ten() -> None:
    raw = changed(
        DIARY, "scores/pain_average", {"status": "answered", "value": 11, "scale": "nrs11"}
    )
    with pytest.raises(InvalidInput):
        read_payload(Kind.DIARY, raw)


@pytest.mark.parametrize("status", [s for s in AnswerStatus if s is not AnswerStatus.ANSWERED])
def test_only_an_answered_score_has_a_value(status: AnswerStatus) -> None:
    without = {"status": status.value, "scale": "vas100"}
    assert Score.model_validate(without).value is None
    with pytest.raises(ValueError, match="exactly when"):
        Score.model_validate({**without, "value": 0})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1),
        ("scores/pain_average/surprise", 1),
        ("scores/pain_average/scale", "vas10"),
        ("scores/pain_average/status", "999"),
        ("allodynia/value", "maybe"),
        ("allodynia/status", "unanswered"),
        ("zones/codes", ["hand.palm", "hand.palm"]),
        ("zones/codes", ["HAND"]),
        ("zones/status", "not_asked"),
        ("medicines/none", "yes"),
        ("kept", ["everything"]),
        ("flare", 1),
        ("scores", []),
        ("scores/\ud800", {"status": "declined", "scale": "vas100"}),
    ],
)
def test_a_diary_of_another_shape_is_refused(path: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_payload(Kind.DIARY, changed(DIARY, path, value))


def test_a_payload_reads_back_as_it_was_written() -> None:
    written = write_payload(read_payload(Kind.DIARY, DIARY))
    assert write_payload(read_payload(Kind.DIARY, json.loads(json.dumps(written)))) == written


@pytest.mark.parametrize(
    ("score", "flare", "status"),
    [
        ({"status": "answered", "value": 0, "scale": "vas100"}, False, EntryStatus.COMPLETE),
        ({"status": "declined", "scale": "vas100"}, False, EntryStatus.COMPLETE),
        ({"status": "unanswered", "scale": "vas100"}, False, EntryStatus.PARTIAL),
        ({"status": "answered", "value": 90, "scale": "vas100"}, True, EntryStatus.PARTIAL),
    ],
)
def test_a_flare_or_an_unanswered_day_is_partial(
    score: dict[str, Any], flare: bool, status: EntryStatus
) -> None:
    raw = {**changed(DIARY, "scores/pain_average", score), "flare": flare}
    payload = read_payload(Kind.DIARY, raw)
    assert isinstance(payload, DiaryPayload)
    assert payload.entry_status() is status


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("submission_id", "1"),
        ("record_id", "5D2D5A8E-52F0-49A5-8A39-6B8A3F1F7A22"),
        ("kind", "visit"),
        ("op", "redact"),
        ("op", "correct"),
        ("base_version", 1),
        ("saved_at", "2026-01-10T20:14:00"),
        ("saved_at", "9999-12-31T23:59:59-12:00"),
        ("saved_at", "0001-01-01T00:00:00+14:00"),
        ("elapsed_s", -1),
        ("elapsed_s", float("inf")),
        ("texts", {"diagnosis": "x"}),
        ("texts", {"reason": "\ud800"}),
        ("texts", {"reason": "x" * 501}),
        ("payload", None),
        ("tz", 3),
        ("surprise", 1),
    ],
)
def test_a_submission_of_another_shape_is_refused(path: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_submission(changed(SUBMISSION, path, value))


def test_sending_again_does_not_change_the_content() -> None:
    first = read_submission(SUBMISSION)
    again = read_submission(
        {**SUBMISSION, "sent_at": "2026-01-12T08:00:00+01:00", "attempt": 9, "waiting": 3}
    )
    assert first.content() == again.content()
    other = read_submission({**SUBMISSION, "saved_at": "2026-01-10T20:14:00.001+01:00"})
    assert first.content() != other.content()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(raw=JSON, kind=st.sampled_from(Kind))
def test_anything_else_is_refused_and_nothing_else_raised(raw: Any, kind: Kind) -> None:
    with pytest.raises(InvalidInput):
        read_payload(kind, raw)
    with pytest.raises(InvalidInput):
        read_submission(raw)
