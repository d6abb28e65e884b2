from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tune.conftest import events_of

from kaon.data.io import read, write
from kaon.data.space import Choice, Space
from kaon.errors import DataError
from kaon.learn import RunConfig, TrainConfig
from kaon.tune import search
from kaon.tune.workers import make_trials

pytest.importorskip("optuna", reason="needs the extra tune")


def test_two_processes_share_a_search(tmp_path: Path) -> None:
    write(events_of(300), tmp_path / "events.parquet")
    data: dict[str, Any] = {"path": [str(tmp_path / "events.parquet")]}
    config = RunConfig(model="mlp", data=data, train=TrainConfig(epochs=1))
    space: dict[str, Space] = {"hidden": Choice(((4,), (8,), (128, 128, 128)))}
    made, _ = search(read(**data), config, tmp_path / "search", trials=5, space=space, workers=2)
    assert [t.state for t in made.trials] == ["complete"] * 5, "exactly as many as were asked for"
    assert sum(t.default for t in made.trials) == 1


def test_what_a_worker_cannot_do_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "tune.json").write_text("{")
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else None
    with pytest.raises(DataError, match="damaged"):
        make_trials(tmp_path, iter([0]), 1, 1, lambda: None)
    if before is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == before, "no pipe is left open"
