from __future__ import annotations

import math

import torch
from torch import Tensor

from kaon.layers.attention import MASKED
from kaon.layers.pairs import Pairs, geometry, pair_features

MASK = torch.arange(5) < torch.tensor([[3], [5], [0], [1]])


def particles(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    p = 20 * torch.randn(*shape, 3, generator=generator, dtype=torch.float64)
    return torch.cat([(p.square().sum(-1, keepdim=True) + 1).sqrt(), p], -1)


def by_hand(one: list[float], two: list[float]) -> list[float]:
    """The definition, a pair at a time."""

    def rapidity(p: list[float]) -> float:
        return 0.5 * math.log((p[0] + p[3]) / (p[0] - p[3]))

    pt1, pt2 = math.hypot(*one[1:3]), math.hypot(*two[1:3])
    cosine = (one[1] * two[1] + one[2] * two[2]) / (pt1 * pt2)
    delta = math.hypot(rapidity(one) - rapidity(two), math.acos(max(-1.0, min(1.0, cosine))))
    total = [a + b for a, b in zip(one, two, strict=True)]
    m2 = total[0] ** 2 - total[1] ** 2 - total[2] ** 2 - total[3] ** 2
    return [math.log(x) for x in (min(pt1, pt2) * delta, min(pt1, pt2) / (pt1 + pt2), delta, m2)]


def test_features_are_as_defined() -> None:
    p = particles(4)
    found = pair_features(geometry(p)[:, None], geometry(p)[None])
    for i in range(4):
        for j in range(4):
            if i != j:
                expected = torch.tensor(by_hand(p[i].tolist(), p[j].tolist()), dtype=torch.float64)
                torch.testing.assert_close(found[i, j], expected, rtol=1e-6, atol=1e-6)


def test_azimuth_is_a_circle() -> None:
    one, two = (torch.tensor([[2.0, math.cos(a), math.sin(a), 0.0]]) for a in (math.pi - 0.01, -math.pi + 0.01))
    assert abs(float(pair_features(geometry(one), geometry(two))[0, 2]) - math.log(0.02)) < 1e-3


def test_no_pair_is_infinite() -> None:
    along = torch.tensor([[5.0, 0.0, 0.0, -5.0], [5.0, 0.0, 0.0, 5.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
    unphysical = torch.tensor([[-1.0, 3.0, 0.0, 2.0], [0.5, 0.1, 0.0, -3.0]])
    p = geometry(torch.cat([along, unphysical]))
    found = pair_features(p[:, None], p[None])
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[3, 3, [0, 2]], torch.tensor([1e-8, 1e-8]).log())


def test_pairs_are_the_lower_triangle_of_real_particles() -> None:
    pairs = Pairs.of(MASK)
    expected = [(e, i, j) for e, n in enumerate((3, 5, 0, 1)) for i in range(n) for j in range(i + 1)]
    assert list(zip(pairs.event.tolist(), pairs.i.tolist(), pairs.j.tolist(), strict=True)) == expected
    assert len(pairs) == 22
    p = particles(4, 5)
    table = geometry(p)
    torch.testing.assert_close(
        pairs.features(p), torch.stack([pair_features(table[e, i], table[e, j]) for e, i, j in expected])
    )


def test_values_become_a_symmetric_bias_and_gradients_come_back() -> None:
    pairs = Pairs.of(MASK)
    values = torch.randn(len(pairs), 2, dtype=torch.float64, requires_grad=True)
    bias = pairs.as_bias(values)
    assert torch.equal(bias, bias.transpose(2, 3))
    for row, (e, i, j) in enumerate(zip(pairs.event, pairs.i, pairs.j, strict=True)):
        assert torch.equal(bias[e, :, i, j], values[row])
    real = MASK[:, None, :, None] & MASK[:, None, None]
    assert torch.equal(bias == MASKED, (~real).expand_as(bias))
    assert torch.autograd.gradcheck(lambda v: pairs.as_bias(v).masked_fill(~real, 0), values)


def test_nobody_has_no_pairs() -> None:
    pairs = Pairs.of(torch.zeros(2, 1, dtype=torch.bool))
    assert pairs.features(torch.zeros(2, 1, 4)).shape == (0, 4)
    assert (pairs.as_bias(torch.zeros(0, 3)) == MASKED).all()
