"""A pull in a process of its own that kills itself: `dying.py ADDRESS KEY INTO MOMENT`.

Moments are counted: each time a file of the copy is touched, each statement that a database is
given. At the one named it dies as by kill −9; when there are fewer, it prints how many there were.
"""

import os
import signal
import sys
from contextlib import closing
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

from app.puller import Server, open_copy, pull

FILE_EVENTS = ("open", "os.rename", "os.remove", "os.truncate", "os.mkdir")


def main() -> None:
    """Pull, and die on the way."""
    address, key, into, moment = sys.argv[1:]
    moments, last = count(1), 0

    def pass_moment(*_: Any) -> None:
        nonlocal last
        last = next(moments)
        if last == int(moment):
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(name: str, args: tuple[Any, ...]) -> None:
        if name in FILE_EVENTS and str(args[0]).startswith(into):
            pass_moment()

    sys.addaudithook(watch)
    event.listen(Engine, "after_cursor_execute", pass_moment)
    with Server(address, key) as server, closing(open_copy(into)) as copy:
        pull(server, copy, limit=4)
    sys.stdout.write(str(last))


if __name__ == "__main__":
    main()
