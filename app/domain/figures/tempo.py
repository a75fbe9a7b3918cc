"""How long a diary took, from opened to saved, by how much it asked: a burden the site sees."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from app.domain.records import DiaryPayload


class Length(StrEnum):
    """How much a diary asked: the flare's one question, no triggers, or all of it."""

    FLARE = "flare"
    SHORT = "short"
    USUAL = "usual"


AIM_S = {Length.FLARE: 20, Length.SHORT: 45, Length.USUAL: 90}
"""The seconds that the diary is built to stay under (EXPERIENCE §2)."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """The median seconds of `n` diaries of one length."""

    length: Length
    median_s: float
    n: int


def length_of(payload: DiaryPayload) -> Length:
    """Say how much an entry asked."""
    if payload.flare:
        return Length.FLARE
    return Length.USUAL if payload.allodynia.value == "yes" else Length.SHORT


def tempos(saved: Iterable[tuple[DiaryPayload, float]]) -> tuple[Tempo, ...]:
    """Give the median of each length that occurs; `saved` pairs a first version with its seconds.

    Zero seconds mean that nobody measured: the site entered it, or a page without script did.
    """
    seconds: defaultdict[Length, list[float]] = defaultdict(list)
    for payload, elapsed_s in saved:
        if elapsed_s > 0:
            seconds[length_of(payload)].append(elapsed_s)
    return tuple(
        Tempo(length, median(seconds[length]), len(seconds[length]))
        for length in Length
        if length in seconds
    )
