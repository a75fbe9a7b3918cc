"""The chain: any row altered, dropped, added or moved is noticed, and the first one is named."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BrokenChain
from app.domain.ledger import (
    Chain,
    canonical,
    check_payload,
    check_texts,
    digest,
    genesis,
    link,
    receipt_code,
    text_digest,
)

Row = tuple[int, str, str, str]


def chain_of(bodies: list[str], stream: str = "data/lyon") -> list[Row]:
    """The rows of a sound stream."""
    rows: list[Row] = []
    head = genesis(stream)
    for no, body in enumerate(bodies, 1):
        hash_ = link(head, body)
        rows.append((no, body, head, hash_))
        head = hash_
    return rows


def follow(rows: list[Row], stream: str = "data/lyon") -> Chain:
    """Walk the rows."""
    chain = Chain(stream)
    for row in rows:
        chain.follow(*row)
    return chain


def test_canonical_form_follows_rfc_8785() -> None:
    # The example of RFC 8785, section 3.2.2, and its expected octets of section 3.2.4, shortened.
    value = {"numbers": [333333333.33333329, 1e30, 4.50, 2e-3], "string": "€$\u000f\nA'B\"\\"}
    expected = '{"numbers":[333333333.3333333,1e+30,4.5,0.002],"string":"€$\\u000f\\nA\'B\\"\\\\"}'
    assert canonical(value) == expected
    assert canonical({"b": 1, "a": {"d": 0, "c": None}}) == '{"a":{"c":null,"d":0},"b":1}'


def test_a_link_is_the_documented_digest() -> None:
    previous = genesis("data/lyon")
    inner = hashlib.sha256(b"{}").digest()
    assert link(previous, "{}") == hashlib.sha256(bytes.fromhex(previous) + inner).hexdigest()


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_a_sound_stream_holds_and_can_be_resumed(bodies: list[str]) -> None:
    rows = chain_of(bodies)
    assert follow(rows).no == len(bodies)
    half = len(rows) // 2
    first = follow(rows[:half])
    rest = Chain("data/lyon", first.no, first.head)
    for row in rows[half:]:
        rest.follow(*row)
    assert rest.head == rows[-1][3]


@given(
    st.lists(st.text(), min_size=3, max_size=8, unique=True),
    st.data(),
    st.sampled_from(["alter", "drop", "swap", "repeat", "insert", "rehash"]),
)
def test_every_disturbance_is_noticed(bodies: list[str], data: st.DataObject, how: str) -> None:
    rows = chain_of(bodies)
    at = data.draw(st.integers(0, len(rows) - 2))
    no, body, head, hash_ = rows[at]
    match how:
        case "alter":
            rows[at] = (no, body + " ", head, hash_)
        case "drop":
            del rows[at]
        case "swap":
            rows[at], rows[at + 1] = rows[at + 1], rows[at]
        case "repeat":
            rows.insert(at, rows[at])
        case "insert":
            rows.insert(at, (no, "{}", head, link(head, "{}")))
        case "rehash":
            rows[at] = (no, body + " ", head, link(head, body + " "))
    with pytest.raises(BrokenChain) as broken:
        follow(rows)
    assert abs(broken.value.no - (at + 1)) <= 1


def test_a_stream_cannot_pass_for_another() -> None:
    with pytest.raises(BrokenChain):
        follow(chain_of(["{}"], "data/lyon"), "data/paris")


def test_texts_are_checked_until_they_are_redacted() -> None:
    salt = "00" * 16
    body = {"texts": {"reason": text_digest(salt, "reason", "wrong line")}}
    assert check_texts(body, {"reason": "wrong line"}, {"reason": salt})
    assert not check_texts(body, {"reason": "wrong lime"}, {"reason": salt})
    assert not check_texts(body, {"reason": "wrong line"}, {"reason": "11" * 16})
    assert check_texts(body, {"reason": None}, {"reason": None})
    assert not check_texts(body, {"reason": "wrong line"}, {"reason": None})
    assert not check_texts(body, {}, {})
    assert not check_texts({"texts": {}}, {"reason": "added"}, {"reason": salt})


def test_a_payload_is_checked_by_its_digest() -> None:
    assert check_payload({"payload_digest": digest({"a": 1})}, {"a": 1})
    assert not check_payload({"payload_digest": digest({"a": 1})}, {"a": 2})


@given(st.uuids(version=4))
def test_a_receipt_is_four_characters_that_can_be_read_out(change_id: object) -> None:
    code = receipt_code(str(change_id))
    assert len(code) == 4
    assert not set(code) & set("01IO")
