"""Small jets with pictures, and a trained tagger of any registered model on any representation that it reads."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
import pytest
import torch

from kaon.data import Batch, Events
from kaon.data.objects import KINDS
from kaon.data.records import momenta, table
from kaon.learn.tagger import Tagger
from kaon.models.base import Net, Solved, Trees
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
    features = {f"x{i}": random.normal(size=events) + (target == i) for i in range(4)}
    charge = ak.unflatten(random.integers(-1, 2, len(owner)), counts)
    constituents = momenta(*(ak.unflatten(np.ascontiguousarray(q), counts) for q in p), charge=charge)
    image = random.integers(0, 128 + 64 * target[:, None, None, None], (events, 1, 40, 40)).astype(np.uint8)
    hardest = constituents[:, :8]
    kind = ak.unflatten(random.integers(0, len(KINDS), ak.count(hardest.px)), ak.num(hardest))
    objects = momenta(hardest.px, hardest.py, hardest.pz, hardest.E, kind=kind, charge=hardest.charge)
    columns = {"constituents": constituents, "objects": objects, **features, "image": image}
    return Events(table(columns), target, index=np.arange(events) + 100)


def train_a_little(net: Net, batch: Batch, size: int = 50, most: int = 20) -> None:
    """Adam on mini-batches until scores differ between events; moments of batch norms must be known by then, too."""
    for layer in net.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.momentum = 0.5
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(most):
        net.train()
        for start in range(0, len(batch), size):
            some = batch.take(slice(start, start + size))
            logits = net(_tensors(some))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(logits, torch.from_numpy(some.labels)).backward()  # type: ignore[no-untyped-call]  # PyTorch declares no types of it
            optimizer.step()
        with torch.no_grad():
            if net.eval()(_tensors(batch)).softmax(1).std(0).min() > 1e-2:
                return


def _tensors(batch: Batch) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in batch.inputs.items()}


@pytest.fixture
def jets() -> Events:
    return make_jets()


@pytest.fixture
def make_tagger() -> MakeTagger:
    def make(model: str, representation: str | None = None, classes: int = 2, **options: object) -> Tagger:
        """Fitted trees, or a network after a few steps: its batch norms have seen events, its scores differ.

        Weights made large instead would multiply rounding at every layer, more than any training does.
        """
        made = lookup("kaon.models", model)
        name = representation or made.representations[0]
        fitted = lookup("kaon.represent", name)()
        train = make_jets(400, 1, classes)
        batch = fitted.fit_transform(train)
        torch.manual_seed(0)
        net = made(fitted.spec, classes, **options)
        if isinstance(net, Trees):
            net.fit(batch, None, seed=0, threads=1)
        elif isinstance(net, Solved):
            net.solve(batch, None, seed=0)
        else:
            train_a_little(net, batch)
        return Tagger(net, model, fitted, name, tuple(f"kind{i}" for i in range(classes)), options)

    return make
