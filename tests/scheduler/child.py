"""A process with a timetable at work: `child.py URL MAIL_PORT SMS_PORT NOW [SPEED [PORT]]`.

Its clock stands still at NOW, or runs SPEED times as fast from then on, the same in every process;
with a port it also serves the diary there.
"""

import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app import scheduler
from app.gateways.mail import SmtpMailer
from app.gateways.sms import HttpTexter
from app.main import create_app, service_of
from app.observability import set_up_logging
from app.services.ports import Gateways
from tests.people import settings_for
from tests.servers import free_address, serving


def clock_from(now: str, speed: float) -> Callable[[], datetime]:
    """A clock; NOW is an instant, after `@` the monotonic second at which it was that."""
    instant, _, began_s = now.partition("@")
    begun = datetime.fromisoformat(instant)
    since = float(began_s or 0)
    return lambda: begun + timedelta(seconds=speed * (time.monotonic() - since))


def main(url: str, mail_port: str, sms_port: str, now: str, *rest: str) -> None:
    """Run until asked to stop."""
    set_up_logging("json")
    clock = clock_from(now, float(rest[0]) if rest else 0)
    gateways = Gateways(
        mailer=SmtpMailer(
            host="127.0.0.1", port=int(mail_port), security="none", sender="carnet@notes.example"
        ),
        texter=HttpTexter(url=f"http://127.0.0.1:{sms_port}/", token="token", sender="Carnet"),
    )
    settings = settings_for(url)
    if len(rest) < 2:
        scheduler.run_until_stopped(service_of(settings, clock), gateways=gateways)
        return
    app: Any = create_app(
        settings,
        clock=clock,
        schedule=lambda service: scheduler.running(service, gateways=gateways),
    )
    with serving(app, free_address(int(rest[1]))):
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(*sys.argv[1:])
