from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.records import momenta, table
from kaon.studies.jet_images.averages import correlation_maps, mean_images, second_prong, step_maps
from kaon.studies.jet_images.boson import HALF_WIDTH, STEPS
from kaon.substructure.picture import Picture


def two_prongs(distance: float, count: int = 300, seed: int = 0) -> Events:
    """Jets of two particles, the second with a third of the first one's pT, this far apart in any direction."""
    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, count)
    eta, phi = random.uniform(-1, 1, count), random.uniform(-np.pi, np.pi, count)
    eta = np.stack([eta, eta + distance * np.cos(angle)], 1)
    phi = np.stack([phi, phi + distance * np.sin(angle)], 1)
    pt = np.broadcast_to([90.0, 30.0], (count, 2))
    made = momenta(*(ak.from_regular(ak.Array(x)) for x in cartesian(pt, eta, phi)))
    return Events(table({"constituents": made}), np.arange(count) % 2, classes=("qcd", "w"))


def cartesian(
    pt: NDArray[np.float64], eta: NDArray[np.float64], phi: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    return pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)


@pytest.mark.parametrize("distance", [0.4, 0.58, 0.8])
def test_after_rotation_the_second_subjet_lies_straight_below(distance: float) -> None:
    pytest.importorskip("fastjet")
    events = two_prongs(distance)
    before = mean_images(events, STEPS["centred"][0])["w"][0]
    image = mean_images(events, STEPS["rotated"][0])["w"][0]
    pixel = 2 * HALF_WIDTH / 25
    assert image.sum() == pytest.approx(120, rel=1e-5), "GeV, none outside"
    assert second_prong(image, HALF_WIDTH) == pytest.approx(distance, abs=pixel / 2 + 1e-9)
    middle = image[12]
    assert middle.sum() == pytest.approx(120, rel=1e-5), "all in the column of eta = 0"
    assert middle[12] == pytest.approx(90, rel=1e-5)
    assert middle[13:].sum() == 0, "nothing above"
    assert np.count_nonzero(before) > 20, "before, the second one is anywhere on a ring"


def test_the_average_is_the_mean_by_weight() -> None:
    events = two_prongs(0.2, 40)
    weight = np.linspace(0.5, 2, 40)
    weighted = Events(events.array, events.target, weight, classes=events.classes)
    picture = Picture(5, 0.5, centre="jet", rotate="none", flip="none", normalise="none")
    single = np.stack([mean_images(events.take(slice(i, i + 1)), picture)[events.classes[i % 2]] for i in range(40)])
    for i, name in enumerate(events.classes):
        expected = np.average(single[i::2], axis=0, weights=weight[i::2])
        np.testing.assert_allclose(mean_images(weighted, picture)[name], expected, rtol=1e-5, atol=1e-6)


def test_a_class_without_jets_is_an_image_of_zeros() -> None:
    events = two_prongs(0.2, 10)
    only = events.take(events.labels == 0)
    assert not mean_images(only, Picture(5, 0.5))["w"].any()


def test_second_prong_of_a_gaussian_spot() -> None:
    eta, phi = np.meshgrid(np.linspace(-0.96, 0.96, 25), np.linspace(-0.96, 0.96, 25), indexing="ij")
    spot = 5 * np.exp(-(eta**2 + phi**2) / 0.02) + np.exp(-(eta**2 + (phi + 0.6) ** 2) / 0.02)
    assert second_prong(spot, 1.0) == pytest.approx(0.6, abs=0.02)
    assert 0.25 < second_prong(np.zeros((25, 25)), 1.0) < 1, "defined for nothing too"


def test_maps_are_drawn_on_scales_that_compare() -> None:
    random = np.random.default_rng(0)
    means = {"QCD": random.random((1, 6, 6)), "W": random.random((1, 6, 6))}
    signal, background, difference = step_maps("s", "t", "c", means, 1.0, "GeV")
    assert [c.name for c in (signal, background, difference)] == ["s-W", "s-QCD", "s-difference"]
    assert (signal.data[0]["zmin"], signal.data[0]["zmax"]) == (background.data[0]["zmin"], background.data[0]["zmax"])
    z = np.asarray(difference.data[0]["z"])
    np.testing.assert_allclose(z, (means["W"] - means["QCD"])[0].T, atol=1e-3)
    assert difference.data[0]["zmin"] == -difference.data[0]["zmax"]
    found = random.uniform(-0.5, 0.5, (3, 6, 6))
    charts = correlation_maps("p", ["a", "b", "c"], "words", found, 0.4)
    assert len({(c.data[0]["zmin"], c.data[0]["zmax"]) for c in charts}) == 1
    np.testing.assert_allclose(charts[1].data[0]["z"], found[1].T, atol=1e-3)


def test_empty_averages_are_drawn_too() -> None:
    assert len(step_maps("s", "t", "c", {"QCD": np.zeros((1, 4, 4)), "W": np.zeros((1, 4, 4))}, 1.0, "GeV")) == 3
