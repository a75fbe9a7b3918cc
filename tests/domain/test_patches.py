"""Which patch is on the skin, from what was noted in whatever order."""

from datetime import datetime
from typing import Literal

import pytest

from app.domain.intake import Taken
from app.domain.patches import worn_patches
from app.domain.records import Snapshot

Event = tuple[str, Literal["applied", "removed"]]


def taken(event: Event, name: str = "Durogesic") -> Taken:
    at, patch = datetime.fromisoformat(event[0]), event[1]
    medicine = Snapshot.model_validate(
        {
            "medicine_id": f"00000000-0000-4000-8000-{len(name):012}",
            "name": name,
            "strength": "25 µg/h",
            "unit": "patch",
            "route": "transdermal",
            "role": "scheduled",
            "ug_per_h": 25.0,
        }
    )
    return Taken(medicine, 1, at.date(), at.time(), None, patch)


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ([], None),
        ([("2026-01-20T08:00", "applied")], "2026-01-20T08:00"),
        ([("2026-01-20T08:00", "applied"), ("2026-01-22T08:00", "removed")], None),
        ([("2026-01-20T08:00", "applied"), ("2026-01-20T08:10", "removed")], None),
        (
            [
                ("2026-01-17T08:00", "applied"),
                ("2026-01-20T08:00", "applied"),
                ("2026-01-20T08:05", "removed"),
            ],
            "2026-01-20T08:00",
        ),
        (
            [
                ("2026-01-17T08:00", "applied"),
                ("2026-01-20T08:00", "removed"),
                ("2026-01-20T08:00", "applied"),
            ],
            "2026-01-20T08:00",
        ),
        (
            [
                ("2026-01-14T08:00", "applied"),
                ("2026-01-17T08:00", "applied"),
                ("2026-01-20T08:00", "removed"),
            ],
            None,
        ),
    ],
    ids=[
        "none",
        "on",
        "off again",
        "by mistake",
        "changed, the new one first",
        "changed, the old one first",
        "a removal was forgotten",
    ],
)
def test_what_is_worn_now(events: list[Event], since: str | None) -> None:
    worn = worn_patches(taken(event) for event in events)
    assert [dose.wall_time.isoformat(timespec="minutes") for dose in worn] == (
        [] if since is None else [since]
    )


def test_each_medicine_has_its_own() -> None:
    on = taken(("2026-01-20T08:00", "applied"), "Matrifen")
    off = taken(("2026-01-20T09:00", "removed"))
    earlier = taken(("2026-01-19T09:00", "applied"), "Versatis 5 %")
    assert worn_patches([on, off, earlier]) == (earlier, on)


def test_what_is_no_patch_is_never_worn() -> None:
    tablet = taken(("2026-01-20T08:00", "applied"))
    assert worn_patches([Taken(tablet.medicine, 1, tablet.taken_on, tablet.taken_at)]) == ()
