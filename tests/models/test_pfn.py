from __future__ import annotations

import torch

from kaon.data import Events
from kaon.models.pfn import ParticleFlowNetwork
from kaon.registry import lookup
from kaon.represent.point_cloud import PointCloud


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    fitted = lookup("kaon.represent", "momentum_fractions")().fit(jets)
    assert ParticleFlowNetwork(fitted.spec, 2).parameter_count == 82_458


def test_reads_any_features_at_the_cost_of_the_first_layer(jets: Events) -> None:
    net = ParticleFlowNetwork(PointCloud().fit(jets).spec, 2)
    assert net.parameter_count == 82_458 + (7 - 3) * 100


def test_is_the_equation_on_standardised_features(jets: Events) -> None:
    torch.manual_seed(0)
    fitted = PointCloud()
    batch = fitted.fit_transform(jets.take(slice(0, 3)))
    item = fitted.spec["features"]
    net = ParticleFlowNetwork(fitted.spec, 2)
    x, mask = (torch.from_numpy(batch.inputs[name]) for name in ("features", "mask"))
    standard = (x - torch.tensor(item.shift)) * torch.tensor(item.scale)
    latent = torch.stack([sum((net.phi(p) for p in standard[i][mask[i]]), torch.zeros(256)) for i in range(3)])
    torch.testing.assert_close(net({"features": x, "mask": mask}), net.f(latent), rtol=1e-4, atol=1e-5)


def test_counts_what_the_energy_flow_network_cannot_see(jets: Events) -> None:
    # A soft constituent changes the sum by a whole Phi: the network is not infrared-safe, and is not declared to be.
    fitted = lookup("kaon.represent", "momentum_fractions")().fit(jets)
    net = ParticleFlowNetwork(fitted.spec, 2)
    one = {"features": torch.tensor([[[1.0, 0.0, 0.0]]]), "mask": torch.ones(1, 1, dtype=torch.bool)}
    soft = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 0.3, 0.3]]])
    assert not torch.allclose(net({"features": soft, "mask": torch.ones(1, 2, dtype=torch.bool)}), net(one))
    assert "irc" not in net.symmetries
