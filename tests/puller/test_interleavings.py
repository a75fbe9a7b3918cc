"""Whatever happens in whatever order, a last pull leaves each copy equal to the source.

People save and correct, the site corrects, voids, redacts and decides, the service is restored from
a backup, and pullers with pages of 1, 3 and 500 come in between, die, and go on. Beside them stands
a model that knows of each record how many versions it must have.
"""

from contextlib import ExitStack, closing, suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import puller
from app.puller.refusals import CursorRefused
from app.services import backups, set_aside, verification
from app.services.diary import Outcome
from app.services.set_aside import Acceptance
from app.store.session import Database, Session
from app.store.set_aside import list_asides
from tests import factories, trial
from tests.effort import effort
from tests.engines import Engine
from tests.people import Cast, Stage, Who, on_live_stage, settle
from tests.puller.held import held, told

PEOPLE = st.sampled_from([Who.OWN, Who.OTHER])
SCORES = st.sampled_from([0, 1, 57, 100])
WHICH = st.integers(0, 1_000)
LIMITS = st.sampled_from([1, 3, 500])
MOST_ASIDE = 10
FAR = "diary of the other site"


@dataclass
class Known:
    """What the model knows of a record."""

    who: Who | None
    kind: str
    version: int = 1
    is_void: bool = False
    has_note: bool = False


Model = dict[str, Known]


class Killed(Exception):
    """A puller's process ends between two pages."""


