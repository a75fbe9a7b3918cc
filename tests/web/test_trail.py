"""The trail: searched in words, scoped by site, exported whole; its review, with who and when."""

import ast
import csv
import io
import json
import re
from datetime import timedelta

import pytest

from app.domain.ledger import Chain, check_texts, genesis
from app.routers.clinician.trail_words import ACTS
from app.store import trail
from app.store.trail import Wanted
from tests import desk_scenes, factories, scenes, trial
from tests.desk import acts, confirmed
from tests.house.tree import sources
from tests.people import NOW, Stage, Who
from tests.web.reading import Page

PAGE = "/desk/trail"
HASH = re.compile(r"Hash</dt><dd class=\"small code\"><code>(\w{64})")


def look(stage: Stage, who: Who = Who.CLINICIAN, path: str = PAGE, **query: str) -> str:
    """What a page says below its forms."""
    answer = stage.client(who).get(path, params=query)
    assert answer.status_code == 200, answer.text
    return Page(answer.text.rpartition("</form>")[2]).text


def rows(text: str) -> list[dict[str, str]]:
    """The rows of an exported CSV."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.trust(1)
def test_a_correction_can_be_read_by_somebody_who_never_saw_json(stage: Stage) -> None:
    trial.live(stage)
    told = look(stage, Who.INSPECTOR, person="dr SITE clin", kind="correct")
    assert "Dr site clinician clinician · CHU Diary: corrected" in told
    assert "Average pain: 57 → 12" in told
    assert "Reason: misread « 12 »" in told
    assert "Note: removed" in look(stage, kind="create")
    refused = stage.client(Who.OWN).post("/diary", data={"pain_average": "111"})
    assert refused.status_code == 422
    assert "was refused" in look(stage, kind="refused", participant=own(stage).lower())


def own(stage: Stage) -> str:
    """The study code of the own participant."""
    return stage.cast.study_codes[Who.OWN]


@pytest.mark.trust(5)
def test_every_search_narrows_and_stands_in_the_address(stage: Stage) -> None:
    trial.live(stage)
    other = stage.cast.study_codes[Who.OTHER]
    assert other not in look(stage, participant=own(stage))
    assert own(stage) not in look(stage, person=other)
    before = look(stage, to="2026-01-19")
    assert "20 Jan 2026" not in before
    assert "19 Jan 2026" in before
    hour = look(stage, Who.CLINICIAN, **{"from": "2026-01-20T19:35", "to": "2026-01-20T19:45"})
    assert "19:40:00" in hour
    assert "19:30:00" not in hour
    assert "No change matches" in look(stage, Who.CLINICIAN, **{"from": "2027-01-01"})
    for wrong, field, told in (
        ({"from": "soon"}, "from", "This is not a date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "to", "last day comes before"),
        ({"participant": "MS-00000"}, "participant", "no participant MS-00000"),
    ):
        answer = stage.client(Who.CLINICIAN).get(PAGE, params=wrong)
        assert answer.status_code == 422
        assert f'id="{field}-error">{told}' in answer.text or told in answer.text
        assert f'value="{wrong[field]}"' in answer.text


def test_a_reader_sees_the_own_sites_and_acts_at_none_only_with_all(stage: Stage) -> None:
    far = trial.far_away(stage)
    assert far not in look(stage)
    assert own(stage) not in look(stage, Who.FAR_CLINICIAN)
    assert far in look(stage, Who.FAR_CLINICIAN)
    whole = look(stage, Who.INSPECTOR)
    assert far in whole
    assert own(stage) in whole
    assert "signed in at the desk" in look(stage, Who.INSPECTOR, kind="staff.signed_in")
    assert "No change matches" in look(stage, kind="staff.signed_in")
    answer = stage.client(Who.FAR_CLINICIAN).get(PAGE, params={"participant": own(stage)})
    assert answer.status_code == 422


def test_pages_follow_one_another_without_gap_in_both_orders(stage: Stage) -> None:
    trial.live(stage)
    everything = frozenset({"*"})
    with stage.database.read() as session:
        for newest_first in (True, False):
            wanted = Wanted(sites=everything, newest_first=newest_first)
            whole = [row.seq for row in trail.list_trail(session, wanted, None, 1000).rows]
            paged, after = [], None
            while True:
                page = trail.list_trail(session, wanted, after, 7)
                paged += [row.seq for row in page.rows]
                after = page.end
                if after is None:
                    break
            assert paged == whole
            assert len(set(paged)) == len(paged)
    for lang in ("en", "fr") * 8:
        stage.client(Who.OWN).post("/language", data={"lang": lang})
    client = stage.client(Who.INSPECTOR)
    first = client.get(PAGE, params={"order": "oldest"}).text
    (further,) = {link for link in Page(first).links if "after=" in link}
    assert "order=oldest" in further
    second = client.get(further).text
    hashes = [set(HASH.findall(page)) for page in (first, second)]
    assert all(hashes)
    assert not hashes[0] & hashes[1]


@pytest.mark.trust(5, 7)
def test_an_export_holds_the_whole_selection_and_is_in_the_trail(stage: Stage) -> None:
    trial.live(stage)
    client = confirmed(stage, Who.INSPECTOR)
    sheet = client.get("/desk/trail.csv", params={"order": "oldest"})
    assert sheet.headers["content-disposition"].startswith('attachment; filename="trail-2026')
    (act,) = acts(stage, "trail.exported")
    assert act["details"] == {"format": "csv"}
    lines = client.get("/desk/trail.ndjson", params={"order": "oldest"}).text.split("\n")[:-1]
    items = [json.loads(line) for line in lines]
    assert [row["hash"] for row in rows(sheet.text)] == [item["hash"] for item in items][:-1]
    assert next(i["no"] for i in items if i["stream"] == "acts") == 1
    chains: dict[str, Chain] = {}
    for item in sorted(items, key=lambda item: item["seq"]):
        chain = chains.setdefault(item["stream"], Chain(item["stream"]))
        chain.follow(item["no"], item["body"], item["prev_hash"], item["hash"])
    assert set(chains) == {"acts", "data/lyon", "data/lille"}
    assert genesis("acts") != chains["acts"].head
    corrected = next(row for row in rows(sheet.text) if row["kind"] == "correct")
    assert "Average pain: 57 → 12" in corrected["changed"]


def test_a_sheet_takes_no_formula(stage: Stage) -> None:
    trial.save(
        stage, Who.OWN, factories.diary(stage.deployment.study), texts={"note": '=1+1;"x"\r\ny'}
    )
    trial.void(stage, stage.cast.record_ids[Who.OTHER], 1)
    sheet = stage.client(Who.CLINICIAN).get("/desk/trail.csv").text
    assert not any(
        cell.startswith(("=", "+", "@", "-")) for row in rows(sheet) for cell in row.values()
    )
    assert any("=1+1" in row["texts"] for row in rows(sheet))


def test_words_of_letters_are_for_the_team_and_the_inspector(stage: Stage) -> None:
    scenes.lettered(stage, Who.OWN)
    words = "J’avais pris deux comprimés"
    assert words in look(stage, kind="request.asked")
    assert words in look(stage, Who.INSPECTOR, kind="request.asked")
    for who in (Who.MONITOR, Who.DATA_MANAGER):
        assert "the site's team reads them" in look(stage, who, kind="request.asked").replace(
            "’", "'"
        )
        sheet = stage.client(who).get("/desk/trail.csv").text
        lines = stage.client(who).get("/desk/trail.ndjson").text
        assert words not in sheet + lines
        asked = [i for i in map(json.loads, lines.split("\n")[:-1]) if i["op"] == "request.asked"]
        assert [item["text_salt"] for item in asked if item["texts"]] == [{"words": None}]
        texts = {"words": None}
        assert all(check_texts(i, texts, i["text_salt"]) for i in asked if i["texts"])


def test_an_export_asks_for_both_factors_again(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    answer = stage.client(Who.CLINICIAN).get("/desk/trail.csv")
    assert answer.headers["location"] == "/desk/confirm?next=%2Fdesk%2Ftrail.csv"


@pytest.mark.trust(8)
def test_a_review_finds_what_deserves_a_look(stage: Stage) -> None:
    study = stage.deployment.study
    for day in range(9, 3, -1):
        stage.clock.now = NOW - timedelta(days=day)
        trial.save(stage, Who.OWN, factories.diary(study, average=44))
    stage.clock.now = NOW - timedelta(days=3) + timedelta(hours=6, minutes=15)  # 01:45 in Lyon
    trial.save(stage, Who.OWN, factories.diary(study, average=50))
    stage.clock.now = NOW
    desk_scenes.sign(stage, Who.OWN)
    desk_scenes.trailed_corrections(stage, Who.OWN)
    found = stage.client(Who.MONITOR).get("/desk/trail/review").text
    counts = {
        code: Page(found.partition(f'id="{code}"')[2].partition("</h2>")[2]).text.split()[0]
        for code in ("late", "at_night", "much_edited", "by_site", "identical", "after_sign_off")
    }
    assert counts == {
        "late": "1",
        "at_night": "1",
        "much_edited": "1",
        "by_site": "2",
        "identical": "1",
        "after_sign_off": "2",
    }
    assert f"/desk/participants/{own(stage)}/days/2026-01-17#record-" in found
    sent = {"site": "lyon", "until_seq": "1", "note": "Two calls made."}
    for who, status in ((Who.MONITOR, 303), (Who.MONITOR, 409), (Who.COORDINATOR, 303)):
        answer = stage.client(who).post("/desk/trail/reviews", data=sent)
        assert answer.status_code == status
    done = look(stage, path="/desk/trail/review")
    assert "Dr monitor 1 Two calls made." in done
    assert [act["details"]["until_seq"] for act in acts(stage, "trail.reviewed")] == [1, 1]
    for wrong in ({"from": "2026-01-02", "to": "2026-01-01"}, {"from": "2025-01-01"}):
        assert stage.client(Who.MONITOR).get("/desk/trail/review", params=wrong).status_code == 422


def test_every_act_that_a_verb_leaves_has_its_words() -> None:
    known = {op for group in ACTS.values() for op in group}
    named = {
        keyword.value.value
        for source in sources("app/services")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "op" and isinstance(keyword.value, ast.Constant)
    }
    assert {op for op in named if "." in str(op)} - known == set()
