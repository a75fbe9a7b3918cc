"""What goes over the wire from a real server to a phone: each answer, by address and size."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.main import create_app
from tests.engines import Engine
from tests.people import Clock, Stage, settings_for, settle
from tests.servers import free_address, serving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass
class Wire:
    """An application, and what it answered: path → bytes of the bodies as they travelled."""

    app: App
    sent: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, and write down how much that was."""
        path, sizes = scope.get("path", ""), [0]

        async def weigh(message: Message) -> None:
            sizes.append(len(message.get("body", b"")))
            await send(message)

        await self.app(scope, receive, weigh)
        if scope["type"] == "http":
            self.sent.append((path, sum(sizes)))

    def size(self, *starts: str) -> int:
        """Bytes of the answers whose paths begin with one of `starts`."""
        return sum(size for path, size in self.sent if path.startswith(starts))


@contextmanager
def wired(engine: Engine) -> Iterator[tuple[Stage, Wire]]:
    """A stage whose server writes down what it answers."""
    url, cast = engine.copy_of(settle)
    clock, bound = Clock(), free_address()
    settings = settings_for(url, f"http://localhost:{bound.getsockname()[1]}")
    app = create_app(settings, clock=clock)
    wire = Wire(app)
    with serving(wire, bound):
        yield Stage(app, clock, cast), wire
    engine.drop(url)
