"""The demo: a study full of simulated people, and the keys to it for whoever runs it.

Begun once, continued at every later run from where its clock stopped. The command line, its output
and the serving are in `__main__`. The rule kept: accounts and keys made here are marked as the
demo's, and are refused everywhere else.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from app.domain.access import ALL_SITES, SYSTEM, Role
from app.domain.diary_day import ZoneSpan, open_window
from app.domain.participant import State
from app.domain.records import Submission
from app.services import keys, participants, sites, standing
from app.services.deployment import Deployment
from app.services.sites import NewSite
from app.services.standing import Standing
from app.simulation import colleagues, evening
from app.simulation.events import Event
from app.simulation.memory import Account, Memory, Visitor, recall, remember, write_private
from app.simulation.people import Person, cast, visitor
from app.simulation.proof import Proof, prove
from app.simulation.published import read_people
from app.simulation.unanswered import Desk, leave_work
from app.simulation.world import World, id_of
from app.store.session import Database, WriteSession

SEED = "meso"
PARTICIPANTS = 24
FIRST_VISITOR = 1_000
VISITOR_SESSION_1 = timedelta(days=-12)
NEWCOMER_SESSION_1 = timedelta(days=7)
SITE = NewSite(
    id="lyon",
    name="Lyon (simulé)",
    organisation="Hôpital simulé",
    team_phone="04 00 00 00 00",
    team_hours="9 h – 17 h",
)
KEY_LIVES = timedelta(days=365)
SIGN_INS_APART = timedelta(minutes=2)
REMINDED_FOR = timedelta(days=14)
"""How far back the desk shows reminders. Real people's were not ours, so they have none."""
ONE_SECOND = timedelta(seconds=1)

Progress = Callable[[float], object]
"""Told the share of the time to live that has been lived, 0 to 1."""


@dataclass(frozen=True)
class Demo:
    """Where a demo lies and who is in it: the real people of `scores`, or `count` made up.

    One of those made up is the visitor; beside real people there is a visitor too.
    """

    database: Database
    deployment: Deployment
    folder: Path
    scores: Path | None = None
    count: int = PARTICIPANTS

    @property
    def memory_path(self) -> Path:
        """The file that remembers between runs."""
        return self.folder / "simulation.json"


@dataclass(frozen=True)
class Ready:
    """What whoever runs the demo is told: the way in for each kind of person.

    `colleagues` are the other accounts of the desk, by what they are there for.
    `tz` is where the participant is now, `has_travelled` whether they went there just for this
    run; `proof` says how real scores came through, when there are any.
    """

    base_url: str
    participant_link: str
    study_code: str
    tz: str
    has_travelled: bool
    clinician: Account
    colleagues: dict[str, Account]
    api_key: str
    redcap_token: str
    proof: Proof | None

    def as_json(self) -> str:
        """What `var/demo.json` says, for scripts."""
        ways_in = {
            "base_url": self.base_url,
            "participant_link": self.participant_link,
            "clinician": _way_in(self.clinician),
            **{name: _way_in(account) for name, account in self.colleagues.items()},
            "api_key": self.api_key,
            "redcap_token": self.redcap_token,
        }
        return json.dumps(ways_in, indent=2) + "\n"


def _way_in(account: Account) -> dict[str, str]:
    return account.model_dump(include={"login", "password", "totp_secret"})


def prepare(demo: Demo, *, now: datetime, progress: Progress = lambda share: None) -> Ready:
    """Begin or continue the demo up to now and write `demo.json`; ValueError says what is amiss."""
    memory = recall(demo.memory_path) or _begin(demo, now)
    if demo.scores is not None and demo.scores.resolve() != memory.scores:
        raise ValueError("another demo lies here already: make demo-reset starts over")
    with demo.database.write() as session:
        colleagues.hire(
            session,
            deployment=demo.deployment,
            site=SITE,
            known=memory.colleagues,
            now=memory.simulated_until,
        )
        if not memory.redcap_token:
            token, at = _new_key(now, "REDCap"), memory.simulated_until
            memory.redcap_token = keys.create_redcap_token(session, actor=SYSTEM, new=token, now=at)
    run = _Run(demo, memory, now, progress)
    others = _cast(memory.seed, memory.began_on, memory.count, memory.scores)
    visitors = [_person_of(memory.seed, known) for known in memory.visitors]
    run.play([*others, *visitors])
    has_travelled = run.bring_to_evening()
    if not memory.scores:
        run.leave_work(others)
    ready = run.ready(has_travelled, run.prove(others) if memory.scores and others else None)
    write_private(demo.folder / "demo.json", ready.as_json())
    return ready


