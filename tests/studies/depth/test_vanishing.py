from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kaon.data import Events
from kaon.learn.config import TrainConfig
from kaon.learn.gradients import layer_gradients
from kaon.learn.tensors import as_tensors
from kaon.learn.train import train
from kaon.models.base import Net
from kaon.simulate.toys.shapes import shapes
from kaon.studies.depth.vanishing import hidden_norms


def test_the_network_before_training_is_the_one_that_was_trained(tmp_path: Path) -> None:
    events: Events = shapes(60, seed=0, size=12)
    options = {"depth": 4, "width": 6, "activation": "tanh", "initialisation": "glorot"}
    # At so small a learning rate nothing moves, so that before and after are one network.
    still = TrainConfig(epochs=1, learning_rate=1e-12, weight_decay=0.0, seed=3)
    tagger = train("deep_mlp", events, None, still, options=options)
    tagger.save(tmp_path / "bundle.kaon")
    before, after = hidden_norms(str(tmp_path / "bundle.kaon"), 3, events)
    np.testing.assert_allclose(before, after, rtol=1e-5)
    assert isinstance(tagger.model, Net)
    inputs = as_tensors(tagger.representation.transform(events).inputs)
    whole = layer_gradients(tagger.model, inputs, torch.from_numpy(events.labels))
    np.testing.assert_allclose(after, whole.norms[1:4], rtol=1e-6)
    other, _ = hidden_norms(str(tmp_path / "bundle.kaon"), 4, events)
    assert not np.allclose(other, after)
