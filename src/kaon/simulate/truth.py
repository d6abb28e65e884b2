"""Which generated particle a jet comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.generator import Collisions
from kaon.simulate.pairs import pairs, ranges
from kaon.simulate.recipe import Matching

__all__ = ["Truth", "daughters", "find", "match"]

_HARD = 23  # |status| of the outgoing particles of the hard process
_DECAYING = (6, 23, 24, 25)  # followed down to the quarks and leptons
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """The particles that jets are matched to.

    Args:
        event: collision of each particle, (partons,).
        momentum: px, py, pz, E of each, GeV, (partons, 4).
        owner: particle that each decay product comes from, ascending, (products,).
        products: px, py, pz, E of each decay product, GeV, (products, 4).
    """

    event: Rows
    momentum: Floats
    owner: Rows
    products: Floats


def find(collisions: Collisions, matching: Matching) -> Truth:
    """The particles that a recipe matches to, with the quarks and leptons they decay to."""
    wanted = np.isin(np.abs(collisions.pid), matching.partons)
    if matching.origin == "hard":
        rows = np.flatnonzero(wanted & (np.abs(collisions.status) == _HARD))
        return _truth(collisions, rows, np.zeros(0, np.int64), np.zeros(0, np.int64))
    rows = np.flatnonzero(wanted & (collisions.daughter1 > 0))
    owner, children = daughters(collisions, rows)
    copied = np.zeros(len(rows), bool)
    copied[owner[collisions.pid[children] == collisions.pid[rows[owner]]]] = True
    rows = rows[~copied]
    owner, products = _decay_products(collisions, rows)
    return _truth(collisions, rows, owner, products)


def match(truth: Truth, event: Rows, eta: Floats, phi: Floats, matching: Matching) -> tuple[NDArray[np.bool_], Floats]:
    """Match each jet to the particle of highest pT that fulfils the recipe's conditions.

    Args:
        truth: from `find`.
        event: collision of each jet, (jets,).
        eta, phi: jet axis, (jets,).
        matching: the conditions.

    Returns:
        (jets,) whether there is a match, and its (px, py, pz, E) in GeV, (jets, 4), zeros without one.
    """
    jet, parton = pairs(event, truth.event)
    good = np.ones(len(jet), bool)
    if matching.radius is not None:
        good &= _distance(eta[jet], phi[jet], truth.momentum[parton]) < matching.radius
    if matching.products_radius is not None:
        pair, product = pairs(parton, truth.owner)
        far = _distance(eta[jet[pair]], phi[jet[pair]], truth.products[product]) >= matching.products_radius
        good[pair[far]] = False
    jet, parton = jet[good], parton[good]
    order = np.argsort(np.hypot(truth.momentum[parton, 0], truth.momentum[parton, 1]), kind="stable")
    matched, momentum = np.zeros(len(event), bool), np.zeros((len(event), 4))
    matched[jet] = True
    momentum[jet[order]] = truth.momentum[parton[order]]  # the last written, of highest pT, stays
    return matched, momentum


def _truth(collisions: Collisions, rows: Rows, owner: Rows, products: Rows) -> Truth:
    event = collisions.event_of(rows)
    return Truth(event, _momenta(collisions, rows), owner, _momenta(collisions, products))


def _momenta(collisions: Collisions, rows: Rows) -> Floats:
    return np.stack([collisions.px[rows], collisions.py[rows], collisions.pz[rows], collisions.E[rows]], axis=1)


def _distance(eta: Floats, phi: Floats, momentum: Floats) -> Floats:
    px, py, pz, _ = momentum.T
    return np.asarray(kinematics.delta_r(eta, phi, kinematics.pseudorapidity(px, py, pz), kinematics.phi(px, py)))


def daughters(collisions: Collisions, rows: Rows) -> tuple[Rows, Rows]:
    """(position in `rows`, row of a daughter) for each daughter of each row.

    Pythia writes daughters as a range; 0 as the end means one only, an end before the start means two apart.
    """
    base = collisions.offsets[collisions.event_of(rows)]
    one, two = collisions.daughter1[rows], collisions.daughter2[rows]
    count = np.where(one <= 0, 0, np.where(two > one, two - one + 1, 1))
    owner, children = ranges(base + one, count)
    apart = np.flatnonzero((two > 0) & (two < one))
    owner, children = np.concatenate([owner, apart]), np.concatenate([children, (base + two)[apart]])
    order = np.argsort(owner, kind="stable")
    return owner[order], children[order]


def _decay_products(collisions: Collisions, rows: Rows) -> tuple[Rows, Rows]:
    """(position in `rows`, row of a quark or lepton it decays to), before these radiate; follows t -> b W -> b q q."""
    owner, current = np.arange(len(rows)), rows
    ended_owner, ended = [], []
    while len(current):
        parent, children = daughters(collisions, current)
        same = collisions.pid[children] == collisions.pid[current[parent]]
        copied = np.zeros(len(current), bool)
        copied[parent[same]] = True
        follow = same | ~copied[parent]  # of t -> t g only the t goes on
        owner, current = owner[parent[follow]], children[follow]
        goes_on = np.isin(np.abs(collisions.pid[current]), _DECAYING) & (collisions.daughter1[current] > 0)
        ended_owner.append(owner[~goes_on])
        ended.append(current[~goes_on])
        owner, current = owner[goes_on], current[goes_on]
    if not ended:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    flat_owner, flat = np.concatenate(ended_owner), np.concatenate(ended)
    order = np.argsort(flat_owner, kind="stable")
    return flat_owner[order], flat[order]
