"""Commits on PostgreSQL: confirmed by the server, or told to nobody.

A commit that waits for a standby must never be cancelled: the server then ends the wait, warns, and
returns success for something that is on one host only. A statement timeout does not reach a COMMIT;
an interrupt of this process would, through the driver, so the COMMIT is sent past it. At the
deadline the connection is dropped, and whoever saved hears that nothing is confirmed; sent again,
it is recognised, and that answer waits for the standby as well.
"""

import select
import time
from typing import Any

from sqlalchemy.engine import Connection

from app.domain.errors import Unavailable

RETRY_AFTER_S = 5


def confirm(connection: Connection, deadline_s: float) -> None:
    """Commit what the connection did; when that is not confirmed in time, drop the connection.

    Raises Unavailable: the work may stand or not, and must not be acknowledged.
    """
    driver: Any = connection.connection.dbapi_connection
    if driver.info.transaction_status.name == "IDLE":
        return
    warnings: list[str] = []

    def take(notice: Any) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary)

    driver.add_notice_handler(take)
    try:
        is_confirmed = _commit(driver.pgconn, deadline_s) and not warnings
    except BaseException:
        connection.invalidate()
        raise
    if not is_confirmed:
        connection.invalidate()
        raise Unavailable("unconfirmed", retry_after_s=RETRY_AFTER_S)
    driver.remove_notice_handler(take)


def _commit(pgconn: Any, deadline_s: float) -> bool:
    """Send the COMMIT and wait for its answer; whether the server said in time that it stands."""
    until = time.monotonic() + deadline_s
    answers = select.poll()
    answers.register(pgconn.socket, select.POLLIN)
    said: bytes | None = None
    try:
        pgconn.send_query(b"COMMIT")
        pgconn.flush()
        while True:
            while pgconn.is_busy():
                if not answers.poll(max(0.0, until - time.monotonic()) * 1000):
                    return False
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                return said == b"COMMIT"
            said = result.command_status
    except _lost_connections():
        return False


def _lost_connections() -> type[Exception]:
    from psycopg import Error  # not there where SQLite alone is used

    return Error
