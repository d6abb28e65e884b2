from __future__ import annotations

import pytest
import torch
from torch import nn

from kaon.data import Events, Input, InputSpec
from kaon.layers import groups
from kaon.models.transformer import Transformer
from kaon.represent.point_cloud import PointCloud

SPEC = InputSpec((Input("features", ("constituents", 3)), Input("mask", ("constituents",), "bool")))


def test_number_of_parameters(jets: Events) -> None:
    # Embedding, blocks (two norms, four projections, two layers of the MLP), norm, head.
    block = 4 * 128 + 4 * (128 * 128 + 128) + 2 * 128 * 512 + 512 + 128
    expected = 8 * 128 + 4 * block + 2 * 128 + 129 * 2
    assert Transformer(PointCloud().fit(jets).spec, 2).parameter_count == expected == 794_626


@pytest.mark.parametrize("tokens", [4, 1000])
def test_is_the_encoder_of_pytorch_with_a_masked_mean(tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setitem(groups.TOKENS, "cpu", tokens)
    net = Transformer(SPEC, 3, width=12, blocks=2, heads=3, expansion=2, dropout=0.0).double()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    layer = nn.TransformerEncoderLayer(12, 3, 24, 0.0, "gelu", batch_first=True, norm_first=True)
    peer = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).double()
    for own, theirs in zip(net.blocks, peer.layers, strict=True):
        names = {"self_attn.in_proj_": "qkv.", "self_attn.out_proj.": "out."}
        names |= {"linear1.": "hidden.", "linear2.": "back."}
        names |= {"norm1.": "pre_attention.", "norm2.": "pre_hidden."}
        state = {t + leaf: own.state_dict()[o + leaf] for t, o in names.items() for leaf in ("weight", "bias")}
        theirs.load_state_dict(state)
    x = torch.randn(5, 7, 3, dtype=torch.float64)
    mask = torch.arange(7) < torch.tensor([[7], [3], [1], [6], [2]])
    encoded = net.norm(peer(net.embed(x), src_key_padding_mask=~mask))
    means = torch.stack([encoded[i, m].mean(0) for i, m in enumerate(mask)])
    torch.testing.assert_close(net({"features": x, "mask": mask}), net.head(means))


def test_the_exported_form_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = Transformer(SPEC, 2, width=12, blocks=1, heads=3).double().eval()
    inputs = {"features": torch.randn(9, 6, 3).double(), "mask": torch.rand(9, 6) < 0.5}
    expected = net(inputs)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(net(inputs), expected)


def test_no_constituents_are_a_mean_of_nothing() -> None:
    net = Transformer(SPEC, 2, width=12, blocks=1, heads=3).eval()
    empty = net({"features": torch.zeros(1, 2, 3), "mask": torch.zeros(1, 2, dtype=torch.bool)})
    torch.testing.assert_close(empty, net.head.bias[None])
