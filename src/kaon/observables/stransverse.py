"""M_T2, the transverse mass of a pair of particles of which each leaves something unseen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaon.errors import ConfigError, DataError
from kaon.observables.momenta import four_vectors, invariant_mass, missing, plane

__all__ = ["mt2"]

Floats = NDArray[np.float64]

_CHUNK = 8192
"""Events worked on at once, whose arrays stay in the processor's cache."""
_GOLDEN = (np.sqrt(5) - 1) / 2
_STEPS = 80
"""The interval shrinks to 0.618^80 = 2e-17 of its length, which is below the rounding."""
_ROUNDING = 1e-15
"""m_T^2 below this, in units of the event's energy squared, is rounding: M_T2 = 0 comes out as 0."""


def mt2(a: Any, b: Any, met: Any, invisible_mass: float = 0.0) -> Floats:
    """M_T2 = min over q_a + q_b = MET of max(m_T(a, q_a), m_T(b, q_b)), (events,), GeV.

    Lester, Summers, https://arxiv.org/abs/hep-ph/9906349, with m_T^2 = m_v^2 + m_i^2 + 2 (E_T,v E_T,i - pT_v . q).
    If two equal parents decay to a and b and an invisible particle each, of the right mass, it is at most their mass.

    How: the momenta q whose two invisible particles have the total transverse energy E are an ellipse, in the (1+2)
    dimensions of the transverse plane a two-body decay of (E, MET). On it both m_T^2 are linear in the decay's
    direction, so that the smaller maximum of the two has a closed form, at one of three points: the minimum of one, of
    the other, or where both are equal. The ellipses are nested and m_T^2 is convex, hence that value falls and then
    rises with E, and golden section finds its minimum, for all events at once. The bisection of Lester and Nachman,
    https://arxiv.org/abs/1411.4312, asks by contrast at each mass whether two conics meet, which degenerates for
    massless particles.

    Args:
        a, b: visible products, (events, 4) of (E, px, py, pz), GeV; pz does not matter but for the mass.
        met: (events, 2) of (px, py), GeV.
        invisible_mass: of each invisible particle, GeV.

    Returns:
        At least max(m_a, m_b) + invisible_mass, exact to 1e-7 of itself or to 3e-8 of the energies; NaN where an input
        is NaN. Masses below 1e-7 of an object's energy are rounding, and count as 0.

    Raises:
        DataError: the shape of an argument.
        ConfigError: a negative or infinite `invisible_mass`.

    >>> mt2([[50, 30, 40, 0]], [[50, -30, 40, 0]], [[0, -80]]).round(6).tolist()
    [80.0]
    """
    first, second, towards = four_vectors(a, "a"), four_vectors(b, "b"), missing(met)
    if not 0 <= invisible_mass < np.inf:
        raise ConfigError(f"invisible_mass={invisible_mass} GeV; it must be at least 0 and finite")
    if first.shape[:-1] != second.shape[:-1] or first.shape[:-1] != towards.shape[:-1]:
        raise DataError(
            f"a, b and met are of {first.shape}, {second.shape} and {towards.shape}: unequal numbers of events"
        )
    shape = first.shape[:-1]
    first, second, towards = first.reshape(-1, 4), second.reshape(-1, 4), towards.reshape(-1, 2)
    found = np.empty(len(first))
    for start in range(0, len(first), _CHUNK):
        rows = slice(start, start + _CHUNK)
        found[rows] = _mt2(first[rows], second[rows], towards[rows], float(invisible_mass))
    return found.reshape(shape)


