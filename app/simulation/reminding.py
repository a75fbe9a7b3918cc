"""The schedule in simulated time: reminders are planned and sent while the simulated people live.

Mail goes nowhere, and one address in nine refuses it. The rule kept: the services do it all, at the
instants at which a timetable would have called them.
"""

import hashlib
from datetime import datetime, timedelta

from app.domain.reach import Channel
from app.services import reminders
from app.services.deployment import Deployment
from app.services.ports import Gateways, Mail, Mailer, PermanentFailure
from app.services.reminders import Courier
from app.simulation.mornings import AT_HOUR, Mornings
from app.store.session import Database

EVERY = timedelta(hours=1)
REFUSING = 9


class Nowhere:
    """A mail server without mailboxes, that refuses some addresses for good."""

    def send(self, mail: Mail) -> None:
        """Take a message over, or not."""
        if hashlib.sha256(mail.to.encode()).digest()[0] % REFUSING == 0:
            raise PermanentFailure("recipient_550")


class Timetable:
    """Calls the schedule every hour from an instant on, and the coordinator each morning."""

    def __init__(
        self,
        database: Database,
        deployment: Deployment,
        since_at: datetime,
        mornings: Mornings,
        mailer: Mailer,
    ) -> None:
        self._mornings = mornings
        hours = since_at.replace(minute=0, second=0, microsecond=0)
        self._at = hours
        self._courier = Courier(
            database=database,
            deployment=deployment,
            gateways=Gateways(mailer=mailer),
            worker="simulation",
            clock=lambda: self._at,
        )

    def run_until(self, until_at: datetime) -> None:
        """Let it be that late: every call up to then is made."""
        while self._at + EVERY <= until_at:
            self._at += EVERY
            reminders.plan_due(self._courier.database, self._courier.deployment, self._at)
            for channel in (Channel.EMAIL, Channel.CALL):
                reminders.deliver(self._courier, channel, lambda: False)
            if self._at.hour == AT_HOUR:
                self._mornings.work(self._at)
