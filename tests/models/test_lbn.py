from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from kaon.data import Events
from kaon.layers.minkowski import boost, inner, square
from kaon.models.lbn import LBN
from kaon.represent.four_momenta import FourMomenta


def made(jets: Events, **options: int) -> LBN:
    torch.manual_seed(0)
    return LBN(FourMomenta().fit(jets).spec, 2, **options)  # type: ignore[arg-type]  # options of several types


def momenta(jets: int = 4, count: int = 12, seed: int = 0) -> Tensor:
    p = 20 * torch.randn(jets, count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.cat([(p.square().sum(-1, keepdim=True) + 1).sqrt(), p], -1)


def test_has_the_stated_number_of_parameters(jets: Events) -> None:
    assert made(jets).parameter_count == 706_274


def test_a_particle_in_its_own_frame_is_at_rest_with_its_mass(jets: Events) -> None:
    net, p = made(jets, N=12, M=5).double(), momenta()
    with torch.no_grad():
        net.frames.copy_(net.particles)
    seen = net.boosted(p, torch.ones(4, 12, dtype=torch.bool))
    mass = square(net.particles.abs() @ p).sqrt()
    torch.testing.assert_close(seen[..., 0], mass)
    assert seen[..., 1:].abs().max() < 1e-8 * mass.min()


def test_boosting_keeps_masses_and_boosting_the_jet_only_turns_the_particles(jets: Events) -> None:
    net, p, mask = made(jets, N=12, M=5).double(), momenta(), torch.ones(4, 12, dtype=torch.bool)
    still = net.boosted(p, mask)
    torch.testing.assert_close(square(still), square(net.particles.abs() @ p))
    # What a frame sees of a particle is fixed up to a rotation: energy and momentum do not feel how the jet moves.
    frame = momenta(count=1, seed=1)
    frame[..., 0] += 20  # slow enough that no frame becomes too light
    moving = net.boosted(boost(p, frame), mask)
    torch.testing.assert_close(moving[..., 0], still[..., 0])
    torch.testing.assert_close(moving[..., 1:].norm(dim=-1), still[..., 1:].norm(dim=-1))
    frames = net.frames.abs() @ p
    torch.testing.assert_close(still[..., 0], inner(net.particles.abs() @ p, frames) / square(frames).sqrt())


def test_features_are_those_of_the_boosted_particles(jets: Events) -> None:
    net, p = made(jets, N=12, M=5).double(), momenta(count=5)
    found = net.features(p, p.dtype).numpy()
    e, px, py, pz = np.moveaxis(p.numpy(), -1, 0)
    pt, size = np.hypot(px, py), np.sqrt(px**2 + py**2 + pz**2)
    eta, mass2 = np.arctanh(pz / size), np.maximum(e**2 - size**2, 0)
    expected = [np.log1p(e), np.log1p(pt**2) / 2, eta, np.arctan2(py, px), np.log1p(mass2) / 2]
    for i in range(5):
        for j in range(i + 1, 5):
            cosine = (px[:, i] * px[:, j] + py[:, i] * py[:, j] + pz[:, i] * pz[:, j]) / (size[:, i] * size[:, j])
            expected.append(cosine[:, None])
    np.testing.assert_allclose(found, np.concatenate(expected, 1), rtol=1e-6, atol=1e-6)


def test_massless_and_parallel_constituents_have_finite_features_and_gradients(jets: Events) -> None:
    net = made(jets, N=3, M=2)
    light = torch.tensor([[5.0, 3, 4, 0], [10.0, 6, 8, 0], [5.0, 0, 0, 5]])
    x = torch.stack([light, torch.zeros(3, 4), light[:1].expand(3, 4)])
    mask = torch.tensor([[True] * 3, [False] * 3, [True, False, False]])
    logits = net({"momenta": x, "mask": mask})
    assert torch.isfinite(logits).all()
    logits.square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())
