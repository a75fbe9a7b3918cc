"""The study definition: the shipped study loads as DOMAIN says, and every fault is named."""

import re
import shutil
from collections import Counter
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.domain.errors import StudyFault
from app.domain.study import Study, load_study
from app.domain.study.wording import texts_of

FOLDER = Path(__file__).parents[2] / "app" / "studies" / "meso_sdrc"

HEALTH_WORDS = re.compile(
    r"pain|douleur|mal\b|sdrc|crps|étude|study|médic|medic|drug|dose|santé|health|symptom|séance|"
    r"session|patient|trial|essai|hôpital|hospital|clini",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(FOLDER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "study"))


def test_the_shipped_study_has_the_settings_of_the_protocol(study: Study) -> None:
    assert (study.id, study.version, study.code_prefix) == ("meso_sdrc", "2026.1", "MS")
    assert study.participant_name.in_("fr") == "Carnet"
    assert study.participant_name.in_("en") == "Diary"
    assert study.window.opens == time(18)
    assert study.window.grace_until == time(2)
    assert study.window.save_until == time(2, 30)
    assert study.window.medicines_until == time(12)
    assert study.sessions.planned_days == (1, 7, 14, 30)
    assert study.sessions.last_day == 60
    assert (study.baseline.days, study.baseline.minimum) == (7, 4)
    assert study.adherence_target == 80
    assert study.credentials_end_after_days == 30
    assert [item.code for item in study.asked_items] == ["pain_average", "pain_worst"]
    assert [trigger.code for trigger in study.asked_triggers] == ["brush", "pressure", "cold"]
    assert study.session_report.days_after == (0, 1, 2, 3)


def test_alert_rules_hold_the_numbers_of_the_domain(study: Study) -> None:
    pain = study.alerts.pain_high
    assert pain.days_running == 2
    assert tuple(dict(pain.level("vas100")).values()) == (90, 80, 15)
    assert tuple(dict(pain.level("nrs11")).values()) == (9, 8, 2)
    assert study.alerts.mme_rise.times_mean == 1.5
    assert study.alerts.mme_rise.above_mean_mg == 20
    assert study.alerts.mme_rise.complete_days == 4
    assert study.alerts.flare_running.days_running == 2
    assert study.alerts.missed_running.days_running == 2
    assert (study.alerts.few_entries.fewer_than, study.alerts.few_entries.of_days) == (4, 7)
    report = study.session_report
    assert report.codes("emergency") == {"face_or_breathing"}
    assert report.codes("confusion") == {"confusion"}
    assert {"wound_or_pus", "fever", "new_lump"} <= report.codes("infection")
    assert (len(report.items), len(report.weekly_items)) == (14, 3)


@pytest.mark.parametrize(
    ("language", "limb", "period"),
    [
        ("en", "in your right hand", "the **last 24 hours**."),
        ("fr", "dans votre main droite", "des **dernières 24 heures**."),
    ],
)
def test_the_main_question_names_the_limb_in_words(
    study: Study, language: str, limb: str, period: str
) -> None:
    words = study.limbs.words("hand", "right").in_(language)
    asked = study.asked_items[0].on_scale("vas100").in_(language).format(limb=words)
    assert limb in asked
    assert asked.endswith(period)


def test_places_are_those_of_the_domain_and_each_code_stands_once(study: Study) -> None:
    zones = study.zone_set
    assert len(zones.codes("hand")) == len(zones.hand) == 12
    assert len(zones.codes("foot")) == len(zones.foot) == 14
    views = {zone.code: zone.views for zone in (*zones.hand, *zones.foot)}
    assert views["hand.palm"] == views["foot.top"] == views["foot.shin"] == ("front",)
    assert views["hand.back"] == views["foot.sole"] == views["foot.calf"] == ("back",)
    assert views["hand.thumb"] == ("front", "back")


