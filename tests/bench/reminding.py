"""A study whose reminders are all due in one minute: `python -m tests.bench.reminding URL PEOPLE`.

Plans and hands them over in this process alone, to an HTTP sink in another, and prints figures as
JSON: seconds of planning, messages per second, those of the gateway without the diary, memory.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter

from sqlalchemy import insert

from app.domain.participant import State
from app.domain.reach import Channel
from app.gateways.sms import HttpTexter
from app.services import reminders
from app.services.contacts import PHONE
from app.services.ports import Gateways, Sms
from app.services.reminders import Courier
from app.services.reminders.lane import THREADS
from app.store.session import Database
from app.store.tables import Contact, Participant, ParticipantZone, Site
from tests.bench.scenes import deployment_of
from tests.engines import migrate
from tests.reminded import ENROLLED_AT, FIRST, FIRST_ON, LAST_ON, OPENING, Clock

TOGETHER = 1000


@dataclass(frozen=True)
class Reminded:
    """What was measured."""

    planning_s: float
    handed_per_s: float
    bare_per_s: float
    memory_mb: float


@contextmanager
def sink() -> Iterator[str]:
    """A gateway in a process of its own; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.communicate()


def enrol(database: Database, people: int) -> None:
    """Enrol so many participants with a telephone."""
    sealed = deployment_of(str(database.url)).vault.seal("+33600000000", PHONE)
    with database.write() as session:
        words = {"organisation": "CHU", "team_phone": "04", "team_hours": "9-17"}
        session.add(Site(id="lyon", name="CHU", **words))
    alike = {
        "site_id": "lyon",
        "state": State.ENROLLED.value,
        "language": "fr",
        "tz": "Europe/Paris",
        "limb": "hand",
        "side": "right",
        "scale": "vas100",
        "hand": "centre",
        "first_diary_on": FIRST_ON,
        "last_diary_on": LAST_ON,
        "created_at": ENROLLED_AT,
        "enrolled_at": ENROLLED_AT,
    }
    for start in range(1, people + 1, TOGETHER):
        ids = range(start, min(start + TOGETHER, people + 1))
        with database.write() as session:
            named = [{"id": id_, "study_code": f"B-{id_}", **alike} for id_ in ids]
            session.execute(insert(Participant), named)
            contacts = [{"participant_id": id_, "phone_sealed": sealed} for id_ in ids]
            session.execute(insert(Contact), contacts)
            zone = {"from_at": ENROLLED_AT, "tz": "Europe/Paris"}
            session.execute(
                insert(ParticipantZone), [{"participant_id": id_, **zone} for id_ in ids]
            )


def bare_rate(texter: HttpTexter, count: int) -> float:
    """Messages per second of the gateway alone, on as many threads."""
    started = perf_counter()
    with ThreadPoolExecutor(THREADS[Channel.SMS]) as threads:
        list(threads.map(lambda n: texter.send(Sms(f"bare {n}", "+336", "text")), range(count)))
    return count / (perf_counter() - started)


def measure(url: str, people: int) -> Reminded:
    """Plan an evening and hand over its first reminders."""
    migrate(url)
    database, clock = Database(url), Clock(datetime.fromisoformat(OPENING))
    enrol(database, people)
    deployment = deployment_of(url)
    started = perf_counter()
    reminders.plan_due(database, deployment, clock.now)
    planning_s = perf_counter() - started
    with sink() as address:
        texter = HttpTexter(url=address, token="token", sender="Carnet")
        courier = Courier(
            database=database,
            deployment=deployment,
            gateways=Gateways(texter=texter),
            worker="bench",
            clock=clock,
        )
        bare_per_s = bare_rate(texter, min(people, 2000))
        clock.now = datetime.fromisoformat(FIRST)
        started = perf_counter()
        handed = reminders.deliver(courier, Channel.SMS, lambda: False)
        handed_per_s = handed / (perf_counter() - started)
        texter.close()
    assert handed == people, f"{handed} of {people} were handed over"
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    database.close()
    return Reminded(planning_s, handed_per_s, bare_per_s, memory_mb)


def measure_reminders(url: str, people: int) -> Reminded:
    """The same in a process of its own, whose memory is nobody else's."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.reminding", url, str(people)],
        check=True,
        capture_output=True,
        text=True,
    )
    return Reminded(**json.loads(told.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2])))) + "\n")
