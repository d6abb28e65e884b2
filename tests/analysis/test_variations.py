from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from kaon.analysis import analyse
from kaon.analysis.config import load_config
from kaon.analysis.samples import sample_of
from kaon.analysis.variations import varied_samples, varied_weights
from kaon.errors import UnknownName

RNG = np.random.default_rng(5)
COLUMNS = {"x": RNG.uniform(0, 4, 400), "w": RNG.uniform(0.5, 1.5, 400)}
COLUMNS["w_up"] = COLUMNS["w"] * (1 + 0.1 * COLUMNS["x"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("varied")
    shifted = {**COLUMNS, "x": COLUMNS["x"] * 1.1}
    for name, columns in (("z", COLUMNS), ("tt", COLUMNS), ("z_up", shifted), ("bad", {"w": COLUMNS["w"]})):
        with uproot.recreate(place / f"{name}.root") as file:
            file.mktree("tree", {n: v.dtype for n, v in columns.items()}).extend(columns)
    return place


def responses(folder: Path, systematic: dict[str, Any], process: str = "z") -> Any:
    """What a systematic does to the bins of one process, (bins,)."""
    config = {
        "weight": "w",
        "processes": {"z": "z.root", "tt": "tt.root"},
        "regions": {"all": "x > 0"},
        "histograms": {"x": {"bins": [4, 0, 4]}},
        "systematics": {"s": systematic},
    }
    found = analyse(config, data=folder).histograms["all"]["x"][process]
    return found.values, found.responses.get("s", np.zeros((1, 4)))[0]


def test_a_normalisation_scales_all_bins(folder: Path) -> None:
    values, response = responses(folder, {"normalisation": 0.05})
    np.testing.assert_allclose(response, 0.05 * values)
    values, response = responses(folder, {"normalisation": [0.1, 0.2], "processes": "tt"}, "tt")
    np.testing.assert_allclose(response, 0.15 * values)
    assert not responses(folder, {"normalisation": 0.1, "processes": ["tt"]})[1].any()


def test_other_weights_and_factors(folder: Path) -> None:
    up = np.histogram(COLUMNS["x"], np.arange(5), weights=COLUMNS["w_up"])[0]
    for systematic in ({"weight": {"up": "w_up"}}, {"factor": {"up": "1 + 0.1 * x"}}):
        values, response = responses(folder, systematic)
        np.testing.assert_allclose(response, up - values)
    values, response = responses(folder, {"weight": {"up": "w_up", "down": "w"}})
    np.testing.assert_allclose(response, (up - values) / 2)


def test_other_files(folder: Path) -> None:
    shifted = np.histogram(np.minimum(COLUMNS["x"] * 1.1, 3.9), np.arange(5), weights=COLUMNS["w"])[0]
    values, response = responses(folder, {"files": {"up": {"z": "z_up.root"}}})
    np.testing.assert_allclose(response, shifted - values)
    assert not responses(folder, {"files": {"up": {"z": "z_up.root"}}}, "tt")[1].any()
    values, response = responses(folder, {"files": {"up": {"tt": "z_up.root"}, "down": {"z": "z_up.root"}}})
    np.testing.assert_allclose(response, values - shifted)


def test_a_file_that_lacks_a_branch_is_told_before_anything_is_read(folder: Path) -> None:
    with pytest.raises(UnknownName, match=r"'x'.*bad.root") as caught:
        responses(folder, {"files": {"up": {"z": "bad.root"}}})
    assert caught.value.__notes__ == ["It is needed for the systematic s (up) of z."]
    with pytest.raises(UnknownName, match="w_upp"):
        responses(folder, {"weight": {"up": "w_upp"}})


def test_what_is_read_for_them(folder: Path) -> None:
    tree = {
        "processes": {"z": {"files": "z.root", "weight": "w"}},
        "regions": {"all": "x > 0"},
        "systematics": {
            "a": {"factor": {"up": "1.1", "down": "0.9"}},
            "b": {"weight": {"up": "w_up"}},
            "c": {"files": {"up": {"z": "z_up.root"}}},
        },
    }
    config = load_config(tree, folder)
    sample = sample_of(config, "z")
    texts = {name: e.text for name, e in varied_weights(config, sample).items()}
    assert texts == {"a.up": "(w) * (1.1)", "a.down": "(w) * (0.9)", "b.up": "w_up"}
    assert list(varied_samples(config, "z")) == [("c", "up")]
