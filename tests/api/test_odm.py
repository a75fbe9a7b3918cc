"""ODM-XML: valid, read by a client library, equal to flat files; slices come to the snapshot."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.records import Kind, read_payload
from app.exports.flat import cell
from app.routers.api.odm import EXAMPLE
from app.services import corrections
from app.services.corrections import Correction
from app.store.participants import list_medicines
from tests import factories, odm_reading, scenes, trial
from tests.api.test_changes import acts_of
from tests.odm_reading import Data
from tests.people import NOW, Stage, Who

ODM = "/api/v1/export/odm"
PAST_MIDNIGHT = datetime(2026, 1, 17, 23, 40, tzinfo=UTC)
Forms = dict[tuple[str, str, str | None], list[Any]]
"""The forms that a client library finds, by subject, day and key."""
NOTE = "=1+1 \x01 déjà vu « là »\r\n\t]]>"
"""What a file must survive; the character \x01 has no place in XML."""
REFUSED: tuple[tuple[dict[str, str], int, str], ...] = (
    ({}, 422, "type"),
    ({"type": "Snapshot"}, 422, "type"),
    ({"type": "snapshot", "after": "0"}, 422, "after"),
    ({"type": "snapshot", "limit": "5"}, 422, "limit"),
    ({"type": "snapshot", "form": "F.DIARY"}, 422, "form"),
    ({"type": "snapshot", "site": "lille"}, 404, "site"),
    ({"type": "snapshot", "from": "2026-02-02", "to": "2026-02-01"}, 422, "to"),
    ({"type": "transactional", "site": "lyon"}, 422, "site"),
    ({"type": "transactional", "from": "2026-02-02"}, 422, "from"),
    ({"type": "transactional", "limit": "0"}, 422, "limit"),
    ({"type": "transactional", "limit": "1001"}, 422, "limit"),
    ({"type": "transactional", "after": "nowhere"}, 422, "after"),
    ({"type": "transactional", "after": "999999"}, 409, "after"),
    ({"type": "transactional", "after": "00000000:1:00000000"}, 409, "after"),
)


def ask(stage: Stage, key: str = "", **query: Any) -> Any:
    """Ask for a file."""
    headers = trial.bearing(key or stage.cast.key)
    return stage.client(Who.NOBODY).get(ODM, params=query, headers=headers)


def snapshot(stage: Stage, key: str = "", **query: Any) -> bytes:
    """What stands."""
    answer = ask(stage, key, type="snapshot", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    return bytes(answer.content)


def slices(stage: Stage, limit: int, after: str = "0") -> tuple[list[bytes], str]:
    """Every slice from a place on, each fetched by the address that the one before gave."""
    found, query = [], {"type": "transactional", "after": after, "limit": str(limit)}
    while True:
        answer = ask(stage, **query)
        assert answer.status_code == 200, answer.text
        found.append(answer.content)
        more = answer.links.get("next")
        assert answer.headers["x-has-more"] == ("true" if more else "false")
        if more is None:
            return found, answer.headers["x-next-cursor"]
        asked = parse_qs(urlsplit(more["url"]).query)
        query = {name: value for name, [value] in asked.items()}
        assert query["after"] == answer.headers["x-next-cursor"]


def everything(stage: Stage) -> dict[str, str]:
    """Let everything happen that ODM can carry; give record ids by what became of them."""
    late = came_late(stage)
    made = trial.live(stage)
    scenes.patched(stage, Who.OWN)
    scenes.reported(stage, Who.OWN)
    move(stage, made["kept"])
    return {**made, "late": late}


def came_late(stage: Stage) -> str:
    """Save a diary past midnight, and correct it twice: fewer medicines, then another note."""
    stage.clock.now = PAST_MIDNIGHT
    payload = factories.diary(stage.deployment.study, average=0, worst=100)
    payload["scores"]["pain_worst"] = {"status": "declined", "scale": "vas100"}
    payload["medicines"] = recalled(stage)
    texts = {"note": NOTE, "other_medicine": "Arnica"}
    record_id = trial.save(stage, Who.OWN, payload, texts=texts).record_id
    payload["medicines"] = {"status": "answered", "none": True}
    why = {"reason": "forgot <one> & another\x02"}
    for version, note in enumerate((NOTE, f"{NOTE}!"), start=1):
        change = {"op": "correct", "record_id": record_id, "base_version": version}
        trial.save(stage, Who.OWN, payload, texts={"note": note, **why}, **change)
    stage.clock.now = NOW
    return record_id


def recalled(stage: Stage) -> dict[str, Any]:
    """A scheduled medicine as prescribed, and a rescue medicine twice."""
    with stage.database.read() as session:
        listed = list_medicines(session, stage.actor(Who.OWN).participant_id or 0)
    known = [json.loads(row.snapshot) for row in listed]
    rescue = next(one for one in known if one["role"] == "rescue")
    return {
        "status": "answered",
        "scheduled": [
            {"medicine": one, "taking": "as_prescribed"}
            for one in known
            if one["role"] == "scheduled"
        ],
        "rescue": [{"medicine": rescue, "units": {"night": 0.5, "evening": 2.0}}],
    }


def move(stage: Stage, record_id: str) -> None:
    """Correct the date of a dose, as the site does: it belongs to another diary day then."""
    payload = trial.dose(stage, Who.OWN, units=1.5) | {"taken_on": "2026-01-17"}
    with stage.database.write() as session:
        corrections.correct(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            base=(record_id, 1),
            correction=Correction(
                payload=read_payload(Kind.DOSE, payload), reason="the day before", source="call"
            ),
            now=stage.clock.now,
        )


def rows_of(stage: Stage, name: str) -> list[dict[str, str]]:
    """A flat file of the same study."""
    answer = stage.client(Who.KEY).get(f"/api/v1/export/{name}")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def values_of(group: Any) -> dict[str, str]:
    """The values of a group as the client library has them, by the name of the column."""
    return {item.ItemOID.rpartition(".")[2]: item.Value for item in group.ItemData}


def words(element: Any) -> str | None:
    """What an element of the client library holds."""
    return None if element is None else str(element.to_dict()["_content"])


def forms_of(odm: Any) -> Forms:
    """The forms that the client library finds, by subject, day and key."""
    found: Forms = {}
    for subject in odm.ClinicalData[0]:
        for event in subject.StudyEventData:
            for form in event.FormData:
                key = subject.SubjectKey, event.StudyEventRepeatKey, form.FormRepeatKey
                found.setdefault(key, []).append(form)
    return found


def test_a_client_library_finds_in_a_snapshot_what_the_flat_files_say(stage: Stage) -> None:
    everything(stage)
    file = snapshot(stage)
    odm_reading.validate(file)
    forms = forms_of(odm_reading.load(file))
    days, missed, seen = 0, 0, set[tuple[str, str]]()
    for row in rows_of(stage, "entries.csv"):
        key = row["study_code"], row["diary_on"], row["record_id"] or None
        [form] = [one for one in forms[key] if one.FormOID in ("F.DIARY", "F.MISSED")]
        said = values_of(form.ItemGroupData[0])
        seen |= set(said.items())
        own = {name for name in said if name not in ("lateness", "assurance", "flags")}
        if row["record_id"]:
            days += 1
            of_variables = {n: v for n, v in row.items() if v and (n in said or n.endswith("_st"))}
            shown = {n: cell(v) for n, v in said.items() if n in own}
            assert shown == {n: v.replace("\x01", "\ufffd") for n, v in of_variables.items()}
        else:
            missed += 1
            assert own <= {"entry_status", "missing_cause", "missing_provisional"}
            assert all(row[name] == value for name, value in said.items())
    assert days >= 4
    assert missed
    assert seen >= {
        ("pain_average", "0"),
        ("pain_worst", "100"),
        ("flare", "1"),
        ("lateness", "late"),
    }
    assert seen >= {
        ("pain_worst_st", "2"),
        ("cold_st", "3"),
        ("pressure_st", "4"),
        ("heat_st", "5"),
    }
    compare_doses(stage, forms)


def compare_doses(stage: Stage, forms: Forms) -> None:
    """Hold the logged doses against those of the flat file."""
    doses = [row for row in rows_of(stage, "doses.csv") if row["stated_in"] == "dose"]
    groups = {g.ItemGroupRepeatKey: (key, values_of(g)) for key, g in dose_groups(forms)}
    assert groups.keys() == {row["record_id"] for row in doses}
    for row in doses:
        key, said = groups[row["record_id"]]
        assert key == (row["study_code"], row["taken_on"], None)
        assert {n: cell(said[n]) for n in said if n in row} == {n: row[n] for n in said if n in row}
    assert {row["patch"] for row in doses} == {"", "applied"}


def dose_groups(forms: Forms) -> list[tuple[Any, Any]]:
    """Every logged dose with where it stands."""
    found = [(key, form) for key, many in forms.items() for form in many]
    return [
        (key, g) for key, form in found if form.FormOID == "F.DOSES" for g in form.ItemGroupData
    ]


@pytest.mark.trust(10, 24)
def test_a_snapshot_says_who_saved_what_where_and_why_without_names(stage: Stage) -> None:
    made = everything(stage)
    file = snapshot(stage)
    odm = odm_reading.load(file)
    assert (odm.FileType, odm.Granularity, odm.PriorFileOID) == ("Snapshot", "All", None)
    users = {user.OID: user.UserType for user in odm.AdminData[0].User}
    code = stage.cast.study_codes[Who.OWN]
    assert users[code] == "Other"
    assert "Investigator" in users.values()
    assert [(at.OID, at.LocationType) for at in odm.AdminData[0].Location] == [("lyon", "Site")]
    changes = {
        c["record_id"]: c for c in trial.changes_of(stage, stage.cast.key) if c["op"] != "void"
    }
    for (_, _, record_id), forms in forms_of(odm).items():
        for form in forms:
            records = form.ItemGroupData if form.FormOID == "F.DOSES" else [form]
            for record in records:
                audit = record.AuditRecord
                assert audit.UserRef.UserOID in users
                assert (audit.LocationRef.LocationOID, audit.EditPoint) == ("lyon", None)
                if form.FormOID == "F.MISSED":
                    assert audit.SourceID is None
                    continue
                change = changes[record_id or record.ItemGroupRepeatKey]
                assert words(audit.SourceID) == change["change_id"]
                assert words(audit.DateTimeStamp) == change["received_at"]
                assert words(audit.ReasonForChange) == (
                    change["reason"] and change["reason"].replace("\x02", "\ufffd")
                )
    text = file.decode()
    assert made["voided"] not in text
    assert "Martin" not in text  # the redacted note
    assert "Dr site clinician" not in text


def test_slices_in_their_order_come_to_the_snapshot(stage: Stage) -> None:
    made = everything(stage)
    held: Data = {}
    files, cursor = slices(stage, 1)
    for file in files:
        odm_reading.validate(file)
    came_to = [(odm_reading.apply(file, held), odm_reading.file_oid(file)) for file in files]
    epoch = cursor.partition(":")[0]
    assert came_to[0][0] == f"meso_sdrc.{epoch}.0"
    assert [prior for prior, _ in came_to[1:]] == [own for _, own in came_to[:-1]]
    stands: Data = {}
    whole = snapshot(stage)
    odm_reading.apply(whole, stands)
    assert held == stands
    assert odm_reading.file_oid(whole) == came_to[-1][1]
    assert {key.day for key in held if key.group_key == made["kept"]} == {"2026-01-17"}
    assert any("\ufffd" in v.value for items in held.values() for v in items.values())
    trial.redact(stage, made["late"], 3)  # who holds the text already is told to remove it
    files, _ = slices(stage, 5, cursor)
    assert [odm_reading.apply(file, held) for file in files] == [came_to[-1][1]]
    stands.clear()
    odm_reading.apply(snapshot(stage), stands)
    assert held == stands
    again, _ = slices(stage, 5)
    held.clear()
    for file in again:
        odm_reading.apply(file, held)
    assert held == stands
    assert not any("déjà vu" in file.decode() for file in again)


def items_of(file: bytes) -> list[Any]:
    return [
        item
        for forms in forms_of(odm_reading.load(file)).values()
        for f in forms
        for g in f.ItemGroupData
        for item in g.ItemData
    ]


def test_every_item_has_its_own_audit_record(stage: Stage) -> None:
    everything(stage)
    [file], cursor = slices(stage, 1000)
    items = items_of(file)
    assert len(items) > 100
    assert all(item.AuditRecord.UserRef.UserOID for item in items_of(snapshot(stage)))
    changes = {c["change_id"] for c in trial.changes_of(stage, stage.cast.key)}
    assert {words(item.AuditRecord.SourceID) for item in items} < changes
    assert {item.TransactionType for item in items} == {"Insert", "Update", "Remove"}
    scored = [item for item in items if item.ItemOID == "IT.DIARY.pain_average"]
    assert {item.MeasurementUnitRef.MeasurementUnitOID for item in scored} == {"MU.vas100"}
    [empty], same = slices(stage, 5, cursor)
    odm_reading.validate(empty)
    assert same == cursor
    assert b"SubjectData" not in empty


@pytest.mark.trust(7)
def test_a_snapshot_goes_by_its_filters_and_leaves_its_act(stage: Stage) -> None:
    far = trial.far_away(stage)
    everybody = trial.new_key(stage)
    assert far.encode() not in snapshot(stage)
    assert far.encode() in snapshot(stage, everybody)
    answer = ask(stage, everybody, type="snapshot", site="lille", study_code=far)
    odm = odm_reading.load(answer.content)
    assert [one.SubjectKey for one in odm.ClinicalData[0]] == [far]
    assert [one.OID for one in odm.AdminData[0].Location] == ["lille"]
    assert odm.Granularity == "SingleSubject"
    assert odm.FileOID.endswith(f".lille.{far}")
    day = {"from": "2026-01-18", "to": "2026-01-18"}
    only = forms_of(odm_reading.load(snapshot(stage, **day)))
    assert {on for _, on, _ in only} == {"2026-01-18"}
    slices(stage, 1000)
    asked, sliced = acts_of(stage.database, "odm.exported")[-2:]
    assert asked == {"type": "snapshot", "first_on": "2026-01-18", "last_on": "2026-01-18"}
    assert sliced["count"] > 0
    slices(stage, 1000, sliced["to"])  # nothing new leaves nothing
    assert len(acts_of(stage.database, "odm.exported")) == 5


def test_what_cannot_be_answered_is_refused(stage: Stage) -> None:
    for query, status, field in REFUSED:
        answer = ask(stage, **query)
        assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    key = trial.new_key(stage, "lyon", scopes=("changes:read", "metadata:read"))
    assert ask(stage, key, type="snapshot").status_code == 403


def test_the_example_of_the_description_is_valid() -> None:
    odm_reading.validate(EXAMPLE.encode())
