from __future__ import annotations

import pytest
import torch

from kaon.layers.by_length import Groups

CASES = {
    "mixed": [5, 0, 3, 7, 7, 1, 2, 0, 7],
    "equal": [4, 4, 4],
    "empty jets": [0, 0],
    "one": [1],
    "nothing": [],
}


def batch(counts: list[int], width: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    mask = torch.zeros(len(counts), width, dtype=torch.bool)
    for row, count in zip(mask, counts, strict=True):
        row[torch.randperm(width)[:count]] = True
    return torch.randn(len(counts), width, 3), mask


@pytest.mark.parametrize("cells", [1, 60, 10**6])
@pytest.mark.parametrize("counts", CASES.values(), ids=CASES)
def test_packing_splitting_and_joining_lose_nothing(counts: list[int], cells: int) -> None:
    x, mask = batch(counts)
    groups = Groups(mask, cells)
    packed = groups.pack(x)
    assert packed.shape == (sum(counts), 3)
    parts = groups.split(packed)
    assert torch.equal(groups.join(parts), packed)
    for group, part in zip(groups.groups, parts, strict=True):
        assert part.shape[:2] == group.mask.shape
    expected = (x * mask[..., None]).sum(1)
    torch.testing.assert_close(groups.unsort(groups.sums(packed)), expected)
    dense = torch.cat([(part * group.mask[..., None]).sum(1) for group, part in zip(groups.groups, parts, strict=True)])
    torch.testing.assert_close(groups.unsort(dense), expected)


def test_groups_are_as_large_as_allowed_and_hold_jets_of_similar_length() -> None:
    counts = torch.randint(1, 100, (500,), generator=torch.Generator().manual_seed(0))
    groups = Groups(torch.arange(100) < counts[:, None], 10_000)
    cells = [group.mask.shape[0] * group.mask.shape[1] ** 2 for group in groups.groups]
    assert max(cells) <= 10_000
    assert sum(cells) < 1.15 * int((counts**2).sum()), "little padding"


def test_gradients_reach_real_constituents_only() -> None:
    x, mask = batch(CASES["mixed"])
    x.requires_grad_()
    groups = Groups(mask, 60)
    parts = groups.split(groups.pack(x))
    (found,) = torch.autograd.grad(groups.join([part.square() for part in parts]).sum(), x)
    torch.testing.assert_close(found, 2 * x.detach() * mask[..., None])
