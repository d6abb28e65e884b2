from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares
from tests.observables.conftest import Floats, mirrored, momenta_of, turned, two_body

from kaon.errors import DataError
from kaon.observables.higgs import TOP_MASS, W_MASS, higgs_masses, neutrino
from kaon.observables.masses import transverse_mass
from kaon.observables.momenta import four_momentum, invariant_mass, plane

TAGS = np.tile([0.0, 1.0, 1.0, 0.0], (300, 1))


def jets_of(count: int = 300, seed: int = 0) -> Floats:
    p = momenta_of(4 * count, seed=seed).reshape(count, 4, 4)
    order = np.argsort(-np.hypot(p[..., 1], p[..., 2]), axis=1)
    return np.take_along_axis(p, order[..., None], axis=1)


def test_the_neutrino_of_a_real_w_is_one_of_two_solutions() -> None:
    lepton, true = two_body(momenta_of(3000, W_MASS), W_MASS, 0.0, 0.0)
    found = neutrino(lepton, plane(true))
    np.testing.assert_allclose(invariant_mass(lepton + found), W_MASS, rtol=1e-5)
    np.testing.assert_allclose(invariant_mass(found), 0, atol=1e-4)
    np.testing.assert_allclose(plane(found), plane(true))
    right = np.isclose(found[:, 3], true[:, 3], rtol=1e-4, atol=1e-3)
    assert right.mean() > 0.5
    assert (np.abs(found[:, 3]) <= np.abs(true[:, 3]) + 1e-3).all()


def test_without_a_solution_the_mass_is_the_transverse_mass(met: Floats) -> None:
    lepton = momenta_of(300)
    found, least = invariant_mass(lepton + neutrino(lepton, met)), transverse_mass(lepton, met)
    np.testing.assert_allclose(found, np.maximum(least, W_MASS), rtol=1e-5)
    assert 20 < (least > W_MASS).sum() < 280
    # A W as light as nothing: always.
    np.testing.assert_allclose(invariant_mass(lepton + neutrino(lepton, met, mass=0.0)), least, rtol=1e-4, atol=1e-3)


def test_the_masses_of_a_generated_cascade() -> None:
    """H(425) -> W H+(325), H+ -> W h(125), h -> bb, with the W of l nu such that its solution is right."""
    heavy = momenta_of(4000, 425.0, 1)
    leptonic, charged = two_body(heavy, 425.0, W_MASS, 325.0, 2)
    hadronic, light = two_body(charged, 325.0, W_MASS, 125.0, 3)
    (lepton, true), (j1, j2) = two_body(leptonic, W_MASS, 0.0, 0.0, 4), two_body(hadronic, W_MASS, 0.0, 0.0, 5)
    b1, b2 = two_body(light, 125.0, 0.0, 0.0, 6)
    found = higgs_masses(lepton, plane(true), np.stack([j1, b1, j2, b2], 1), np.tile([0, 2, 0, 1], (4000, 1)))
    assert list(found) == ["m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"]
    for name, mass in {"m_jj": W_MASS, "m_lv": W_MASS, "m_bb": 125.0}.items():
        np.testing.assert_allclose(found[name], mass, rtol=1e-4)
    assert (found["m_wbb"] >= 325 * (1 - 1e-9)).all()
    right = np.isclose(neutrino(lepton, plane(true))[:, 3], true[:, 3], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found["m_wwbb"][right], 425, rtol=1e-3)
    assert (np.abs(found["m_wwbb"][~right] - 425) > 1e-3).all()


def test_top_pairs_have_two_top_masses() -> None:
    (w, b), (v, c) = (two_body(momenta_of(4000, TOP_MASS, i), TOP_MASS, W_MASS, 4.8, i + 2) for i in (1, 2))
    (lepton, true), (j1, j2) = two_body(w, W_MASS, 0.0, 0.0, 5), two_body(v, W_MASS, 0.0, 0.0, 6)
    found = higgs_masses(lepton, plane(true), np.stack([b, j1, c, j2], 1), np.tile([1, 0, 1, 0], (4000, 1)))
    np.testing.assert_allclose(found["m_jjj"], TOP_MASS, rtol=1e-4)
    right = np.isclose(neutrino(lepton, plane(true))[:, 3], true[:, 3], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found["m_jlv"][right], TOP_MASS, rtol=1e-3)


def test_symmetries_and_the_order_of_jets(met: Floats) -> None:
    lepton, jets = momenta_of(300, seed=7), jets_of()
    wanted = higgs_masses(lepton, met, jets, TAGS)
    swapped = [3, 2, 1, 0]
    for other in (
        higgs_masses(turned(lepton, 2.0), turned(met, 2.0), turned(jets, 2.0), TAGS),
        higgs_masses(mirrored(lepton), mirrored(met), mirrored(jets), TAGS),
        higgs_masses(lepton * [1, 1, 1, -1], met, jets * [1, 1, 1, -1], TAGS),
        higgs_masses(lepton, met, jets[:, swapped], TAGS[:, swapped]),
        higgs_masses(lepton, met, jets, 5 * TAGS - 1),
    ):
        for name, values in wanted.items():
            np.testing.assert_allclose(other[name], values, rtol=1e-6, err_msg=name)


