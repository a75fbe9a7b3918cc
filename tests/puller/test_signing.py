"""Signed heads as pullers see them: their own streams alone, pinned, and held against the copy."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.errors import BrokenChain
from app.domain.ledger import canonical, head_digest
from app.puller import PullStopped, Server, open_copy, pull
from app.services import heads
from tests import trial
from tests.people import Stage, Who


def sign(stage: Stage, folder: Path) -> heads.Signed:
    """Sign the heads as the night does."""
    deployment = replace(
        stage.deployment, heads_folder=folder / "heads", heads_key_file=folder / "heads.key"
    )
    return heads.sign(stage.database, deployment=deployment, now=stage.clock.now)


def shown(stage: Stage, key: str) -> dict[str, Any]:
    """What the door shows to a key."""
    answer = stage.client(Who.NOBODY).get("/api/v1/heads", headers=trial.bearing(key))
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


class Forger(Server):
    """The true server, but for the signed heads that it shows."""

    def __init__(self, true: Server, shown: Any) -> None:
        self._true, self._shown = true, shown

    def read_changes(self, after: str, limit: int) -> Any:
        """A page of the true server."""
        return self._true.read_changes(after, limit)

    def read_signed_heads(self) -> Any:
        """What was forged."""
        return self._shown


def pull_with(stage: Stage, into: str, shown: Any) -> None:
    """Pull from a server that shows these signed heads."""
    with (
        trial.server_of(stage, stage.cast.key) as true,
        closing(open_copy(into)) as copy,
    ):
        pull(Forger(true, shown), copy)


def test_a_key_is_shown_its_own_streams_and_can_prove_them(
    live_stage: Stage, tmp_path: Path
) -> None:
    assert shown(live_stage, live_stage.cast.key)["signed"] is None
    trial.live(live_stage)
    signed = sign(live_stage, tmp_path)
    own, whole = (
        shown(live_stage, live_stage.cast.key),
        shown(live_stage, trial.new_key(live_stage)),
    )
    assert set(own["heads"]) == {"data/lyon"}
    assert set(whole["heads"]) == {"data/lyon", "data/lille"}
    assert own["signed"] == whole["signed"] == signed.said
    page = live_stage.client(Who.DATA_MANAGER).get("/desk/trial-database").text
    assert "Where the trail stands was last signed" in page
    assert len(signed.said["digests"]) == 3, "acts are signed and shown to no key"


def test_what_is_shown_is_kept_beside_the_copy(
    live_stage: Stage, into: str, tmp_path: Path
) -> None:
    trial.live(live_stage)
    first = sign(live_stage, tmp_path)
    trial.pull_into(live_stage, into)
    with closing(open_copy(into)) as copy:
        copy.open()
        assert [first.said["signed_at"] in text for text in copy.list_signed()] == [True]
    trial.save(live_stage, Who.OWN, trial.dose(live_stage, Who.OWN))
    live_stage.clock.advance(days=1)
    sign(live_stage, tmp_path)
    trial.pull_into(live_stage, into)
    trial.pull_into(live_stage, into)
    with closing(open_copy(into)) as copy:
        copy.open()
        assert len(copy.list_signed()) == 2


def test_what_contradicts_what_is_held_is_refused(live_stage: Stage, tmp_path: Path) -> None:
    trial.live(live_stage)
    into = str(tmp_path / "copy")
    sign(live_stage, tmp_path)
    true = shown(live_stage, live_stage.cast.key)
    trial.pull_into(live_stage, into)
    altered = {**true, "signed": {**true["signed"], "seq": 1}}
    moved = {**true, "heads": {"data/lyon": {"no": 9, "hash": "0" * 64}}}
    for lie, sentence in (
        (altered, "signature .* does not hold"),
        (moved, "not among those that were signed"),
        ({**true, "signed": None}, "shows none any more"),
        ({**true, "signature": "x"}, "signature .* does not hold"),
    ):
        with pytest.raises(PullStopped, match=sentence):
            pull_with(live_stage, into, lie)
    pull_with(live_stage, into, true)


def forge(true: dict[str, Any]) -> dict[str, Any]:
    """Sign another history with a key of one's own, as whoever rewrote the server could."""
    key = Ed25519PrivateKey.generate()
    digests = [head_digest("data/lyon", 3, "0" * 64)]
    said = {**true["signed"], "number": 2, "digests": digests}
    return {
        "signed": said,
        "heads": {"data/lyon": {"no": 3, "hash": "0" * 64}},
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(canonical(said).encode()).hex(),
    }


@pytest.mark.trust(2)
def test_another_key_and_another_history_are_refused(live_stage: Stage, tmp_path: Path) -> None:
    trial.live(live_stage)
    into = str(tmp_path / "copy")
    sign(live_stage, tmp_path)
    trial.pull_into(live_stage, into)
    forged = forge(shown(live_stage, live_stage.cast.key))
    with pytest.raises(PullStopped, match="another key than before"):
        pull_with(live_stage, into, forged)
    with pytest.raises(BrokenChain, match="no 3: another hash was signed on 2026-01-20"):
        pull_with(live_stage, str(tmp_path / "second"), forged)
