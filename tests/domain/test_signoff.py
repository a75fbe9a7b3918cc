"""A signature is bound to the versions that stood, and to no others."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.signoff import Period, Sealed, changed_since, digest_of, standing

JANUARY = Period("MS-7K4QX", date(2026, 1, 1), date(2026, 1, 31))


def sealed(seq: int, record: int, version: int, day: int) -> Sealed:
    """One version; its hash is its place."""
    return Sealed(
        seq=seq,
        hash=f"{seq:064d}",
        record_id=f"record {record}",
        version=version,
        kind="diary",
        op="correct" if version > 1 else "create",
        diary_on=date(2026, 1 + day // 31, 1 + day % 31) if day < 59 else date(2026, 3, 1),
        received_at=datetime(2026, 3, 1, tzinfo=UTC),
        actor_id="x",
        actor_role="participant",
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Sealed]:
    """Versions as they came: each record stays on its day, its versions count up."""
    days = draw(st.lists(st.integers(0, 58), min_size=1, max_size=6))
    counts = dict.fromkeys(range(len(days)), 0)
    found = []
    for seq, record in enumerate(draw(st.lists(st.sampled_from(range(len(days))), max_size=15)), 1):
        counts[record] += 1
        found.append(sealed(seq, record, counts[record], days[record]))
    return found


@given(histories(), st.integers(0, 16))
@pytest.mark.trust(23)
def test_it_changes_with_what_it_covers_and_with_nothing_else(
    history: list[Sealed], until_seq: int
) -> None:
    signed = digest_of(history, JANUARY, until_seq)
    before = [one for one in history if one.seq <= until_seq]
    assert signed == digest_of(before, JANUARY, until_seq)
    assert signed == digest_of(reversed(history), JANUARY, until_seq)
    later = changed_since(history, JANUARY, until_seq)
    assert [one.seq for one in later] == sorted(one.seq for one in later)
    stays = digest_of(history, JANUARY, len(history)) == signed
    assert stays == (not later)
    for one in standing(history, JANUARY, until_seq):
        left = [other for other in history if other.record_id != one.record_id]
        assert digest_of(left, JANUARY, until_seq) != signed
