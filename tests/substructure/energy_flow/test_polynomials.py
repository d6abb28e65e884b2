from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from kaon.errors import ConfigError, DataError, UnknownName
from kaon.substructure.energy_flow import (
    EnergyFlowPolynomials,
    canonical,
    energy_flow_polynomials,
    graphs,
    name_of,
)

REFERENCE = Path(__file__).parents[2] / "references" / "energyflow.npz"


def jets(count: int = 6, particles: int = 9, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """(pT, rapidity, azimuth), (jets, particles, 3)."""
    random = np.random.default_rng(seed)
    size = (count, particles)
    columns = [random.exponential(20, size) + 0.5, random.normal(0.5, 0.3, size), random.normal(1, 0.3, size)]
    return torch.from_numpy(np.stack(columns, -1)).to(dtype)


def test_all_graphs_of_up_to_four_edges_are_their_sums() -> None:
    # A double loop over graphs and assignments, written for clearness; disconnected graphs are not split here.
    jet = jets(1, 3)[0].numpy()
    z = jet[:, 0] / jet[:, 0].sum()
    theta = np.hypot(jet[:, None, 1] - jet[:, 1], jet[:, None, 2] - jet[:, 2]) ** 0.5
    expected = []
    for graph in graphs(4):
        particles = np.array(list(product(range(3), repeat=1 + max((max(edge) for edge in graph), default=0))))
        terms = z[particles].prod(1)
        for i, j in graph:
            terms = terms * theta[particles[:, i], particles[:, j]]
        expected.append(terms.sum())
    found = energy_flow_polynomials(torch.from_numpy(jet)[None], max_edges=4)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("setting", "beta", "kappa"), [("hadronic", 0.5, 1.0), ("hadronic", 1.3, 2.0), ("ee", 0.5, 1.0)]
)
def test_all_thousand_agree_with_energyflow(setting: str, beta: float, kappa: float) -> None:
    with np.load(REFERENCE) as kept:
        theirs = [canonical((int(i), int(j)) for i, j in edges if i >= 0) for edges in kept["edges"]]
        given, expected = torch.from_numpy(kept[setting]), kept[f"{setting}_{beta}"]
    assert sorted(theirs) == sorted(graphs(7))
    column = {graph: i for i, graph in enumerate(graphs(7))}
    for dtype, precision in ((torch.float64, 1e-11), (torch.float32, 2e-5)):
        found = energy_flow_polynomials(given.to(dtype), beta=beta, kappa=kappa, measure=setting)
        assert found.dtype is dtype
        np.testing.assert_allclose(found[:, [column[g] for g in theirs]], expected, rtol=precision, atol=1e-30)


def test_single_precision_is_good_to_five_digits_on_wide_jets() -> None:
    given = jets(8, 60)
    exact, rough = energy_flow_polynomials(given), energy_flow_polynomials(given.float())
    np.testing.assert_allclose(rough, exact, rtol=1e-5)


def turned(given: Tensor, angle: float) -> Tensor:
    """The jets turned in the (rapidity, azimuth) plane."""
    cos, sin = np.cos(angle), np.sin(angle)
    y, phi = given[..., 1], given[..., 2]
    return torch.stack([given[..., 0], cos * y - sin * phi, sin * y + cos * phi], -1)


def test_order_place_and_orientation_of_the_particles_do_not_matter() -> None:
    given = jets(3)
    expected = energy_flow_polynomials(given)
    order = torch.randperm(given.shape[1], generator=torch.Generator().manual_seed(0))
    for same in (
        given[:, order],
        given + torch.tensor([0, 0.7, 0]),
        given + torch.tensor([0, 0, 4.5]),  # over the seam at pi
        turned(given, 0.8),
        given * torch.tensor([1, -1, 1]),
        given * torch.tensor([1e3, 1, 1]),
    ):
        np.testing.assert_allclose(energy_flow_polynomials(same), expected, rtol=1e-10)


@pytest.mark.parametrize(("beta", "kappa"), [(0.5, 1.0), (1.7, 2.0)])
def test_scaling_laws(beta: float, kappa: float) -> None:
    given = jets()
    options = {"max_edges": 5, "beta": beta, "kappa": kappa, "normalise": False}
    plain = energy_flow_polynomials(given, **options).numpy()  # type: ignore[arg-type]  # one dict for two types
    vertices = np.array([1 + max((max(edge) for edge in graph), default=0) for graph in graphs(5)])
    edges = np.array([len(graph) for graph in graphs(5)])
    for momentum, angle in ((3.0, 1.0), (1.0, 0.5)):
        scaled = given * torch.tensor([momentum, angle, angle])
        found = energy_flow_polynomials(scaled, **options)  # type: ignore[arg-type]  # mixed options
        np.testing.assert_allclose(found, plain * momentum ** (kappa * vertices) * angle ** (beta * edges), rtol=1e-10)


