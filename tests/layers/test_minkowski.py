from __future__ import annotations

import numpy as np
import pytest
import torch
import vector
from torch import Tensor

from kaon.layers.minkowski import boost, inner, jet_frame, psi, square, timelike, wide


def massive(*shape: int, seed: int = 0, mass: float = 0.5) -> Tensor:
    p = torch.randn(*shape, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 30
    return torch.cat([(p.square().sum(-1, keepdim=True) + mass**2).sqrt(), p], -1)


def test_products_are_those_of_the_metric() -> None:
    a, b = massive(7, seed=1), massive(7, seed=2)
    metric = torch.diag(torch.tensor([1.0, -1, -1, -1], dtype=torch.float64))
    torch.testing.assert_close(inner(a, b), torch.einsum("na,ab,nb->n", a, metric, b))
    torch.testing.assert_close(square(a), torch.full((7,), 0.25, dtype=torch.float64))


def test_psi_keeps_sign_and_order_and_small_numbers() -> None:
    x = torch.tensor([-1e6, -1.0, -1e-6, 0.0, 1e-6, 1.0, 1e6], dtype=torch.float64)
    assert torch.equal(psi(-x), -psi(x))
    assert (psi(x).diff() > 0).all()
    torch.testing.assert_close(psi(x)[2:5], x[2:5], rtol=1e-6, atol=0)


def test_boosts_agree_with_vector() -> None:
    p, frame = massive(50, seed=1), massive(50, seed=2, mass=20)
    theirs = vector.array({k: p[:, i].numpy() for i, k in enumerate(("E", "px", "py", "pz"))}).boostCM_of_p4(
        vector.array({k: frame[:, i].numpy() for i, k in enumerate(("E", "px", "py", "pz"))})
    )
    expected = np.stack([theirs.E, theirs.px, theirs.py, theirs.pz], -1)
    np.testing.assert_allclose(boost(p, frame), expected, rtol=1e-9, atol=1e-9)


def test_a_vector_is_at_rest_in_its_own_frame_and_comes_back() -> None:
    p, frame = massive(50, seed=1), massive(50, seed=2, mass=3)
    rest = torch.zeros(50, 4, dtype=torch.float64)
    rest[:, 0] = 3
    torch.testing.assert_close(boost(frame, frame), rest, rtol=0, atol=1e-9)
    back = torch.cat([frame[:, :1], -frame[:, 1:]], 1)
    torch.testing.assert_close(boost(boost(p, frame), back), p)


def test_boosts_keep_products() -> None:
    a, b, frame = (massive(50, seed=seed, mass=2.0) for seed in (1, 2, 3))
    torch.testing.assert_close(inner(boost(a, frame), boost(b, frame)), inner(a, b))


def test_what_is_heavy_enough_stays_and_the_rest_becomes_timelike() -> None:
    heavy = massive(20, mass=10)
    torch.testing.assert_close(timelike(heavy, 1e-3), heavy)
    odd = torch.tensor([[5.0, 3, 4, 0], [1.0, 3, 4, 0], [-5.0, 1, 0, 0], [0.0, 0, 0, 0]], dtype=torch.float64)
    made = timelike(odd, 1e-3)
    assert torch.equal(made[:, 1:], odd[:, 1:])
    assert (square(made) > 0).all()
    assert (made[:, 0] > 0).all()
    assert torch.isfinite(boost(massive(4), made)).all()
    assert (made[0, 0] / square(made)[0].sqrt()) < 1e3, "the Lorentz factor is bounded"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_jet_is_at_rest_in_its_frame(dtype: torch.dtype) -> None:
    p = massive(6, 9, seed=4).to(dtype)
    mask = torch.arange(9) < torch.tensor([9, 5, 3, 2, 1, 0])[:, None]
    frame = jet_frame(p, mask)
    assert frame.dtype == torch.float64
    assert (frame[5] == torch.tensor([1.0, 0, 0, 0])).all(), "an empty jet has the laboratory"
    total = (boost(wide(p), frame) * mask[..., None]).sum(1)
    assert total[:4, 1:].abs().max() < 1e-5 * total[:4, 0].min()
    assert torch.isfinite(boost(wide(p), frame)).all()
    torch.testing.assert_close(boost(wide(p[5]), frame[5]), wide(p[5]), msg="an empty jet rests as it is")
