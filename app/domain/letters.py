"""Letters between a participant and the site: what may be asked, who answers, how long words are.

Whether a letter was answered is the store's to know; here is what holds for every one of them. The
rule kept: what a participant asks is decided by the site alone, never by a role of the sponsor.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.domain.records import MAX_TEXT

OPEN_AT_ONCE = 10
"""Requests that one participant may have waiting."""


class RequestKind(StrEnum):
    """What a participant may ask of the site."""

    CORRECTION = "correction"
    DATA_COPY = "data_copy"
    LEAVING = "leaving"


class Decision(StrEnum):
    """How the site answers: done, not done, or in words where there was nothing to decide."""

    GRANTED = "granted"
    DECLINED = "declined"
    ANSWERED = "answered"


ANSWERED_WITH: dict[RequestKind, Permission] = {
    RequestKind.CORRECTION: Permission.CORRECT,
    RequestKind.DATA_COPY: Permission.MANAGE_PARTICIPANT,
    RequestKind.LEAVING: Permission.MANAGE_PARTICIPANT,
}
"""The right with which each kind is answered; only roles of the site hold them."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What a participant's letters leave for the site to do.

    `is_disowned`: an entry saved on a locked phone was not theirs; `is_unconfirmed`: nobody said
    whose it was for longer than the study waits.
    """

    has_request: bool = False
    is_disowned: bool = False
    is_unconfirmed: bool = False


NOTHING = Unsettled()


def read_kind(written: str) -> RequestKind:
    """Read what is asked, or raise InvalidInput."""
    try:
        return RequestKind(written)
    except ValueError:
        raise InvalidInput("not_a_choice", field="kind", refused={"kind": written}) from None


def read_words(written: str, *, needed: bool) -> str:
    """Read what a person wrote, at most 500 characters; InvalidInput("words_missing") for none."""
    words = written.replace("\r\n", "\n").strip()
    if needed and not words:
        raise InvalidInput("words_missing", field="words")
    if len(words) > MAX_TEXT:
        raise InvalidInput("words_too_many", field="words", characters=MAX_TEXT)
    if not words.isascii() and any("\ud800" <= letter <= "\udfff" for letter in words):
        raise InvalidInput("value_refused", field="words")
    if "\0" in words:
        raise InvalidInput("value_refused", field="words")
    return words
