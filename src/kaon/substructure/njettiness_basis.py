"""N-subjettiness for many N and many angular exponents from one kT clustering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.errors import ConfigError
from kaon.substructure.clustering import Histories, histories

__all__ = ["nsubjettiness_basis"]

_CHUNK = 256
"""Jets whose distances are in memory at a time: a few MB, which a cache holds."""


def nsubjettiness_basis(
    constituents: Any, bodies: Sequence[int], betas: Sequence[float] = (0.5, 1.0, 2.0)
) -> NDArray[np.float64]:
    """tau_N^(beta) = (1 / sum_i pT_i) sum_i pT_i min_a R_(a,i)^beta with the exclusive kT axes, all at once.

    Thaler, Van Tilburg, https://arxiv.org/abs/1011.2268; the axes of Datta, Larkoski, https://arxiv.org/abs/1704.08249.
    `kaon.substructure.nsubjettiness` with `axes="KT_Axes"` gives the same numbers and clusters each jet anew for each N
    and beta. Here one history serves all of them: undoing its last N - 1 mergings leaves the N axes, and the distances
    to all axes that any N uses are computed once.

    A jet with no more constituents than axes (also an empty one) has tau = 0.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        bodies: the N, each at least 1.
        betas: angular exponents.

    Returns:
        (jets, len(bodies), len(betas)).

    Raises:
        ConfigError: an N below 1, or a beta that is not positive.
        DataError, MissingExtra: as `histories`.
    """
    if min(bodies, default=1) < 1 or not all(beta > 0 for beta in betas):
        raise ConfigError(f"bodies={tuple(bodies)}, betas={tuple(betas)}: every N must be >= 1 and every beta > 0")
    return np.concatenate([_basis(some, bodies, betas) for some in histories(constituents, "kt")])


def _basis(h: Histories, bodies: Sequence[int], betas: Sequence[float]) -> NDArray[np.float64]:
    """Of the jets of these trees, (jets, bodies, betas)."""
    found = np.zeros((len(h), len(bodies), len(betas)))
    if not found.size:
        return found
    last = np.full(len(h.rank), -1)  # rank of the parent; the root has none
    last[h.flat_children] = h.rank[h.inner, None]
    used = last <= max(bodies) - 2
    stops = h.starts + h.counts
    for first in range(0, len(h), _CHUNK):
        jets = slice(first, min(first + _CHUNK, len(h)))
        nodes = slice(int(h.starts[jets][0]), int(stops[jets][-1]))
        found[jets] = _taus(h, jets, nodes, used[nodes], last[nodes], bodies, betas)
    return found


def _taus(
    h: Histories,
    jets: slice,
    nodes: slice,
    used: NDArray[np.bool_],
    last: NDArray[np.int64],
    bodies: Sequence[int],
    betas: Sequence[float],
) -> NDArray[np.float64]:
    """Of a few jets, (jets, bodies, betas): constituents and possible axes padded to rectangles."""
    owner, size = h.owner[nodes] - jets.start, jets.stop - jets.start
    y, phi, pt, rank, leaf = (a[nodes] for a in (h.rapidity, h.azimuth, h.pt, h.rank, ~h.inner))
    py, pphi, ppt = _padded(owner[leaf], size, y[leaf], phi[leaf], pt[leaf])
    # An axis for N from the undoing of its parent's merging until that of its own; a constituent to the end.
    ay, aphi, begin, end = _padded(owner[used], size, y[used], phi[used], last[used] + 2.0, rank[used] + 1.0)
    distance2 = (py[:, None] - ay[:, :, None]) ** 2
    distance2 += kin.delta_phi(pphi[:, None], aphi[:, :, None]) ** 2  # (jets, axes, constituents)
    constituents = np.bincount(owner[leaf], minlength=size)
    total = ppt.sum(1)
    share = ppt / np.where(total > 0, total, 1)[:, None]
    found = np.zeros((size, len(bodies), len(betas)))
    for i, n in enumerate(bodies):
        axis = (begin <= n) & (end >= n)
        nearest2 = np.where(axis[:, :, None], distance2, np.inf).min(1, initial=np.inf)
        nearest2[constituents <= n] = 0
        for j, beta in enumerate(betas):
            found[:, i, j] = np.where(share > 0, share * _power(nearest2, beta), 0).sum(1)
    return found


def _power(squared: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """squared^(beta / 2); roots are several times faster than powers."""
    if beta == 2:
        return squared
    root: NDArray[np.float64] = np.sqrt(squared)
    return root if beta == 1 else np.sqrt(root) if beta == 0.5 else root**beta


def _padded(owner: NDArray[np.int64], size: int, *columns: NDArray[Any]) -> list[NDArray[np.float64]]:
    """Flat columns as rectangles (jets, longest), zero where a jet has no more; no axis begins at 0 or ends there."""
    counts = np.bincount(owner, minlength=size)
    real = np.arange(counts.max(initial=0)) < counts[:, None]
    made = []
    for column in columns:
        rectangle = np.zeros(real.shape)
        rectangle[real] = column
        made.append(rectangle)
    return made
