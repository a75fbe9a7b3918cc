"""By which way the next message goes, and who cannot be reached."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.reach import Channel, Sent, choose_channel, is_unreachable

PUSH, EMAIL, SMS, CALL = Channel.PUSH, Channel.EMAIL, Channel.SMS, Channel.CALL
ALL = frozenset({PUSH, EMAIL, SMS})
NOW = datetime(2026, 2, 3, 20, tzinfo=UTC)
LONG_AGO, JUST_NOW = NOW - timedelta(minutes=10), NOW - timedelta(minutes=9)


def silent(channel: Channel) -> Sent:
    return Sent(channel, LONG_AGO)


def arrived(channel: Channel) -> Sent:
    return Sent(channel, LONG_AGO, is_delivered=True)


def refused(channel: Channel) -> Sent:
    return Sent(channel, None, is_failed=True)


@pytest.mark.parametrize(
    ("available", "earlier", "expected"),
    [
        pytest.param(ALL, [], PUSH, id="push first"),
        pytest.param({EMAIL, SMS}, [], EMAIL, id="else e-mail"),
        pytest.param({SMS}, [], SMS, id="else a text message"),
        pytest.param(set(), [], CALL, id="else the site calls"),
        pytest.param(ALL, [arrived(PUSH)], PUSH, id="what arrived stays"),
        pytest.param(ALL, [silent(PUSH)], EMAIL, id="no receipt: the next way"),
        pytest.param(ALL, [Sent(PUSH, JUST_NOW)], PUSH, id="a receipt may still come"),
        pytest.param(ALL, [silent(PUSH), silent(EMAIL)], SMS, id="and the next"),
        pytest.param(ALL, [silent(PUSH), silent(EMAIL), silent(SMS)], SMS, id="past the last way"),
        pytest.param({PUSH}, [silent(PUSH)], PUSH, id="the only way"),
        pytest.param(ALL, [refused(PUSH)], EMAIL, id="refused is no way"),
        pytest.param({EMAIL}, [refused(EMAIL)], CALL, id="the only way refused"),
        pytest.param({PUSH, SMS}, [silent(PUSH), arrived(SMS)], SMS, id="a later way arrived"),
        pytest.param(ALL, [silent(PUSH), refused(EMAIL)], SMS, id="silent, then refused"),
        pytest.param({EMAIL, SMS}, [silent(PUSH)], EMAIL, id="the browser is gone since"),
    ],
)
def test_the_way_of_the_next_message(
    available: set[Channel], earlier: list[Sent], expected: Channel
) -> None:
    assert choose_channel(available, earlier, NOW) is expected


@pytest.mark.parametrize(
    ("available", "last_evening", "expected"),
    [
        pytest.param(set(), [], True, id="no way is known"),
        pytest.param({CALL}, [], True, id="a call is the site's own way"),
        pytest.param({EMAIL}, [], False, id="nothing sent yet"),
        pytest.param({EMAIL}, [refused(EMAIL)], True, id="all refused"),
        pytest.param({EMAIL, PUSH}, [refused(PUSH), silent(EMAIL)], False, id="silence proves no"),
    ],
)
def test_who_cannot_be_reached(
    available: set[Channel], last_evening: list[Sent], *, expected: bool
) -> None:
    assert is_unreachable(available, last_evening) is expected
