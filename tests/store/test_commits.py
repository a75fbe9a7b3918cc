"""A save is acknowledged when both hosts have it; a lost host costs an answer, never an entry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from app.domain.errors import Unavailable
from app.main import create_app
from app.services import verification
from app.store.addresses import read_address
from app.store.session import Database
from app.store.tables import RecordVersion
from tests.api.test_race import Pen, settle
from tests.people import settings_for
from tests.replicas import Pair, replicated, until

pytestmark = pytest.mark.postgresql
DEADLINE_S = 1.5
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
_CANCELLED = (
    "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
)


@dataclass
class Site:
    """A site on a pair of hosts, with one phone that sends doses to an application."""

    pair: Pair
    url: str
    cookies: dict[str, str]
    pen: Pen
    numbers: Iterator[int]

    def dose(self) -> Any:
        """A dose that was not sent yet."""
        return self.pen.dose(next(self.numbers))

    @contextmanager
    def phone(self) -> Iterator[TestClient]:
        """An application with a short deadline, as the phone reaches it."""
        app = create_app(settings_for(self.url))
        database = Database(self.url, commit_deadline_s=DEADLINE_S)
        app.state.service = replace(app.state.service, database=database)
        with TestClient(app, cookies=self.cookies) as client:
            yield client
        database.close()

    def count(self, sent: Any) -> int:
        """How many versions of a record the primary shows."""
        query = select(func.count()).where(RecordVersion.record_id == sent["record_id"])
        database = Database(self.url)
        with database.read() as session:
            found = session.scalar(query) or 0
            assert verification.verify(session).fault is None
        database.close()
        return found


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The site; each test leaves both hosts running and the commits waiting for the standby."""
    with replicated() as pair:
        url = pair.create("diary")
        phones, pens, _ = settle(url)
        yield Site(pair, url, phones[0], pens[0], count(1))


def require_unconfirmed(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.json()["code"] == "unconfirmed"
    assert int(answer.headers["retry-after"]) > 0
    assert "x-record-ack" not in answer.headers


def require_acknowledged(phone: TestClient, sent: Any) -> None:
    def is_acknowledged() -> bool:
        answer = phone.post("/submissions", json=sent)
        assert answer.status_code in (201, 200, 503), answer.text
        return bool(answer.headers.get("x-record-ack") == sent["record_id"])

    until(is_acknowledged, "an acknowledgement")


@pytest.mark.trust(14)
def test_without_the_standby_a_save_is_not_acknowledged_and_the_same_again_is_once_it_is_back(
    site: Site,
) -> None:
    sent = site.dose()
    with site.phone() as phone:
        site.pair.standby.kill()
        require_unconfirmed(phone.post("/submissions", json=sent))
        assert site.count(sent) == 0
        assert site.pair.primary.ask(_WAITING) == 1
        assert phone.post("/submissions", json=sent).status_code == 503
        site.pair.standby.start()
        require_acknowledged(phone, sent)
    assert site.count(sent) == 1


def make_a_table_in_a_hurry(database: Database) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE waits (x int)"))
        session.execute(text("SET LOCAL statement_timeout = '100ms'"))


def test_a_statement_timeout_does_not_reach_the_commit(site: Site) -> None:
    database = Database(site.url, commit_deadline_s=DEADLINE_S)
    site.pair.standby.kill()
    with pytest.raises(Unavailable, match="unconfirmed"):
        make_a_table_in_a_hurry(database)
    assert site.pair.primary.ask("SELECT to_regclass('waits')", "diary") is None
    assert site.pair.primary.ask(_WAITING) == 1
    site.pair.standby.start()
    until(lambda: not site.pair.primary.ask(_WAITING), "the standby")
    assert site.pair.primary.ask("SELECT to_regclass('waits')", "diary") == "waits"
    database.close()


def test_what_an_operator_cancelled_is_on_one_host_only_and_nobody_is_told_otherwise(
    site: Site,
) -> None:
    sent = site.dose()
    with site.phone() as phone, ThreadPoolExecutor(1) as pool:
        site.pair.standby.kill()
        sending = pool.submit(phone.post, "/submissions", json=sent)
        until(lambda: site.pair.primary.ask(_CANCELLED), "a commit that waits")
        require_unconfirmed(sending.result())
        assert site.count(sent) == 1
        # The same again is known there, and still not acknowledged: the answer waits too.
        require_unconfirmed(phone.post("/submissions", json=sent))
        site.pair.standby.start()
        require_acknowledged(phone, sent)
    assert site.count(sent) == 1


def test_the_process_goes_on_at_the_host_that_took_over(site: Site) -> None:
    before, after = site.dose(), site.dose()
    with site.phone() as phone:
        require_acknowledged(phone, before)
        site.pair.fail_over()
        require_acknowledged(phone, after)
        site.pair.mend()
        require_acknowledged(phone, site.dose())
    assert site.count(before) == site.count(after) == 1


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p%40@h1:5432,h2:5433/db?sslmode=require",
        "postgresql://u:p%40@/db?host=h1:5432&host=h2:5433&sslmode=require",
    ],
)
def test_several_hosts_are_read_as_libpq_and_sqlalchemy_write_them(address: str) -> None:
    url = read_address(address)
    assert (url.username, url.password, url.database) == ("u", "p@", "db")
    assert dict(url.query) == {
        "host": "h1,h2",
        "port": "5432,5433",
        "sslmode": "require",
        "target_session_attrs": "read-write",
    }
    again = url.set(drivername="postgresql").render_as_string(hide_password=False)
    said = psycopg.conninfo.conninfo_to_dict(again)
    assert (said["host"], said["port"]) == ("h1,h2", "5432,5433")


def test_one_host_stays_as_it_was_written_and_a_misspelt_list_is_refused() -> None:
    assert read_address("postgresql://u:p@h:1/db").render_as_string(hide_password=False) == (
        "postgresql+psycopg://u:p@h:1/db"
    )
    with pytest.raises(ValueError, match="cannot be read"):
        read_address("postgresql://u@h1,h2/db?hots=h3")
