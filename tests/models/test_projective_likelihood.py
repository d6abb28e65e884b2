from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kaon.data import Batch, Events, Input, InputSpec
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.learn.train import train
from kaon.models.projective_likelihood import ProjectiveLikelihood


def net(features: int, outputs: int = 2, **options: Any) -> ProjectiveLikelihood:
    torch.manual_seed(0)
    return ProjectiveLikelihood(InputSpec((Input("features", (features,)),)), outputs, **options)


def logits(model: ProjectiveLikelihood, x: NDArray[Any]) -> NDArray[np.float64]:
    with torch.no_grad():
        made: NDArray[np.float64] = model({"features": torch.from_numpy(x.astype(np.float32))}).double().numpy()
    return made


def shifted(events: int, seed: int = 0, correlation: float = 0.0) -> Batch:
    """Two Gaussian classes, the second shifted by (1, 0.5)."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, events)
    x = random.normal(size=(events, 2)) @ np.linalg.cholesky([[1, correlation], [correlation, 1]]).T
    return Batch({"features": (x + target[:, None] * [1.0, 0.5]).astype(np.float32)}, target)


def test_it_is_the_likelihood_ratio_of_independent_features() -> None:
    model = net(2)
    model.solve(shifted(100_000), None)
    x = np.stack(np.meshgrid(np.linspace(-1, 2, 7), np.linspace(-1, 1.5, 7)), -1).reshape(-1, 2)
    exact = x @ [1.0, 0.5] - 0.5 * (1.0 + 0.25)
    found = logits(model, x) @ [-1, 1]
    np.testing.assert_allclose(found, exact, atol=0.15)


def test_discrete_features_give_the_ratio_of_frequencies() -> None:
    random = np.random.default_rng(0)
    tables = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]])
    target = random.integers(0, 3, 5000)
    value = (random.random(5000)[:, None] > tables[target].cumsum(1)).sum(1)
    model = net(1, 3, pseudo_events=1e-9)
    model.solve(Batch({"features": 2.5 * value[:, None].astype(np.float32)}, target), None)
    counts = np.zeros((3, 3))
    np.add.at(counts, (value, target), 1)
    found = torch.from_numpy(logits(model, 2.5 * np.arange(3)[:, None])).softmax(1)
    np.testing.assert_allclose(found, counts / counts.sum(1, keepdims=True), atol=1e-4)


def test_a_weight_of_two_is_two_events_and_a_negative_one_takes_one_away() -> None:
    batch = shifted(3000)
    extra = shifted(300, seed=1)
    twice = np.arange(3000) % 3 == 0
    options: dict[str, Any] = {"pseudo_events": 1e-9, "bins": 10, "smooth": 0}
    for one, two in (
        (batch.take(np.repeat(np.arange(3000), 1 + twice)), Batch(batch.inputs, batch.target, 1.0 + twice)),
        (batch, joined(batch, extra, extra, weights=(1, 1, -1))),
    ):
        models = net(2, **options), net(2, **options)
        for model, sample in zip(models, (one, two), strict=True):
            model.solve(sample, None)
        x = shifted(500, seed=2).inputs["features"]
        # The bins are of all events, and differ a little where events were taken away.
        difference = np.abs(logits(models[0], x) - logits(models[1], x))
        assert np.median(difference) < 0.02
        assert difference.mean() < 0.05


def joined(*parts: Batch, weights: tuple[float, ...]) -> Batch:
    x = np.concatenate([part.inputs["features"] for part in parts])
    weight = np.repeat(np.array(weights, float), [len(part) for part in parts])
    return Batch({"features": x}, np.concatenate([part.labels for part in parts]), weight)


def test_decorrelation_finds_the_fisher_direction_of_correlated_gaussians() -> None:
    train, test = (shifted(20_000, seed, correlation=0.9) for seed in (0, 1))
    found = {}
    for decorrelate in (False, True):
        model = net(2, decorrelate=decorrelate)
        model.solve(train, None)
        found[decorrelate] = auc(logits(model, test.inputs["features"]) @ [-1, 1], test.labels)
    direction = np.linalg.solve([[1, 0.9], [0.9, 1]], [1.0, 0.5])
    best = auc(test.inputs["features"] @ direction, test.labels)
    assert found[False] < found[True] - 0.02
    assert found[True] > best - 0.01


def test_class_fractions_are_the_prior() -> None:
    batch = shifted(4000)
    model, tilted = net(2), net(2)
    model.solve(batch, None)
    tilted.solve(Batch(batch.inputs, batch.target, np.where(batch.labels == 1, 5.0, 1.0)), None)
    x = batch.inputs["features"]
    np.testing.assert_allclose((logits(tilted, x) - logits(model, x)) @ [-1, 1], np.log(5), atol=1e-3)


def test_the_loss_it_reports_and_nothing_to_learn_from_noise() -> None:
    random = np.random.default_rng(0)
    noise = Batch({"features": random.normal(size=(20_000, 3)).astype(np.float32)}, random.integers(0, 2, 20_000))
    (row,) = net(3).solve(noise, noise)
    assert row["train_loss"] == row["validation_loss"]
    assert np.log(2) - 0.01 < row["train_loss"] <= np.log(2)


def test_constant_features_and_far_values_are_defined() -> None:
    batch = shifted(500)
    x = np.concatenate([batch.inputs["features"], np.full((500, 1), 3.0, np.float32)], 1)
    for decorrelate in (False, True):
        model = net(3, decorrelate=decorrelate)
        model.solve(Batch({"features": x}, batch.target), None)
        far = logits(model, np.array([[1e6, -1e6, 3.0], [0.0, 0.0, 1e6]]))
        assert np.isfinite(far).all()
        assert np.ptp(logits(model, x), axis=0).all()


@pytest.mark.parametrize("model", ["likelihood", "likelihood_decorrelated"])
def test_what_it_has_learned_is_exported_as_it_is(model: str, tmp_path: Path) -> None:
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(needed)
    from kaon.deploy import export_onnx

    batch = shifted(2000, correlation=0.5)
    x = np.column_stack([batch.inputs["features"], np.round(batch.inputs["features"])])
    events = Events(ak.zip(dict(zip("abcd", x.T, strict=True))), batch.labels)
    tagger = train(model, events)
    report = export_onnx(tagger, tmp_path / "likelihood.onnx", data=tagger.representation.transform(events))
    assert report.max_difference is not None
    assert report.max_difference <= 1e-5


@pytest.mark.parametrize("options", [{"bins": 1}, {"smooth": -1}, {"pseudo_events": 0.0}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="needed: features of shape"):
        net(2, **options)


def test_weights_that_leave_nothing() -> None:
    batch = shifted(100)
    for weight in (np.where(batch.labels == 1, 0.0, 1.0), np.where(batch.labels == 1, -1.0, 1.0)):
        with pytest.raises(DataError, match="needs a sum above 0 in each"):
            net(2).solve(Batch(batch.inputs, batch.target, weight), None)
