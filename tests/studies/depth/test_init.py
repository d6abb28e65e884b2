from __future__ import annotations

import json
from pathlib import Path

import pytest

from kaon.errors import ConfigError, DataError
from kaon.registry import lookup
from kaon.studies.base import perform


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without MNIST."""
    monkeypatch.delenv("KAON_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_the_smoke_scale_runs_without_mnist(nowhere: Path) -> None:
    result, folder = perform(lookup("kaon.studies", "depth"), "smoke", nowhere)
    names = [row.name for row in result.rows]
    assert names == [
        *("1 convolution", "3 convolutions"),
        *(f"{name}, 4 layers" for name in ("sigmoid", "tanh", "relu", "leaky_relu")),
        *(f"{name}, {way}, 3 layers" for name in ("sigmoid", "relu") for way in ("end to end", "pre-trained")),
    ]
    rows = {row.name: row.values for row in result.rows}
    for name, values in rows.items():
        assert 0 <= (values["accuracy"].obtained or -1) <= 100, name
        assert values["accuracy"].seeds == 2
    sizes = [rows[name]["parameters"].obtained or 0 for name in names[:2]]
    assert sizes == pytest.approx([600, 600], rel=0.1)
    sigmoid = rows["sigmoid, 4 layers"]["initial"]
    assert sigmoid.published == 0.25
    assert 0 < (sigmoid.obtained or 0) < (rows["relu, 4 layers"]["initial"].obtained or 0)
    assert "because MNIST is not on this machine" in result.facts["Pictures"]
    assert len(result.summary) == 4
    assert json.loads((folder / "table.json").read_text())["rows"]
    page = (folder / "report.html").read_text()
    assert all(title in page for title in ("Accuracy against depth", "Before training", "Learning curves"))


def test_a_folder_that_is_named_must_hold_mnist(nowhere: Path) -> None:
    study = lookup("kaon.studies", "depth")
    with pytest.raises(DataError):
        perform(study, "smoke", nowhere, data=[str(nowhere / "none")])
    with pytest.raises(ConfigError, match="wants one folder, that of MNIST"):
        perform(study, "smoke", nowhere / "other", data=["a", "b"])
