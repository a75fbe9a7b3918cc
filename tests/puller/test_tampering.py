"""A server that lies is caught: whatever is altered, dropped, added or moved is refused and named.

The liar stands between the true server and the puller, and alters one page. Nothing of that page
may enter the copy.
"""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BrokenChain
from app.puller import PullStopped, open_copy, pull
from app.puller.proof import Proof
from app.puller.server import Page, Server
from tests import trial
from tests.people import Stage
from tests.puller.held import held

Item = dict[str, Any]
Lie = Callable[[list[Item]], object]


class Liar(Server):
    """The true server, but for one page that is altered on the way."""

    def __init__(self, true: Server, lie: Callable[[Page], Page]) -> None:
        self._true, self._lie = true, lie

    def read_changes(self, after: str, limit: int) -> Page:
        """A page of the true server, altered."""
        return self._lie(self._true.read_changes(after, limit))

    def read_signed_heads(self) -> Any:
        """What the true server signed."""
        return self._true.read_signed_heads()


def swap(items: list[Item], one: int, other: int) -> None:
    """Change places."""
    items[one], items[other] = items[other], items[one]


def flip(item: Item, name: str, at: int = 10) -> None:
    """Alter one character of a text."""
    was = item[name]
    item[name] = was[:at] + ("0" if was[at] != "0" else "1") + was[at + 1 :]


def of_op(items: list[Item], op: str) -> Item:
    """The first change that does this."""
    return next(item for item in items if item["op"] == op)


def unsay(items: list[Item]) -> None:
    """Take the reason of a correction away, and the salt with it."""
    of_op(items, "correct")["reason"] = None
    of_op(items, "correct")["text_salt"].update(reason=None)


def reseal(items: list[Item]) -> None:
    """Alter a body and give it a hash that fits, as one would who can compute."""
    item = items[2]
    body = {**json.loads(item["body"]), "diary_on": "2026-01-01"}
    item.update(body, body=json.dumps(body, sort_keys=True, separators=(",", ":")))


LIES: dict[str, tuple[Lie, str]] = {
    "body": (lambda items: flip(items[2], "body", 40), "data/lyon no 3: its content"),
    "body resealed": (reseal, "data/lyon no 3: its content"),
    "hash": (lambda items: flip(items[2], "hash"), "data/lyon no 3: its content"),
    "prev_hash": (lambda items: flip(items[2], "prev_hash"), "data/lyon no 3: does not continue"),
    "a score": (
        lambda items: items[0]["data"]["scores"]["pain_average"].update(value=56),
        "data/lyon no 1: its data differ",
    ),
    "a status": (
        lambda items: items[0]["data"]["scores"]["pain_average"].update(status="declined"),
        "data/lyon no 1: its data differ",
    ),
    "data of a void": (
        lambda items: of_op(items, "void").update(data={"units": 1}),
        "data/lyon no 5: its data differ",
    ),
    "no data": (lambda items: items[0].update(data=None), "data/lyon no 1: its data differ"),
    "a reason": (
        lambda items: of_op(items, "correct").update(reason="misread « 21 »"),
        "data/lyon no 7: a text differs",
    ),
    "a reason that was not given": (
        lambda items: items[0].update(reason="because"),
        "data/lyon no 1: a text differs",
    ),
    "a text": (
        lambda items: items[3]["data"]["texts"].update(note="1 or 3?"),
        "data/lyon no 4: a text differs",
    ),
    "a salt": (
        lambda items: items[3]["text_salt"].update(note="0" * 32),
        "data/lyon no 4: a text differs",
    ),
    "a text taken away": (unsay, "data/lyon no 7: a text of it is gone"),
    "site": (lambda items: items[0].update(site="lille"), "data/lyon no 1: site differs"),
    "study code": (
        lambda items: items[1].update(study_code="MS-AAAAA"),
        "data/lyon no 2: study_code differs",
    ),
    "seq": (lambda items: items[2].update(seq=1), "data/lyon no 3: stands out of order"),
    "number": (lambda items: items[2].update(no=4), "data/lyon no 3: missing"),
    "stream": (lambda items: items[2].update(stream="data/lille"), "data/lille no 1: missing"),
    "order": (lambda items: swap(items, 2, 3), "data/lyon no 3: missing"),
    "first dropped": (lambda items: items.pop(0), "data/lyon no 1: missing"),
    "one dropped": (lambda items: items.pop(4), "data/lyon no 5: missing"),
    "last dropped": (lambda items: items.pop(), "the next cursor is not that of this change"),
    "one twice": (lambda items: items.insert(3, items[3]), "data/lyon no 5: missing"),
    "not a change": (lambda items: items[2].pop("prev_hash"), "data/lyon no 3: is not a change"),
}


