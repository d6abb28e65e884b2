from __future__ import annotations

import pytest
import torch

from kaon.substructure.energy_flow.measures import angles_ee, angles_hadronic, energies, total


def test_energies_are_fractions_to_the_power_kappa() -> None:
    energy = torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert energies(energy, 1, True).tolist() == [[0.75, 0.25, 0], [0, 0, 0]]
    assert energies(energy, 2, True).tolist() == [[0.5625, 0.0625, 0], [0, 0, 0]]
    assert energies(energy, 2, False).tolist() == [[9, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("beta", [0.5, 1, 1.7, 2, 4])
def test_hadronic_angles_are_distances_in_the_plane(beta: float) -> None:
    directions = torch.tensor([[[0.0, 3.1], [0.3, -3.1], [0.0, 3.1]]], dtype=torch.float64)
    angle = (0.09 + (2 * torch.pi - 6.2) ** 2) ** (beta / 2)
    expected = torch.tensor([[[0, angle, 0], [angle, 0, angle], [0, angle, 0]]], dtype=torch.float64)
    torch.testing.assert_close(angles_hadronic(directions, beta), expected, rtol=1e-12, atol=0)


def test_azimuths_all_around_are_still_the_shorter_way() -> None:
    azimuth = torch.linspace(-3, 3, 7, dtype=torch.float64)
    found = angles_hadronic(torch.stack([torch.zeros(7), azimuth], -1)[None].double(), 2)[0]
    difference = azimuth[:, None] - azimuth
    expected = torch.stack([(difference + 2 * torch.pi * k).square() for k in (-1, 0, 1)]).amin(0)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_angles_of_massless_particles_are_those_between_their_directions(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.randn(2, 5, 3, generator=generator, dtype=dtype)
    energy = p.norm(dim=-1, keepdim=True)
    found = angles_ee(torch.cat([energy, p], -1), 2)
    unit = p / energy
    torch.testing.assert_close(found, 2 - 2 * unit @ unit.mT, rtol=0, atol=20 * torch.finfo(dtype).eps)
    assert (found.diagonal(dim1=1, dim2=2) == 0).all(), "rounding of the energies is no mass"


def test_masses_enter_as_the_four_vectors_have_them() -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    momenta = torch.cat([(p.square().sum(-1, keepdim=True) + 0.3).sqrt(), p], -1)
    metric = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64)
    unit = momenta / momenta[..., :1]
    expected = (2 * (unit * metric) @ unit.mT) ** 0.3
    torch.testing.assert_close(angles_ee(momenta, 0.6), expected, rtol=1e-12, atol=0)


def test_powers_and_sums_do_not_depend_on_the_place_in_a_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    energy, directions = torch.rand(7, 13, generator=generator), torch.rand(7, 13, 2, generator=generator)
    for function in (total, lambda e: energies(e, 1.7, True), lambda e: energies(e, 0.3, False)):
        whole = function(energy)
        assert all(torch.equal(function(energy[i : i + 1])[0], whole[i]) for i in range(7))
    whole = angles_hadronic(directions, 1.3)
    assert all(torch.equal(angles_hadronic(directions[i : i + 1], 1.3)[0], whole[i]) for i in range(7))