class Interleavings(RuleBasedStateMachine):
    """The diary behind its door, copies of it, and the model. `engine` is set by the test."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(TemporaryDirectory()))
        url, cast = self.engine.copy_of(settle)
        self.model: Model = {
            cast.record_ids[who]: Known(who, "diary") for who in (Who.OWN, Who.OTHER)
        }
        self.kept: tuple[Path, Model] | None = None
        self.asides = self.backups = 0
        self.stale: set[int] = set()
        self.open(url, cast)
        self.key = trial.new_key(self.stage)

    def open(self, url: str, cast: Cast) -> None:
        """Serve the diary in a database, in place of the one before."""
        self.serving = ExitStack()
        self.stage: Stage = self.serving.enter_context(on_live_stage(url, cast))
        self.url = url

    def close(self) -> None:
        """End the server and forget its database."""
        self.serving.close()
        self.engine.drop(self.url)

    def standing(self, **asked: Any) -> list[tuple[str, Known]]:
        """The records of Lyon that count and are as is asked."""
        return [
            (record_id, known)
            for record_id, known in self.model.items()
            if known.kind != FAR
            and not known.is_void
            and all(getattr(known, name) == v for name, v in asked.items())
        ]

    def pick(self, which: int, **asked: Any) -> tuple[str, Known]:
        """One of them."""
        some = self.standing(**asked)
        return some[which % len(some)]

    def save(self, who: Who, kind: str, payload: dict[str, Any] | None, **changes: Any) -> None:
        """Save as a participant; what is not set aside is the next version of its record."""
        self.stage.clock.advance(seconds=2)
        receipt = trial.save(self.stage, who, payload, kind=kind, **changes)
        if receipt.outcome is Outcome.SET_ASIDE:
            self.asides += 1
            return
        known = self.model.setdefault(receipt.record_id, Known(who, kind, version=0))
        known.version += 1
        known.has_note |= "note" in changes.get("texts", {})
        known.is_void = changes.get("op") == "void"
        assert receipt.version == known.version

    @rule(who=PEOPLE, is_noted=st.booleans())
    def take_a_dose(self, who: Who, *, is_noted: bool) -> None:
        texts = {"note": trial.NOTE} if is_noted else {}
        self.save(who, "dose", trial.dose(self.stage, who), texts=texts)

    @precondition(lambda self: self.asides < MOST_ASIDE)
    @rule(who=PEOPLE, average=SCORES)
    def fill_in_the_diary_or_another_one(self, who: Who, average: int) -> None:
        payload = factories.diary(self.stage.deployment.study, average=average, worst=100)
        self.save(who, "diary", payload, texts={"note": trial.NOTE})

    @precondition(lambda self: self.standing(kind="dose"))
    @rule(which=WHICH, op=st.sampled_from(["correct", "void"]))
    def change_an_own_dose(self, which: int, op: str) -> None:
        record_id, known = self.pick(which, kind="dose")
        assert known.who is not None
        payload = trial.dose(self.stage, known.who, units=0.5) if op == "correct" else None
        base = {"op": op, "record_id": record_id, "base_version": known.version}
        self.save(known.who, "dose", payload, texts={"reason": "mistaken"}, **base)

    @precondition(lambda self: self.standing(kind="diary"))
    @rule(which=WHICH, average=SCORES)
    def correct_by_the_site(self, which: int, average: int) -> None:
        record_id, known = self.pick(which, kind="diary")
        trial.correct(self.stage, record_id, known.version, average)
        known.version += 1

    @precondition(lambda self: self.standing())
    @rule(which=WHICH)
    def void_by_the_site(self, which: int) -> None:
        record_id, known = self.pick(which)
        trial.void(self.stage, record_id, known.version)
        known.version, known.is_void = known.version + 1, True

    @precondition(lambda self: self.standing(has_note=True))
    @rule(which=WHICH)
    def redact(self, which: int) -> None:
        record_id, known = self.pick(which, has_note=True)
        trial.redact(self.stage, record_id, known.version)
        known.version, known.has_note = known.version + 1, False

    @precondition(lambda self: self.asides)
    @rule(is_accepted=st.booleans())
    def decide(self, *, is_accepted: bool) -> None:
        with self.stage.database.write() as session:
            waiting = list_asides(session, {"lyon"}, is_decided=False)
            accepted = waiting and self.settle(session, waiting[0].row.id, is_accepted=is_accepted)
        if not accepted:
            return
        known = self.model.setdefault(accepted[0], Known(None, "diary", version=0))
        known.version, known.is_void, known.has_note = known.version + 1, False, True
        assert accepted[1] == known.version

    def settle(
        self, session: Session, set_aside_id: str, *, is_accepted: bool
    ) -> tuple[str, int] | None:
        """Accept what can be accepted, and give the version that it became; decline the rest."""
        actor, now = self.stage.actor(Who.CLINICIAN), self.stage.clock.now
        deployment = self.stage.deployment
        kept = set_aside.read_kept(
            session, deployment=deployment, actor=actor, set_aside_id=set_aside_id
        )
        if not is_accepted or kept.hurdle is not None:
            set_aside.decline(
                session, actor=actor, set_aside_id=set_aside_id, reason="twice", now=now
            )
            return None
        seen = kept.standing.version if kept.standing else 0
        version = set_aside.accept(
            session,
            deployment=deployment,
            actor=actor,
            set_aside_id=set_aside_id,
            acceptance=Acceptance(reason="meant", seen_version=seen),
            now=now,
        )
        return version.record_id, version.version

    @precondition(lambda self: len(self.model) < 30)
    @rule()
    def enrol_at_the_other_site(self) -> None:
        code = trial.far_away(self.stage)
        [change] = [
            change
            for change in trial.changes_of(self.stage, self.key)
            if change["study_code"] == code
        ]
        self.model[change["record_id"]] = Known(None, FAR)

    @rule(limit=LIMITS)
    def pull(self, limit: int) -> None:
        self.bring(limit)

    @rule(limit=st.sampled_from([1, 3]), pages=st.integers(1, 3))
    def pull_and_die(self, limit: int, pages: int) -> None:
        left = [None] * pages

        def progress(_: puller.Pulled) -> None:
            left.pop()
            if not left:
                raise Killed

        with suppress(Killed):
            self.bring(limit, progress=progress)

    @precondition(lambda self: self.backups < 3)
    @rule()
    def back_up(self) -> None:
        self.backups += 1
        target = self.folder / f"{self.backups}.backup"
        backups.back_up(self.stage.database, target, now=self.stage.clock.now)
        self.kept = target, deepcopy(self.model)

    @precondition(lambda self: self.kept is not None)
    @rule()
    def restore(self) -> None:
        assert self.kept is not None
        now, cast, url = self.stage.clock.now, self.stage.cast, self.engine.empty()
        with closing(Database(url)) as empty:
            backups.restore(self.kept[0], empty, now=now)
        self.close()
        self.open(url, cast)
        self.stage.clock.now = now
        self.model = deepcopy(self.kept[1])
        self.stale = {1, 3, 500}

    def into(self, limit: int) -> str:
        """Where the puller with pages of that size keeps its copy."""
        return str(self.folder / "copy") if limit == 3 else f"sqlite:///{self.folder}/{limit}.db"

    def bring(self, limit: int, **options: Any) -> None:
        """Pull; after a restore the way out is taken, and never needed else."""
        try:
            trial.pull_into(self.stage, self.into(limit), self.key, limit=limit, **options)
        except CursorRefused:
            assert limit in self.stale, "refused without a restore"
            self.stale.discard(limit)
            more = {"limit": limit, "resync": True}
            trial.pull_into(self.stage, self.into(limit), self.key, **more, **options)

    def teardown(self) -> None:
        """Pull a last time: the copies hold every version, proved, and the source does too."""
        source = [told(change) for change in trial.changes_of(self.stage, self.key)]
        versions = {
            (record_id, version)
            for record_id, known in self.model.items()
            for version in range(1, known.version + 1)
        }
        assert {(row["record_id"], row["version"]) for row in source} == versions
        for limit in (1, 3, 500):
            self.bring(limit)
            assert held(self.into(limit)) == source
            verified = trial.verify(self.stage, self.into(limit), self.key)
            assert verified.count == len(versions)
        with self.stage.database.read() as session:
            assert verification.verify(session).fault is None
        self.close()
        self.stack.close()


@pytest.mark.trust(12, 14)
def test_any_interleaving_ends_with_a_copy_that_equals_the_source(sqlite_engine: Engine) -> None:
    class Machine(Interleavings):
        engine = sqlite_engine

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=effort(2, 60),
            stateful_step_count=effort(25, 60),
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
