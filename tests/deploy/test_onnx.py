"""Every registered model, on every representation that it reads, agrees with its ONNX form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.data import Batch, Events, Input, InputSpec
from kaon.deploy.metadata import Metadata
from kaon.deploy.onnx import export_onnx
from kaon.deploy.session import OnnxTagger
from kaon.errors import ConfigError, DataError
from kaon.models.base import Net, Trees
from kaon.registry import origin, variants

onnx = pytest.importorskip("onnx", reason="the extra `deploy` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")

QUICK = ("bdt", "bdt_xgboost", "mlp", "pfn", "topodnn")
"""The conformance suite exports every network with its preferred representation; here stand one of each kind."""

PAIRS = [
    pytest.param(name, representation, marks=() if name in QUICK else pytest.mark.slow)
    for name, made in variants("kaon.models").items()
    for representation in origin(made).representations
]


def smaller(name: str) -> dict[str, Any]:
    """Few trees are enough."""
    return {"trees": 20} if issubclass(origin(variants("kaon.models")[name]), Trees) else {}


@pytest.mark.parametrize(("name", "representation"), PAIRS)
def test_every_model_agrees_with_its_onnx_form(
    name: str, representation: str, make_tagger: Any, jets: Events, tmp_path: Path
) -> None:
    tagger = make_tagger(name, representation, **smaller(name))
    report = export_onnx(tagger, tmp_path / "a.onnx", data=tagger.representation.transform(jets))
    allowed = max(1e-5, 3 * report.rounding)  # each as far from the value in double precision as the check allows
    assert report.max_difference is not None
    assert report.max_difference <= allowed <= 2e-4
    assert report.events > len(jets)
    assert all(shape[0] == "batch" for shape in report.inputs.values())
    assert set(report.inputs) <= set(tagger.spec.names)
    assert report.outputs == {"score": ("batch", 2)}
    theirs, ours = OnnxTagger.load(report.path).predict(jets), tagger.predict(jets)
    np.testing.assert_allclose(theirs.score, ours.score, atol=allowed)
    assert ours.score.std(0).min() > 1e-3  # the comparison is of scores that differ between jets
    np.testing.assert_array_equal(theirs.index, ours.index)
    assert theirs.classes == ours.classes


@pytest.mark.parametrize("name", ["pfn", "bdt"])
def test_three_classes(name: str, make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger(name, classes=3, **smaller(name))
    report = export_onnx(tagger, tmp_path / "a.onnx")
    assert report.outputs == {"score": ("batch", 3)}
    assert report.max_difference is not None
    assert report.max_difference <= 1e-5


def test_constituents_stay_dynamic_and_unused_inputs_are_gone(make_tagger: Any, tmp_path: Path) -> None:
    report = export_onnx(make_tagger("pfn", "point_cloud"), tmp_path / "a.onnx")
    assert report.inputs == {"features": ("batch", "constituents", 7), "mask": ("batch", "constituents")}


def test_the_file_is_valid_old_enough_and_says_nothing_of_this_machine(make_tagger: Any, tmp_path: Path) -> None:
    export_onnx(make_tagger("pfn"), tmp_path / "a.onnx")
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert {i.domain: i.version for i in model.opset_import}[""] == 18
    assert model.producer_name == "kaon"
    assert str(Path(__file__).parents[2]).encode() not in (tmp_path / "a.onnx").read_bytes()
    assert b".py" not in (tmp_path / "a.onnx").read_bytes()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.onnx"]  # no second file of weights


def test_equal_taggers_are_equal_files(make_tagger: Any, tmp_path: Path) -> None:
    for name in ("bdt", "mlp"):
        tagger = make_tagger(name, "jet_features", **smaller(name))
        one, two = (export_onnx(tagger, tmp_path / f"{i}.onnx", check=False).path.read_bytes() for i in range(2))
        assert one == two


def test_exporting_leaves_the_network_as_it_was(make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger("mlp", "jet_features")
    tagger.model.train()
    before = {k: v.clone() for k, v in tagger.model.state_dict().items()}
    export_onnx(tagger, tmp_path / "a.onnx", check=False)
    assert tagger.model.training
    assert all(torch.equal(v, before[k]) for k, v in tagger.model.state_dict().items())


def test_newer_opsets(make_tagger: Any, tmp_path: Path) -> None:
    for name in ("bdt", "mlp"):
        report = export_onnx(make_tagger(name, "jet_features", **smaller(name)), tmp_path / f"{name}.onnx", opset=21)
        assert report.max_difference is not None
    with pytest.raises(ConfigError, match="opset=12"):
        export_onnx(make_tagger("bdt", trees=2), tmp_path / "a.onnx", opset=12)


SPEC = InputSpec((Input("features", (3,)),))


class Unfaithful(Net):
    """Answers differently when it is exported."""

    representations = ("tabular",)

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        super().__init__(spec, outputs)
        self.layer = nn.Linear(spec["features"].width, outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.layer(inputs["features"])
        return logits + torch.tensor([0.0, 1e-3]) if torch.compiler.is_exporting() else logits


class Inexpressible(Unfaithful):
    """Decides by the value of a tensor, which a graph cannot."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.layer(inputs["features"])
        return logits if logits.sum().item() > 0 else -logits


def test_a_model_that_differs_is_not_written(make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger("mlp", "tabular")
    wrong = replace(tagger, model=Unfaithful(tagger.spec, 2))
    (tmp_path / "a.onnx").write_text("before")
    with pytest.raises(DataError, match="differs from the original"):
        export_onnx(wrong, tmp_path / "a.onnx")
    assert (tmp_path / "a.onnx").read_text() == "before"
    assert export_onnx(wrong, tmp_path / "b.onnx", tolerance=1e-2).max_difference == pytest.approx(2.5e-4, rel=0.5)
    assert export_onnx(wrong, tmp_path / "c.onnx", check=False).max_difference is None


def test_a_model_that_onnx_cannot_express_says_so(make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger("mlp", "tabular")
    with pytest.raises(ConfigError, match="Inexpressible cannot be written as ONNX"):
        export_onnx(replace(tagger, model=Inexpressible(tagger.spec, 2)), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_is_a_difference(make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger("mlp", "tabular")
    bad = Batch({"features": np.full((3, 4), np.nan, "float32")})
    with pytest.raises(DataError, match="differs"):
        export_onnx(tagger, tmp_path / "a.onnx", data=bad)


def test_metadata_describe_the_tagger(make_tagger: Any, tmp_path: Path) -> None:
    tagger = make_tagger("pfn", "point_cloud")
    export_onnx(tagger, tmp_path / "a.onnx")
    loaded = OnnxTagger.load(tmp_path / "a.onnx")
    assert loaded.metadata == Metadata.of(tagger)
    assert loaded.spec == tagger.spec
    assert loaded.representation.state() == tagger.representation.state()