class _Run:
    """One run: the world as it was left, to be lived up to `now`."""

    def __init__(self, demo: Demo, memory: Memory, now: datetime, progress: Progress) -> None:
        self.demo, self.memory, self.now, self.progress = demo, memory, now, progress
        at = self.since_at = memory.simulated_until
        if memory.coordinator.used_at is not None:
            at = max(at, memory.coordinator.used_at + SIGN_INS_APART)
        memory.coordinator.used_at = at
        self.world = World(
            database=demo.database,
            deployment=demo.deployment,
            site_id=SITE.id,
            team=colleagues.sign_in(demo.database, demo.deployment, memory.coordinator, at),
            phones=memory.phones,
            reminded_for=timedelta(0) if demo.scores else REMINDED_FOR,
        )
        remember(demo.memory_path, memory)

    def play(self, cast_: Sequence[Person]) -> None:
        """Let them live up to now; what was done is remembered even when this is interrupted."""
        try:
            self.world.play(
                cast_,
                self.memory.simulated_until,
                self.now,
                handed_at={known.number: known.from_at for known in self.memory.visitors},
                done=self._done,
            )
            self.memory.simulated_until = self.now
        finally:
            remember(self.demo.memory_path, self.memory)

    def _done(self, event: Event) -> None:
        """Note how far the clock is. A save can be sent twice; anything else is noted at once."""
        self.memory.simulated_until = event.at
        if not isinstance(event.act, Submission):
            remember(self.demo.memory_path, self.memory)
        self.progress((event.at - self.since_at) / max(self.now - self.since_at, ONE_SECOND))

    def bring_to_evening(self) -> bool:
        """See that the visitor can fill a diary now; whether they had to travel for it.

        Where the day of everywhere is filled already, somebody new takes over.
        """
        held, has_diary = self._visitor()
        rules = self.demo.deployment.study.window
        if evening.is_open(self.now, held.spans, rules, has_diary):
            return False
        tz = evening.find_evening(self.now, held.spans, rules, has_diary)
        if tz is None:
            index = len(self.memory.visitors)
            newcomer = _new_visitor(index, self.demo, self.now, NEWCOMER_SESSION_1)
            self.memory.visitors.append(newcomer)
            self.play([_person_of(self.memory.seed, newcomer)])
            return False
        actor = self.world.actor(self._number)
        with self.demo.database.write() as session:
            participants.change_zone(
                session, actor=actor, participant_id=id_of(actor), tz=tz, now=self.now
            )
        return True

    def leave_work(self, people: Sequence[Person]) -> None:
        """Let the first whom it suits leave a request, a late dose and a query for the site."""
        desk = Desk(self.demo.database, self.demo.deployment, self.world.team)
        for person in people:
            if person.number not in self.memory.phones:
                continue
            actor = self.world.actor(person.number)
            if leave_work(desk, actor=actor, participant_id=id_of(actor), now=self.now):
                return

    @property
    def _number(self) -> int:
        return self.memory.visitors[-1].number

    def _visitor(self) -> tuple[Standing, Callable[[date], bool]]:
        """How the visitor stands, and whether a day of theirs is filled or not theirs to fill."""
        participant_id = id_of(self.world.actor(self._number))
        with self.demo.database.read() as session:
            held = standing.get_standing(session, participant_id)

        def has_diary(on: date) -> bool:
            if held.state != State.ENROLLED or not held.first_diary_on <= on <= held.last_diary_on:
                return True
            with self.demo.database.read() as session:
                return standing.has_diary(session, participant_id, on)

        return held, has_diary

    def prove(self, published: Sequence[Person]) -> Proof:
        """Compare the file's scores with what the trial database's key and the desk are given."""
        database, deployment = self.demo.database, self.demo.deployment
        codes = {
            person.number: self.memory.phones[person.number].study_code for person in published
        }
        with database.read() as session:
            key = keys.find_actor(session, deployment, self.memory.api_key, self.now)
        if key is None:
            raise ValueError("the demo's key is not valid any more: make demo-reset starts over")
        return prove(
            database,
            deployment,
            study_codes=codes.values(),
            expected=frozenset(
                (codes[person.number], on, score)
                for person in published
                for on, score in (person.published or {}).items()
            ),
            key=key[1],
            desk=self.world.team,
            now=self.now,
        )

    def ready(self, has_travelled: bool, proof: Proof | None) -> Ready:
        """Issue a fresh link for the visitor and gather the ways in."""
        study_code = self.memory.phones[self._number].study_code
        with self.demo.database.write() as session:
            link = participants.issue_link(
                session,
                deployment=self.demo.deployment,
                actor=self.world.team,
                study_code=study_code,
                now=self.now,
            )
        return Ready(
            base_url=self.demo.deployment.base_url,
            participant_link=link,
            study_code=study_code,
            tz=self._visitor()[0].spans[-1].tz,
            has_travelled=has_travelled,
            clinician=self.memory.clinician,
            colleagues=self.memory.colleagues,
            api_key=self.memory.api_key,
            redcap_token=self.memory.redcap_token,
            proof=proof,
        )


