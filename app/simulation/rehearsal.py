"""A rehearsal: simulated people live a whole study in an empty database, and everything is proved.

The same services as on any day, with outages, lost answers, second phones and wrong clocks. What it
ends with is compared with the simulation's own log. For a site, before its first participant; the
database is not one to go on with, for everybody in it is made up.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from app.domain.access import ALL_SITES, SYSTEM, Actor, Role
from app.domain.diary_day import local_instant
from app.services import keys, sites, trends, verification
from app.services.deployment import Deployment
from app.services.diary import Outcome
from app.simulation import reckoning
from app.simulation.colleagues import add_account, sign_in
from app.simulation.demo import SITE
from app.simulation.people import BASELINE_DAYS, PARIS, Person, Trait, recruits
from app.simulation.reckoning import Adherence
from app.simulation.rough import Recorder, RoughWorld
from app.store.session import Database

SEED = "rehearsal"
WRONG_CLOCK_EVERY, OUTAGE_EVERY, LONG_OUTAGE_EVERY = 4, 3, 10
"""Every fourth phone runs fast; every third evening, and every tenth day, the service is away."""
ONE_DAY = timedelta(days=1)
Progress = Callable[[float], object]
"""Told the share of the time to live that has been lived, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """One participant in the table: adherence by the log and as the desk shows it."""

    study_code: str
    expected: Adherence
    shown: Adherence
    kept_back: int


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """What a rehearsal ended with. `checks` are what was asserted, each with what does not hold."""

    sent: int
    tries: int
    acknowledged: int
    saved: int
    pulled: int
    mails: int
    kept_back: Counter[str]
    rows: Sequence[Row]
    checks: Sequence[tuple[str, Sequence[str]]]

    @property
    def holds(self) -> bool:
        """Whether everything asserted holds."""
        return not any(faults for _, faults in self.checks)


def rehearse(
    database: Database,
    deployment: Deployment,
    *,
    participants: int,
    days: int,
    now: datetime,
    progress: Progress = lambda share: None,
) -> Rehearsed:
    """Let so many people live so many diary days up to the noon before now, and reckon.

    Raises ValueError when the database is not empty.
    """
    with database.read() as session:
        if verification.count_changes(session):
            raise ValueError("the database is not empty: a rehearsal needs one of its own")
    ends_at = local_instant(now.date() - ONE_DAY, time(12), PARIS)
    people = _recruit(participants, days, ends_at)
    begins_at = min(person.invited_at for person in people) - ONE_DAY
    world, key = _open(database, deployment, begins_at, ends_at)
    length = ends_at - begins_at
    world.play(
        people,
        begins_at,
        ends_at,
        handed_at={},
        done=lambda event: progress((event.at - begins_at) / length),
    )
    world.empty_outboxes(ends_at)
    return _reckon(world, people, key, ends_at)


def _recruit(count: int, days: int, ends_at: datetime) -> tuple[Person, ...]:
    """People whose diary begins so many days before the end, some with a clock that runs fast."""
    session_1_on = ends_at.date() - timedelta(days=days - BASELINE_DAYS)
    return tuple(
        replace(person, traits=person.traits | {Trait.FAST_CLOCK})
        if person.number % WRONG_CLOCK_EVERY == 0
        else person
        for person in recruits(SEED, session_1_on, count)
    )


def _open(
    database: Database, deployment: Deployment, begins_at: datetime, ends_at: datetime
) -> tuple[RoughWorld, Actor]:
    """Open the site with its coordinator and a key; the world, and who pulls."""
    with database.write() as session:
        sites.add_site(session, actor=SYSTEM, new=SITE, now=begins_at)
        account = add_account(
            session,
            deployment=deployment,
            site=SITE,
            new=(Role.COORDINATOR, "rehearsal@demo", "Répétition"),
            now=begins_at,
        )
        new_key = keys.NewKey(
            label="rehearsal", sites=(ALL_SITES,), expires_at=ends_at + ONE_DAY, demo=True
        )
        secret = keys.create(session, actor=SYSTEM, new=new_key, now=begins_at)
    with database.read() as session:
        found = keys.find_actor(session, deployment, secret, begins_at)
    if found is None:
        raise ValueError("the key of the rehearsal is not known")
    world = RoughWorld(
        database=database,
        deployment=deployment,
        site_id=SITE.id,
        team=sign_in(database, deployment, account, begins_at),
        phones={},
        reminded_for=ends_at - begins_at,
        mailer=Recorder(),
        outages=_outages(begins_at, ends_at),
    )
    return world, found[1]


def _outages(begins_at: datetime, ends_at: datetime) -> list[tuple[datetime, datetime]]:
    """When the service is away: some evenings for two hours, now and then for a day and a half."""
    found = []
    for number in range(1, (ends_at - begins_at).days):
        evening_at = local_instant((begins_at + number * ONE_DAY).date(), time(19, 30), PARIS)
        if number % LONG_OUTAGE_EVERY == 0:
            found.append((evening_at, evening_at + 1.5 * ONE_DAY))
        elif number % OUTAGE_EVERY == 0:
            found.append((evening_at, evening_at + timedelta(hours=2)))
    return found


def _reckon(world: RoughWorld, people: Sequence[Person], key: Actor, now: datetime) -> Rehearsed:
    mailer = world.mailer
    mails = mailer.mails if isinstance(mailer, Recorder) else []
    pulled = reckoning.pull(world.database, key)
    with world.database.read() as session:
        fault = verification.verify(session).fault
    rows = [_row(world, person, now) for person in people if person.number in world.phones]
    receipts = [sending.receipt for sending in world.sendings if sending.receipt is not None]
    return Rehearsed(
        sent=len(world.sendings),
        tries=sum(sending.tries for sending in world.sendings),
        acknowledged=sum(sending.acknowledged_at is not None for sending in world.sendings),
        saved=sum(receipt.outcome is Outcome.SAVED for receipt in receipts),
        pulled=pulled.changes,
        mails=len(mails),
        kept_back=Counter(receipt.reason for receipt in receipts if receipt.reason),
        rows=rows,
        checks=(
            ("every submission was acknowledged", [*reckoning.unacknowledged(world)]),
            (
                "what was saved is in the feed, each version once",
                [*reckoning.lost_or_doubled(world, pulled)],
            ),
            ("what was set aside has its reason", [*reckoning.unexplained(world)]),
            ("the ledger holds, all chains whole", [str(fault)] if fault else []),
            (
                "adherence is what the phones' own log says",
                [f"{r.study_code}: {r.expected}, shown {r.shown}" for r in _differing(rows)],
            ),
            (
                "at most three messages an evening, none after the entry",
                [*reckoning.misdirected(world, mails)],
            ),
        ),
    )


def _row(world: RoughWorld, person: Person, now: datetime) -> Row:
    study_code = world.phones[person.number].study_code
    with world.database.read() as session:
        shown = trends.read_trend(
            session,
            deployment=world.deployment,
            actor=world.team,
            study_code=study_code,
            now=now,
        ).adherence
    own = [sending for sending in world.sendings if sending.person.number == person.number]
    return Row(
        study_code,
        reckoning.expected_adherence(world, person, now),
        Adherence(shown.answered, shown.due),
        sum(sending.receipt is not None and bool(sending.receipt.reason) for sending in own),
    )


def _differing(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.expected != row.shown]
