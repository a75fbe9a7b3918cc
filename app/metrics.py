"""Metrics for Prometheus, on a port of their own that nobody reaches from outside.

Counted are requests by route, never by address, saves and messages by what became of them; looked
up when asked are the ledger's heads, the queue, the schedule, the backups and the clock. No label
holds anything about a person: no study code, no id, no address.
"""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from time import perf_counter
from typing import Any, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.domain.errors import Unavailable
from app.domain.reach import Channel
from app.services import operations, standings
from app.services.deployment import Deployment
from app.services.operations import Operations, Trouble
from app.services.standings import Standing
from app.settings import Settings
from app.store.session import Database

METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
Scope = MutableMapping[str, Any]


class Meters:
    """What one process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        of_route = ["method", "route", "status"]
        self.requests = Counter("diary_requests", "Requests answered", of_route, registry=own)
        self.seconds = Histogram(
            "diary_request_seconds", "Time to answer", ["route"], buckets=BUCKETS_S, registry=own
        )
        self.in_hand = Gauge("diary_requests_in_hand", "Requests not answered yet", registry=own)
        self.saves = Counter(
            "diary_saves", "What became of what phones sent", ["outcome"], registry=own
        )
        self.messages = Counter(
            "diary_messages", "Messages to participants", ["channel", "outcome"], registry=own
        )
        ProcessCollector(registry=own)

    def tally(self, channel: Channel, outcome: str) -> None:
        """Count a message by what became of it."""
        self.messages.labels(channel.value, outcome).inc()


class Metered:
    """Counts every request of the application that it wraps."""

    def __init__(self, app: Callable[..., Awaitable[None]], meters: Meters) -> None:
        self.app, self.meters = app, meters

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self.meters.in_hand.track_inprogress():
            try:
                await self.app(scope, receive, watched)
            finally:
                self._count(scope, status, perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "")
        if not route:
            route = "/static" if scope["path"].startswith("/static/") else "none"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.meters.requests.labels(method, route, f"{status // 100}xx").inc()
        self.meters.seconds.labels(route).observe(seconds)
        saved = scope.get("state", {}).get("saved")
        if saved is not None:
            self.meters.saves.labels(str(saved)).inc()


class Service(Protocol):
    """The running service, as far as its metrics and its timetable need it."""

    @property
    def deployment(self) -> Deployment:
        """Its study and settings."""

    @property
    def database(self) -> Database:
        """Its database."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells the present."""

    @property
    def meters(self) -> Meters:
        """What this process counts."""


class Looked(Collector):
    """What is looked up in the database whenever somebody asks."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def collect(self) -> Iterator[Metric]:
        """Look, and tell; without a database, that it is away."""
        now = self.service.clock()
        is_up = GaugeMetricFamily("diary_database_up", "Whether the database answers")
        try:
            with self.service.database.read() as session:
                standing = standings.look(session, now)
                seen = operations.look(session, deployment=self.service.deployment, now=now)
        except Unavailable:
            is_up.add_metric([], 0)
            yield is_up
            return
        is_up.add_metric([], 1)
        yield is_up
        yield from _of_standing(standing)
        yield from _of_operations(seen, now)


def _of_standing(standing: Standing) -> Iterator[Metric]:
    heads = GaugeMetricFamily(
        "diary_ledger_head", "Number of a stream's last change", labels=["stream"]
    )
    for stream, no in standing.heads.items():
        heads.add_metric([stream], no)
    yield heads
    ready = GaugeMetricFamily("diary_messages_ready", "Messages due", labels=["channel"])
    for channel in Channel:
        ready.add_metric([channel.value], standing.ready.get(channel.value, 0))
    yield ready


def _of_operations(seen: Operations, now: datetime) -> Iterator[Metric]:
    ages = {
        "diary_schedule_age_seconds": ("Since the schedule was last at work", seen.beat_at),
        "diary_backup_age_seconds": ("Since a backup was last verified", seen.verified_at),
    }
    for name, (words, at) in ages.items():
        if at is not None:
            yield GaugeMetricFamily(name, words, value=(now - at).total_seconds())
    if seen.clock.offset_s is not None:
        words = "Seconds that this clock is ahead of the database's"
        yield GaugeMetricFamily("diary_clock_offset_seconds", words, value=seen.clock.offset_s)
    behind = seen.clock.behind_ledger_s
    words = "Seconds that this clock lies before the last change"
    yield GaugeMetricFamily("diary_clock_behind_ledger_seconds", words, value=behind)
    troubles = GaugeMetricFamily("diary_trouble", "Whether to look at it", labels=["trouble"])
    for one in Trouble:
        troubles.add_metric([one.value], one in seen.troubles)
    yield troubles


def serving_as_set(settings: Settings, service: Service) -> AbstractContextManager[Any]:
    """Serve a process's metrics where the settings say; nothing without a port."""
    if not settings.metrics_port:
        return nullcontext()
    return serving(service, settings.metrics_host, settings.metrics_port)


@contextmanager
def serving(service: Service, host: str, port: int) -> Iterator[int]:
    """Serve a process's metrics until the block ends; gives the port, also when 0 let it choose."""
    looked = Looked(service)
    service.meters.registry.register(looked)
    server, thread = start_http_server(port, host, service.meters.registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        service.meters.registry.unregister(looked)