def _begin(demo: Demo, now: datetime) -> Memory:
    """Make the site, its accounts and the trial database's key, before the first person comes."""
    began_on, scores = now.date(), demo.scores.resolve() if demo.scores else None
    first = _new_visitor(0, demo, now, NEWCOMER_SESSION_1 if scores else VISITOR_SESSION_1)
    everybody = (*_cast(SEED, began_on, demo.count, scores), _person_of(SEED, first))
    begins_at = min(person.invited_at for person in everybody) - timedelta(days=7)
    with demo.database.write() as session:
        sites.add_site(session, actor=SYSTEM, new=SITE, now=begins_at)
        memory = Memory(
            seed=SEED,
            began_on=began_on,
            count=demo.count,
            scores=scores,
            simulated_until=begins_at,
            coordinator=_employ(session, demo, Role.COORDINATOR, "Coordination", begins_at),
            clinician=_employ(session, demo, Role.CLINICIAN, "Dr Simulé", begins_at),
            api_key=keys.create(session, actor=SYSTEM, new=_new_key(now), now=begins_at),
            visitors=[first],
        )
        remember(demo.memory_path, memory)
    return memory


def _new_key(now: datetime, label: str = "Base de l’essai") -> keys.NewKey:
    return keys.NewKey(
        label=f"{label} (démonstration)",
        sites=(ALL_SITES,),
        expires_at=now + KEY_LIVES,
        demo=True,
    )


def _employ(session: WriteSession, demo: Demo, role: Role, name: str, now: datetime) -> Account:
    new = (role, f"{role.value}@demo", name)
    return colleagues.add_account(session, deployment=demo.deployment, site=SITE, new=new, now=now)


def _cast(seed: str, began_on: date, count: int, scores: Path | None) -> tuple[Person, ...]:
    """The people beside the visitor: those of the file, else made up.

    A file that is gone since the first run is not missed, for all of it was lived then.
    """
    if scores is None:
        return cast(seed, began_on, count - 1)
    return read_people(scores, seed, began_on) if scores.exists() else ()


def _new_visitor(index: int, demo: Demo, now: datetime, session_1_in: timedelta) -> Visitor:
    """Place somebody where it is evening; their phone is handed over as tonight's window opens."""
    rules = demo.deployment.study.window
    home = evening.find_evening(now, (), rules, lambda on: False)
    if home is None:
        raise ValueError("it is evening nowhere: the study's window is too short for the demo")
    window = open_window(now, [ZoneSpan(now - timedelta(days=3), home)], rules)
    if window is None:
        raise ValueError("the evening found is not open")
    return Visitor(
        number=FIRST_VISITOR + index,
        home=home,
        session_1_on=window.diary_on + session_1_in,
        from_at=window.opens_at,
    )


def _person_of(seed: str, known: Visitor) -> Person:
    return visitor(seed, known.number, known.home, known.session_1_on)