def lie_with(lie: Lie) -> Callable[[Page], Page]:
    """Alter the items of a page."""

    def altered(page: Page) -> Page:
        items = copy.deepcopy(page.items)
        lie(items)
        return replace(page, items=items)

    return altered


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused_and_named(lived: Stage, tmp_path: Path, name: str) -> None:
    lie, sentence = LIES[name]
    into = str(tmp_path / "copy")
    with (
        trial.server_of(lived, lived.cast.key) as true,
        closing(open_copy(into)) as copy_,
        pytest.raises(BrokenChain) as broken,
    ):
        pull(Liar(true, lie_with(lie)), copy_)
    assert sentence in str(broken.value)
    assert held(into) == []


def test_a_tail_that_is_kept_back_is_noticed(lived: Stage, tmp_path: Path) -> None:
    def keep_back(page: Page) -> Page:
        *items, last = page.items
        cursor = f"{page.next_cursor.split(':')[0]}:{items[-1]['seq']}:{items[-1]['hash'][:8]}"
        assert last["no"] == page.heads["data/lyon"][0]
        return replace(page, items=items, next_cursor=cursor)

    with (
        trial.server_of(lived, lived.cast.key) as true,
        closing(open_copy(str(tmp_path))) as copy_,
        pytest.raises(BrokenChain, match="the server ends at number 10, what it gave at 9"),
    ):
        pull(Liar(true, keep_back), copy_)


def test_a_whole_stream_that_is_kept_back_is_noticed(lived: Stage, tmp_path: Path) -> None:
    def keep_back(page: Page) -> Page:
        return replace(page, heads={})

    with (
        trial.server_of(lived, lived.cast.key) as true,
        closing(open_copy(str(tmp_path))) as copy_,
        pytest.raises(BrokenChain, match="does not give this stream any more"),
    ):
        pull(Liar(true, keep_back), copy_)


def test_an_empty_page_that_promises_more_is_noticed(lived: Stage, tmp_path: Path) -> None:
    with (
        trial.server_of(lived, lived.cast.key) as true,
        closing(open_copy(str(tmp_path))) as copy_,
        pytest.raises(PullStopped, match="empty page"),
    ):
        pull(Liar(true, lambda page: replace(page, items=[], has_more=True)), copy_)


def test_a_lie_in_a_later_page_leaves_the_earlier_ones(lived: Stage, tmp_path: Path) -> None:
    into = str(tmp_path / "copy")

    def lie(page: Page) -> Page:
        is_later = page.items[0]["no"] > 3
        return lie_with(lambda items: flip(items[0], "body"))(page) if is_later else page

    with (
        trial.server_of(lived, lived.cast.key) as true,
        closing(open_copy(into)) as copy_,
        pytest.raises(BrokenChain),
    ):
        pull(Liar(true, lie), copy_, limit=3)
    assert [row["no"] for row in held(into)] == [1, 2, 3]
    assert trial.pull_into(lived, into).count == 7, "the true server brings the rest"


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value that holds no further place."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def alter(value: Any, data: st.DataObject) -> Any:
    """Another value in the place of one."""
    others: list[Any] = [None, 0, 1, 57.5, True, "", [], {}, "x", "a" * 64]
    return data.draw(st.sampled_from([o for o in others if json.dumps(o) != json.dumps(value)]))


def prove(page: Page) -> int:
    """Follow a whole feed in one page; give how many changes it has."""
    proof = Proof({}, 0)
    rows = [proof.follow(item) for item in page.items]
    proof.require_end(page.heads)
    return len(rows)


@given(data=st.data())
def test_whatever_is_altered_is_noticed(page: Page, data: st.DataObject) -> None:
    items = copy.deepcopy(page.items)
    places = [path for path in leaves(items) if path[-1] != "seq"]  # the server's own numbering
    *steps, last = data.draw(st.sampled_from(places))
    place: Any = items
    for step in steps:
        place = place[step]
    place[last] = alter(place[last], data)
    with pytest.raises(BrokenChain):
        prove(replace(page, items=items))


def test_nothing_altered_is_whole(page: Page) -> None:
    assert prove(page) == 10
