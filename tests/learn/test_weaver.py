from __future__ import annotations

import os
import pickle
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


def reference(part: str, path: Path = REFERENCE) -> dict[str, Tensor]:
    return {k.removeprefix(part): v for k, v in load_file(path).items() if k.startswith(part)}


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
    with pytest.raises(BundleError, match=r"more than tensors, or is damaged; nothing in it was run$"):
        read_state("harm.pt")
    assert not Path("harm").exists()


@pytest.mark.parametrize("content", [None, b"", b"some text\n", [1, 2], {}, {"a": 1}, {1: torch.ones(2)}])
def test_files_that_hold_no_weights(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    said = {type(None): "cannot be read: No such file", bytes: "is damaged; nothing in it was run"}
    with pytest.raises(BundleError, match=rf"net\.pt .*{said.get(type(content), 'holds no named tensors')}"):
        read_state(path)


def test_a_pickle_is_refused_in_our_words_only(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(pickle.dumps({"weight": [1.0, 2.0], "made": Path("here")}))
    with pytest.raises(BundleError) as caught:
        read_state(path)
    assert "weights_only" not in str(caught.value)
    assert not recwarn


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("part", "blocks.0.c_attn"),
        ("part", "pair_embed.embed.1.weight"),
        ("particle_net", "edge_convs.0.convs.0.weight"),
        ("particle_net", "bn_fts.weight"),
    ],
)
@pytest.mark.parametrize("shape", [(), (3,), (4, 2, 1, 1)])
def test_parts_of_a_state_are_told_from_a_network(model: str, name: str, shape: Any, tmp_path: Path) -> None:
    path = tmp_path / "part.safetensors"
    save_file({name: torch.ones(shape)}, path)
    with pytest.raises(BundleError, match=r"state of weaver-core|parts of"):
        import_weaver(path, model, classes=("a", "b"))


@pytest.mark.parametrize("model", ["part", "particle_net"])
def test_a_state_that_lacks_a_weight_is_refused(model: str, tmp_path: Path) -> None:
    whole = reference("state.", REFERENCE.with_name(f"weaver-{model}.safetensors"))
    path = tmp_path / "part.safetensors"
    classes = ("a", "b") if model == "particle_net" else tuple("abc")
    for name in (name for name in whole if ".0." in name):  # of equal blocks, the first
        save_file({n: value for n, value in whole.items() if n != name}, path)
        with pytest.raises(BundleError):
            import_weaver(path, model, classes=classes)


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
