"""The command that serves: it ends in order, refuses unsafe settings, and logs nobody."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from app.routers.deps import utc_now
from app.services.deployment import Deployment
from app.settings import Settings
from app.store import records
from app.store.session import Database
from app.store.tables import ChangeText
from tests import factories
from tests.people import Stage, Who, settings_for
from tests.servers import free_address

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
SECRET = settings_for("sqlite://").secret_key.get_secret_value()


def free_port() -> int:
    with free_address() as bound:
        port: int = bound.getsockname()[1]
        return port


def environment(url: str, metrics_port: int) -> dict[str, str]:
    """What a deployment would set."""
    return os.environ | {
        "DIARY_DATABASE_URL": url,
        "DIARY_SECRET_KEY": settings_for(url).secret_key.get_secret_value(),
        "DIARY_EMBEDDED_SCHEDULE": "false",
        "DIARY_METRICS_PORT": str(metrics_port),
    }


@contextmanager
def served(url: str, port: int, metrics_port: int) -> Iterator[subprocess.Popen[str]]:
    """`python -m app serve`, until it ends or the test does."""
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(url, metrics_port), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(is_so: Callable[[], bool]) -> None:
    """Ask again until it is so, or fail."""
    ends_at = monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < ends_at, "it never came"


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def test_a_save_in_hand_is_finished_and_acknowledged_after_sigterm(stage: Stage) -> None:
    port, metrics_port = free_port(), free_port()
    url = stage.database.url.render_as_string(hide_password=False)
    at, measured = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics_port}/metrics"
    study, now = stage.deployment.study, utc_now()
    sent = factories.submission(study, factories.diary(study), saved_at=now)

    def save() -> httpx.Response:
        cookies = stage.cast.cookies[Who.OWN]
        return httpx.post(f"{at}/submissions", json=sent, cookies=cookies, timeout=PATIENCE_S)

    with served(url, port, metrics_port) as process, ThreadPoolExecutor(1) as pool:
        until(lambda: answers(f"{at}/healthz"))
        with stage.database.engine.connect() as holder:
            if stage.database.is_sqlite:
                holder.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                holder.execute(text("SELECT id FROM participants FOR UPDATE"))
            saving = pool.submit(save)
            until(lambda: "diary_requests_in_hand 1.0" in httpx.get(measured).text)
            process.send_signal(signal.SIGTERM)
            until(lambda: not answers(f"{at}/healthz"))
            holder.rollback()
        answer = saving.result(PATIENCE_S)
        assert answer.status_code in (201, 202)
        assert answer.headers["x-record-ack"] == sent["record_id"]
        assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)
        log = process.stderr.read() if process.stderr else ""
    with stage.database.read() as session:
        assert records.find_submission(session, str(sent["submission_id"])) is not None
    assert '"path": "/submissions"' in log
    known = [stage.cast.study_codes[Who.OWN], str(sent["record_id"]), *stage.cast.cookies[Who.OWN]]
    assert "quelqu.un@example.org" not in log
    assert [one for one in known if one in log and one not in ("device", "open")] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"secret_key": ""}, "secret key is not set"),
        ({"secret_key": "short-and-weak"}, "at least 32 random characters"),
        ({"base_url": "http://diary.example.org"}, "https://"),
        ({"base_url": "https://diary.example.org", "demo": True}, "localhost"),
    ],
)
def test_an_unsafe_setting_stops_the_start_and_is_not_repeated(
    changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        Deployment.of(Settings(**{"secret_key": SECRET} | changes))
    assert "short-and-weak" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_earlier_secrets_come_from_a_file_one_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "earlier").write_text("the-first-one\nthe-second-one\n")
    monkeypatch.setenv("DIARY_PREVIOUS_SECRET_KEYS_FILE", str(tmp_path / "earlier"))
    earlier = Settings(secret_key=SECRET).previous_secret_keys
    assert [one.get_secret_value() for one in earlier] == ["the-first-one", "the-second-one"]


@pytest.mark.trust(24)
def test_an_error_of_the_database_does_not_repeat_what_was_typed(database: Database) -> None:
    typed = {"change_id": "c", "field": "note", "value": "Mme Martin, 06 12 34 56 78", "salt": "s"}
    with database.engine.connect() as connection:
        connection.execute(insert(ChangeText), typed)
        with pytest.raises(DBAPIError) as refused:
            connection.execute(insert(ChangeText), typed)
    assert "change_texts" in str(refused.value)
    assert "Martin" not in str(refused.value)
