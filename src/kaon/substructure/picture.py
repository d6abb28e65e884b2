"""What a jet image shows: constituents trimmed, centred, turned, reflected, cropped and summed in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.substructure import pixels as plane
from kaon.substructure.subjets import Subjets, kt_subjets

__all__ = ["CENTRES", "CHANNELS", "FLIPS", "NORMS", "ROTATIONS", "Picture", "draw"]

CHANNELS = {
    "pt": "transverse momentum",
    "pt_charged": "transverse momentum of charged constituents",
    "pt_neutral": "transverse momentum of neutral constituents",
    "multiplicity": "number of constituents",
    "multiplicity_charged": "number of charged constituents",
}
"""Name -> what is summed in a pixel. Those of charged or neutral constituents need their `charge`."""

CENTRES = {
    "jet": "rapidity and azimuth of the four-vector sum",
    "centroid": "pT-weighted mean of eta and phi",
    "leading": "hardest constituent",
    "subjet": "hardest subjet",
}
ROTATIONS = {
    "none": "as it is",
    "principal": "the heavier end of the first principal axis, seen from the centre, points to -pi/2",
    "subjet": "the second subjet, seen from the first, points to -pi/2; the principal axis without one",
}
FLIPS = {
    "none": "as it is",
    "right": "the half eta > 0 has more pT than the other",
    "quadrant": "the quadrant eta > 0, phi > 0 has the most pT",
}
NORMS = {
    "none": "pT in GeV",
    "sum": "pT over the scalar sum of pT inside the image",
    "jet": "pT over that of the four-vector sum of the jet",
}
SUBJET_RADIUS = 0.3
"""R of the kT subjets, as in 1511.05190."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Picture:
    """What an image shows, from constituents to pixels, in the order of the arguments' use.

    Args:
        pixels: on a side.
        half_width: the image covers [-half_width, half_width] in eta and in phi (radians) about the centre.
        channels: out of `CHANNELS`.
        centre: `jet`, `centroid`, `leading` or `subjet` (see `CENTRES`).
        rotate: `none`, `principal` or `subjet` (see `ROTATIONS`).
        flip: `none`, `right` or `quadrant` (see `FLIPS`).
        trim: kT subjets with less than this fraction of the jet's pT are dropped, https://arxiv.org/abs/0912.1342.
        normalise: `none`, `sum` or `jet` (see `NORMS`): what the channels of pT are divided by. Multiplicities stay.
        logarithm: factor f > 0 for x -> ln(1 + f x); 0 leaves x.

    Raises:
        ConfigError: an option makes no sense.
        UnknownName: no such channel, centre, rotation, flip or norm.
    """

    pixels: int = 40
    half_width: float = 0.8
    channels: tuple[str, ...] = ("pt",)
    centre: str = "centroid"
    rotate: str = "principal"
    flip: str = "quadrant"
    trim: float = 0.0
    normalise: str = "sum"
    logarithm: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one image: (channels, eta, phi)."""
        return len(self.channels), self.pixels, self.pixels

    @property
    def needs_charge(self) -> bool:
        """Whether a channel is of charged or of neutral constituents."""
        return any("_" in name for name in self.channels)

    def __post_init__(self) -> None:
        named = [("channel", name, CHANNELS) for name in self.channels]
        named += [("centre", self.centre, CENTRES), ("rotation", self.rotate, ROTATIONS)]
        for kind, name, known in (*named, ("flip", self.flip, FLIPS), ("norm", self.normalise, NORMS)):
            if name not in known:
                raise UnknownName(kind, name, known)
        if self.pixels < 1 or not self.channels or not 0 < self.half_width < np.inf:
            raise ConfigError(
                f"pixels={self.pixels}, channels={self.channels}, half_width={self.half_width}: an image needs at "
                "least one pixel and one channel, and a positive width"
            )
        if not 0 <= self.trim < 1 or not 0 <= self.logarithm < np.inf:
            raise ConfigError(f"trim={self.trim} must be in [0, 1) and logarithm={self.logarithm} not negative")


def draw(
    picture: Picture,
    momenta: Sequence[Array],
    counts: NDArray[np.int64],
    charge: Array | None = None,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Images of jets, (jets, channels, eta, phi) float32.

    Args:
        picture: what is drawn.
        momenta: px, py, pz and E of the constituents of all jets one after another, GeV, each (constituents,).
        counts: constituents of each jet, (jets,).
        charge: (constituents,), needed by some channels.
        out: C-contiguous zeros to draw on, (jets, channels, eta, phi).

    Raises:
        DataError: momenta are NaN or infinite, or charges are needed and not given.
        MissingExtra: subjets are asked for without FastJet.
    """
    if not all(np.isfinite((v.min(initial=0), v.max(initial=0))).all() for v in momenta):
        raise DataError("constituents have momenta that are NaN or infinite; drop these jets or repair their source")
    if picture.needs_charge and charge is None:
        raise DataError(f"the channels {', '.join(picture.channels)} need the charge of the constituents")
    jets = plane.Jets(counts)
    images = np.zeros((len(jets), *picture.shape), np.float32) if out is None else out
    px, py, pz, E = momenta
    charged: Array = np.broadcast_to(True, len(px)) if charge is None else charge != 0
    subjets = None
    if picture.trim or "subjet" in (picture.centre, picture.rotate):
        subjets = kt_subjets(momenta, counts, SUBJET_RADIUS)
    if picture.trim and subjets is not None:
        jet_pt = kin.transverse_momentum(jets.sum(px), jets.sum(py))
        subjets, kept = subjets.above(picture.trim * jet_pt)
        px, py, pz, E, charged = (values[kept] for values in (px, py, pz, E, charged))
        jets = jets.take(kept)
    pt, eta, phi = kin.polar(px, py, pz)
    total = [jets.sum(values) for values in (px, py, pz, E)]
    eta, phi = _centred(picture.centre, pt, eta, phi, jets, total, subjets)
    eta, phi = _turned(picture.rotate, pt, eta, phi, jets, subjets)
    if picture.flip != "none":
        eta, phi = plane.reflect(pt, eta, phi, jets, quadrant=picture.flip == "quadrant")
    pixel, inside = plane.pixel_of(eta, phi, picture.pixels, picture.half_width)
    if picture.normalise != "none":
        norm = jets.sum(pt * inside) if picture.normalise == "sum" else kin.transverse_momentum(*total[:2])
        pt = pt / jets.spread(np.where(norm > 0, norm, 1.0))
    rows = np.flatnonzero(inside)  # positions pick several times as quickly as a mask
    owner, pixel, pt = (values.take(rows) for values in (jets.owner, pixel, pt))
    charged = charged[rows] if picture.needs_charge else charged
    canvas = images.reshape(len(jets) * len(picture.channels), -1)
    for i, name in enumerate(picture.channels):
        quantity, _, of = name.partition("_")
        chosen = slice(None) if not of else charged if of == "charged" else ~charged
        weight = pt if quantity == "pt" else np.ones_like(pt)
        row = owner * len(picture.channels) + i
        plane.pixelate(canvas, weight[chosen], row[chosen], pixel[chosen], picture.logarithm)
    return images


