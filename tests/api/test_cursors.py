"""Places in the feed: where one cannot go on is a refusal with the way out, never an empty 200."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.cursor import Cursor, read_cursor
from app.domain.errors import InvalidInput
from app.store.tables import Epoch
from tests import trial
from tests.people import Stage, Who

GAP = 1_000_000
MALFORMED = (
    *("", "-1", "1.0", "1e9", " 1", "1\n", "١", "9" * 19, "null", "1:2:3", "\0", "x" * 3000),
    *("abcdefgh:1:00000000", "00000000:1", "00000000::00000000", "00000000:1:0000000"),
    *("00000000:1:00000000:", "'; DROP TABLE ledger; --"),
)
BAD_PARAMETERS = (
    *(("limit", value) for value in ("0", "-1", "1001", "1000000000", "ten", "1.5", "")),
    *(("wait", value) for value in ("31", "-1", "soon")),
    *((name, "0") for name in ("limti", "cursor", "AFTER", "after[]")),
)
HEX8 = st.text("0123456789abcdef", min_size=8, max_size=8)


def ask(stage: Stage, after: str) -> tuple[int, dict[str, object]]:
    """Status and answer of a pull from a place."""
    answer = stage.client(Who.KEY).get("/api/v1/changes", params={"after": after})
    return answer.status_code, answer.json()


def restore(stage: Stage, head: int, epoch: str) -> None:
    """Begin a new epoch as a restore does: the order goes on far above the restored head."""
    with stage.database.write() as session:
        session.add(
            Epoch(id=epoch, after_seq=head + GAP, restored_head=head, started_at=stage.clock.now)
        )


@given(st.builds(Cursor, st.integers(0, 10**18 - 1), HEX8, HEX8))
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert read_cursor(str(cursor)) == cursor


@given(st.integers(0, 10**18 - 1))
def test_a_bare_number_is_a_cursor(seq: int) -> None:
    assert read_cursor(str(seq)) == Cursor(seq)


@given(st.text() | st.from_regex(r"[0-9a-f:]{0,40}"))
def test_everything_else_is_malformed(text: str) -> None:
    assume(re.fullmatch(r"[0-9]{1,18}|[0-9a-f]{8}:[0-9]{1,18}:[0-9a-f]{8}", text) is None)
    with pytest.raises(InvalidInput) as refusal:
        read_cursor(text)
    assert (refusal.value.code, refusal.value.field) == ("cursor_malformed", "after")


def test_a_malformed_cursor_is_422(stage: Stage) -> None:
    for after in MALFORMED:
        status, problem = ask(stage, after)
        assert (after, status, problem["field"]) == (after, 422, "after")


def test_a_bad_parameter_is_422_and_named(stage: Stage) -> None:
    for name, value in BAD_PARAMETERS:
        answer = stage.client(Who.KEY).get("/api/v1/changes", params={name: value})
        assert (name, value, answer.status_code) == (name, value, 422)
        assert answer.json()["field"] == name
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_bare_number_between_two_changes_goes_on_from_the_one_before(stage: Stage) -> None:
    first, second = trial.changes_of(stage, stage.cast.key)
    assert second["seq"] - first["seq"] > 1, "the scene has acts in between"
    status, page = ask(stage, str(second["seq"] - 1))
    assert status == 200
    assert page["changes"] == [second]


@pytest.mark.parametrize("bare", [True, False])
def test_past_the_head_is_409(stage: Stage, *, bare: bool) -> None:
    _, page = ask(stage, "0")
    epoch = page["epoch"]
    status, problem = ask(stage, "10000" if bare else f"{epoch}:10000:00000000")
    assert (status, problem["code"]) == (409, "cursor_ahead")
    assert (problem["epoch"], problem["resync_after"]) == (epoch, "0")


def test_a_hash_that_differs_is_409(stage: Stage) -> None:
    _, page = ask(stage, "0")
    epoch, seq, hash8 = str(page["next_cursor"]).split(":")
    other = f"{(int(hash8, 16) ^ 1):08x}"
    status, problem = ask(stage, f"{epoch}:{seq}:{other}")
    assert (status, problem["code"]) == (409, "cursor_differs")
    status, problem = ask(stage, f"{epoch}:0:{hash8}")
    assert (status, problem["code"]) == (409, "cursor_differs")


def test_a_cursor_of_a_stream_that_the_key_does_not_read_is_409(stage: Stage) -> None:
    trial.far_away(stage)
    [far] = trial.changes_of(stage, trial.new_key(stage, "lille"))
    _, page = ask(stage, "0")
    status, problem = ask(stage, f"{page['epoch']}:{far['seq']}:{far['hash'][:8]}")
    assert (status, problem["code"]) == (409, "cursor_differs")


def test_a_cursor_of_an_unknown_epoch_is_409_from_the_start(stage: Stage) -> None:
    status, problem = ask(stage, "ffffffff:1:00000000")
    assert (status, problem["code"]) == (409, "cursor_of_other_epoch")
    assert problem["resync_after"] == "0"


def test_a_cursor_from_before_a_restore_is_409_and_says_how_to_go_on(stage: Stage) -> None:
    _, before = ask(stage, "0")
    first, last = trial.changes_of(stage, stage.cast.key)
    restore(stage, first["seq"], "aaaaaaaa")
    status, problem = ask(stage, str(before["next_cursor"]))
    assert (status, problem["code"]) == (409, "cursor_of_other_epoch")
    assert problem["epoch"] == "aaaaaaaa"
    assert problem["resync_after"] == str(first["seq"])
    assert problem["resync_after"] in str(problem["title"])
    restore(stage, last["seq"], "bbbbbbbb")
    _, problem = ask(stage, str(before["next_cursor"]))
    assert problem["resync_after"] == str(first["seq"]), "what the earliest restore left is common"


def test_who_lay_behind_the_restored_head_goes_on_from_its_own_place(stage: Stage) -> None:
    first, last = trial.changes_of(stage, stage.cast.key)
    behind = stage.client(Who.KEY).get("/api/v1/changes", params={"limit": 1}).json()
    restore(stage, last["seq"], "aaaaaaaa")
    _, problem = ask(stage, str(behind["next_cursor"]))
    assert problem["resync_after"] == str(first["seq"]), "what it never pulled is not skipped"
    _, page = ask(stage, str(problem["resync_after"]))
    assert page["changes"] == [last]


@pytest.mark.parametrize("step", [1, 2, GAP // 2, GAP])
def test_a_bare_number_in_the_gap_after_a_restore_is_409(stage: Stage, step: int) -> None:
    head = trial.changes_of(stage, stage.cast.key)[-1]["seq"]
    restore(stage, head, "aaaaaaaa")
    status, problem = ask(stage, str(head + step))
    assert (status, problem["code"]) == (409, "cursor_in_gap")
    assert problem["resync_after"] == str(head)


def test_after_a_restore_a_bare_number_leads_into_the_new_epoch(stage: Stage) -> None:
    last = trial.changes_of(stage, stage.cast.key)[-1]
    restore(stage, last["seq"], "aaaaaaaa")
    status, page = ask(stage, str(last["seq"]))
    assert (status, page["changes"]) == (200, [])
    assert page["next_cursor"] == f"aaaaaaaa:{last['seq']}:{last['hash'][:8]}"
    assert ask(stage, str(page["next_cursor"]))[0] == 200


def test_waiting_does_not_hide_a_refusal(stage: Stage) -> None:
    answer = stage.client(Who.KEY).get("/api/v1/changes", params={"after": "99999", "wait": 30})
    assert answer.status_code == 409
