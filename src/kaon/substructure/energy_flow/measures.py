"""Energies and angles of particles: the two ingredients of every energy flow polynomial."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["COMPONENTS", "angles_ee", "angles_hadronic", "energies", "total"]

COMPONENTS = {"hadronic": 3, "ee": 4}
"""Numbers a particle: (pT, rapidity, azimuth), or (E, px, py, pz)."""

_ROOTS: dict[float, Callable[[Tensor], Tensor]] = {
    0.25: lambda x: x.sqrt().sqrt(),
    0.5: torch.sqrt,
    1.0: lambda x: x,
    2.0: torch.square,
}


def energies(energy: Tensor, kappa: float, normalise: bool) -> Tensor:
    """z_i = (E_i / sum_j E_j)^kappa, or E_i^kappa; 0 for padding, and everywhere in a jet without energy.

    Args:
        energy: (jets, particles), at least 0, zero for padding.
        kappa: the exponent, above 0.
        normalise: divide by the sum.

    Returns:
        (jets, particles).
    """
    if normalise:
        scale = total(energy)
        energy = energy / torch.where(scale > 0, scale, 1)
    return _power(energy, kappa)


def total(energy: Tensor) -> Tensor:
    """Sum over the particles of each jet, one after another, so that it does not depend on the rest of the batch.

    Args:
        energy: (jets, particles), at least one particle.

    Returns:
        (jets, 1).
    """
    return energy.cumsum(1)[:, -1:]


def angles_hadronic(directions: Tensor, beta: float) -> Tensor:
    """theta_ij = ((y_i - y_j)^2 + (phi_i - phi_j)^2)^(beta / 2).

    Args:
        directions: (rapidity, azimuth), (jets, particles, 2).
        beta: angular exponent.

    Returns:
        (jets, particles, particles), exactly 0 where two particles coincide.
    """
    rapidity, azimuth = directions.unbind(-1)
    # Relative to its first particle no jet narrower than pi crosses the seam, so that few batches pay for the check.
    azimuth = torch.remainder(azimuth - azimuth[:, :1] + torch.pi, 2 * torch.pi) - torch.pi
    square = (azimuth[:, :, None] - azimuth[:, None, :]).abs_()
    if azimuth.numel() and bool((azimuth.amax(1) - azimuth.amin(1) > torch.pi).any()):
        square = torch.minimum(square, 2 * torch.pi - square)
    square = square.square_().add_((rapidity[:, :, None] - rapidity[:, None, :]).square_())
    return _power(square, beta / 2)


def angles_ee(momenta: Tensor, beta: float) -> Tensor:
    """theta_ij = (2 p_i p_j / (E_i E_j))^(beta / 2) = (|v_i - v_j|^2 + m_i^2 / E_i^2 + m_j^2 / E_j^2)^(beta / 2).

    The second form loses no digits between collinear particles. A mass that is rounding of the input counts as zero.

    Args:
        momenta: (E, px, py, pz), (jets, particles, 4).
        beta: angular exponent.

    Returns:
        (jets, particles, particles); for massive particles not 0 on the diagonal.
    """
    energy = momenta[..., :1]
    velocity = momenta[..., 1:] / torch.where(energy > 0, energy, 1)
    deficit = 1 - velocity.double().square().sum(-1)
    deficit = torch.where(deficit > 16 * torch.finfo(momenta.dtype).eps, deficit, 0).to(momenta.dtype)
    square = (velocity[:, :, None, :] - velocity[:, None, :, :]).square().sum(-1)
    return _power(square + deficit[:, :, None] + deficit[:, None, :], beta / 2)


def _power(values: Tensor, exponent: float) -> Tensor:
    """values^exponent; roots of common exponents are an order of magnitude faster than a general power."""
    if exponent in _ROOTS:
        return _ROOTS[exponent](values)
    # The last few numbers of an array are computed by other code than the rest, and may differ in the last bit; a jet
    # must not depend on where in a batch it stands.
    numbers = values.flatten()
    return (pad(numbers, (0, -len(numbers) % 64)) ** exponent)[: len(numbers)].view_as(values)
