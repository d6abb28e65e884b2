from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.layers.minkowski import boost, square
from kaon.models.lola import CoLa, LoLa, LorentzLayer, hardest
from kaon.represent.four_momenta import FourMomenta


def made(jets: Events, **options: object) -> LoLa:
    torch.manual_seed(0)
    return LoLa(FourMomenta().fit(jets).spec, 2, **options)  # type: ignore[arg-type]  # options of several types


def momenta(count: int = 5, seed: int = 0) -> Tensor:
    p = 20 * torch.randn(3, count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.cat([(p.square().sum(-1, keepdim=True) + 1).sqrt(), p], -1)


def test_has_the_stated_number_of_parameters(jets: Events) -> None:
    assert made(jets).parameter_count == 126_772
    assert made(jets, metric="learned").parameter_count == 126_772 + 4


def test_the_layer_is_its_equations() -> None:
    torch.manual_seed(0)
    layer, k = LorentzLayer(5, learned=False).double(), momenta()
    found = layer(k)
    for jet, rows in zip(k, found, strict=True):
        for j in range(5):
            distances = torch.stack([square(jet[j] - jet[m]) for m in range(5)])
            expected = torch.stack(
                [
                    square(jet[j]),
                    jet[j, 1:3].norm(),
                    layer.energies[j] @ jet[:, 0],
                    layer.sums[0, j] @ distances,
                    layer.sums[1, j] @ distances,
                    (layer.minima[0, j] * distances).min(),
                    (layer.minima[1, j] * distances).min(),
                ]
            )
            torch.testing.assert_close(rows[j], expected, rtol=1e-6, atol=1e-6)


def test_masses_and_distances_do_not_feel_a_boost_with_the_fixed_metric() -> None:
    torch.manual_seed(0)
    k, frame = momenta(), momenta(seed=1)[:, :1]
    cola, layer = CoLa(5, 2).double(), LorentzLayer(8, learned=False).double()
    still, moving = layer(cola(k)), layer(cola(boost(k, frame)))
    invariant = [0, 3, 4, 5, 6]
    torch.testing.assert_close(moving[..., invariant], still[..., invariant], rtol=1e-6, atol=1e-4)
    assert (moving[..., 1:3] - still[..., 1:3]).abs().max() > 1, "pT and energies do"
    with torch.no_grad():
        layer.diagonal.copy_(torch.ones(4))
    assert (layer(cola(boost(k, frame))) - layer(cola(k)))[..., invariant].abs().max() > 1


def test_combinations_commute_with_boosts() -> None:
    torch.manual_seed(0)
    k, frame = momenta(), momenta(seed=1)[:, :1]
    cola = CoLa(5, 2).double()
    torch.testing.assert_close(cola(boost(k, frame)), boost(cola(k), frame))
    torch.testing.assert_close(cola(k)[:, 0], k.sum(1))
    assert torch.equal(cola(k)[:, 1:6], k)


def test_the_hardest_are_kept_and_padding_is_zero() -> None:
    p = momenta(5)
    mask = torch.arange(5) < torch.tensor([5, 3, 0])[:, None]
    assert torch.equal(hardest(p, mask, 2)[0], p[0, :2])
    longer = hardest(p, mask, 8)
    assert longer.shape == (3, 8, 4)
    assert torch.equal(longer[1, :3], p[1, :3])
    assert not longer[1, 3:].any()
    assert not longer[2].any()


def test_the_metric_is_shown_normalised(jets: Events) -> None:
    assert made(jets).metric_diagonal.tolist() == [1, -1, -1, -1]
    net = made(jets, metric="learned")
    assert net.metric_diagonal.tolist() == [1, 1, 1, 1], "it starts without a notion of time"
    assert made(jets, metric="learned", start=(2.0, 0.0, -1.0, 1.0)).metric_diagonal.tolist() == [1, 0, -0.5, 0.5]
    with torch.no_grad():
        net.lola.diagonal.copy_(torch.tensor([-2.0, 2.0, 2.0, 1.0]))
    assert net.metric_diagonal.tolist() == [1, -1, -1, -0.5]


def test_the_metric_is_trained(jets: Events) -> None:
    net = made(jets, metric="learned")
    batch = FourMomenta().fit(jets).transform(jets.take(slice(0, 8)))
    net({name: torch.from_numpy(values) for name, values in batch.inputs.items()})[:, 1].sum().backward()
    gradient = net.lola.diagonal.grad
    assert gradient is not None
    assert gradient.all()
    assert made(jets).lola.diagonal.requires_grad is False


def test_slices_in_evaluation_change_nothing(jets: Events) -> None:
    net = made(jets, N=10, M=2).eval()
    batch = FourMomenta().fit(jets).transform(jets)
    x = {name: torch.from_numpy(values) for name, values in batch.inputs.items()}
    assert len(jets) > 256
    with torch.no_grad():
        torch.testing.assert_close(net(x), net.train()(x))


def test_an_unknown_metric_is_refused(jets: Events) -> None:
    with pytest.raises(ConfigError, match="metric='euclid' of lola; it is one of: fixed, learned"):
        made(jets, metric="euclid")
    with pytest.raises(ConfigError, match="has four elements"):
        made(jets, metric="learned", start=(1.0, -1.0))
