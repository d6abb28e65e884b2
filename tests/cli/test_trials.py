from __future__ import annotations

import pytest

from kaon.cli.output import Output
from kaon.cli.trials import TrialsMonitor, standing
from kaon.tune import Trial

DONE = Trial(0, "complete", {}, 0.8, seconds=2.0)
TRIALS = (
    DONE,
    Trial(1, "pruned", {}, None, (1, 2), (0.1, 0.2)),
    Trial(2, "failed", {}, error="no"),
    Trial(3, "running", {}, None, (4,), (0.1,)),
)


def test_how_far_a_search_is() -> None:
    assert (
        standing(TRIALS, 9, 75)
        == "3 of 9 trials, best 0.8 (trial 0), 1 pruned, 1 failed, running 3 at 4, 1 min 15 s left"
    )
    assert standing((), 9) == "0 of 9 trials"


def test_a_log_has_a_line_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    with TrialsMonitor(Output()) as monitor:
        monitor((), 4)
        monitor(TRIALS[:1], 4)
        monitor(TRIALS, 4)
        monitor(TRIALS, 4)
        monitor.finishing(1, 2, {})
        monitor.finishing(2, 2, {})
    assert capsys.readouterr().err.splitlines() == [
        "trial 0: 0.8, the best so far (2 s)",
        "trial 1: pruned after 2 (0 s)",
        "trial 2: failed: no (0 s)",
        "training with the best settings once more, and measuring it on test events",
    ]


def test_what_was_made_before_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with TrialsMonitor(Output()) as monitor:
        monitor(TRIALS, 4)
    assert capsys.readouterr().err.splitlines() == ["3 of 4 trials were made before"]
