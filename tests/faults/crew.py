"""Web and schedule processes as a platform runs them: whatever ends is started again."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Self

import httpx2 as httpx

from tests.effort import SOAK
from tests.replicas import PATIENCE_S, until

ROOT = Path(__file__).parents[2]


class Crew:
    """Processes of `python -m app`, by name, of the code in `release`; ended with the block."""

    def __init__(
        self, url: str, secret_key: str, *, release: Path = ROOT, **environment: str
    ) -> None:
        self._release = release
        self._environment = {
            **os.environ,
            "DIARY_DATABASE_URL": url,
            "DIARY_SECRET_KEY": secret_key,
            **environment,
        }
        self._commands: dict[str, tuple[str, ...]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock, self._over = Lock(), Event()
        self._thread = Thread(target=self._tend, name="platform")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for process in self._running.values():
            process.kill()
            process.wait()

    def run(self, name: str, *arguments: str) -> None:
        """Start a process, and again whenever it ends."""
        with self._lock:
            self._commands[name] = arguments
            self._running[name] = self._start(name)

    def serve(self, *ports: int) -> list[str]:
        """Run web processes and wait until all answer; their addresses, which are their names."""
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        for port, address in zip(ports, addresses, strict=True):
            self.run(address, "serve", "--port", str(port))
        for address in addresses:
            until(partial(answers, f"{address}/healthz"), f"{address} serving")
        return addresses

    def kill(self, name: str) -> None:
        """End a process with −9; the platform will see."""
        with self._lock:
            self._running[name].kill()

    def stop(self, name: str) -> None:
        """Ask a process to finish, and wait until it has."""
        with self._lock:
            process = self._running.pop(name)
        process.terminate()
        assert process.wait(timeout=PATIENCE_S) in (0, -signal.SIGTERM)

    def pid(self, name: str) -> int:
        """The number of a process."""
        with self._lock:
            return self._running[name].pid

    def _tend(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                for name, process in self._running.items():
                    if process.poll() is not None:
                        self._running[name] = self._start(name)

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "app", *self._commands[name]],
            cwd=self._release,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def answers(address: str) -> bool:
    """Whether an address answers that all is well."""
    try:
        return httpx.get(address, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def is_well(web: str) -> bool:
    """Whether a web process finds its database well, and in the long run the schedule too.

    A schedule that was killed is not late before the minute is over: too long for the short run.
    """
    try:
        checks = httpx.get(f"{web}/readyz", timeout=10).json()
    except httpx.TransportError:
        return False
    schedule = checks.pop("schedule")
    return set(checks.values()) == {"ok"} and (schedule == "ok" or not SOAK)
