"""Seats for who waits: one for each key, so many in a process."""

from contextlib import ExitStack

from app.routers.waiting import SEATS, WaitingRoom


def test_a_key_has_one_seat_and_gives_it_back() -> None:
    room = WaitingRoom()
    with room.seat("KEY") as first:
        with room.seat("KEY") as second:
            assert (first, second) == (True, False)
        with room.seat("KEY") as third:
            assert not third, "the one who had no seat gave none back"
    with room.seat("KEY") as again:
        assert again


def test_a_full_room_has_no_seat() -> None:
    room = WaitingRoom()
    with ExitStack() as waiting:
        seats = [waiting.enter_context(room.seat(f"KEY {n}")) for n in range(SEATS + 2)]
    assert seats == [True] * SEATS + [False] * 2
