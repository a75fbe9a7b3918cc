"""`make lighthouse`: what Lighthouse says of the phone's pages; it fails under 100 of 100.

Not part of `make test`: it fetches Lighthouse with npx, and a score for speed asks for a machine
with nothing else to do.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser.conftest import chromium_path
from tests.engines import Sqlite
from tests.people import Stage, Who, on_live_stage, settle
from tests.scenes import closed_phone

JUDGED = ("performance", "accessibility", "best-practices")
PERFECT = 100


def main() -> None:
    """Judge the door, the first page and the diary; exits with 1 when one is not perfect."""
    npx = shutil.which("npx")
    if npx is None:
        sys.exit("Lighthouse needs Node and npx: install them (Debian: apt-get install nodejs npm)")
    with TemporaryDirectory() as folder:
        engine = Sqlite(Path(folder))
        url, cast = engine.copy_of(settle)
        with on_live_stage(url, cast, "localhost") as stage:
            pages = {
                "/unlock": closed_phone(stage, Who.OWN),
                "/": cast.cookies[Who.OWN],
                "/diary": cast.cookies[Who.OWN],
            }
            reports = {path: judge(npx, stage, path, held) for path, held in pages.items()}
    print_scores(reports)
    if any(score(report, name) < PERFECT for report in reports.values() for name in JUDGED):
        sys.exit(1)


def judge(npx: str, stage: Stage, path: str, cookies: dict[str, str]) -> dict[str, Any]:
    """Let Lighthouse look at a page as someone who brings cookies along; gives its report."""
    brought = "; ".join(f"{name}={value}" for name, value in cookies.items())
    command = [
        npx, "--yes", "lighthouse", stage.deployment.base_url + path,
        "--quiet", "--output=json", f"--only-categories={','.join(JUDGED)}",
        f"--extra-headers={json.dumps({'Cookie': brought})}",
        "--chrome-flags=--headless=new --no-sandbox",
    ]  # fmt: skip
    # At home: in another time zone the first page asks whether one travels.
    environment = {**os.environ, "CHROME_PATH": chromium_path(), "TZ": "Europe/Paris"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Lighthouse could not look at {path}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def score(report: dict[str, Any], name: str) -> int:
    """A score out of 100."""
    return round(100 * (report["categories"][name]["score"] or 0))


def print_scores(reports: dict[str, dict[str, Any]]) -> None:
    """Print the scores as a table, and what cost points."""
    sys.stdout.write(f"{'':<12}" + "".join(f"{name:>16}" for name in JUDGED) + "\n")
    for path, report in reports.items():
        scores = "".join(f"{score(report, name):>16}" for name in JUDGED)
        sys.stdout.write(f"{path:<12}{scores}\n")
    for path, report in reports.items():
        for audit in wanting(report):
            sys.stdout.write(f"{path}: {audit['title']} {audit.get('displayValue', '')}\n")


def wanting(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The audits that count and are not perfect."""
    counted = {
        one["id"]
        for name in JUDGED
        for one in report["categories"][name]["auditRefs"]
        if one["weight"]
    }
    audits = [report["audits"][name] for name in sorted(counted)]
    return [audit for audit in audits if audit["score"] is not None and audit["score"] < 1]


if __name__ == "__main__":
    main()