def test_too_few_or_too_many_tags_take_the_hardest_jets(met: Floats) -> None:
    lepton, jets = momenta_of(300, seed=7), jets_of()
    none, some = np.zeros((300, 4)), np.tile([1.0, 1.0, 0.0, 0.0], (300, 1))
    for tags in (none, none + 1):
        found, wanted = higgs_masses(lepton, met, jets, tags), higgs_masses(lepton, met, jets, some)
        np.testing.assert_array_equal(found["m_bb"], wanted["m_bb"])


def test_nothing_is_defined() -> None:
    found = higgs_masses(np.zeros((1, 4)), np.zeros((1, 2)), np.zeros((1, 4, 4)), np.zeros((1, 4)))
    assert all(np.isfinite(values).all() for values in found.values())
    assert all(v.shape == (0,) for v in higgs_masses(TAGS[:0], TAGS[:0, :2], jets_of()[:0], TAGS[:0]).values())


def test_shapes_are_checked(met: Floats) -> None:
    lepton, jets = momenta_of(300), jets_of()
    for bad_jets, bad_tags in ((jets[:, :3], TAGS[:, :3]), (jets, TAGS[:, :3]), (jets[:, 0], TAGS)):
        with pytest.raises(DataError, match="b_tag"):
            higgs_masses(lepton, met, bad_jets, bad_tags)


def test_the_public_file_gives_back_its_masses(kaon_data: Path) -> None:
    """Each column of UCI HIGGS has a unit of its own; with those fitted to m_bb, the other masses follow."""
    table = np.concatenate([np.loadtxt(kaon_data / "higgs" / f"lightgbm_binary.{p}") for p in ("train", "test")])
    lepton, (met, met_phi), jets = table[:, 1:4], table[:, 4:6].T, table[:, 6:22].reshape(-1, 4, 4)
    names = ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
    published = dict(zip(names, table[:, 22:].T, strict=True))
    tags = jets[..., 3] / jets[..., 3].max(axis=0)
    two = (tags > 0).sum(axis=1) == 2
    turn = np.pi / np.sqrt(3)  # an azimuth in units of its standard deviation

    def four(units: Floats) -> Floats:
        return four_momentum(jets[..., 0] * units[:4], jets[..., 1] * units[4:], jets[..., 2] * turn)

    def residual(logs: Floats) -> Floats:
        pair = four(np.exp(logs)) * (tags > 0)[..., None]
        made: Floats = np.log(invariant_mass(pair.sum(axis=1))[two] / published["m_bb"][two])
        return made

    units = np.exp(least_squares(residual, np.zeros(8), loss="cauchy", f_scale=0.02).x)
    # Jets and leptons start at 15 GeV, leptons end at |eta| = 2.5; the first jet is always harder.
    units[:4] *= np.median(15 / (jets[:, 1:, 0].min(axis=0) * units[1:4]))
    p = four_momentum(
        lepton[:, 0] * 15 / lepton[:, 0].min(),
        lepton[:, 1] * 2.5 / np.abs(lepton[:, 1]).max(),
        lepton[:, 2] * turn,
    )
    direction = np.stack([np.cos(met_phi * turn), np.sin(met_phi * turn)], axis=1) * met[:, None]
    # m_lv is the W mass, or the transverse mass where that is larger: this gives the unit of the missing momentum.
    wide = published["m_lv"] > 1.1
    w_unit = W_MASS / np.median(
        published["m_lv"][transverse_mass(p, direction) < np.median(transverse_mass(p, direction))]
    )
    ratio = np.median(published["m_lv"][wide] * w_unit / transverse_mass(p, direction)[wide])
    missing = direction * ratio**2
    found = higgs_masses(p, missing, four(units), tags)

    close = {}
    for name in names:
        off = np.log(found[name] / published[name])
        counts, edges = np.histogram(off, np.arange(-8, 8, 0.01))
        close[name] = np.abs(off - np.median(off[np.abs(off - edges[counts.argmax()]) < 0.05])) < 0.02
    whole = two & close["m_jj"]  # the pair jj is not of a fifth jet
    off_shell = transverse_mass(p, missing) > 1.02 * W_MASS  # one neutrino only
    assert close["m_bb"][two].mean() > 0.95
    assert close["m_jj"][two].mean() > 0.6
    assert close["m_jjj"][whole].mean() > 0.9
    assert close["m_lv"].mean() > 0.9
    for name in ("m_jlv", "m_wbb", "m_wwbb"):
        assert close[name][whole & off_shell].mean() > 0.9, name
