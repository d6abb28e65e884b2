from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.data import Events
from kaon.models.event_mpnn import EventMPNN
from kaon.represent.event_graph import EventGraph


def network(events: Events, outputs: int = 2, **options: Any) -> tuple[EventMPNN, dict[str, Tensor]]:
    made = EventGraph().fit(events)
    torch.manual_seed(0)
    batch = made.transform(events)
    return EventMPNN(made.spec, outputs, **options), {k: torch.from_numpy(v) for k, v in batch.inputs.items()}


def one_event(net: EventMPNN, x: Tensor, d: Tensor) -> Tensor:
    """Class probabilities of one event as the paper writes them: loops over nodes, [s_j, g_ij] as one vector."""
    n, centres = len(x), torch.linspace(0, 5, 21)
    state = F.relu(net.embed(net.normalise(x)))
    steps: Any = net.steps
    for step in steps:
        weight = torch.cat([step.from_node.weight, step.from_edge.weight], dim=1)
        received = []
        for i in range(n):
            total = torch.zeros(state.shape[1])
            for j in range(n):
                if j != i:
                    gaussians = torch.exp(-((d[i, j] - centres) ** 2) / (2 * 0.25**2))
                    total = total + F.relu(weight @ torch.cat([state[j], gaussians]) + step.from_node.bias)
            received.append(total)
        state = F.relu(step.update(torch.cat([state, torch.stack(received)], dim=1)))
    signal = torch.sigmoid(net.vote(state)[:, 0]).mean()
    return torch.stack([1 - signal, signal])


@torch.no_grad()
def test_agrees_with_the_equations_node_by_node(jets: Events) -> None:
    few = jets.take(slice(0, 12))
    net, inputs = network(few)
    found = net(inputs).softmax(1)
    for event in range(len(few)):
        n = int(inputs["mask"][event].sum())
        expected = one_event(net, inputs["features"][event, :n], inputs["distances"][event, :n, :n])
        torch.testing.assert_close(found[event], expected, rtol=1e-4, atol=1e-6)


def test_has_the_parameters_that_its_page_states(jets: Events) -> None:
    net, _ = network(jets)
    embed, message, update, vote = 10 * 30 + 30, (30 + 21) * 30 + 30, 60 * 30 + 30, 30 + 1
    assert net.parameter_count == embed + 2 * (message + update) + vote == 7141
    assert network(jets, 3, steps=3, width=16)[0].parameter_count == 176 + 3 * (37 * 16 + 16 + 32 * 16 + 16) + 51


@torch.no_grad()
def test_several_classes_share_the_votes(jets: Events) -> None:
    net, inputs = network(jets, 3)
    found = net(inputs)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(len(jets)))


@torch.no_grad()
def test_an_event_without_objects_is_undecided_and_has_a_gradient(make_jets: Any) -> None:
    net, inputs = network(make_jets(3, sizes=[0, 1, 4]))
    np.testing.assert_array_equal(net(inputs)[0].numpy(), 0)
    with torch.enable_grad():
        net(inputs).sum().backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in net.parameters() if p.grad is not None)


@torch.no_grad()
@pytest.mark.parametrize("steps", [0, 2])
def test_distances_matter_if_messages_are_passed(steps: int, jets: Events) -> None:
    net, inputs = network(jets, steps=steps)
    nearer = net({**inputs, "distances": 0.5 * inputs["distances"]})
    assert torch.equal(nearer, net(inputs)) == (steps == 0)
