"""How long a diary took: the median by how much was asked; what nobody measured does not count."""

from pathlib import Path

import app.studies
from app.domain.figures import Length, Tempo, tempos
from app.domain.records import DiaryPayload, Kind, read_payload
from app.domain.study import load_study
from tests import factories

STUDY = load_study(Path(app.studies.__file__).parent / "meso_sdrc")


def payload(**changes: object) -> DiaryPayload:
    said = read_payload(Kind.DIARY, factories.diary(STUDY) | changes)
    assert isinstance(said, DiaryPayload)
    return said


USUAL = payload(allodynia={"status": "answered", "value": "yes"})
SHORT = payload(allodynia={"status": "answered", "value": "avoided"})
FLARE = payload(flare=True, allodynia={"status": "skipped_flare"})


def test_each_length_has_its_own_median() -> None:
    saved = [(USUAL, 60.0), (USUAL, 100.0), (USUAL, 80.0), (SHORT, 30.0), (FLARE, 9.0)]
    assert tempos(saved) == (
        Tempo(Length.FLARE, 9.0, 1),
        Tempo(Length.SHORT, 30.0, 1),
        Tempo(Length.USUAL, 80.0, 3),
    )


def test_what_was_not_measured_is_left_out() -> None:
    assert tempos([(USUAL, 0.0)]) == ()
    assert tempos([(SHORT, 0.0), (SHORT, 41.0)]) == (Tempo(Length.SHORT, 41.0, 1),)