def test_the_formulary_has_every_row_and_opioid_of_the_domain(study: Study) -> None:
    boxes = study.formulary.medicines
    assert len({box.atc for box in boxes}) == 33
    opioids = {part.opioid for box in boxes for part in box.ingredients if part.opioid}
    assert opioids == {
        *("buprenorphine", "codeine", "dihydrocodeine", "fentanyl", "hydromorphone"),
        *("methadone", "morphine", "opium", "oxycodone", "tapentadol", "tramadol"),
    }
    strengths = Counter(box.name for box in boxes)
    assert (strengths["Skenan LP"], strengths["OxyContin LP"], strengths["Lyrica"]) == (5, 9, 8)


@pytest.mark.parametrize(
    ("code", "mg"),
    [
        ("topalgic-gouttes-100-mg-ml-drop", "2.5"),
        ("oramorph-gouttes-20-mg-ml-drop", "1.25"),
        ("klipal-50-mg-600-mg-tablet", "50"),
        ("ixprim-37-5-mg-325-mg-tablet", "37.5"),
        ("temgesic-0-2-mg-tablet", "0.2"),
    ],
)
def test_a_unit_holds_exactly_what_the_box_says(study: Study, code: str, mg: str) -> None:
    box = study.formulary.find(code)
    assert box is not None
    assert box.ingredients[0].mg_per_unit == Decimal(mg)


def test_a_patch_has_a_rate_and_codeine_names_its_salt(study: Study) -> None:
    patch = study.formulary.find("durogesic-25-ug-h-patch")
    klipal = study.formulary.find("klipal-50-mg-600-mg-tablet")
    assert patch is not None
    assert patch.ug_per_h == Decimal(25)
    assert klipal is not None
    assert "36.8 mg base" in (klipal.ingredients[0].salt or "")
    assert study.formulary.find("no-such-box") is None


def test_reminders_hold_no_word_of_health(study: Study) -> None:
    for _, text in (*texts_of(study.reminders), *texts_of(study.test_message)):
        for sentence in text.sentences().values():
            assert not HEALTH_WORDS.search(sentence), sentence
    for sentence in study.participant_name.sentences().values():
        assert not HEALTH_WORDS.search(sentence), sentence


def test_the_notice_on_data_names_no_illness(study: Study) -> None:
    """Whoever holds the phone may read it, before any code is typed."""
    for _, text in texts_of(study.privacy):
        for sentence in text.sentences().values():
            assert not re.search(r"pain|douleur|sdrc|crps|ketamin|kétamin", sentence, re.IGNORECASE)


def test_french_keeps_its_spaces_and_no_apostrophe_is_straight(study: Study) -> None:
    for key, text in texts_of(study):
        assert not re.search(r"[^\u00a0\u202f][?!;:](\s|$)", text.fr), key
        assert not re.search(r" [?!;:]", text.en), key
        assert "'" not in text.fr + text.en, key


def test_the_study_cannot_be_changed(study: Study) -> None:
    with pytest.raises(ValidationError):
        study.window.opens = time(17)  # type: ignore[misc]


