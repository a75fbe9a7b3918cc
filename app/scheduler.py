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
from datetime import UTC, datetime
from typing import Protocol

import structlog
from apscheduler.schedulers.background import (  # type: ignore[import-untyped]
    BackgroundScheduler,
)

from app.services import devices, reminders
from app.services.deployment import Deployment
from app.services.ports import Mailer
from app.services.reminders import Courier
from app.store.session import Database

IsStopping = Callable[[], bool]

_log = structlog.get_logger("scheduler")


class Service(Protocol):
    """The running service, as far as the timetable needs it."""

    @property
    def deployment(self) -> Deployment:
        """The study, the vault and the address of this deployment."""

    @property
    def database(self) -> Database:
        """Its database."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells the present."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """One line of the timetable: the seconds at which a call is made, of these minutes of the hour.

    The call gives a count of what it did, for the log.
    """

    name: str
    seconds: str
    call: Callable[[Courier, IsStopping], int]
    minutes: str = "*"


def _end_finished(courier: Courier, _: IsStopping) -> int:
    study = courier.deployment.study
    return devices.end_finished(courier.database, study=study, now=courier.clock())


TIMETABLE = (
    Cadence("reminders", "*/20", reminders.run),
    Cadence("credentials", "0", _end_finished, minutes="7"),
)


@contextmanager
def running(
    service: Service, *, mailer: Mailer, stopping: threading.Event | None = None
) -> Iterator[None]:
    """Run the timetable in the background until the block ends, then finish what is in hand.

    Once `stopping` is set, nothing new is taken in hand.
    """
    stopping = stopping or threading.Event()
    courier = Courier(
        database=service.database,
        deployment=service.deployment,
        mailer=mailer,
        worker=_worker_name(),
        clock=service.clock,
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
            next_run_time=datetime.now(UTC),  # a start after an outage does not wait
        )
    background.start()
    try:
        yield
    finally:
        stopping.set()
        background.shutdown(wait=True)


def run_until_stopped(service: Service, *, mailer: Mailer) -> None:
    """Run the timetable alone until SIGTERM or SIGINT, and finish what is in hand."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with running(service, mailer=mailer, stopping=stopping):
        _log.info("scheduler started")
        stopping.wait()
        _log.info("scheduler stopping")


def _call(cadence: Cadence, courier: Courier, is_stopping: IsStopping) -> None:
    count = cadence.call(courier, is_stopping)
    if count:
        _log.info(cadence.name, count=count)


def _worker_name() -> str:
    """Name this process so that no other, before or beside it, has the same name."""
    return f"{socket.gethostname()[:32]}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
