from __future__ import annotations

import torch

from kaon.layers.renaming import renamed


def test_the_first_rule_that_fits_the_whole_name_counts() -> None:
    one, two, three = (torch.tensor([float(i)]) for i in range(3))
    rules = (
        (r"conv\.0\.weight", "first.weight"),
        (r"conv\.(\d+)\.weight", lambda m: f"rest.{int(m[1]) - 1}.weight"),
    )
    made, unknown = renamed({"conv.0.weight": one, "conv.3.weight": two, "a.conv.0.weight": three}, rules)
    assert list(made) == ["first.weight", "rest.2.weight"]
    assert made["first.weight"] is one
    assert made["rest.2.weight"] is two
    assert unknown == ["a.conv.0.weight"]
