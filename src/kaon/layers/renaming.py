"""Weights of another program's network under the names of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

__all__ = ["Rules", "renamed"]

Rules = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]
"""(pattern of a whole name there, name here as `re.sub` takes it); the first that fits counts."""


def renamed(state: Mapping[str, Tensor], rules: Rules) -> tuple[dict[str, Tensor], list[str]]:
    r"""The tensors under their new names, in the old order, and the names that no rule knows.

    >>> renamed({"fc.0.bias": Tensor([1.0]), "other": Tensor([2.0])}, [(r"fc\.(\d+)\.bias", r"dense.\1.bias")])
    ({'dense.0.bias': tensor([1.])}, ['other'])
    """
    made, unknown = dict[str, Tensor](), list[str]()
    for name, value in state.items():
        own = next((re.sub(old, new, name) for old, new in rules if re.fullmatch(old, name)), None)
        if own is None:
            unknown.append(name)
        else:
            made[own] = value
    return made, unknown
