"""`python -m app demo` says at once what stands in its way, before any work is done."""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, for as long as a refusal takes."""
    return subprocess.run(
        [sys.executable, "-m", "app", "demo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_refused_before_the_study_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_demo(tmp_path, PORT=str(port))
    assert ended.returncode == 2
    assert f"port {port} is taken" in ended.stderr
    assert not (tmp_path / "var").exists()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    ended = run_demo(tmp_path, DIARY_CSV="nowhere.csv")
    assert ended.returncode == 2
    assert "nowhere.csv" in ended.stderr
    assert not (tmp_path / "var").exists()
