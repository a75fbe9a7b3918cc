"""The application in a process of its own, to be killed: `python -m tests.server_process URL PORT`.

Its clock is the real one. Of the acknowledgements that it owes, every third is dropped on the way
once the work behind it is committed, as a network does that fails at the worst moment.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from subprocess import PIPE, Popen
from typing import Any

from app.main import create_app
from tests.people import settings_for
from tests.servers import free_address, serving


class LosesAcknowledgements:
    """Wraps the application: closes the connection instead of sending every third answer."""

    def __init__(self, app: Any) -> None:
        self.app, self.answers = app, count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/submissions" or next(self.answers) % 3:
            await self.app(scope, receive, send)
            return

        async def lose(_: Any) -> None:
            """Let the answer go nowhere."""

        await self.app(scope, receive, lose)


@contextmanager
def server_process(url: str, port: int) -> Iterator[Popen[str]]:
    """Serve a database in another process until the block ends; killed, if it was not yet."""
    command = [sys.executable, "-m", "tests.server_process", url, str(port)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def main(url: str, port: str) -> None:
    """Serve until the input ends."""
    app: Any = create_app(settings_for(url, f"http://127.0.0.1:{port}"))
    with serving(LosesAcknowledgements(app), free_address(int(port))):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
