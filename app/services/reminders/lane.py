"""The lane of a channel: due messages taken in hand together, sent side by side, noted together.

A channel has a lane of its own, so that one which hangs holds up no other. Rules kept: a message is
in the hand of one scheduler at a time; all that could make it unwanted is asked at the moment of
taking it in hand; a process that dies can repeat only what it had in hand, under the same key. No
transaction is open while a message travels.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from app.domain.errors import Unavailable
from app.domain.reach import Channel
from app.services.deployment import Deployment
from app.services.ports import (
    ChannelAway,
    Gateways,
    Gone,
    Mail,
    NotDelivered,
    PermanentFailure,
    Push,
    Sms,
)
from app.services.reminders import hand, outcome
from app.services.reminders.hand import Errand, Hand
from app.services.reminders.outcome import Attempt, NotTried
from app.store import reminders
from app.store.session import Database

TAKEN_TOGETHER = {Channel.PUSH: 200, Channel.EMAIL: 50, Channel.SMS: 200, Channel.CALL: 200}
"""Messages of a channel that a scheduler has in hand at once: as many could go out again, under
their own keys, when its process is killed.
"""
THREADS = {Channel.PUSH: 8, Channel.EMAIL: 4, Channel.SMS: 8, Channel.CALL: 1}
HAND_LASTS = timedelta(minutes=1)
"""How long new messages of a hand are begun; the lease is longer by more than any conversation."""
SETTLING_TRIES = 5
"""How often a busy database is asked to note what was sent; each try waits for it by itself."""


@dataclass(frozen=True, kw_only=True)
class Courier:
    """What a scheduler works with. `worker` names it, and no other process bears that name."""

    database: Database
    deployment: Deployment
    gateways: Gateways
    worker: str
    clock: Callable[[], datetime]
    tally: Callable[[Channel, str], None] = lambda channel, outcome: None


IsStopping = Callable[[], bool]


def deliver(courier: Courier, channel: Channel, is_stopping: IsStopping) -> int:
    """Send what is due on a channel until nothing is left, it is away or the process is to stop.

    Gives how many messages were handed over.
    """
    attempts: Sequence[Attempt] = ()
    handed_over = 0
    if not _has_work(courier, channel):
        return 0
    while True:
        is_away = any(isinstance(attempt.failure, ChannelAway) for attempt in attempts)
        limit = 0 if is_away or is_stopping() else TAKEN_TOGETHER[channel]
        taken = _settle_and_take(courier, channel, attempts, limit)
        handed_over += sum(attempt.failure is None for attempt in attempts)
        for attempt in attempts:
            courier.tally(channel, attempt.outcome)
        if not taken.examined:
            return handed_over
        attempts = _send(courier, channel, taken.errands, is_stopping)


def _has_work(courier: Courier, channel: Channel) -> bool:
    with courier.database.read() as session:
        return reminders.has_ready(session, channel, courier.clock())


def _settle_and_take(
    courier: Courier, channel: Channel, attempts: Sequence[Attempt], limit: int
) -> Hand:
    """In one transaction, note how the last messages fared and take the next ones in hand."""
    tries = SETTLING_TRIES if attempts else 1
    while True:
        tries -= 1
        try:
            with courier.database.write() as session:
                now = courier.clock()
                outcome.settle(session, attempts=attempts, worker=courier.worker, now=now)
                return hand.take_in_hand(
                    session,
                    deployment=courier.deployment,
                    channel=channel,
                    worker=courier.worker,
                    limit=limit,
                    now=now,
                )
        except Unavailable:
            if not tries:
                raise


def _send(
    courier: Courier, channel: Channel, errands: Sequence[Errand], is_stopping: IsStopping
) -> list[Attempt]:
    """Send the messages in hand side by side, and give how each fared, in their order.

    What was not begun when the channel went away, the time was up or the process was asked to stop
    is given back.
    """
    until_at, is_away = courier.clock() + HAND_LASTS, Event()

    def attempt(errand: Errand) -> Attempt:
        if is_away.is_set() or is_stopping() or courier.clock() >= until_at:
            return Attempt(errand.reminder_id, NotTried())
        tried = _attempt(courier.gateways, errand)
        if isinstance(tried.failure, ChannelAway):
            is_away.set()
        return tried

    if not errands:
        return []
    with ThreadPoolExecutor(min(THREADS[channel], len(errands))) as threads:
        return list(threads.map(attempt, errands))


def _attempt(gateways: Gateways, errand: Errand) -> Attempt:
    """Send one message, to every address that it has; it is handed over when one took it."""
    failure: NotDelivered | None = None
    gone = []
    is_taken = False
    for message in errand.messages:
        try:
            _hand_over(gateways, message)
            is_taken = True
        except Gone as fault:
            failure = fault
            if isinstance(message, Push):
                gone.append(message.to.id)
        except NotDelivered as fault:
            failure = fault
        except Exception as fault:
            # A fault of ours in one message fails it alone: raised, it would leave the whole hand
            # to its lease, and what went out already would go out again.
            failure = PermanentFailure(type(fault).__name__)
    return Attempt(errand.reminder_id, None if is_taken else failure, tuple(gone))


def _hand_over(gateways: Gateways, message: Mail | Sms | Push) -> None:
    """Give a message to the gateway of its kind; ChannelAway without one."""
    match message:
        case Mail() if gateways.mailer is not None:
            gateways.mailer.send(message)
        case Sms() if gateways.texter is not None:
            gateways.texter.send(message)
        case Push() if gateways.pusher is not None:
            gateways.pusher.send(message)
        case _:
            raise ChannelAway("no_gateway")