def test_collinear_splittings_change_nothing_and_soft_particles_ever_less() -> None:
    given = jets()
    expected = energy_flow_polynomials(given)
    for share in (0.5, 0.1):
        parted = torch.cat([given, given[:, :1]], 1)
        parted[:, 0, 0] *= share
        parted[:, -1, 0] *= 1 - share
        np.testing.assert_allclose(energy_flow_polynomials(parted), expected, rtol=1e-9)
        assert not np.allclose(energy_flow_polynomials(parted, kappa=2.0), energy_flow_polynomials(given, kappa=2.0))
    changes = []
    for size in (1e-2, 1e-4, 1e-6):
        soft = torch.cat([given, given[:, :1] * size + torch.tensor([0, 1.0, -0.5])], 1)
        changes.append(float((energy_flow_polynomials(soft) / expected - 1).abs().max()))
    assert changes[0] > 1e-3
    assert changes[2] < 1.1e-4 * changes[0], "linear in its momentum"
    assert changes[1] < 1.1e-2 * changes[0] * 1.5


def test_a_jet_does_not_feel_its_company_to_the_last_bit() -> None:
    given = jets(40, 50, dtype=torch.float32)
    mask = torch.arange(50) < torch.randint(0, 51, (40, 1), generator=torch.Generator().manual_seed(0))
    whole = energy_flow_polynomials(given, mask)
    assert torch.equal(energy_flow_polynomials(given.flip(0), mask.flip(0)).flip(0), whole)
    for row in range(0, 40, 7):
        few = int(mask[row].sum())
        assert torch.equal(energy_flow_polynomials(given[row : row + 1, :few]), whole[row : row + 1])


def test_masked_particles_count_nothing_wherever_they_are() -> None:
    given = jets()
    mask = torch.ones(given.shape[:2], dtype=torch.bool)
    mask[:, 2::3] = False
    spoiled = given.masked_fill(~mask[..., None], torch.nan)
    kept = torch.stack([jet[real] for jet, real in zip(given, mask, strict=True)])
    assert torch.equal(energy_flow_polynomials(spoiled, mask), energy_flow_polynomials(kept))


def test_chosen_graphs_are_columns_of_all() -> None:
    given, listed = jets(), graphs(6)
    chosen = [listed[i] for i in (200, 3, 0, 77, 3)]
    some = EnergyFlowPolynomials([[(j + 5, i + 5) for i, j in graph] for graph in chosen])
    assert some.graphs == tuple(chosen)
    assert some.names == tuple(map(name_of, chosen))
    whole = energy_flow_polynomials(given, max_edges=6)
    np.testing.assert_allclose(some(given), whole[:, [200, 3, 0, 77, 3]], rtol=1e-12)
    assert EnergyFlowPolynomials([])(given).shape == (6, 0)


def expected_without_angles(size: int) -> NDArray[np.float64]:
    return np.array([1.0] + [0.0] * (size - 1))


def test_jets_without_extent_or_energy() -> None:
    single = jets(1, 1)
    point = single.repeat(1, 5, 1)
    for given in (single, point):  # no distance, however many particles
        found = energy_flow_polynomials(given)
        np.testing.assert_array_equal(found[0], expected_without_angles(1000))
    for nothing in (single[:, :0], point * 0, torch.zeros(1, 3, 3)):
        assert (energy_flow_polynomials(nothing) == 0).all()
    assert energy_flow_polynomials(single[:0]).shape == (0, 1000)
    momenta = torch.tensor([[[5.0, 3, 0, 4]] * 3], dtype=torch.float64)
    np.testing.assert_array_equal(energy_flow_polynomials(momenta, measure="ee")[0], expected_without_angles(1000))


def test_numpy_arrays_are_taken() -> None:
    given = jets(2)
    assert torch.equal(energy_flow_polynomials(given.numpy(), max_edges=3), energy_flow_polynomials(given, max_edges=3))


def test_what_cannot_be_computed_is_refused() -> None:
    given = jets()
    for wrong in (given[..., :2], given[0], given.half(), given.long()):
        with pytest.raises(DataError, match="the hadronic measure reads"):
            energy_flow_polynomials(wrong)
    with pytest.raises(DataError, match="mask of shape"):
        energy_flow_polynomials(given, torch.ones(6, 8, dtype=torch.bool))
    for value in (torch.nan, torch.inf, -1.0):
        bad = given.clone()
        bad[3, 2, 0] = value
        with pytest.raises(DataError, match="1 jets, first in jet 3"):
            energy_flow_polynomials(bad)
    for options in ({"beta": 0.0}, {"kappa": -1.0}):
        with pytest.raises(ConfigError, match="above 0"):
            energy_flow_polynomials(given, **options)  # type: ignore[arg-type]  # mixed options
    with pytest.raises(UnknownName, match="hadronic"):
        energy_flow_polynomials(given, measure="hadronc")
    with pytest.raises(ConfigError, match="two different vertices"):
        EnergyFlowPolynomials([[(2, 2)]])