Fault = tuple[str, str, str, str, str]
STUDY, ZONES, FORMULARY = "study.toml", "zones.toml", "formulary.toml"
FAULTS: list[Fault] = [
    (
        STUDY,
        "unconfirmed_after_days = 3",
        "unconfirmed_after_days = 0",
        "unconfirmed_after_days",
        "1",
    ),
    (STUDY, 'code_prefix = "MS"', "", "code_prefix", "is missing"),
    (STUDY, 'code_prefix = "MS"', 'code_prefix = "ms"', "code_prefix", "pattern"),
    (
        STUDY,
        "credentials_end_after_days = 30",
        "credentials_end_after_days = 0",
        "credentials_end_after_days",
        "1",
    ),
    (STUDY, "adherence_target = 80", "adherence_target = true", "adherence_target", "integer"),
    (STUDY, "adherence_target = 80", 'adherence_target = "80"', "adherence_target", "integer"),
    (STUDY, "adherence_target = 80", "adherence_target = 101", "adherence_target", "100"),
    (STUDY, "own_scores_hidden", "own_score_hidden", "own_scores_hidden", "is missing"),
    (STUDY, 'id = "meso_sdrc"', 'id = "meso_sdrc"\ncolour = 1', "colour", "not a known key"),
    (STUDY, ', en = "no pain"', "", "anchors.low.en", "is missing"),
    (STUDY, 'en = "no pain"', 'en = ""', "anchors.low.en", "pattern"),
    (STUDY, 'en = "no pain"', 'en = "no pain", de = "x"', "anchors.low.de", "not a language"),
    (STUDY, '["fr", "en"]', '["fr", "en", "de"]', "title.de", "is missing"),
    (STUDY, '["fr", "en"]', '["fr"]', "languages", "needs fr and en"),
    (STUDY, '["fr", "en"]', '["fr", "en", "fr"]', "languages", "fr stands twice"),
    (STUDY, "your **average** pain in {limb}", "your pain", "items[0].vas100", "placeholders"),
    (STUDY, "in {limb} over", "in {lmib} over", "items[0].vas100", "unknown placeholder {lmib}"),
    (STUDY, "in {limb} over", "in {limb over", "items[0].vas100", "expected '}'"),
    (STUDY, "**average**", "**average", "items[0].vas100", "does not close"),
    (
        STUDY,
        "accepted_versions = [",
        "accepted_versions = ['2025.1'] #",
        "accepted_versions",
        "own",
    ),
    (STUDY, "opens = 18:00:00", 'opens = "18:00"', "window.opens", "time"),
    (STUDY, "save_until = 02:30:00", "save_until = 01:30:00", "window.save_until", "grace_until"),
    (
        STUDY,
        "medicines_until = 12",
        "medicines_until = 18",
        "window.medicines_until",
        "next window",
    ),
    (STUDY, "grace_until = 02", "grace_until = 19", "window.grace_until", "next window opens"),
    (STUDY, "[1, 7, 14, 30]", "[1, 14, 7, 30]", "sessions.planned_days", "do not rise"),
    (STUDY, "last_day = 60", "last_day = 30", "sessions.last_day", "before the last session"),
    (STUDY, "[0, 1, 2, 3]", "[0, 1, 1]", "session_report.days_after", "do not rise"),
    (STUDY, "minimum = 4", "minimum = 8", "baseline.minimum", "more than the days"),
    (
        STUDY,
        "substantial_percent = 50",
        "substantial_percent = 30",
        "flags.substantial_percent",
        "",
    ),
    (STUDY, 'code = "pressure"', 'code = "brush"', "triggers", "brush stands twice"),
    (STUDY, 'code = "pain_worst"', 'code = "pain_average"', "items", "pain_average stands twice"),
    (STUDY, 'code = "pain_worst"', 'code = "mood"', "items[1].code", "pain_average"),
    (STUDY, "on = true\n\n[items.vas100]", "on = false\n[items.vas100]", "items", "must be on"),
    (STUDY, 'axis = "thermal"', 'axis = "warm"', "triggers[2].axis", "thermal"),
    (STUDY, "at_least = 90", "at_least = 101", "alerts.pain_high.vas100", "ends at 100"),
    (STUDY, "at_least = 9,", "at_least = 11,", "alerts.pain_high.nrs11", "ends at 10"),
    (STUDY, "at_least = 90", "at_least = -1", "alerts.pain_high.vas100.at_least", "greater"),
    (STUDY, "times_mean = 1.5", "times_mean = 0.5", "alerts.mme_rise.times_mean", "greater"),
    (STUDY, "of_days = 7", "of_days = 3", "alerts.few_entries.of_days", "less than fewer_than"),
    (STUDY, "[alerts.unreachable]", "[alerts.unreachible]", "alerts.unreachable", "is missing"),
    (STUDY, "at = 19:00:00", "at = 21:30:00", "reminders", "order of their times"),
    (STUDY, "at = 19:00:00", "at = 17:30:00", "reminders", "opening comes before"),
    (STUDY, 'number = "15"', 'number = "1-5"', "emergency.numbers[0].number", "pattern"),
    (STUDY, "\nhelper = {", "\nhelpers = {", "wording", "helper is missing"),
    (
        STUDY,
        "\nhelper = {",
        "\njoke = { fr = 'x', en = 'x' }\nhelper = {",
        "wording",
        "joke is not",
    ),
    (STUDY, 'version = "2026.1"', 'version = "2026.1', "(file)", "not valid TOML"),
    (ZONES, 'code = "hand.index"', 'code = "hand.thumb"', "hand", "hand.thumb stands twice"),
    (ZONES, 'code = "hand.index"', 'code = "foot.index"', "hand", "not a place of the hand"),
    (ZONES, '["front", "back"]', '["front", "front"]', "hand[0].views", "front stands twice"),
    (ZONES, '["front", "back"]', '["side"]', "hand[0].views[0]", "front"),
    (ZONES, 'fr = "Pouce", ', "", "hand[0].label.fr", "is missing"),
    (FORMULARY, '"N02BE01"', '"N2BE01"', "products[0].atc", "pattern"),
    (FORMULARY, ", mg = [37.5, 325]", "", "products[21].boxes", "says neither mg nor ug_per_h"),
    (FORMULARY, "[37.5, 325]", "[37.5]", "products[21].boxes", "for each ingredient"),
    (FORMULARY, "[37.5, 325]", "[0, 325]", "products[21].boxes[0].mg[0]", "greater than 0"),
    (FORMULARY, ", ug_per_h = 12", "", "products[36].boxes", "12 µg/h holds an opioid"),
    (
        FORMULARY,
        'opioid = "opium"',
        'opioid = "poppy"',
        "products[25].ingredients[0].opioid",
        "opium",
    ),
    (FORMULARY, 'unit = "tablet"', 'unit = "pill"', "products", "unknown unit pill"),
    (FORMULARY, 'route = "oral"', 'route = "mouth"', "products", "unknown route mouth"),
    (FORMULARY, '"Efferalgan"', '"Doliprane"', "products", "doliprane-500-mg-tablet stands twice"),
]


