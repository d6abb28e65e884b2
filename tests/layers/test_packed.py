from __future__ import annotations

import pytest
import torch

from kaon.layers.packed import pack

MASK = torch.tensor([[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]], dtype=torch.bool)


def test_jets_lie_by_rising_length_without_padding() -> None:
    packed = pack(MASK)
    x = torch.arange(16.0).view(4, 4, 1)
    assert packed.take(x).flatten().tolist() == [9, 0, 1, 3, 12, 13, 14, 15]
    assert packed.owner.tolist() == [2, 0, 0, 0, 3, 3, 3, 3]
    assert len(packed) == 8


def test_the_mean_of_an_empty_jet_is_zero() -> None:
    x = torch.arange(16.0).view(4, 4, 1)
    packed = pack(MASK)
    torch.testing.assert_close(packed.mean(packed.take(x)).flatten(), torch.tensor([(0 + 1 + 3) / 3, 0, 9, 13.5]))


@pytest.mark.parametrize("exact", [0, 5, 100])
def test_groups_are_rectangles_of_all_constituents(exact: int) -> None:
    torch.manual_seed(0)
    mask = torch.rand(60, 40) < torch.rand(60, 1)
    packed = pack(mask, exact)
    seen = []
    for group in packed.groups:
        inside = group.index if group.real is None else group.index[group.real]
        assert inside.flatten().tolist() == list(range(group.start, group.stop))
        lengths = packed.counts[packed.owner[group.first]]
        assert lengths.max() == group.length
        assert torch.equal(packed.owner[group.index[:, 0]], packed.owner[group.first])
        if group.length <= exact:
            assert group.real is None, "jets of one length have no padding"
        seen += inside.flatten().tolist()
    assert seen == list(range(int(mask.sum())))


def test_a_batch_without_constituents_has_no_groups() -> None:
    for shape in ((0, 5), (3, 5)):
        packed = pack(torch.zeros(shape, dtype=torch.bool))
        assert (len(packed), packed.groups) == (0, ())
        assert packed.mean(torch.zeros(0, 2)).shape == (shape[0], 2)


def test_a_jet_too_large_for_a_group_has_one_of_its_own() -> None:
    packed = pack(torch.ones(2, 2000, dtype=torch.bool))
    assert [(g.start, g.stop) for g in packed.groups] == [(0, 2000), (2000, 4000)]