def _mt2(a: Floats, b: Floats, met: Floats, invisible: float) -> Floats:
    masses = _mass(a), _mass(b)
    k = np.hypot(met[:, 0], met[:, 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        axis = np.where(k[:, None] > 0, met / k[:, None], [1.0, 0.0])
    one, other = (_Side.seen_from(plane(p), m, axis) for p, m in zip((a, b), masses, strict=True))
    # Everything in units of one energy of the event, so that no square overflows.
    unit = k + one.energy + other.energy + invisible
    unit = np.where(unit > 0, unit, 1.0)
    problem = _Problem(one.over(unit), other.over(unit), k / unit, invisible / unit)
    low, high = np.zeros_like(k), np.full_like(k, 1 - 1e-9)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = problem.value(left), problem.value(right)
    best = np.minimum(problem.value(low), np.minimum(at_left, at_right))
    for _ in range(_STEPS):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        new = np.where(down, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_new = problem.value(new)
        left, right = np.where(down, new, right), np.where(down, left, new)
        at_left, at_right = np.where(down, at_new, at_right), np.where(down, at_left, at_new)
        best = np.minimum(best, at_new)
    best = np.where(best < _ROUNDING, 0, best)
    return np.maximum(unit * np.sqrt(best), np.maximum(*masses) + invisible)


def _mass(p: Floats) -> Floats:
    """The mass, but 0 where it is no more than the rounding of E^2 - p^2."""
    mass = invariant_mass(p)
    return np.where(mass <= 1e-7 * np.abs(p[:, 0]), 0.0, mass)


class _Side(NamedTuple):
    """One visible object: mass, transverse energy, and momentum along and across the missing momentum, (events,)."""

    mass: Floats
    energy: Floats
    along: Floats
    across: Floats

    @classmethod
    def seen_from(cls, p: Floats, mass: Floats, axis: Floats) -> _Side:
        energy = np.sqrt((p**2).sum(1) + mass**2)
        return cls(mass, energy, (p * axis).sum(1), p[:, 1] * axis[:, 0] - p[:, 0] * axis[:, 1])

    def over(self, unit: Floats) -> _Side:
        return _Side(*(values / unit for values in self))


class _Problem(NamedTuple):
    """The two sides, the missing momentum k and the mass of an invisible particle, in one unit, (events,)."""

    one: _Side
    other: _Side
    k: Floats
    light: Floats

    def value(self, t: Floats) -> Floats:
        """Least larger m_T^2 of those q for which the invisible pair's transverse mass is hypot(2 light, t / (1 - t)).

        With E = hypot(k, M) and the direction u = (cos, sin) of the pair's decay in its rest frame, the momenta are
        (E, k, 0) / 2 +- s / 2 (k cos, E cos, M sin), where s = sqrt(1 - 4 light^2 / M^2).
        """
        w = t / (1 - t)
        m = np.hypot(2 * self.light, w)
        s = np.where(self.light > 0, w / np.where(m > 0, m, 1.0), 1.0)
        energy = np.hypot(self.k, m)

        def linear(side: _Side) -> tuple[Floats, Floats, Floats]:
            constant = side.mass**2 + self.light**2 + side.energy * energy - side.along * self.k
            return constant, s * (side.energy * self.k - side.along * energy), -s * side.across * m

        a0, ax, ay = linear(self.one)
        b0, bx, by = linear(self.other)
        return _least_maximum(a0, ax, ay, b0, bx, by)


def _least_maximum(a0: Floats, ax: Floats, ay: Floats, b0: Floats, bx: Floats, by: Floats) -> Floats:
    """min over unit vectors u of max(a0 + a.u, b0 - b.u)."""
    a, b, dot = np.hypot(ax, ay), np.hypot(bx, by), ax * bx + ay * by
    tiny = np.finfo(np.float64).tiny
    only_a, only_b = a0 - a, b0 - b
    # Where both are equal: (a + b).u = b0 - a0.
    c = np.maximum(np.hypot(ax + bx, ay + by), tiny)
    cos = np.clip((b0 - a0) / c, -1, 1)
    equal = a0 + (cos * (a**2 + dot) - np.sqrt(1 - cos**2) * np.abs(ax * by - ay * bx)) / c
    alone_a = b0 + dot / np.maximum(a, tiny) <= only_a
    alone_b = a0 + dot / np.maximum(b, tiny) <= only_b
    return np.where(alone_a, only_a, np.where(alone_b, only_b, equal))
