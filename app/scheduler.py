"""The timetable: how often each service call is made, and an orderly end. Nothing else.

APScheduler gives the cadence only and forgets everything when the process ends; what is due, and
what was done, is in the database. So any number of these may run, and a missed minute is caught up
by the next call.
"""

import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import (  # type: ignore[import-untyped]
    BackgroundScheduler,
)

from app.domain.reach import Channel
from app.metrics import Service
from app.services import alerts, devices, digests, nightly, pauses, reminders
from app.services.ports import Gateways
from app.services.reminders import Courier, IsStopping

_log = structlog.get_logger("scheduler")


@dataclass(frozen=True, slots=True)
class Cadence:
    """One line of the timetable: the seconds at which a call is made, of these minutes of the hour.

    `waits_s` is how long after the start it is made for the first time. The call gives a count of
    what it did, for the log.
    """

    name: str
    seconds: str
    call: Callable[[Courier, IsStopping], int]
    minutes: str = "*"
    waits_s: int = 0


def _plan(courier: Courier, _: IsStopping) -> int:
    return reminders.plan_due(courier.database, courier.deployment, courier.clock())


def _lane(channel: Channel) -> Cadence:
    """The lane of a channel: in a thread of its own, so that it waits for no other."""
    return Cadence(
        channel.value,
        "5-59/20",
        lambda courier, is_stopping: reminders.deliver(courier, channel, is_stopping),
        waits_s=1,  # what the first planning finds need not wait for the second call
    )


def _end_finished(courier: Courier, _: IsStopping) -> int:
    study = courier.deployment.study
    return devices.end_finished(courier.database, study=study, now=courier.clock())


def _end_pauses(courier: Courier, _: IsStopping) -> int:
    return pauses.follow(courier.database, now=courier.clock())


def _review_alerts(courier: Courier, _: IsStopping) -> int:
    return alerts.review(courier.database, deployment=courier.deployment, now=courier.clock())


TIMETABLE = (
    Cadence("reminders", "*/20", _plan),
    *(_lane(channel) for channel in Channel),
    Cadence("pauses", "30", _end_pauses, minutes="*/10"),
    Cadence("alerts", "40", _review_alerts, minutes="*/10"),
    Cadence("digests", "50", digests.send_due, minutes="*/10"),
    Cadence("credentials", "0", _end_finished, minutes="7"),
    Cadence("nightly", "15", nightly.run_due, minutes="*/5"),
)


@contextmanager
def running(
    service: Service, *, gateways: Gateways, stopping: threading.Event | None = None
) -> Iterator[None]:
    """Run the timetable in the background until the block ends, then finish what is in hand.

    Once `stopping` is set, nothing new is taken in hand.
    """
    stopping = stopping or threading.Event()
    courier = Courier(
        database=service.database,
        deployment=service.deployment,
        gateways=gateways,
        worker=_worker_name(),
        clock=service.clock,
        tally=service.meters.tally,
    )
    background = BackgroundScheduler(
        timezone=UTC,
        executors={"default": {"type": "threadpool", "max_workers": len(TIMETABLE)}},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for cadence in TIMETABLE:
        background.add_job(
            _call,
            "cron",
            minute=cadence.minutes,
            second=cadence.seconds,
            id=cadence.name,
            args=(cadence, courier, stopping.is_set),
            # A start after an outage does not wait for the minute.
            next_run_time=datetime.now(UTC) + timedelta(seconds=cadence.waits_s),
        )
    background.start()
    try:
        yield
    finally:
        stopping.set()
        background.shutdown(wait=True)


def run_until_stopped(service: Service, *, gateways: Gateways) -> None:
    """Run the timetable alone until SIGTERM or SIGINT, and finish what is in hand."""
    asked_to_stop = {signal.SIGTERM, signal.SIGINT}
    # Held back in every thread and taken by this one: a handler could run just before it is asked
    # to wait, and never be heard.
    signal.pthread_sigmask(signal.SIG_BLOCK, asked_to_stop)
    stopping = threading.Event()
    with running(service, gateways=gateways, stopping=stopping):
        _log.info("scheduler started")
        signal.sigwait(asked_to_stop)
        stopping.set()
        _log.info("scheduler stopping")


def _call(cadence: Cadence, courier: Courier, is_stopping: IsStopping) -> None:
    count = cadence.call(courier, is_stopping)
    if count:
        _log.info(cadence.name, count=count)


def _worker_name() -> str:
    """Name this process so that no other, before or beside it, has the same name."""
    return f"{socket.gethostname()[:32]}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
