"""The geometry of space-time on tensors: products, boosts, and the frame in which a jet is at rest.

Four-vectors are (E, px, py, pz) on the last axis; the metric is diag(1, -1, -1, -1).
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["boost", "inner", "jet_frame", "psi", "square", "timelike", "wide"]


def inner(a: Tensor, b: Tensor) -> Tensor:
    """a0 b0 - a1 b1 - a2 b2 - a3 b3: (..., 4), (..., 4) -> (...).

    >>> inner(torch.tensor([5.0, 0, 0, 4]), torch.tensor([5.0, 0, 0, 4]))
    tensor(9.)
    """
    product = a * b
    return 2 * product[..., 0] - product.sum(-1)


def square(p: Tensor) -> Tensor:
    """E^2 - |p|^2: (..., 4) -> (...)."""
    return inner(p, p)


def psi(x: Tensor) -> Tensor:
    """sign(x) ln(1 + |x|): brings numbers that span decades to a few units, and keeps their order and sign."""
    return torch.sign(x) * torch.log1p(x.abs())


def timelike(p: Tensor, floor: float) -> Tensor:
    """The same spatial momentum with the energy of a mass of at least `floor` times the size of p.

    A vector that can be boosted to: nothing changes for one that is heavy enough already and has positive energy.

    Args:
        p: (..., 4).
        floor: smallest mass as a fraction of sqrt(E^2 + |p|^2): bounds the Lorentz factor by about 1 / (sqrt(2) floor).
    """
    size = p.square().sum(-1)
    mass2 = torch.maximum(square(p), floor**2 * size).clamp(min=1e-24)
    energy = (mass2 + p[..., 1:].square().sum(-1)).sqrt()
    return torch.cat([energy[..., None], p[..., 1:]], -1)


def boost(p: Tensor, frame: Tensor) -> Tensor:
    """p as seen from the rest frame of another vector, without a rotation.

    Written without velocities, so that nothing is divided by 1 - beta^2: with frame = (w, q) of mass m,

        E' = (w E - q.p) / m,    p' = p + q [q.p / (m (w + m)) - E / m].

    Args:
        p: (..., 4).
        frame: (..., 4), timelike of positive energy (see `timelike`).

    Returns:
        (..., 4).
    """
    w, q = frame[..., :1], frame[..., 1:]
    m = square(frame).sqrt()[..., None]
    along = (q * p[..., 1:]).sum(-1, keepdim=True)
    energy = (w * p[..., :1] - along) / m
    return torch.cat([energy, p[..., 1:] + q * ((along / (w + m) - p[..., :1]) / m)], -1)


def wide(p: Tensor) -> Tensor:
    """In double precision, which boosts need; in single precision on Apple's GPUs, which have no other."""
    return p.float() if p.device.type == "mps" else p.double()


def jet_frame(momenta: Tensor, mask: Tensor, floor: float = 0.02) -> Tensor:
    """The frame of each jet: its total momentum, or the laboratory for one that is too light to be boosted to.

    Seen from there, momenta are small and far from cancelling: invariants lose fewer digits in single precision, and a
    network that respects the Lorentz group gives the same answer from any frame.

    Args:
        momenta: (jets, constituents, 4).
        mask: (jets, constituents), True for real constituents.
        floor: smallest mass as a fraction of sqrt(E^2 + |p|^2); a jet of one massless constituent has no rest frame.

    Returns:
        (jets, 1, 4) in double precision.
    """
    total = (wide(momenta) * mask[..., None]).sum(1, keepdim=True)
    heavy = (square(total) > floor**2 * total.square().sum(-1)) & (total[..., 0] > 0)
    laboratory = total.new_tensor([1.0, 0.0, 0.0, 0.0])
    return torch.where(heavy[..., None], total, laboratory)
