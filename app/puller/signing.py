"""Signed heads, as the server shows them: pinned, kept beside the copy, and held against it.

The public key is believed at first sight, and never another one. Whoever rewrote the server's whole
ledger could make hashes that fit, but not these signatures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.errors import BrokenChain
from app.domain.ledger import canonical, head_digest
from app.puller.proof import Heads, Row
from app.puller.refusals import PullStopped


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed heads whose signature holds: their number, the day, and where the streams stood.

    `seq` is the number of the last change then; `text` is the whole, as it is kept.
    """

    number: int
    on: str
    seq: int
    public_key: str
    signature: str
    heads: Heads
    text: str


def read_signed(document: Any) -> Signed | None:
    """Believe signed heads as far as their signature goes; None when nothing was signed yet."""
    try:
        said = document["signed"]
        if said is None:
            return None
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["public_key"]))
        key.verify(bytes.fromhex(document["signature"]), canonical(said).encode())
        heads = {name: (head["no"], head["hash"]) for name, head in document["heads"].items()}
        for name, (no, hash_) in heads.items():
            if head_digest(name, no, hash_) not in said["digests"]:
                raise PullStopped(f"The head of {name} is not among those that were signed.")
        return Signed(
            number=said["number"],
            on=said["signed_at"][:10],
            seq=said["seq"],
            public_key=document["public_key"],
            signature=document["signature"],
            heads=heads,
            text=canonical(document),
        )
    except (AttributeError, KeyError, TypeError, ValueError, InvalidSignature) as fault:
        raise PullStopped("The signature of the server's signed heads does not hold.") from fault


def is_new(shown: Signed | None, held: Sequence[Signed]) -> bool:
    """Whether these are not held yet; PullStopped when they cannot follow those that are."""
    if shown is None:
        if held:
            raise PullStopped("The server showed signed heads before, and shows none any more.")
        return False
    if held and held[0].public_key != shown.public_key:
        raise PullStopped(
            "The server signs its heads with another key than before. Ask the site why; nothing "
            "was pulled."
        )
    same = next((one for one in held if one.number == shown.number), None)
    if same is not None and same.signature != shown.signature:
        raise PullStopped(
            f"The server showed other signed heads of {same.on} before, under the same number."
        )
    return same is None


def check_signed(rows: Iterable[Row], signed: Sequence[Signed]) -> None:
    """Raise BrokenChain for the first signed head that the rows of a copy do not have."""
    wanted = {
        (name, no): (hash_, one.on) for one in signed for name, (no, hash_) in one.heads.items()
    }
    for row in rows if wanted else ():
        hash_, on = wanted.pop((row["stream"], int(row["no"])), (row["hash"], ""))
        if row["hash"] != hash_:
            raise BrokenChain(row["stream"], row["no"], f"another hash was signed on {on}")
    for (name, no), (_, on) in wanted.items():
        raise BrokenChain(name, no, f"is not there, though its hash was signed on {on}")
