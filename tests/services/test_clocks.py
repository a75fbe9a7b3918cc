"""The machine's clock is held against the database's and the ledger's last instant."""

from datetime import timedelta

import pytest

from app.commands.operating import require_sound_clock
from app.domain.access import SYSTEM
from app.domain.errors import WrongState
from app.routers.deps import utc_now
from app.services import clocks
from app.store import ledger
from tests.people import NOW, Stage, settings_for


@pytest.mark.trust(13)
def test_a_clock_well_before_the_last_change_is_refused(stage: Stage) -> None:
    with stage.database.read() as session:
        assert clocks.require_sound(session, NOW).behind_ledger_s == 0
        for behind, is_refused in ((timedelta(minutes=4), False), (timedelta(minutes=6), True)):
            reading = clocks.read(session, NOW - behind)
            assert (reading.behind_ledger_s, reading.is_off) == (behind.total_seconds(), True)
            if is_refused:
                with pytest.raises(WrongState, match="clock_behind"):
                    clocks.require_sound(session, NOW - behind)


def test_a_clock_is_held_against_the_databases_own(stage: Stage) -> None:
    present = utc_now()
    with stage.database.read() as session:
        reading = clocks.read(session, present + timedelta(minutes=2))
    if stage.database.is_sqlite:
        assert reading.offset_s is None
        assert not reading.is_off
    else:
        assert reading.offset_s is not None
        assert 115 < reading.offset_s <= 120
        assert reading.is_off


def test_the_start_refuses_unless_it_is_told_to_trust(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for("sqlite://")
    with stage.database.write() as session:
        ahead = utc_now() + timedelta(minutes=30)
        ledger.queue_act(session, actor=SYSTEM, op="trail.exported", now=ahead)
    with pytest.raises(WrongState, match="clock_behind"):
        require_sound_clock(settings, stage.database)
    require_sound_clock(settings.model_copy(update={"trust_clock": True}), stage.database)
    assert "CLOCK OF THIS MACHINE IS OFF" in capsys.readouterr().err
