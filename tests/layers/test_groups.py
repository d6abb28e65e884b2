from __future__ import annotations

import pytest
import torch

from kaon.layers.groups import PackedGroups, by_length, in_order

CASES = {
    "mixed": [5, 0, 3, 7, 7, 1, 2, 0, 7],
    "equal": [4, 4, 4],
    "empty jets": [0, 0],
    "one": [1],
    "nothing": [],
}


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
    groups = PackedGroups(mask, cells)
    packed = groups.pack(x)
    assert packed.shape == (sum(counts), 3)
    parts = groups.split(packed)
    assert torch.equal(groups.join(parts), packed)
    for real, part in zip(groups.masks, parts, strict=True):
        assert part.shape[:2] == real.shape
    expected = (x * mask[..., None]).sum(1)
    torch.testing.assert_close(groups.unsort(groups.sums(packed)), expected)
    dense = torch.cat([(part * real[..., None]).sum(1) for real, part in zip(groups.masks, parts, strict=True)])
    torch.testing.assert_close(groups.unsort(dense), expected)


def test_groups_of_pairs_are_as_large_as_allowed_and_hold_jets_of_similar_length() -> None:
    counts = torch.randint(1, 100, (500,), generator=torch.Generator().manual_seed(0))
    groups = PackedGroups(torch.arange(100) < counts[:, None], 10_000)
    cells = [real.shape[0] * real.shape[1] ** 2 for real in groups.masks]
    assert max(cells) <= 10_000
    assert sum(cells) < 1.15 * int((counts**2).sum()), "little padding"


def test_gradients_reach_real_constituents_only() -> None:
    x, mask = batch(CASES["mixed"])
    x.requires_grad_()
    groups = PackedGroups(mask, 60)
    parts = groups.split(groups.pack(x))
    (found,) = torch.autograd.grad(groups.join([part.square() for part in parts]).sum(), x)
    torch.testing.assert_close(found, 2 * x.detach() * mask[..., None])


def test_what_fills_the_padding_is_of_the_same_jet() -> None:
    _, mask = batch([5, 3, 7, 7, 1, 2, 7])
    jet = torch.arange(len(mask)).repeat_interleave(8).view(-1, 8)
    groups = PackedGroups(mask, 10**6)
    (part,) = groups.split(groups.pack(jet))
    assert torch.equal(part, part[:, :1].expand_as(part)), "so that a jet that is not a number spoils no other"


@pytest.mark.parametrize("counts", CASES.values(), ids=CASES)
def test_in_an_exported_graph_the_batch_is_one_group(counts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    x, mask = batch(counts)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    groups = PackedGroups(mask, 60)
    (part,) = groups.split(groups.pack(x))
    assert torch.equal(part, x)
    assert torch.equal(groups.masks[0], mask)
    torch.testing.assert_close(groups.unsort(groups.sums(groups.join([part]))), (x * mask[..., None]).sum(1))
