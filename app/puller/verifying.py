"""Verifying a copy: every row against what was sealed, and every diary day against the server.

A pull proves what comes in; this proves what is there, whatever happened to the copy since.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import BrokenChain
from app.domain.ledger import Chain, canonical, check_texts, digest_of_hashes
from app.puller.proof import COLUMNS, Heads, Row

Day = tuple[str, str]
"""Study code and diary day."""


@dataclass(frozen=True, slots=True)
class DaySum:
    """The changes about one diary day: how many, the number of the last, their digest."""

    count: int
    last_seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a copy was found to hold: how many changes, where its streams end, its days."""

    count: int
    heads: Heads
    days: Mapping[Day, DaySum]


def check_rows(rows: Iterable[Row]) -> Verified:
    """Check the rows of a copy in their order; BrokenChain names the first that does not hold."""
    chains: dict[str, Chain] = {}
    held: defaultdict[Day, list[tuple[int, str]]] = defaultdict(list)
    count = 0
    for row in rows:
        chain = chains.setdefault(row["stream"], Chain(row["stream"]))
        chain.follow(row["no"], row["body"], row["prev_hash"], row["hash"])
        _check_row(row, json.loads(row["body"]))
        held[row["study_code"], row["diary_on"]].append((row["seq"], row["hash"]))
        count += 1
    days = {
        day: DaySum(len(changes), changes[-1][0], digest_of_hashes(hash_ for _, hash_ in changes))
        for day, changes in held.items()
    }
    return Verified(count, {name: (chain.no, chain.head) for name, chain in chains.items()}, days)


def differing_days(here: Mapping[Day, DaySum], there: Mapping[Day, DaySum], seq: int) -> list[Day]:
    """The days of which the two sides hold something else; what is newer than `seq` is left out."""
    newer = {day for day, told in there.items() if told.last_seq > seq}
    return sorted(day for day in {*here, *there} - newer if here.get(day) != there.get(day))


def _check_row(row: Row, body: Mapping[str, Any]) -> None:
    """Compare the columns of a row with its body, which the chain has proved."""
    data = row["data"]
    held = {**row, "data": data and hashlib.sha256(data.encode()).hexdigest()}
    sealed = {
        **{name: body[name] for name in COLUMNS if name in body},
        "originator": canonical(body["originator"]),
        "actor": canonical(body["actor"]),
        "flags": " ".join(body["flags"]),
        "data": body["payload_digest"],
        "texts": row["texts"],
    }
    for name, value in sealed.items():
        if held[name] != value:
            raise BrokenChain(row["stream"], row["no"], f"{name} differs from what was sealed")
    if not _holds(body, row["texts"], row["text_salt"]):
        raise BrokenChain(row["stream"], row["no"], "a text differs from what was sealed")


def _holds(body: Mapping[str, Any], texts: str, salts: str) -> bool:
    try:
        return check_texts(body, json.loads(texts), json.loads(salts))
    except (AttributeError, TypeError, ValueError):
        return False
