from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import torch

from kaon.data import Events
from kaon.learn.tagger import load
from kaon.models.base import Net
from kaon.studies.base import Context, Scale
from kaon.studies.transfer.grid import FROZEN, RANDOM, SCRATCH, balanced_order, train_all, untrained
from kaon.studies.transfer.tasks import Pair, Samples

SETTINGS = {"epochs": {40: 12}, "batch_size": 32, "source_epochs": 12}


def rings(count: int, seed: int, turned: bool) -> Events:
    """The sign of a product of two features tells the class; what the classes are called may be turned."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 3))
    target = (x[:, 0] * x[:, 1] > 0).astype(int)
    array = ak.Array({f"x{i}": column for i, column in enumerate(x.T)})
    return Events(array, 1 - target if turned else target, None, np.arange(count), ("a", "b"))


def test_features_of_the_same_problem_are_worth_events(tmp_path: Path) -> None:
    pair = Pair(
        "rings", "rings → turned rings", "auc", "1 − AUC", "mlp", {"hidden": [64, 16]}, "tabular", lambda _: made
    )
    made = Samples(rings(2500, 0, False), rings(80, 1, True), rings(500, 2, True))
    context = Context("transfer", "smoke", Scale(0, settings=SETTINGS), tmp_path)
    found = train_all(context, pair, made, (40,), 1)
    mean = {way: score.mean(1) for way, score in found.scores.items()}
    assert found.source.min() > 0.9
    assert mean[FROZEN][0] > mean[SCRATCH][0] + 0.1
    assert mean[FROZEN][0] > mean[RANDOM][0] + 0.1
    assert found.scores[FROZEN].shape == (1, 1)
    noted = load(tmp_path / "rings" / "features-frozen-40-seed0" / "bundle.kaon").training["start"]
    assert (noted["name"], noted["freeze"]) == ("bundle.kaon", "features")
    assert next(record.model for record in found.records) == "rings, from scratch"
    assert not any(str(tmp_path) in str(record.config) for record in found.records)


def test_an_untrained_network_is_of_the_same_form_and_follows_from_its_seed(tmp_path: Path) -> None:
    from kaon.learn.config import TrainConfig
    from kaon.learn.train import train

    tagger = train("mlp", rings(200, 0, False), None, TrainConfig(epochs=1), options={"hidden": [8]})
    one, same, other = (untrained(tagger, seed).model for seed in (1, 1, 2))
    for net in (one, same, other):
        assert isinstance(net, Net)
    states = [net.state_dict() for net in (one, same, other) if isinstance(net, Net)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["head.weight"], states[2]["head.weight"])
    assert untrained(tagger, 1).spec == tagger.spec


def test_any_first_events_hold_as_many_of_each_class() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 3000)
    order = balanced_order(labels, 3)
    assert sorted(order.tolist()) == list(range(3000))
    for size in (10, 100, 1234):
        counts = np.bincount(labels[order[:size]], minlength=10)
        assert counts.max() - counts.min() <= 1
    assert (balanced_order(labels, 4)[:100] != order[:100]).any()
    assert (balanced_order(labels, 3) == order).all()
