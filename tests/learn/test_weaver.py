from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kaon.data import Batch, Events
from kaon.errors import BundleError, ConfigError, UnknownName
from kaon.learn.tagger import load
from kaon.learn.weaver import TOP_TAGGING, import_weaver, read_state

REFERENCE = Path(__file__).parents[1] / "references" / "weaver-particle_net.safetensors"
WORDS: dict[str, Any] = {"classes": ("top", "qcd"), "options": {"neighbours": 5}}


def reference(part: str) -> dict[str, Tensor]:
    return {k.removeprefix(part): v for k, v in load_file(REFERENCE).items() if k.startswith(part)}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """As weaver writes it: a wrapper's prefix, PyTorch's own format."""
    path = tmp_path / "net_best_epoch_state.pt"
    torch.save({f"module.mod.{name}": value for name, value in reference("state.").items()}, path)
    return path


@pytest.mark.parametrize("signal", [None, "top"])
def test_scores_are_those_of_weaver_core(checkpoint: Path, tmp_path: Path, signal: str | None) -> None:
    tagger = import_weaver(checkpoint, signal=signal, **WORDS)
    assert tagger.classes == (("qcd", "top") if signal else ("top", "qcd"))
    inputs = {name: value.numpy() for name, value in reference("input.").items()}
    item = tagger.spec["features"]
    # What the reference read was standardised before.
    inputs["features"] = (inputs["features"] / np.array(item.scale) + np.array(item.shift)).astype(np.float32)
    expected = reference("output")[""].softmax(1).numpy()
    for made in (tagger, load(tagger.save(tmp_path / "tagger.kaon"))):
        score = made.predict_batch(Batch(inputs))
        np.testing.assert_allclose(score[:, ::-1] if signal else score, expected, rtol=0, atol=1e-5)


def test_the_preprocessing_is_that_of_the_examples(checkpoint: Path, jets: Events) -> None:
    tagger = import_weaver(checkpoint, constituents=20, **WORDS)
    item = tagger.spec["features"]
    for name, shift, scale in zip(item.features, item.shift, item.scale, strict=True):
        assert (shift, scale) == TOP_TAGGING.get(name, (0.0, 1.0))
    assert tagger.representation.options["outward"] is True
    assert tagger.predict(jets).score.shape == (len(jets), 2)
    other = import_weaver(checkpoint, constants={"dr": (0.5, 2)}, outward=False, **WORDS)
    assert list(other.spec["features"].shift) == [0, 0, 0, 0, 0.5, 0, 0]
    assert other.representation.options["outward"] is False


def test_safetensors_are_read_as_well(checkpoint: Path, tmp_path: Path) -> None:
    state = reference("state.")
    save_file(state, tmp_path / "net.safetensors")
    torch.save({"state_dict": state}, tmp_path / "nested.pt")
    for path in (checkpoint, tmp_path / "net.safetensors", tmp_path / "nested.pt"):
        found = read_state(path)
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], state[name]) for name in state)


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harm",)


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(Harm(), "harm.pt")
    with pytest.raises(BundleError, match="not a file of tensors"):
        read_state("harm.pt")
    assert not Path("harm").exists()


@pytest.mark.parametrize("content", [None, b"", b"abc", [1, 2], {}, {"a": 1}])
def test_files_that_hold_no_weights(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(BundleError, match=r"net\.pt"):
        read_state(path)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"model": "pfn"}, ConfigError, "choose one of .*particle_net"),
        ({"model": "particle_nett"}, UnknownName, "particle_net"),
        ({"classes": ("top",)}, ConfigError, "at least two"),
        ({"classes": ("a", "b", "c")}, BundleError, "number of classes"),
        ({"signal": "w"}, ConfigError, "signal=w"),
        ({"constants": {"mass": (0, 1)}}, ConfigError, "allowed"),
        ({"constants": {"dr": (1, 2, 3)}}, ConfigError, "allowed"),
    ],
)
def test_what_does_not_fit_is_told(
    changed: dict[str, Any], error: type[Exception], words: str, checkpoint: Path
) -> None:
    with pytest.raises(error, match=words):
        import_weaver(checkpoint, **(WORDS | changed))
