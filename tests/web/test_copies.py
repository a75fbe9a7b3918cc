"""Certified copies: what they hold and leave out, and that any change of them is found offline."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.ledger import canonical, link
from app.exports import copy_check
from app.exports.copy_check import CopyFault, check_copy
from app.routers import forms
from app.store.participants import list_medicines
from tests import factories, odm_reading, scenes, trial
from tests.desk import acts, confirmed
from tests.people import Stage, Who

Files = dict[str, bytes]
WHOLE = "/desk/sites/lyon/copy"


def take(stage: Stage, path: str, who: Who = Who.CLINICIAN) -> bytes:
    """Make a copy over HTTP; give the ZIP."""
    answer = confirmed(stage, who).post(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def of_own(stage: Stage) -> str:
    """The address of the own participant's copy."""
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/copy"


def unpack(data: bytes) -> Files:
    """The files of a copy."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(data: bytes, name: str) -> list[dict[str, str]]:
    """The rows of a flat file of a copy."""
    return list(csv.DictReader(io.StringIO(unpack(data)[name].decode(), newline="")))


def pack(files: Files, to: Path, *, is_sealed: bool = True) -> Path:
    """Write files as a copy; a manifest that is sealed names the digests of what is there now."""
    if is_sealed:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in files.items()
            if name != "manifest.json"
        }
        files = {**files, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return to


def trail_of(files: Files) -> list[dict[str, Any]]:
    """The rows of the trail."""
    return [json.loads(line) for line in files["trail.ndjson"].decode().split("\n") if line]


def with_trail(files: Files, rows: list[dict[str, Any]]) -> Files:
    """The same files with another trail."""
    return {**files, "trail.ndjson": "".join(f"{json.dumps(row)}\n" for row in rows).encode()}


def test_a_participants_copy_shows_theirs_and_hides_everybody_elses(
    stage: Stage, tmp_path: Path
) -> None:
    made = trial.live(stage)
    scenes.lettered(stage, Who.OWN)
    data = take(stage, of_own(stage))
    files, (own, other) = unpack(data), (stage.cast.study_codes[w] for w in (Who.OWN, Who.OTHER))
    kept = tmp_path / "copy.zip"
    kept.write_bytes(data)
    checked = check_copy(kept)
    assert (checked.scope, set(checked.heads)) == (own, {"acts", "data/lyon"})
    assert checked.hidden > 5
    text = b"".join(files.values()).decode()
    assert other not in text
    assert "quelqu.un@example.org" not in text
    page = files[f"{own}.html"].decode()
    assert "misread « 12 »" in page
    assert "Dr site clinician" in page
    held: odm_reading.Data = {}
    odm_reading.apply(files["odm.xml"], held)
    assert {key.subject for key in held} == {own}
    averages = {row["record_id"]: row["pain_average"] for row in table(data, "entries.csv")}
    assert averages[made["corrected"]] == "21"
    assert made["voided"] not in files["doses.csv"].decode()
    texts = table(data, "texts.csv")
    assert {row["is_redacted"] for row in texts if row["record_id"] == made["redacted"]} >= {"1"}
    assert "À bientôt !" in files["texts.csv"].decode()
    (act,) = acts(stage, "copy.taken")
    assert act["study_code"] == own
    assert act["details"]["manifest"] == checked.manifest


@pytest.mark.trust(15)
def test_a_sites_copy_holds_the_whole_stream_and_no_other_site(
    stage: Stage, tmp_path: Path
) -> None:
    trial.live(stage)
    data = take(stage, WHOLE, Who.INSPECTOR)
    files = unpack(data)
    kept = tmp_path / "copy.zip"
    kept.write_bytes(data)
    check_copy(kept)
    assert all("body" in row for row in trail_of(files) if row["stream"] == "data/lyon")
    assert not any("Dr other-site" in file.decode() for file in files.values())
    manifest = json.loads(files["manifest.json"])
    assert "contact data" in manifest["notes"]["en"]
    odm_reading.validate(files["odm.xml"])
    assert {f"{stage.cast.study_codes[w]}.html" for w in (Who.OWN, Who.OTHER)} < set(files)


def test_without_both_factors_of_late_nobody_takes_a_copy(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    answer = stage.client(Who.CLINICIAN).post(WHOLE, headers={"referer": WHOLE})
    assert answer.headers["location"].startswith("/desk/confirm?next=")


@pytest.fixture
def files(stage: Stage) -> Files:
    """The files of a copy of the site after everything has happened in it."""
    trial.live(stage)
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN, units=2))
    return unpack(take(stage, WHOLE))


def altered_cell(files: Files) -> Files:
    return {**files, "entries.csv": files["entries.csv"].replace(b",21,answered", b",12,answered")}


def hidden_column(files: Files) -> Files:
    rows = list(csv.reader(io.StringIO(files["entries.csv"].decode(), newline="")))
    at = rows[0].index("pain_worst")
    out = io.StringIO(newline="")
    csv.writer(out).writerows([row[:at] + row[at + 1 :] for row in rows])
    return {**files, "entries.csv": out.getvalue().encode()}


def altered_odm(files: Files) -> Files:
    score = b'IT.DIARY.pain_average" Value="21"'
    assert score in files["odm.xml"]
    return {**files, "odm.xml": files["odm.xml"].replace(score, score.replace(b"21", b"12"))}


def cut_odm(files: Files) -> Files:
    return {**files, "odm.xml": files["odm.xml"][:-30]}


def shortened_odm(files: Files) -> Files:
    return {
        **files,
        "odm.xml": files["odm.xml"].replace(b'"F.DIARY" FormRepeat', b'"F.DAIRY" FormRepeat'),
    }


def without_last_dose(files: Files) -> Files:
    lines = files["doses.csv"].split(b"\r\n")
    return {**files, "doses.csv": b"\r\n".join([*lines[:-2], b""])}


def altered_value(files: Files) -> Files:
    rows = trail_of(files)
    row = next(row for row in rows if row.get("kind") == "diary")
    row["data"]["scores"]["pain_average"]["value"] = 1
    return with_trail(files, rows)


def rehashed_row(files: Files) -> Files:
    rows = trail_of(files)
    row = next(row for row in rows if row.get("kind") == "diary")
    body = json.loads(row["body"]) | {"diary_on": "2026-01-01"}
    row |= {"body": canonical(body), "diary_on": "2026-01-01"}
    row["hash"] = link(row["prev_hash"], row["body"])
    return with_trail(files, rows)


def altered_text(files: Files) -> Files:
    rows = trail_of(files)
    next(row for row in rows if row.get("reason"))["reason"] = "another reason"
    return with_trail(files, rows)


def emptied_text(files: Files) -> Files:
    rows = trail_of(files)
    row = next(row for row in rows if row.get("reason") and row["op"] == "correct")
    row["reason"] = row["text_salt"]["reason"] = None
    return with_trail(files, rows)


def removed_row(files: Files) -> Files:
    rows = trail_of(files)
    del rows[3]
    return with_trail(files, rows)


def cut_trail(files: Files) -> Files:
    return with_trail(files, trail_of(files)[:-1])


def hidden_row(files: Files) -> Files:
    rows = trail_of(files)
    at = next(n for n, row in enumerate(rows) if row.get("op") == "correct")
    digest = hashlib.sha256(rows[at]["body"].encode()).hexdigest()
    rows[at] = {name: rows[at][name] for name in ("stream", "no", "hash")} | {"body_digest": digest}
    return with_trail(files, rows)


def talkative_row(files: Files) -> Files:
    rows = trail_of(files)
    rows[0]["comment"] = "added"
    return with_trail(files, rows)


FORGED: dict[Callable[[Files], Files], str] = {
    altered_cell: "entries.csv: row",
    hidden_column: "entries.csv: row",
    altered_odm: "odm.xml: the diary .* is not",
    cut_odm: "odm.xml is no XML",
    shortened_odm: "odm.xml: the diary .* is missing",
    without_last_dose: "doses.csv: a row of",
    altered_value: "data differ",
    rehashed_row: "does not continue",
    altered_text: "a text differs",
    emptied_text: "gone without a redaction",
    removed_row: "missing: the next row",
    cut_trail: "does not end where the manifest says",
    hidden_row: "is left out",
    talkative_row: "says more or less",
}
"""What somebody may do who makes the manifest fit again, and what is found all the same."""


@pytest.mark.trust(15)
def test_a_forged_copy_is_found_even_with_a_manifest_that_fits(
    files: Files, tmp_path: Path
) -> None:
    check_copy(pack(files, tmp_path / "whole.zip"))
    for forge, told in FORGED.items():
        with pytest.raises(CopyFault, match=told):
            check_copy(pack(forge(files), tmp_path / "forged.zip"))


def test_what_is_no_whole_copy_or_too_much_is_refused_kindly(files: Files, tmp_path: Path) -> None:
    page = next(name for name in files if name.startswith("MS-"))
    for changed, told in (
        ({**files, page: files[page] + b"<p>"}, f"{page} was altered"),
        ({**files, "note.txt": b""}, "note.txt is not of this copy"),
        ({name: data for name, data in files.items() if name != page}, f"{page} is missing"),
        ({**files, "../evil.html": b""}, "is no name that a copy gives"),
        ({name: data for name, data in files.items() if name != "manifest.json"}, "no certified"),
    ):
        with pytest.raises(CopyFault, match=told):
            check_copy(pack(changed, tmp_path / "changed.zip", is_sealed=False))
    whole = pack(files, tmp_path / "whole.zip").read_bytes()
    cut = tmp_path / "cut.zip"
    for data in (whole[: len(whole) // 2], b"", b"no zip at all"):
        cut.write_bytes(data)
        with pytest.raises(CopyFault, match="no whole ZIP"):
            check_copy(cut)
    big = tmp_path / "big.zip"
    with zipfile.ZipFile(big, "w") as archive:
        for number in range(copy_check.MOST_FILES + 1):
            archive.writestr(f"f{number}.txt", b"")
    with pytest.raises(CopyFault, match="more than a copy can be"):
        check_copy(big)


@pytest.mark.trust(15)
def test_the_command_needs_neither_database_nor_settings(files: Files, tmp_path: Path) -> None:
    whole, bad = tmp_path / "whole.zip", tmp_path / "bad.zip"
    pack(files, whole)
    pack(altered_value(files), bad)

    def verify(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", "verify", str(path)]
        env = {"PYTHONPATH": str(Path.cwd()), "DIARY_DATABASE_URL": "nonsense"}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env
        )

    held, fell = verify(whole), verify(bad)
    assert (held.returncode, fell.returncode) == (0, 1), held.stderr
    assert "holds: the copy of lyon" in held.stdout
    assert "DOES NOT HOLD: The trail does not hold: data/lyon no" in fell.stderr


def test_what_the_evening_recalls_and_reports_after_a_session_are_rows_too(
    stage: Stage, tmp_path: Path
) -> None:
    scenes.session_today(stage, Who.OWN)
    sent = stage.client(Who.OWN).post(
        "/session-report", data=forms.ids() | {"symptom.redness": "mild"}
    )
    assert sent.status_code == 303
    with stage.database.read() as session:
        listed = list_medicines(session, stage.actor(Who.OWN).participant_id or 0)
    taken = {"medicine": json.loads(listed[0].snapshot), "taking": "as_prescribed"}
    evening = factories.diary(stage.deployment.study)
    evening["medicines"] = {"status": "answered", "scheduled": [taken]}
    trial.save(stage, Who.OWN, evening)
    data = take(stage, of_own(stage))
    kept = tmp_path / "copy.zip"
    kept.write_bytes(data)
    check_copy(kept)
    assert [(row["item"], row["severity"]) for row in table(data, "reports.csv")] == [
        ("redness", "mild")
    ]
    (dose,) = table(data, "doses.csv")
    assert (dose["stated_in"], dose["taking"]) == ("evening", "as_prescribed")
    assert (dose["units"], dose["taken_part"]) == ("1", "morning")
