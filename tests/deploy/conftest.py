"""Small jets, and a tagger of any registered model on any representation that it reads."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
import pytest
import torch

from kaon.data import Events
from kaon.data.records import momenta, table
from kaon.learn.tagger import Tagger
from kaon.models.base import Net, Trees
from kaon.registry import lookup

MakeTagger = Callable[..., Tagger]


def make_jets(events: int = 300, seed: int = 0, classes: int = 2) -> Events:
    """Jets of 0 to 30 massless constituents about a random axis; the classes differ in their width."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, events)
    counts = random.integers(1, 31, events)
    counts[:2] = (0, 1)[: min(2, events)]
    owner = np.repeat(np.arange(events), counts)
    pt = random.exponential(10.0, len(owner)) + 0.1
    width = 0.1 + 0.1 * target[owner]
    eta = random.uniform(-1, 1, events)[owner] + width * random.normal(size=len(owner))
    phi = random.uniform(-3, 3, events)[owner] + width * random.normal(size=len(owner))
    order = np.lexsort((-pt, owner))
    p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])[:, order]
    constituents = momenta(*(ak.unflatten(np.ascontiguousarray(q), counts) for q in p))
    features = {f"x{i}": random.normal(size=events) + (target == i) for i in range(4)}
    return Events(table({"constituents": constituents, **features}), target, index=np.arange(events) + 100)


@pytest.fixture
def jets() -> Events:
    return make_jets()


@pytest.fixture
def make_tagger() -> MakeTagger:
    def make(model: str, representation: str | None = None, classes: int = 2, **options: object) -> Tagger:
        """Fitted trees, or an untrained network with weights large enough to be decided."""
        made = lookup("kaon.models", model)
        name = representation or made.representations[0]
        fitted = lookup("kaon.represent", name)()
        train = make_jets(400, 1, classes)
        batch = fitted.fit_transform(train)
        torch.manual_seed(0)
        net = made(fitted.spec, classes, **options)
        if isinstance(net, Trees):
            net.fit(batch, None, seed=0, threads=1)
        else:
            assert isinstance(net, Net)
            with torch.no_grad():
                for weight in net.parameters():
                    weight.mul_(2)
        return Tagger(net, model, fitted, name, tuple(f"kind{i}" for i in range(classes)), options)

    return make
