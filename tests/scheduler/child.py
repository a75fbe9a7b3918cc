"""A scheduler in a process of its own, whose clock stands still: `child.py DATABASE PORT NOW`."""

import sys
from datetime import datetime

from app import scheduler
from app.gateways.mail import SmtpMailer
from app.main import service_of
from app.observability import set_up_logging
from tests.people import settings_for

if __name__ == "__main__":
    url, port, now = sys.argv[1:]
    set_up_logging("json")
    scheduler.run_until_stopped(
        service_of(settings_for(url), lambda: datetime.fromisoformat(now)),
        mailer=SmtpMailer(
            host="127.0.0.1", port=int(port), security="none", sender="carnet@notes.example"
        ),
    )
