from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.records import momenta, table
from kaon.errors import ConfigError
from kaon.represent.four_vectors import FourVectors, align


@st.composite
def padded(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """pT (hardest first, 0 for padding), eta and phi of a few jets, each within a cone."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 6)))
    pt = -np.sort(-draw(hnp.arrays(float, shape, elements=st.floats(1, 100))), axis=1)
    counts = draw(hnp.arrays(int, shape[0], elements=st.integers(0, shape[1])))
    grid = st.integers(-100, 100).map(lambda i: i / 100)
    eta, phi = (draw(hnp.arrays(float, shape, elements=grid)) for _ in range(2))
    real = np.arange(shape[1]) < counts[:, None]
    return tuple(np.where(real, values, 0) for values in (pt, eta, phi))  # type: ignore[return-value]


def unambiguous(pt: NDArray[Any], eta: NDArray[Any], phi: NDArray[Any]) -> bool:
    """Whether the second constituent lies off the first, and the flip does not hang on rounding."""
    if pt.shape[1] > 1:
        near = np.hypot(eta[:, 1] - eta[:, 0], phi[:, 1] - phi[:, 0]) < 1e-3
        if (near & (pt[:, 1] > 0)).any():
            return False
    sums = (pt * align(pt, eta, phi)[1]).sum(1)
    return bool((np.abs(sums) > 1e-6)[(pt > 0).sum(1) > 2].all())


@given(padded())
def test_ends_in_the_standard_position(jets: tuple[NDArray[Any], ...]) -> None:
    pt0, eta0, phi0 = jets
    pt, eta, phi = align(pt0, eta0, phi0)
    np.testing.assert_array_equal(pt, pt0, "no pT changes")
    assert (eta[:, 0] == 0).all()
    assert (phi[:, 0] == 0).all()
    if pt.shape[1] > 1:
        np.testing.assert_allclose(eta[:, 1], 0, atol=1e-12)
        assert (phi[:, 1] <= 1e-12).all()
    assert ((pt * eta).sum(1) >= -1e-9).all()
    assert (eta[pt == 0] == 0).all()
    assert (phi[pt == 0] == 0).all()


@given(padded())
def test_distances_within_a_jet_are_kept(jets: tuple[NDArray[Any], ...]) -> None:
    pt, eta0, phi0 = jets
    _, eta, phi = align(pt, eta0, phi0)
    real = (pt > 0)[:, :, None] & (pt > 0)[:, None, :]

    def distances(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return np.where(real, np.hypot(a[:, :, None] - a[:, None, :], b[:, :, None] - b[:, None, :]), 0)

    np.testing.assert_allclose(distances(eta, phi), distances(eta0, phi0), atol=1e-9)


@given(padded(), st.floats(-10, 10), st.floats(-2, 2), st.floats(-3, 3), st.booleans())
def test_position_orientation_and_handedness_of_a_jet_do_not_matter(
    jets: tuple[NDArray[Any], ...], dphi: float, deta: float, turn: float, mirror: bool
) -> None:
    pt, eta, phi = jets
    assume(unambiguous(pt, eta, phi))
    expected = align(pt, eta, phi)
    cos, sin = np.cos(turn), np.sin(turn)
    e, f = cos * eta - sin * phi, sin * eta + cos * phi
    if mirror:
        e = -e
    f = (f + dphi + np.pi) % (2 * np.pi) - np.pi  # also across the seam at +-pi
    assume((np.abs(np.abs(f - f[:, :1]) - np.pi) > 0.2).all())
    found = align(pt, e + deta, f)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.where(pt > 0, a, 0), b, atol=1e-7)


def test_three_constituents_by_hand() -> None:
    # The second lies at +eta: a quarter turn brings it to -phi, and the third from +phi to +eta.
    pt, eta, phi = (np.array([row]) for row in ([5.0, 3.0, 2.0], [1.0, 1.5, 1.0], [3.1, 3.1, 3.1 + 0.2 - 2 * np.pi]))
    _, e, f = align(pt, eta, phi)
    np.testing.assert_allclose(e, [[0, 0, 0.2]], atol=1e-12)
    np.testing.assert_allclose(f, [[0, -0.5, 0]], atol=1e-12)


def test_features_are_the_aligned_constituents_in_order(jets: Events) -> None:
    fitted = FourVectors(4).fit(jets)
    found = fitted.transform(jets).inputs["features"]
    p = jets["constituents"][:, :4]
    np.testing.assert_allclose(found[:, ::3], ak.to_numpy(ak.fill_none(ak.pad_none(p.pt, 4), 0.0)), rtol=1e-6)
    columns = [ak.to_numpy(ak.fill_none(ak.pad_none(v, 4), 0.0)) for v in (p.pt, p.eta, p.phi)]
    expected = align(*columns)
    np.testing.assert_allclose(found.reshape(-1, 4, 3), np.stack(expected, axis=-1), atol=1e-5, rtol=1e-5)
    assert fitted.spec["features"].features[:4] == ("pt_0", "eta_0", "phi_0", "pt_1")
    assert found.dtype == np.float32


def test_a_turn_of_the_whole_jet_about_the_beam_or_a_mirror_changes_nothing(jets: Events) -> None:
    fitted = FourVectors().fit(jets)
    p = jets["constituents"]
    expected = fitted.transform(jets).inputs["features"]
    cos, sin = np.cos(2.5), np.sin(2.5)
    others = [
        momenta(cos * p.px - sin * p.py, sin * p.px + cos * p.py, p.pz, p.E),
        momenta(p.px, -p.py, p.pz, p.E),
        momenta(p.px, p.py, -p.pz, p.E),
    ]
    for other in others:
        found = fitted.transform(jets.with_columns(constituents=other)).inputs["features"]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_largest_pt_of_training_becomes_one_and_angles_are_left(jets: Events) -> None:
    item = FourVectors(3).fit(jets).spec["features"]
    hardest = float(ak.max(jets["constituents"].pt))
    assert item.shift == (0.0,) * 9
    np.testing.assert_allclose(item.scale[::3], 1 / hardest, rtol=1e-6)
    assert set(item.scale[1::3]) | set(item.scale[2::3]) == {1.0}


def test_more_constituents_than_fit_are_cut_and_fewer_are_padded(make_jets: Any) -> None:
    jets = make_jets(4, sizes=[0, 1, 5, 30])
    short, long = (FourVectors(n).fit(jets).transform(jets).inputs["features"] for n in (5, 10))
    np.testing.assert_array_equal(short[:, ::3], long[:, :15:3])
    assert np.isfinite(long).all()
    assert (long[0] == 0).all()
    assert (long[1, 3:] == 0).all()
    assert (long[2, 15:] == 0).all()
    assert (np.diff(long[3, ::3]) <= 0).all()


def test_a_sample_of_empty_jets_can_be_fitted() -> None:
    empty = momenta(*(ak.unflatten(np.zeros(0), np.zeros(2, np.int64)) for _ in range(4)))
    fitted = FourVectors(2).fit(Events(table({"constituents": empty})))
    assert np.isfinite(fitted.spec["features"].scale).all()


def test_no_constituents_are_too_few() -> None:
    with pytest.raises(ConfigError, match="constituents=0; at least one is needed"):
        FourVectors(0)
