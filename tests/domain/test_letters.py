"""What a letter may say, and who may answer one."""

import pytest

from app.domain.access import PERMISSIONS, Role
from app.domain.errors import InvalidInput
from app.domain.letters import ANSWERED_WITH, RequestKind, read_kind, read_words

SPONSOR = {Role.MONITOR, Role.INSPECTOR, Role.DATA_MANAGER, Role.ADMIN, Role.TRIAL_DATABASE}


@pytest.mark.trust(9)
def test_every_kind_is_answered_by_the_site_and_never_by_the_sponsor() -> None:
    assert set(ANSWERED_WITH) == set(RequestKind)
    for permission in ANSWERED_WITH.values():
        assert not PERMISSIONS[permission] & SPONSOR


def test_words_are_trimmed_and_lines_end_alike() -> None:
    assert read_words("  un\r\ndeux\n ", needed=True) == "un\ndeux"
    assert read_words(" ", needed=False) == ""
    assert len(read_words("é" * 500, needed=True)) == 500


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (" \r\n", "words_missing"),
        ("é" * 501, "words_too_many"),
        ("a\0b", "value_refused"),
        ("a\ud800b", "value_refused"),
    ],
)
def test_words_that_cannot_be_kept_are_refused(written: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_words(written, needed=True)
    assert (refused.value.code, refused.value.field) == (code, "words")


def test_nothing_else_can_be_asked() -> None:
    assert read_kind("leaving") is RequestKind.LEAVING
    with pytest.raises(InvalidInput):
        read_kind("erasure")
