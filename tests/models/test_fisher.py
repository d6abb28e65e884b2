from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from kaon.data import Batch, Events, Input, InputSpec
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.train import train
from kaon.models.fisher import FisherDiscriminant
from kaon.substructure.energy_flow import graphs, name_of


def sample(events: int, classes: int, seed: int = 0, features: int = 6) -> Batch:
    """Correlated Gaussian classes with a common covariance, of unequal size."""
    random = np.random.default_rng(seed)
    target = np.minimum(random.integers(0, classes + 1, events), classes - 1)
    mixing = np.random.default_rng(99).normal(size=(features, features))
    means = np.random.default_rng(98).normal(size=(classes, features))
    x = random.normal(size=(events, features)) @ mixing + means[target]
    return Batch({"features": x.astype(np.float32)}, target, index=np.arange(events))


def net(classes: int, width: int = 6, shrinkage: float | None = None, **item: Any) -> FisherDiscriminant:
    return FisherDiscriminant(InputSpec((Input("features", (width,), **item),)), classes, shrinkage=shrinkage)


def logits(model: FisherDiscriminant, batch: Batch) -> NDArray[np.float64]:
    with torch.no_grad():
        made: NDArray[np.float64] = model({"features": torch.from_numpy(batch.inputs["features"])}).double().numpy()
    return made


def test_it_has_a_parameter_a_polynomial_and_one() -> None:
    names = tuple(map(name_of, graphs(7)))
    assert net(2, 1000, features=names).parameter_count == 1001


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("shrinkage", [0.0, 0.2])
def test_it_is_scikit_learns(classes: int, shrinkage: float) -> None:
    batch, test = sample(3000, classes), sample(500, classes, seed=1)
    model = net(classes, shrinkage=shrinkage)
    model.solve(batch, None)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    theirs.fit(batch.inputs["features"].astype(float), batch.labels)
    expected = theirs.predict_proba(test.inputs["features"].astype(float))
    found = torch.from_numpy(logits(model, test)).softmax(1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_shrinkage_of_ledoit_and_wolf() -> None:
    batch = sample(60, 2)
    (row,) = net(2).solve(batch, None)
    x = batch.inputs["features"].astype(float)
    centred = x - np.stack([x[batch.labels == c].mean(0) for c in range(2)])[batch.labels]
    assert row["shrinkage"] == pytest.approx(ledoit_wolf_shrinkage(centred, assume_centered=True), rel=1e-6)
    assert net(2).solve(sample(6000, 2), None)[0]["shrinkage"] < row["shrinkage"] / 20


def test_a_weight_of_two_is_two_events() -> None:
    batch = sample(400, 3)
    twice = np.arange(400) % 3 == 0
    repeated = batch.take(np.repeat(np.arange(400), 1 + twice))
    weighted = Batch(batch.inputs, batch.target, 1.0 + twice, batch.index)
    one, two = net(3, shrinkage=0.01), net(3, shrinkage=0.01)
    one.solve(repeated, None)
    two.solve(weighted, None)
    np.testing.assert_allclose(logits(two, batch), logits(one, batch), atol=1e-4)


def test_negative_weights_cancel_what_was_counted_too_often() -> None:
    batch, extra = sample(400, 2), sample(50, 2, seed=5)
    inputs = np.concatenate([batch.inputs["features"], extra.inputs["features"], extra.inputs["features"]])
    target = np.concatenate([batch.labels, extra.labels, extra.labels])
    weight = np.repeat([1.0, 1.0, -1.0], [400, 50, 50])
    one, two = net(2, shrinkage=0.01), net(2, shrinkage=0.01)
    one.solve(batch, None)
    two.solve(Batch({"features": inputs}, target, weight), None)
    np.testing.assert_allclose(logits(two, batch), logits(one, batch), atol=1e-4)


def test_a_change_of_units_changes_nothing_once_standardised() -> None:
    batch = sample(500, 2)
    x = batch.inputs["features"]
    factor = np.float32(1000)
    large = Batch({"features": factor * x}, batch.target)
    shift, scale = tuple(x.mean(0).tolist()), tuple((1 / x.std(0)).tolist())
    one = net(2, shift=shift, scale=scale)
    two = net(2, shift=tuple(1000 * s for s in shift), scale=tuple(s / 1000 for s in scale))
    one.solve(batch, None)
    two.solve(large, None)
    np.testing.assert_allclose(logits(two, large), logits(one, batch), atol=1e-3)


@pytest.mark.parametrize("shrinkage", [None, 0.0])
def test_equal_and_constant_features_do_no_harm(shrinkage: float | None) -> None:
    batch, test = sample(1000, 2), sample(1000, 2, seed=1)

    def doubled(given: Batch) -> Batch:
        x = given.inputs["features"]
        return Batch({"features": np.hstack([x, x, np.ones_like(x[:, :1])])}, given.target)

    plain, more = net(2, shrinkage=shrinkage), net(2, 13, shrinkage=shrinkage)
    plain.solve(batch, None)
    (row,) = more.solve(doubled(batch), None)
    assert np.isfinite(row["train_loss"])
    one, two = logits(more, doubled(test))[:, 1], logits(plain, test)[:, 1]
    if shrinkage is None:  # Ledoit and Wolf see another problem, and shrink otherwise
        assert np.corrcoef(one, two)[0, 1] > 0.98
    else:
        np.testing.assert_allclose(one, two, atol=0.05)


def test_validation_events_choose_the_shrinkage() -> None:
    batch, held = sample(40, 2, features=30), sample(2000, 2, seed=1, features=30)
    (chosen,) = net(2, 30).solve(batch, held)
    for other in (0.0, 1e-3, 0.1):
        (row,) = net(2, 30, shrinkage=other).solve(batch, held)
        assert chosen["validation_loss"] <= row["validation_loss"] + 1e-9
    assert chosen["shrinkage"] > 0, "forty events do not fix thirty directions"


def test_it_trains_as_any_other_model(jets: Events) -> None:
    fit, test = jets.split((0.6, 0.4))
    tagger = train("efp_lda", fit, None, TrainConfig(), representation_options={"max_edges": 4})
    assert tagger.representation_name == "energy_flow"
    assert tagger.parameter_count == 36 + 1
    assert auc(tagger.predict(test)) > 0.9, "three prongs against one"
    assert "shrinkage" in tagger.training["log"][0]


def test_a_class_without_weight_is_refused() -> None:
    batch = sample(50, 2)
    with pytest.raises(DataError, match="sum above 0 in each"):
        net(3).solve(batch, None)


@pytest.mark.parametrize("shrinkage", [-0.1, 1.5])
def test_a_shrinkage_out_of_range_is_refused(shrinkage: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        net(2, shrinkage=shrinkage)


def test_padded_inputs_are_refused() -> None:
    with pytest.raises(ConfigError, match="of shape"):
        FisherDiscriminant(InputSpec((Input("features", ("constituents", 3)),)), 2)
