from __future__ import annotations

import pytest
import torch

from kaon.layers.groups import by_length, in_order


def masks(seed: int = 0) -> torch.Tensor:
    """Jets of 0 to 30 constituents, which are not in front."""
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 31, (50,), generator=generator)
    return torch.stack([torch.randperm(30, generator=generator) < count for count in counts])


@pytest.mark.parametrize("tokens", [1, 100, 10_000])
def test_every_real_constituent_is_in_one_group_once(tokens: int) -> None:
    mask = masks()
    seen = torch.zeros(mask.shape, dtype=torch.int64)
    for group in by_length(mask, tokens):
        rows = group.rows[:, None].expand_as(group.place)
        seen.index_put_((rows[group.mask], group.place[group.mask]), torch.tensor(1), accumulate=True)
        assert (group.mask.int().diff(dim=1) <= 0).all(), "real ones first"
    torch.testing.assert_close(seen, mask.long())


def test_results_come_back_in_order() -> None:
    mask = masks()
    x = torch.randn(*mask.shape, 3)
    groups = by_length(mask, 100)
    assert len(groups) > 3
    sums = in_order([(group.take(x) * group.mask[..., None]).sum(1) for group in groups], groups)
    torch.testing.assert_close(sums, (x * mask[..., None]).sum(1))


def test_little_padding_is_left() -> None:
    mask = torch.arange(100) < torch.randint(10, 100, (512, 1), generator=torch.Generator().manual_seed(0))
    places = sum(group.mask.numel() for group in by_length(mask, 512))
    assert places < 1.1 * mask.sum()
    assert places < 0.65 * mask.numel()


def test_empty_jets_and_an_empty_batch_have_a_group() -> None:
    (group,) = by_length(torch.zeros(2, 4, dtype=torch.bool))
    assert group.mask.tolist() == [[False], [False]]
    (group,) = by_length(torch.zeros(0, 4, dtype=torch.bool))
    assert group.take(torch.zeros(0, 4, 3)).shape == (0, 4, 3)