@pytest.mark.parametrize(("file", "before", "after", "key", "reason"), FAULTS)
def test_a_fault_stops_the_load_and_names_file_key_and_reason(
    folder: Path, file: str, before: str, after: str, key: str, reason: str
) -> None:
    content = (folder / file).read_text(encoding="utf-8")
    assert before in content
    (folder / file).write_text(content.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(StudyFault) as caught:
        load_study(folder)
    assert caught.value.file == file
    assert caught.value.key == key
    assert reason in caught.value.reason
    assert str(caught.value) == f"{file}: {key}: {caught.value.reason}"


@pytest.mark.parametrize("file", [STUDY, ZONES, FORMULARY])
def test_an_absent_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(StudyFault, match=re.escape(file)):
        load_study(folder)


def test_a_third_language_needs_only_its_words(folder: Path) -> None:
    for file in (STUDY, ZONES, FORMULARY):
        content = (folder / file).read_text(encoding="utf-8")
        content = content.replace('["fr", "en"]', '["fr", "en", "de"]')
        # Every English sentence, inline or on its own line, gets a German neighbour.
        inline = re.sub(r'(, en = )("[^"]*")', r"\1\2, de = \2", content)
        lines = re.sub(r'(?m)^(en = )("[^"]*")', r"\1\2\nde = \2", inline)
        (folder / file).write_text(lines, encoding="utf-8")
    assert load_study(folder).anchors.low.in_("de") == "no pain"


def test_a_language_that_the_study_lacks_is_an_error(study: Study) -> None:
    with pytest.raises(KeyError):
        study.title.in_("de")
