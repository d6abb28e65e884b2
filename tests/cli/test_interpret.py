"""`kaon interpret` on a network of a few pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kaon.data.io import write
from kaon.learn import TrainConfig, train
from kaon.simulate.toys.shapes import shapes

pytest.importorskip("captum")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("interpret")
    events = shapes(90, size=16)
    config = TrainConfig(epochs=1, batch_size=16)
    tagger = train("conv_classifier", events, None, config, options={"filters": [4, 4], "hidden": 8})
    write(events, home / "shapes.h5")
    return tagger.save(home / "net.kaon"), home / "shapes.h5"


def test_a_network_is_looked_into(kaon: Any, files: tuple[Path, Path]) -> None:
    result = kaon("interpret", *files, "-o", "out", "--patches", 4, "--steps", 4, "--layer", 1, "--json")
    assert result.code == 0, result.err
    found = result.json
    assert found["classes"] == ["circle", "square", "triangle"]
    assert [layer["convolution"] for layer in found["layers"]] == [1]
    assert found["events"] == 90
    assert found["shown"]
    assert all(
        Path("out", name).exists() for name in ("report.html", "filters.png", "patches_1.pdf", "correlation.png")
    )


def test_what_is_missing_is_named(kaon: Any, files: tuple[Path, Path]) -> None:
    model, data = files
    assert kaon("interpret", model).code == 2
    wrong = kaon("interpret", model, data, "--layer", 9)
    assert wrong.code == 2
    assert "convolutions 0 to 1" in wrong.err
    assert not Path("interpretation").exists()
