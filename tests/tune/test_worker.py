from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.tune.conftest import events_of

from kaon.data.io import write
from kaon.data.space import Choice, Space
from kaon.errors import DataError
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.tune.objective import Objective
from kaon.tune.setup import Setup
from kaon.tune.storage import opened
from kaon.tune.worker import serve

pytest.importorskip("optuna", reason="needs the extra tune")


@pytest.fixture
def claimed(tmp_path: Path) -> Path:
    """A folder with the settings of a search on a file."""
    from kaon.data.io import read

    write(events_of(300), tmp_path / "events.parquet")
    data: dict[str, Any] = {"path": [str(tmp_path / "events.parquet")]}
    config = RunConfig(model="mlp", data=data, train=TrainConfig(epochs=1))
    events = Parts.of(read(**data), config.split, config.split_seed).digest
    space: dict[str, Space] = {"hidden": Choice(((4,), (8,)))}
    home = tmp_path / "search"
    Setup(config, space, Objective(), "none", events).claim(home)
    return home


def test_it_makes_the_trials_it_is_told_and_says_so(claimed: Path) -> None:
    answer = io.StringIO()
    with opened(Setup.load(claimed), claimed) as store:
        numbers = [store.begin(ticket, alone=False).trial.number for ticket in (0, 1)]
    serve(claimed, iter(numbers), answer)
    assert [json.loads(line) for line in answer.getvalue().splitlines()] == [{"ready": True}, {"done": 0}, {"done": 1}]
    with opened(Setup.load(claimed), claimed) as store:
        assert [t.state for t in store.trials] == ["complete", "complete"]


def test_it_refuses_files_that_have_changed(claimed: Path) -> None:
    write(events_of(300, seed=1), claimed.parent / "events.parquet")
    with pytest.raises(DataError, match="have changed"):
        serve(claimed, iter([0]), io.StringIO())
