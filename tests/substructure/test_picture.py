from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.errors import ConfigError, DataError, UnknownName
from kaon.substructure.picture import CENTRES, FLIPS, NORMS, ROTATIONS, Picture, draw

Array = NDArray[Any]
pytest.importorskip("fastjet")


class Cloud:
    """Constituents of several jets as (pT, eta, phi) from one axis a jet."""

    def __init__(self, jets: int = 60, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.counts = random.integers(2, 25, jets)
        self.owner = np.repeat(np.arange(jets), self.counts)
        total = len(self.owner)
        self.pt = random.exponential(10, total) + 1
        side, turn = random.choice([-0.3, 0.3], total), random.uniform(0, np.pi, jets)[self.owner]
        self.x = side * np.cos(turn) + random.normal(0, 0.1, total)
        self.y = side * np.sin(turn) + random.normal(0, 0.1, total)
        self.axis = random.uniform(-1.5, 1.5, jets)[self.owner], random.uniform(-3, 3, jets)[self.owner]
        self.charge = random.integers(-1, 2, total)

    def momenta(self, x: Array | None = None, y: Array | None = None, eta0: float = 0, phi0: float = 0) -> list[Array]:
        """Massless; other coordinates in the plane, or moved as a whole."""
        eta = self.axis[0] + eta0 + (self.x if x is None else x)
        phi = self.axis[1] + phi0 + (self.y if y is None else y)
        return [self.pt * np.cos(phi), self.pt * np.sin(phi), self.pt * np.sinh(eta), self.pt * np.cosh(eta)]

    def draw(self, picture: Picture, momenta: Sequence[Array] | None = None) -> Array:
        return draw(picture, momenta or self.momenta(), self.counts, self.charge)


def wrapped(phi: Any) -> Any:
    return np.angle(np.exp(1j * phi))


def subjets(px: Array, py: Array, pz: Array, E: Array) -> tuple[list[Any], Array]:
    """Directions of the kT subjets of one jet, hardest first, and the subjet of each constituent."""
    import fastjet

    particles = [fastjet.PseudoJet(*map(float, p)) for p in zip(px, py, pz, E, strict=True)]
    for i, particle in enumerate(particles):
        particle.set_user_index(i)
    sequence = fastjet.ClusterSequence(particles, fastjet.JetDefinition(fastjet.kt_algorithm, 0.3))
    member = np.zeros(len(px), int)
    found = sorted(sequence.inclusive_jets(), key=lambda jet: -jet.pt())
    for rank, jet in enumerate(found):
        member[[c.user_index() for c in jet.constituents()]] = rank
    return [(j.pt(), j.rap(), j.phi_std()) for j in found], member


def image_of(px: Array, py: Array, pz: Array, E: Array, charge: Array, p: Picture) -> Array:
    """One jet with histograms, (channels, eta, phi): the steps once more, one jet at a time."""
    parts, member = subjets(px, py, pz, E)
    if p.trim:
        kept = np.array([pt >= p.trim * np.hypot(px.sum(), py.sum()) for pt, *_ in parts])[member]
        px, py, pz, E, charge = (v[kept] for v in (px, py, pz, E, charge))
        parts = parts[: member[kept].max() + 1]
    pt, eta, phi = np.hypot(px, py), np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
    rapidity = 0.5 * np.log((E.sum() + pz.sum()) / (E.sum() - pz.sum()))
    azimuth = np.arctan2(py.sum(), px.sum())
    near = azimuth + wrapped(phi - azimuth)
    centre = {
        "jet": (rapidity, azimuth),
        "centroid": (np.average(eta, weights=pt), np.average(near, weights=pt)),
        "leading": (eta[pt.argmax()], phi[pt.argmax()]),
        "subjet": parts[0][1:],
    }[p.centre]
    z = (eta - centre[0]) + 1j * wrapped(phi - centre[1])
    if p.rotate != "none":
        values, vectors = np.linalg.eigh(
            (pt * np.stack([z.real, z.imag])) @ np.stack([z.real, z.imag]).T  # about the centre, not the mean
        )
        axis = complex(*vectors[:, values.argmax()])
        along = np.round((z * np.conj(axis)).real, 9)
        if pt[along > 0].sum() < pt[along < 0].sum():
            axis = -axis
        if p.rotate == "subjet" and len(parts) > 1:
            axis = (parts[1][1] - parts[0][1]) + 1j * wrapped(parts[1][2] - parts[0][2])
        z = z * -1j * np.conj(axis) / abs(axis)
    x, y = np.round(z.real, 9), np.round(z.imag, 9)  # a centre or a direction is exactly on its axis
    if p.flip == "right" and pt[x > 0].sum() < pt[x < 0].sum():
        x = -x
    if p.flip == "quadrant":
        a, b = max(product((1, -1), (1, -1)), key=lambda s: pt[(s[0] * x > 0) & (s[1] * y > 0)].sum())
        x, y = a * x, b * y
    inside = (abs(x) <= p.half_width) & (abs(y) <= p.half_width)
    norm = {"none": 1, "sum": pt[inside].sum(), "jet": np.hypot(px.sum(), py.sum())}[p.normalise]
    weights = {
        "pt": pt / norm,
        "pt_charged": pt * (charge != 0) / norm,
        "pt_neutral": pt * (charge == 0) / norm,
        "multiplicity": np.ones_like(pt),
        "multiplicity_charged": (charge != 0) * 1.0,
    }
    edges = np.linspace(-p.half_width, p.half_width, p.pixels + 1)
    image = np.stack([np.histogram2d(x, y, bins=[edges, edges], weights=weights[c])[0] for c in p.channels])
    return np.log1p(p.logarithm * image) if p.logarithm else image


PICTURES = [
    *(Picture(16, 0.7, ("pt",), *steps) for steps in product(CENTRES, ROTATIONS, FLIPS)),
    *(Picture(9, 0.3, trim=trim, normalise=norm) for trim, norm in product((0.0, 0.2), NORMS)),
    Picture(33, 0.4, ("pt_charged", "pt_neutral", "multiplicity_charged", "multiplicity", "pt"), logarithm=3.0),
    Picture(64, 0.8, ("pt",), "jet", "none", "none", 0.0, "jet", 100.0),
    Picture(25, 1.0, ("pt",), "subjet", "subjet", "right", 0.05, "jet"),
]


def test_agree_with_a_loop_over_jets_and_histograms() -> None:
    cloud = Cloud()
    columns = [np.split(v, np.cumsum(cloud.counts)[:-1]) for v in (*cloud.momenta(), cloud.charge)]
    for picture in PICTURES:
        expected = np.stack([image_of(*jet, picture) for jet in zip(*columns, strict=True)])  # type: ignore[call-arg]  # one column each
        found = cloud.draw(picture)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=str(picture))