def _centred(
    centre: str, pt: Array, eta: Array, phi: Array, jets: plane.Jets, total: Sequence[Array], subjets: Subjets | None
) -> tuple[Array, Array]:
    """(eta, phi) of the constituents from the centre of their jet."""
    px, py, pz, E = total
    y0, phi0 = kin.rapidity(E, pz), kin.phi(px, py)  # rapidity, so that a boost along the beam moves nothing
    if centre == "centroid":
        scalar = jets.sum(pt)
        share = pt / jets.spread(np.where(scalar > 0, scalar, 1.0))
        y0 = jets.sum(share * eta)
        phi0 = phi0 + jets.sum(share * kin.delta_phi(phi, jets.spread(phi0)))
    elif centre == "leading":
        hardest = np.zeros(len(jets))
        np.maximum.at(hardest, jets.owner, pt)
        first = np.flatnonzero(pt == jets.spread(hardest))[::-1]  # of equal ones the first is written last
        y0[jets.owner[first]], phi0[jets.owner[first]] = eta[first], phi[first]
    elif centre == "subjet":
        assert subjets is not None
        y0, phi0 = subjets.ranked(0)
    return eta - jets.spread(y0), kin.delta_phi(phi, jets.spread(phi0))


def _turned(
    rotate: str, pt: Array, eta: Array, phi: Array, jets: plane.Jets, subjets: Subjets | None
) -> tuple[Array, Array]:
    """(eta, phi) of the constituents, turned about the centre."""
    if rotate == "none":
        return eta, phi
    angle = plane.principal_angle(pt, eta, phi, jets)
    if rotate == "subjet":
        assert subjets is not None
        (y1, phi1), (y2, phi2) = subjets.ranked(0), subjets.ranked(1)
        angle = np.where(subjets.counts > 1, np.arctan2(kin.delta_phi(phi2, phi1), y2 - y1), angle)
    return plane.turn(angle, eta, phi, jets)
