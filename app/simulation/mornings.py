"""The simulated coordinator's mornings at the work list: takes alerts on, notes and closes.

What becomes of an alert is decided by dice of its own, so that some wait, as on any real morning.
The rule kept: everything goes through the services, at the instant of the simulated clock.
"""

from datetime import datetime, timedelta

from app.domain.access import Actor
from app.services import alerts
from app.services.deployment import Deployment
from app.services.site_hours import is_open_on, today_at_site
from app.services.work import Task, Wanted, read_work
from app.simulation.chance import dice
from app.store.session import Database

AT_HOUR = 8
SOON, LATER, LAST = timedelta(hours=3), timedelta(hours=20), timedelta(days=4)
LASTING = frozenset({"unreachable", "missed_running", "few_entries"})
"""Rules whose alerts are left open until they hold no more."""
FOUND = {
    "emergency_item": "Rappelé aussitôt : gêne passée, vu aux urgences par prudence.",
    "hospital": "Appelé : hospitalisation prévue, sans lien avec l’étude. Compte rendu demandé.",
    "infection_item": "Appelé : pas de fièvre ce matin, point d’injection propre. À revoir demain.",
    "confusion_item": "Appelé : impressions brèves le soir de la séance, rien depuis.",
    "pain_high": "Appelé : poussée depuis lundi. Le médecin rappelle cet après-midi.",
    "flare_running": "Appelé : deux soirs difficiles, dort mal.",
    "mme_rise": "Appelé : a doublé le tramadol après la séance. Transmis au médecin.",
    "unreachable": "Téléphone changé : nouvelle adresse demandée.",
    "missed_running": "Message laissé sur le répondeur.",
    "few_entries": "Appelé : oublie le soir, rappel avancé à 19 h.",
}
CLOSED = "Vu avec le participant, rien d’autre à faire."


class Mornings:
    """The mornings of whoever works the list off; `actor` is the coordinator."""

    def __init__(self, database: Database, deployment: Deployment, actor: Actor) -> None:
        self._database, self._deployment, self._actor = database, deployment, actor

    def work(self, at: datetime) -> None:
        """Review the alerts, and on a working day do some of what is open."""
        alerts.review(self._database, deployment=self._deployment, now=at)
        hours = self._deployment.study.site_hours
        if not is_open_on(today_at_site(at, hours), hours):
            return
        with self._database.read() as session:
            found = read_work(
                session,
                deployment=self._deployment,
                actor=self._actor,
                wanted=Wanted(),
                now=at,
            )
        for task in found.tasks:
            self._see_to(task, at)

    def _see_to(self, task: Task, at: datetime) -> None:
        """Do the next thing about one alert, or leave it for another morning."""
        alert, actor = task.row.alert, self._actor
        chance = dice(alert.rule, alert.participant_id, alert.diary_on.isoformat())
        starts, notes, ends = (chance.random() for _ in range(3))
        old = timedelta(days=5)
        takes_on = task.waited > SOON and (starts < 0.7 or task.waited > old)
        is_over = task.waited > LAST and (ends < 0.5 or task.waited > 2 * old)
        with self._database.write() as session:
            if alert.owner_id is None and takes_on:
                alerts.acknowledge(session, actor=actor, alert_id=alert.id, now=at)
            if not task.notes and task.waited > LATER and notes < 0.6:
                said = FOUND[alert.rule]
                alerts.note(session, actor=actor, alert_id=alert.id, words=said, now=at)
            if is_over and alert.rule not in LASTING:
                alerts.close(session, actor=actor, alert_id=alert.id, reason=CLOSED, now=at)
