"""The blocks against PyTorch's own multi-head attention, in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.errors import ConfigError
from kaon.layers.attention import MASKED, Block, ClassBlock

WIDTH, HEADS = 12, 3
MASK = torch.arange(6) < torch.tensor([[6], [4], [1]])


def trained(block: Block | ClassBlock) -> Block | ClassBlock:
    """A block in which no bias is zero and no scale one."""
    torch.manual_seed(0)
    for parameter in block.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return block.double()


def multihead(block: Block | ClassBlock) -> nn.MultiheadAttention:
    peer = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()
    peer.in_proj_weight.data, peer.in_proj_bias.data = block.qkv.weight.data, block.qkv.bias.data
    peer.out_proj.weight.data, peer.out_proj.bias.data = block.out.weight.data, block.out.bias.data
    return peer


def rest(block: Block | ClassBlock, x: Tensor, attended: Tensor) -> Tensor:
    """What follows the attention, in the words of the paper's code."""
    if block.head_scale is not None:
        attended = (attended.reshape(*attended.shape[:-1], HEADS, -1) * block.head_scale[:, None]).flatten(-2)
    x = x + block.post_attention(attended)
    h = block.back(block.post_hidden(F.gelu(block.hidden(block.pre_hidden(x)))))
    out: Tensor = h + (x if block.residual_scale is None else block.residual_scale * x)
    return out


@pytest.mark.parametrize("normformer", [True, False])
def test_a_block_is_attention_with_a_bias(normformer: bool) -> None:
    block = trained(Block(WIDTH, HEADS, expansion=2, normformer=normformer))
    x, bias = torch.randn(3, 6, WIDTH).double(), torch.randn(3, HEADS, 6, 6).double()
    bias = bias.masked_fill(~MASK[:, None, None], MASKED)
    normed = block.pre_attention(x)
    attended, _ = multihead(block)(normed, normed, normed, attn_mask=bias.flatten(0, 1))
    torch.testing.assert_close(block(x, bias), rest(block, x, attended))


@pytest.mark.parametrize("normformer", [True, False])
def test_class_attention_is_that_of_all_keys(normformer: bool) -> None:
    block = trained(ClassBlock(WIDTH, HEADS, expansion=2, normformer=normformer))
    token, x = torch.randn(3, WIDTH).double(), torch.randn(3, 6, WIDTH).double()
    seen = block.pre_attention(torch.cat([token[:, None], x], 1))
    attended, _ = multihead(block)(token[:, None], seen, seen, key_padding_mask=F.pad(~MASK, (1, 0)))
    torch.testing.assert_close(block(token, x, MASK), rest(block, token, attended[:, 0]))


def test_an_event_of_padding_is_defined() -> None:
    x, nobody = torch.randn(2, 4, WIDTH), torch.zeros(2, 4, dtype=torch.bool)
    assert torch.isfinite(Block(WIDTH, HEADS)(x, torch.full((2, 1, 4, 4), MASKED))).all()
    block = ClassBlock(WIDTH, HEADS)
    torch.testing.assert_close(block(x[:, 0], x, nobody), block(x[:, 0], x[:, :0], nobody[:, :0]))


def test_dropout_only_in_training() -> None:
    block, x, bias = Block(WIDTH, HEADS, dropout=0.3), torch.randn(2, 4, WIDTH), torch.zeros(2, 1, 4, 4)
    assert not torch.equal(block(x, bias), block(x, bias))
    assert torch.equal(block.eval()(x, bias), block(x, bias))


def test_heads_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="multiple"):
        Block(10, 3)
