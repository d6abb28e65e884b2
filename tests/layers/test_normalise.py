from __future__ import annotations

import torch

from kaon.layers.normalise import Normalise


def test_shifts_then_scales_the_last_axis() -> None:
    x = torch.randn(4, 5, 2)
    found = Normalise(2, (1.0, -2.0), (3.0, 0.5))(x)
    torch.testing.assert_close(found, torch.stack([(x[..., 0] - 1) * 3, (x[..., 1] + 2) * 0.5], dim=-1))


def test_without_constants_it_changes_nothing() -> None:
    x = torch.randn(4, 3)
    assert torch.equal(Normalise(3)(x), x)
    assert torch.equal(Normalise(3, scale=(2.0, 2.0, 2.0))(x), 2 * x)


def test_constants_are_saved_with_the_network_but_not_trained() -> None:
    layer = Normalise(2, (1.0, 2.0), (3.0, 4.0))
    assert set(layer.state_dict()) == {"shift", "scale"}
    assert list(layer.parameters()) == []
    other = Normalise(2)
    other.load_state_dict(layer.state_dict())
    assert other.scale.tolist() == [3.0, 4.0]


def test_large_shifts_survive_lower_precision() -> None:
    # Jets of 500 to 501 GeV: bfloat16 alone cannot tell them apart.
    x = torch.linspace(500, 501, 11)[:, None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = Normalise(1, (500.5,), (2.0,))(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[:, 0], torch.linspace(-1, 1, 11), atol=1e-3, rtol=0)