@pytest.mark.parametrize("picture", PICTURES[:: len(FLIPS)], ids=str)
def test_do_not_change_when_the_jet_is_somewhere_else(picture: Picture) -> None:
    cloud = Cloud()
    expected = cloud.draw(picture)
    for eta0, phi0 in ((0.7, 0.0), (0.0, 2.0), (-0.4, np.pi)):  # across the seam at +-pi too
        np.testing.assert_allclose(cloud.draw(picture, cloud.momenta(None, None, eta0, phi0)), expected, atol=1e-5)


@pytest.mark.parametrize("rotate", ["principal", "subjet"])
def test_do_not_change_when_the_jet_is_turned(rotate: str) -> None:
    # Rigid turning about the axis is a symmetry of what is centred without the curved (E, pz).
    cloud = Cloud()
    for angle in (0.3, 2.0, np.pi):
        x = np.cos(angle) * cloud.x - np.sin(angle) * cloud.y
        y = np.sin(angle) * cloud.x + np.cos(angle) * cloud.y
        picture = Picture(12, 0.9, centre="leading", rotate=rotate, flip="right")
        same = np.isclose(cloud.draw(picture, cloud.momenta(x, y)), cloud.draw(picture), atol=1e-5).all((1, 2, 3))
        # The axis of a subjet is a four-vector sum, which is turned nearly, not exactly.
        assert same.mean() == 1 if rotate == "principal" else same.mean() > 0.5


@pytest.mark.parametrize("centre", ["centroid", "leading"])
def test_do_not_change_when_the_jet_is_mirrored(centre: str) -> None:
    cloud = Cloud()
    for flip, signs in {"right": [(-1, 1)], "quadrant": [(-1, 1), (1, -1), (-1, -1)]}.items():
        for rotate in ("none", "principal"):
            picture = Picture(12, 0.9, centre=centre, rotate=rotate, flip=flip)
            expected = cloud.draw(picture)
            for a, b in signs:
                np.testing.assert_allclose(
                    cloud.draw(picture, cloud.momenta(a * cloud.x, b * cloud.y)), expected, atol=1e-6
                )


