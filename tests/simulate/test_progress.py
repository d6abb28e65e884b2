from __future__ import annotations

import pytest

from kaon.simulate.progress import Progress, progress_bar


def test_the_bar_is_on_standard_error_and_shows_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("making jets") as report:
        report(Progress(jets=0, wanted=40, resumed=0, chunks=0, generated=0))
        report(Progress(jets=40, wanted=40, resumed=10, chunks=3, generated=300))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "making jets" in shown.err
    assert "40/40" in shown.err
    assert "jets/s" in shown.err


def test_whole_events_are_not_called_jets(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("ztautau", "events") as report:
        report(Progress(jets=0, wanted=40, resumed=0, chunks=0, generated=0))
        report(Progress(jets=40, wanted=40, resumed=0, chunks=3, generated=300))
    assert "events/s" in capsys.readouterr().err
