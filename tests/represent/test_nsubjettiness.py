from __future__ import annotations

from itertools import combinations
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError
from kaon.extras import available
from kaon.represent.nsubjettiness import NSubjettiness, basis_names, nsubjettiness_features
from kaon.substructure import clustering

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def directions(p: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """pT, rapidity and azimuth of (objects, 4) four-momenta."""
    E, px, py, pz = p.T
    return np.hypot(px, py), 0.5 * np.log((E + pz) / (E - pz)), np.arctan2(py, px)


def apart(y1: Any, phi1: Any, y2: Any, phi2: Any) -> Any:
    turn = np.abs(phi1 - phi2) % (2 * np.pi)
    return np.hypot(y1 - y2, np.minimum(turn, 2 * np.pi - turn))


def by_hand(p: NDArray[Any], bodies: int) -> list[float]:
    """The basis of one jet, (constituents, 4): one kT merging after the other, and the definition of tau at each."""
    pt, y, phi = directions(p)
    taus: dict[int, list[float]] = {}
    objects = list(p)
    while objects:
        a_pt, a_y, a_phi = directions(np.array(objects))
        nearest = apart(y[:, None], phi[:, None], a_y, a_phi).min(1)
        taus[len(objects)] = [float((pt * nearest**beta).sum() / pt.sum()) for beta in (0.5, 1, 2)]
        if len(objects) == 1:
            break
        pairs = combinations(range(len(objects)), 2)
        i, j = min(
            pairs, key=lambda q: min(a_pt[q[0]], a_pt[q[1]]) * apart(a_y[q[0]], a_phi[q[0]], a_y[q[1]], a_phi[q[1]])
        )
        objects = [o for k, o in enumerate(objects) if k not in (i, j)] + [objects[i] + objects[j]]
    wanted = [(n, b) for n in range(1, bodies) for b in range(3) if n < bodies - 1 or b > 0]
    return [taus[n][b] if n < len(p) else 0.0 for n, b in wanted]


@pytest.mark.parametrize("bodies", [2, 3, 6, 8])
def test_is_the_definition_on_axes_found_one_merging_at_a_time(make_jets: Any, bodies: int) -> None:
    jets = make_jets(12, seed=bodies, sizes=[12, 30, 5, 7, 2, 9, 3, 20, 1, 8, 6, 15])["constituents"]
    found = nsubjettiness_features(jets, bodies, mass=False, pt=False)
    assert found.shape == (12, 3 * bodies - 4)
    expected = [by_hand(np.stack([ak.to_numpy(j[q]) for q in ("E", "px", "py", "pz")], axis=1), bodies) for j in jets]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_names_say_which_is_which(jets: Events) -> None:
    fitted = NSubjettiness(4).fit(jets)
    names = fitted.spec["features"].features
    assert names[:4] == ("tau_1_beta_0.5", "tau_1_beta_1", "tau_1_beta_2", "tau_2_beta_0.5")
    assert names[-4:] == ("tau_3_beta_1", "tau_3_beta_2", "jet_mass", "jet_pt")
    values = fitted.transform(jets).inputs["features"]
    np.testing.assert_allclose(values[:, -2], jets["jet_mass"], rtol=1e-5)
    np.testing.assert_allclose(values[:, -1], jets["jet_pt"], rtol=1e-5)
    bare = NSubjettiness(4, mass=False, pt=False).fit(jets)
    assert bare.spec["features"].features == names[:-2]
    np.testing.assert_array_equal(bare.transform(jets).inputs["features"], values[:, :-2])


def test_tau_2_of_two_particles_and_one_axis_by_hand() -> None:
    # Both massless at rapidity 0, 0.4 apart in azimuth: the axis of pT 3 and 1 lies where their vector sum points.
    angle = np.array([0.0, 0.4])
    pt = np.array([3.0, 1.0])
    px, py = pt * np.cos(angle), pt * np.sin(angle)
    jet = momenta(*(ak.Array([list(v)]) for v in (px, py, 0 * pt, pt)))
    axis = np.arctan2(py.sum(), px.sum())
    taus = [(pt * np.abs(angle - axis) ** beta).sum() / 4 for beta in (1, 2)]
    np.testing.assert_allclose(nsubjettiness_features(jet, 2, mass=False, pt=False), [taus], rtol=1e-6)


def test_neither_scale_nor_a_turn_about_the_beam_nor_a_boost_along_it_matters(jets: Events) -> None:
    p = jets["constituents"][:60]
    expected = nsubjettiness_features(p, 6, mass=False, pt=False)
    cos, sin, ch, sh = np.cos(2.5), np.sin(2.5), np.cosh(0.7), np.sinh(0.7)
    for other in (
        momenta(7 * p.px, 7 * p.py, 7 * p.pz, 7 * p.E),
        momenta(cos * p.px - sin * p.py, sin * p.px + cos * p.py, p.pz, p.E),
        momenta(p.px, p.py, ch * p.pz + sh * p.E, ch * p.E + sh * p.pz),
        p[:, ::-1],
    ):
        np.testing.assert_allclose(nsubjettiness_features(other, 6, mass=False, pt=False), expected, atol=1e-6)


def test_is_infrared_and_collinear_safe(jets: Events) -> None:
    p = jets["constituents"][:60]
    expected = nsubjettiness_features(p, 5, mass=False, pt=False)
    first, rest = p[:, :1], p[:, 1:]
    halves = {q: ak.concatenate([0.5 * first[q], 0.5 * first[q], rest[q]], axis=1) for q in ("px", "py", "pz", "E")}
    np.testing.assert_allclose(nsubjettiness_features(momenta(**halves), 5, False, False), expected, atol=1e-6)
    soft = {q: ak.concatenate([p[q], 1e-9 * p[q][:, -1:]], axis=1) for q in ("px", "py", "pz", "E")}
    np.testing.assert_allclose(nsubjettiness_features(momenta(**soft), 5, False, False), expected, atol=1e-6)


def test_few_constituents_equal_directions_and_more_than_any_padding(make_jets: Any) -> None:
    found = nsubjettiness_features(make_jets(6, sizes=[0, 1, 2, 3, 300, 4])["constituents"], 4)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_array_equal(found[1, :-2], 0)
    assert (found[1, -1] > 0).all()
    np.testing.assert_array_equal(found[3] > 0, [True] * 6 + [False] * 2 + [True] * 2)
    p = make_jets(1, sizes=[1])["constituents"]
    same = momenta(*(ak.concatenate([p[q]] * 5, axis=1) for q in ("px", "py", "pz", "E")))
    assert np.abs(nsubjettiness_features(same, 4)[0, :-2]).max() < 1e-6


def test_what_cannot_be_used_is_refused(jets: Events) -> None:
    with pytest.raises(ConfigError, match="bodies=1; M-body phase space needs M >= 2"):
        NSubjettiness(1)
    with pytest.raises(ConfigError):
        basis_names(0)
    p = jets["constituents"][:3]
    broken = momenta(p.px, ak.where(ak.local_index(p.py) == 2, np.nan, p.py), p.pz, p.E)
    with pytest.raises(DataError, match="NaN"):
        nsubjettiness_features(broken)


def test_jets_are_clustered_a_few_at_a_time(make_jets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = make_jets(30, sizes=[*range(15)] * 2)
    whole = NSubjettiness().fit_transform(jets).inputs
    monkeypatch.setattr(clustering, "_CHUNK", 4)
    for name, values in NSubjettiness().fit_transform(jets).inputs.items():
        np.testing.assert_array_equal(values, whole[name])