def test_no_pt_is_lost_before_the_crop_and_sums_are_one() -> None:
    cloud = Cloud()
    for centre, rotate, flip in product(CENTRES, ROTATIONS, FLIPS):
        wide = cloud.draw(Picture(8, 3.0, ("pt", "multiplicity"), centre, rotate, flip, normalise="none"))
        np.testing.assert_allclose(wide[:, 0].sum((1, 2)), np.bincount(cloud.owner, cloud.pt), rtol=1e-5)
        np.testing.assert_array_equal(wide[:, 1].sum((1, 2)), cloud.counts)
    for channels in (("pt",), ("pt_charged", "pt_neutral")):
        cropped = cloud.draw(Picture(8, 0.2, channels, centre="leading"))
        np.testing.assert_allclose(cropped.sum((1, 2, 3)), 1, rtol=1e-5)
    scaled = [values * 7 for values in cloud.momenta()]
    np.testing.assert_allclose(cloud.draw(Picture(8), scaled), cloud.draw(Picture(8)), atol=1e-6)


def by_hand(points: Sequence[tuple[float, float, float]], picture: Picture) -> Array:
    """One jet of (pT, eta, phi)."""
    pt, eta, phi = np.array(points).T
    momenta = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)]
    image: Array = draw(picture, momenta, np.array([len(points)]), np.ones(len(points)))[0]
    return image


def test_a_jet_made_by_hand() -> None:
    # The second direction comes to lie below the first, the third to the right: indices are (eta, phi).
    picture = Picture(3, 0.6, centre="leading", rotate="subjet", flip="right", normalise="none")
    image = by_hand([(100, 1.0, 3.1), (50, 1.4, 3.1), (10, 1.0, 2.7)], picture)[0]
    expected = np.zeros((3, 3))
    expected[1, 1], expected[1, 0], expected[2, 1] = 100, 50, 10
    np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_the_seam_in_azimuth_parts_no_jet() -> None:
    for centre in CENTRES:
        picture = Picture(4, 0.4, centre=centre, rotate="none", flip="none", normalise="none")
        image = by_hand([(20, 0.05, np.pi - 0.15), (10, -0.05, 0.15 - np.pi)], picture)
        assert image.sum() == pytest.approx(30), centre


def test_one_constituent_none_and_equal_coordinates_are_defined() -> None:
    for picture in PICTURES:
        one = by_hand([(5.0, 0.3, 0.2)], picture)
        many = by_hand([(1.0, 0.3, 0.2)] * 5, picture)
        for image in (one, many):
            assert np.isfinite(image).all()
            assert (image[picture.channels.index("pt")] > 0).sum() == 1
        nothing = draw(picture, [np.zeros(0)] * 4, np.zeros(2, int), np.zeros(0))
        assert nothing.shape == (2, *picture.shape)
        assert not nothing.any()
        at_rest = draw(picture, [np.zeros(3)] * 4, np.array([1, 2]), np.zeros(3))
        assert np.isfinite(at_rest).all()
        assert not at_rest[:, picture.channels.index("pt")].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_momenta_that_are_no_numbers_are_refused(bad: float) -> None:
    momenta = [np.ones(3) for _ in range(4)]
    momenta[2][1] = bad
    with pytest.raises(DataError, match="NaN or infinite"):
        draw(Picture(), momenta, np.array([3]))


def test_options_are_checked() -> None:
    for wrong in ({"pixels": 0}, {"half_width": 0}, {"half_width": np.inf}, {"channels": ()}):
        with pytest.raises(ConfigError, match="an image needs"):
            Picture(**wrong)
    for wrong in ({"trim": 1}, {"trim": -0.1}, {"logarithm": -1}, {"logarithm": np.nan}):
        with pytest.raises(ConfigError, match="trim="):
            Picture(**wrong)
    for name in ("centre", "rotate", "flip", "normalise"):
        with pytest.raises(UnknownName, match="'centriod'"):
            Picture(**{name: "centriod"})  # type: ignore[arg-type]  # a wrong word is the test
    with pytest.raises(UnknownName, match="did you mean pt_charged"):
        Picture(channels=("pt_chraged",))
    with pytest.raises(DataError, match="need the charge"):
        draw(Picture(channels=("pt_charged",)), [np.ones(1)] * 4, np.array([1]))
