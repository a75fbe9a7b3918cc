"""Items of the feed as text: what was sealed goes out letter by letter, and lines stay lines."""

import json
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ledger import canonical
from app.exports.changes import Texts, write_change, write_entry, write_lines, write_page

TEXTS = st.text()


@dataclass(frozen=True)
class Sealed:
    """A change with nothing behind it."""

    body: str = '{"no":1,"op":"create"}'
    payload: str | None = '{"score":57}'
    texts: Texts = field(default_factory=dict)
    seq: int = 7
    prev_hash: str = "aa"
    hash: str = "bb"


def test_an_item_opens_the_body_and_adds_what_lies_beside_it() -> None:
    assert json.loads(write_change(Sealed())) == {
        "seq": 7,
        "no": 1,
        "op": "create",
        "reason": None,
        "data": {"score": 57},
        "body": '{"no":1,"op":"create"}',
        "text_salt": {},
        "prev_hash": "aa",
        "hash": "bb",
    }


def test_texts_stand_beside_the_answers_and_the_reason_apart() -> None:
    sealed = Sealed(texts={"reason": ("why", "01"), "note": ("here", "02"), "gone": (None, None)})
    item = json.loads(write_change(sealed))
    assert item["reason"] == "why"
    assert item["data"] == {"score": 57, "texts": {"note": "here", "gone": None}}
    assert item["text_salt"] == {"reason": "01", "note": "02", "gone": None}


def test_a_void_has_no_data_but_may_have_texts() -> None:
    assert json.loads(write_change(Sealed(payload=None)))["data"] is None
    noted = Sealed(payload=None, texts={"note": ("x", "01")})
    assert json.loads(write_change(noted))["data"] == {"texts": {"note": "x"}}


def test_an_entry_leaves_the_proof_out_and_says_what_the_day_came_to() -> None:
    entry = json.loads(write_entry(Sealed(), "partial"))
    assert entry["entry_status"] == "partial"
    assert not {"body", "text_salt", "prev_hash"} & set(entry)


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_every_line_is_one_item_whatever_the_texts(words: list[str], name: str) -> None:
    changes = [
        Sealed(payload=canonical({"name": name}), texts={"note": (word, "01")}) for word in words
    ]
    items = [write_change(change) for change in changes]
    *lines, last = write_lines(items, {"more": name}).splitlines()
    assert [json.loads(line)["data"]["texts"]["note"] for line in lines] == words
    assert json.loads(last) == {"more": name}
    page = json.loads(write_page("changes", items, {"more": name}))
    assert page["changes"] == [json.loads(line) for line in lines]


def test_figures_go_out_as_they_were_stored() -> None:
    stored = '{"a":1e+22,"b":0.1,"c":-0,"d":333333333.3333333}'
    assert f'"data":{stored}' in write_change(Sealed(payload=stored))
