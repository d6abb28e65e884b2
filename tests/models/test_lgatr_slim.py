from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.errors import ConfigError
from kaon.layers.minkowski import boost
from kaon.models.lgatr_slim import Block, LGATrSlim
from kaon.registry import lookup

SPEC = InputSpec((Input("momenta", ("constituents", 4)), Input("mask", ("constituents",), "bool")))
SMALL = {"hidden_v": 4, "hidden_s": 8, "num_blocks": 2, "num_heads": 2}


def made(**options: object) -> LGATrSlim:
    torch.manual_seed(0)
    return LGATrSlim(SPEC, 2, **options)  # type: ignore[arg-type]  # options of several types


def momenta(jets: int, count: int, seed: int = 0, mass: float = 0.14) -> Tensor:
    p = 10 * torch.randn(jets, count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.cat([(p.square().sum(-1, keepdim=True) + mass**2).sqrt(), p], -1)


def inputs(p: Tensor) -> dict[str, Tensor]:
    return {"momenta": p, "mask": torch.arange(p.shape[1]) < torch.tensor([p.shape[1], 3, 0, 1])[:, None]}


def turn(axis: int, angle: float = 1.0) -> Tensor:
    """Rotation about x (1), y (2) or z (3)."""
    a, b = (i for i in (1, 2, 3) if i != axis)
    made = torch.eye(4, dtype=torch.float64)
    c, s = math.cos(angle), math.sin(angle)
    made[a, a], made[a, b], made[b, a], made[b, b] = c, -s, s, c
    return made


def test_has_the_size_of_the_papers_tagger() -> None:
    # Layers of the published configuration, less the vectors of the last gated layer, which nothing reads.
    v, s, ratio, blocks = 32, 96, 4, 12
    attention = 4 * v * v + 4 * s * s + 4 * s
    gated_v, gated_s = 4 * ratio * v * v, 3 * ratio * s * s + 2 * ratio * s + s
    outer = v + (s + s) + (2 * s + 2)
    assert made().parameter_count == blocks * (attention + gated_v + gated_s) - gated_v + outer == 2_014_242


@pytest.mark.parametrize(
    ("reference", "turns", "boosts"),
    [("none", (1, 2, 3), True), ("time", (1, 2, 3), False), ("beam+time", (3,), False)],
)
def test_references_leave_the_symmetries_that_leave_them(reference: str, turns: tuple[int, ...], boosts: bool) -> None:
    net, p = made(**SMALL, reference=reference).double().eval(), momenta(4, 6)
    with torch.no_grad():
        for block in net.blocks:  # attention starts small
            for layer in (block.qkv_v, block.qkv_s):
                layer.weight.mul_(10)  # type: ignore[union-attr, operator]
    expected = net(inputs(p))

    def same(moved: Tensor) -> bool:
        return torch.allclose(net(inputs(moved)), expected, rtol=0, atol=1e-7)

    for axis in (1, 2, 3):
        assert same(p @ turn(axis).T) == (axis in turns), f"rotation about axis {axis}"
    assert same(boost(p, momenta(1, 1, seed=3, mass=3))) == boosts
    assert same(p * 1.1) is False


def test_attention_is_its_equation() -> None:
    torch.manual_seed(0)
    block = Block(4, 6, 2, 2, 0.0, last=False).double()
    v, s = torch.randn(1, 5, 4, 4, dtype=torch.float64), torch.randn(1, 5, 6, dtype=torch.float64)
    dv, ds = block.attend(v, s, torch.zeros(1, 1, 1, 5, dtype=torch.float64))
    metric = torch.diag(torch.tensor([1.0, -1, -1, -1], dtype=torch.float64))
    vectors, scalars = [], []
    for head in range(2):
        parts = []
        for which in range(3):
            rows_v = slice(which * 4 + head * 2, which * 4 + head * 2 + 2)
            rows_s = slice(which * 6 + head * 3, which * 6 + head * 3 + 3)
            pv = torch.einsum("tac,kc->tka", v[0], block.qkv_v.weight[rows_v])
            ps = F.linear(s[0], block.qkv_s.weight[rows_s], block.qkv_s.bias[rows_s])
            norms = torch.einsum("tka,ab,tkb->tk", pv, metric, pv).abs().sum(1) + ps.square().sum(1)
            scale = (norms / 5 + 0.01).rsqrt()[:, None]
            parts.append((pv * scale[..., None], ps * scale))
        (qv, qs), (kv, ks), (vv, vs) = parts
        logits = torch.einsum("tka,ab,ukb->tu", qv, metric, kv) + qs @ ks.T
        weights = (logits / (2 * 4 + 3) ** 0.5).softmax(1)
        vectors.append(torch.einsum("tu,uka->tka", weights, vv))
        scalars.append(weights @ vs)
    wanted_v = torch.einsum("tka,ck->tac", torch.cat(vectors, 1), block.out_v.weight)
    torch.testing.assert_close(dv[0], wanted_v)
    torch.testing.assert_close(ds[0], block.out_s(torch.cat(scalars, 1)))


def test_vectors_of_a_block_turn_with_their_input() -> None:
    torch.manual_seed(0)
    block = Block(4, 6, 2, 2, 0.0, last=False).double()
    p, s, frame = momenta(4, 5), torch.randn(1, 5, 6, dtype=torch.float64), momenta(1, 1, seed=5)[0]
    bias = torch.zeros(1, 1, 1, 5, dtype=torch.float64)
    v = p.permute(1, 2, 0)[None]  # four vectors a token
    moved = boost(p, frame).permute(1, 2, 0)[None]
    (still_v, still_s), (moving_v, moving_s) = block(v, s, bias), block(moved, s, bias)
    torch.testing.assert_close(moving_s, still_s)
    torch.testing.assert_close(moving_v.transpose(2, 3), boost(still_v.transpose(2, 3), frame))


def test_the_last_block_gives_the_class_token_as_a_whole_block_would() -> None:
    torch.manual_seed(0)
    last, whole = (Block(4, 6, 2, 2, 0.0, last=last).double() for last in (True, False))
    whole.load_state_dict(last.state_dict(), strict=False)
    v, s = torch.randn(2, 5, 4, 4, dtype=torch.float64), torch.randn(2, 5, 6, dtype=torch.float64)
    bias = torch.zeros(2, 1, 1, 5, dtype=torch.float64)
    torch.testing.assert_close(last(v, s, bias)[1][:, 0], whole(v, s, bias)[1][:, 0])


def test_features_are_read_where_there_are_any(jets: Events) -> None:
    fitted = lookup("kaon.represent", "particles")().fit(jets)
    few = fitted.transform(jets.take(slice(0, 4)))
    torch.manual_seed(0)
    net = LGATrSlim(fitted.spec, 2, **SMALL, reference="beam+time").eval()
    x = {name: torch.from_numpy(values) for name, values in few.inputs.items()}
    assert net.embed_s.in_features == 1 + 7
    expected = net(x)
    assert torch.isfinite(expected).all()
    assert not torch.allclose(net(x | {"features": 2 * x["features"]}), expected)


def test_dropped_vectors_are_dropped_as_a_whole() -> None:
    block = Block(4, 6, 2, 2, 0.5, last=False)
    dropped = block.drop(torch.ones(2, 5, 4, 8)).sum(2)
    assert set(dropped.flatten().tolist()) == {0.0, 8.0}
    assert torch.equal(block.eval().drop(torch.ones(2, 5, 4, 8)), torch.ones(2, 5, 4, 8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "sun"}, "reference='sun' of lgatr_slim; it is one of: none, time, beam, beam.time"),
        ({"num_heads": 5}, "num_heads=5 of lgatr_slim does not divide both hidden_v=32 and hidden_s=96"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(**options)
