from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np

from kaon.data import Events
from kaon.learn.config import TrainConfig
from kaon.studies.ztautau.learners import FOLDS, Learner, scores

rng = np.random.default_rng(0)
N = 1500
TARGET = np.arange(N) % 2
EVENTS = Events(
    ak.Array({"x": rng.normal(size=N) + 2 * TARGET, "process": np.where(TARGET == 1, 2, np.arange(N) // 2 % 2)}),
    TARGET,
    rng.uniform(0.5, 2, N),
)


def test_events_of_the_training() -> None:
    everything = Learner("a", "bdt", ("x",)).training(EVENTS)
    assert len(everything) == N
    some = Learner("b", "bdt", ("x",), weighted=False, processes=(1,)).training(EVENTS)
    assert some.weight is None
    assert set(np.asarray(some["process"]).tolist()) == {1, 2}
    assert (np.asarray(some["process"]) == 2).sum() == N // 2, "all of the signal"


def test_every_event_is_scored_by_a_model_that_never_saw_it(tmp_path: Path) -> None:
    """Labels of noise: a model that had seen them would do better than a guess."""
    guess = Events(EVENTS.array, rng.permutation(TARGET), EVENTS.weight)
    told: list[float] = []
    config = TrainConfig(threads=1)
    learner = Learner("a", "bdt", ("x",), processes=(0, 1))
    found = scores(learner, guess, config, tmp_path, lambda done, total, row: told.append(done / total))
    assert abs(np.corrcoef(found, guess.labels)[0, 1]) < 0.1
    seen = np.corrcoef(scores(learner, EVENTS, config, tmp_path / "other"), EVENTS.labels)[0, 1]
    assert seen > 0.5
    assert told == sorted(told)
    assert told[-1] <= 1
    assert len(list(tmp_path.glob("fold*/bundle.kaon"))) == FOLDS
    np.testing.assert_array_equal(scores(learner, guess, config, tmp_path), found)
