from __future__ import annotations

import pytest
import torch

from kaon.data import Events, Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.efn import EnergyFlowNetwork
from kaon.registry import lookup
from kaon.represent.point_cloud import PointCloud

NAMES = ("z", "deta", "dphi")


def spec(names: tuple[str, ...] = NAMES) -> InputSpec:
    item = Input("features", ("constituents", len(names)), features=names)
    return InputSpec((item, Input("mask", ("constituents",), "bool")))


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    fitted = lookup("kaon.represent", "momentum_fractions")().fit(jets)
    assert EnergyFlowNetwork(fitted.spec, 2).parameter_count == 82_358


def test_is_the_equation() -> None:
    torch.manual_seed(0)
    net, x = EnergyFlowNetwork(spec(), 2), torch.rand(3, 5, 3)
    mask = torch.tensor([[True] * 5, [True, False, True, False, True], [False] * 5])
    latent = [sum((row[0] * net.phi(row[1:]) for row in x[i][mask[i]]), torch.zeros(256)) for i in range(3)]
    torch.testing.assert_close(net({"features": x, "mask": mask}), net.f(torch.stack(latent)))


def test_features_are_found_by_name() -> None:
    net = EnergyFlowNetwork(spec(), 2)
    other = EnergyFlowNetwork(spec(("dphi", "more", "z", "deta")), 2)
    other.load_state_dict(net.state_dict())
    x, mask = torch.rand(3, 5, 3), torch.ones(3, 5, dtype=torch.bool)
    z, deta, dphi = x.unbind(-1)
    moved = torch.stack([dphi, torch.rand(3, 5), z, deta], dim=-1)
    assert torch.equal(net({"features": x, "mask": mask}), other({"features": moved, "mask": mask}))


def test_is_additive_in_what_the_constituents_carry() -> None:
    # Two constituents in the same direction are one that carries the sum: the law of infrared and collinear safety.
    net = EnergyFlowNetwork(spec(), 2).eval()
    one = {"features": torch.tensor([[[0.6, 0.1, -0.2], [0.4, 0.3, 0.0]]]), "mask": torch.ones(1, 2, dtype=torch.bool)}
    split = torch.tensor([[[0.45, 0.1, -0.2], [0.4, 0.3, 0.0], [0.15, 0.1, -0.2], [0.0, 5.0, 5.0]]])
    two = {"features": split, "mask": torch.ones(1, 4, dtype=torch.bool)}
    torch.testing.assert_close(net(two), net(one))


def test_features_that_it_cannot_read_are_refused(jets: Events) -> None:
    with pytest.raises(ConfigError, match=r"efn reads z, deta and dphi, not log_pt, .* use momentum_fractions"):
        EnergyFlowNetwork(PointCloud().fit(jets).spec, 2)
