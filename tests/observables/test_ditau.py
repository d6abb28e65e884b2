from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.observables.conftest import Floats, mirrored, momenta_of, turned

from kaon.errors import DataError
from kaon.observables.ditau import higgsml_variables
from kaon.observables.masses import transverse_mass, visible_mass
from kaon.observables.momenta import four_momentum

TAU, LEPTON = momenta_of(300, seed=1), momenta_of(300, seed=2)
PAIRED = ("DER_deltaeta_jet_jet", "DER_mass_jet_jet", "DER_prodeta_jet_jet", "DER_lep_eta_centrality")


def jets_of(numbers: Sequence[int] | NDArray[np.int64]) -> Floats:
    """Up to three jets by falling pT, zeros where there are fewer."""
    p = momenta_of(3 * len(numbers), seed=3).reshape(-1, 3, 4)
    order = np.argsort(-np.hypot(p[..., 1], p[..., 2]), axis=1)
    p = np.take_along_axis(p, order[..., None], axis=1)
    return p * (np.arange(3) < np.asarray(numbers)[:, None])[..., None]


def met_of(size: float, azimuth: float) -> Floats:
    return np.array([[size * np.cos(azimuth), size * np.sin(azimuth)]])


def test_the_first_event_of_the_challenge() -> None:
    """Event 100000 of the public file: its primitive columns give its derived ones, to their three digits.

    Jets are massless here, which only the mass of two jets notices.
    """
    tau, lepton = four_momentum([32.638], [1.017], [0.381]), four_momentum([51.626], [2.273], [-2.414])
    jets = np.stack([four_momentum([67.435], [2.150], [0.444]), four_momentum([46.062], [1.240], [-2.475])], axis=1)
    found = higgsml_variables(tau, lepton, met_of(16.824, -0.277), jets)
    published = {
        "DER_mass_transverse_met_lep": 51.655,
        "DER_mass_vis": 97.827,
        "DER_pt_h": 27.980,
        "DER_deltaeta_jet_jet": 0.910,
        "DER_prodeta_jet_jet": 2.666,
        "DER_deltar_tau_lep": 3.064,
        "DER_pt_tot": 41.928,
        "DER_sum_pt": 197.760,
        "DER_pt_ratio_lep_tau": 1.582,
        "DER_met_phi_centrality": 1.396,
        "DER_lep_eta_centrality": 0.200,
    }
    for name, value in published.items():
        assert found[name][0] == pytest.approx(value, rel=2e-3, abs=1e-3), name
    assert found["DER_mass_jet_jet"][0] == pytest.approx(124.711, rel=0.03)


def test_symmetries(met: Floats) -> None:
    jets = jets_of(np.arange(300, dtype=np.int64) % 4)
    wanted = higgsml_variables(TAU, LEPTON, met, jets)
    flipped = [p * [1, 1, 1, -1] for p in (TAU, LEPTON, jets)]
    for other in (
        higgsml_variables(turned(TAU, 2.0), turned(LEPTON, 2.0), turned(met, 2.0), turned(jets, 2.0)),
        higgsml_variables(mirrored(TAU), mirrored(LEPTON), mirrored(met), mirrored(jets)),
        higgsml_variables(flipped[0], flipped[1], met, flipped[2]),
    ):
        for name, values in wanted.items():
            np.testing.assert_allclose(other[name], values, rtol=1e-6, atol=1e-7, err_msg=name)


def test_they_are_those_of_other_files(met: Floats) -> None:
    found = higgsml_variables(TAU, LEPTON, met, jets_of([2] * 300))
    np.testing.assert_array_equal(found["DER_mass_transverse_met_lep"], transverse_mass(LEPTON, met))
    np.testing.assert_array_equal(found["DER_mass_vis"], visible_mass(TAU, LEPTON))


def test_two_jets_are_needed_for_what_is_of_two_jets(met: Floats) -> None:
    numbers = np.arange(300, dtype=np.int64) % 4
    found = higgsml_variables(TAU, LEPTON, met, jets_of(numbers))
    for name, values in found.items():
        np.testing.assert_array_equal(np.isnan(values), (numbers < 2) if name in PAIRED else False, err_msg=name)
    for missing in (np.zeros((300, 0, 4)), np.zeros((300, 1, 4))):
        few = higgsml_variables(TAU, LEPTON, met, missing)
        np.testing.assert_allclose(few["DER_pt_tot"], few["DER_pt_h"])
        assert all(np.isnan(few[name]).all() for name in PAIRED)


def test_the_third_jet_counts_in_the_sum_only(met: Floats) -> None:
    three, two = jets_of([3] * 300), jets_of([2] * 300)
    found, fewer = higgsml_variables(TAU, LEPTON, met, three), higgsml_variables(TAU, LEPTON, met, two)
    third = np.hypot(three[:, 2, 1], three[:, 2, 2])
    np.testing.assert_allclose(found["DER_sum_pt"], fewer["DER_sum_pt"] + third)
    for name in set(found) - {"DER_sum_pt"}:
        np.testing.assert_array_equal(found[name], fewer[name])


@pytest.mark.parametrize(
    ("azimuth", "wanted"), [(0.5, np.sqrt(2)), (0.0, 1), (1.0, 1), (0.5 + np.pi, -np.sqrt(2)), (0.5 + np.pi / 2, 0)]
)
def test_centrality_in_phi(azimuth: float, wanted: float) -> None:
    tau, lepton = four_momentum([50.0], 0.0, [1.0]), four_momentum([30.0], 0.0, [0.0])
    none = np.zeros((1, 0, 4))
    for one, other in ((tau, lepton), (lepton, tau)):
        found = higgsml_variables(one, other, met_of(20.0, azimuth), none)
        assert found["DER_met_phi_centrality"][0] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("eta", "wanted"), [(1.0, 1.0), (3.0, np.exp(-1)), (-1.0, np.exp(-1)), (20.0, 0.0)])
def test_centrality_in_eta(eta: float, wanted: float) -> None:
    jets = np.stack([four_momentum([50.0], [-1.0], [0.0]), four_momentum([40.0], [3.0], [1.0])], axis=1)
    lepton = four_momentum([30.0], [eta], [0.0])
    found = higgsml_variables(TAU[:1], lepton, met_of(1.0, 0.0), jets)
    assert found["DER_lep_eta_centrality"][0] == pytest.approx(wanted, abs=1e-9)


def test_edges() -> None:
    p = four_momentum([50.0], [0.5], [0.0])
    jets = np.stack([p, p], axis=1)
    found = higgsml_variables(p, p, 0 * met_of(1.0, 0.0), jets)
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["DER_lep_eta_centrality"][0], found["DER_met_phi_centrality"][0]) == (1, 0)
    zero = higgsml_variables(0 * p, p, met_of(1.0, 0.0), 0 * jets)
    assert zero["DER_pt_ratio_lep_tau"].tolist() == [0]
    assert all(v.shape == (0,) for v in higgsml_variables(p[:0], p[:0], p[:0, :2], jets[:0]).values())
    with pytest.raises(DataError, match="jets have the shape"):
        higgsml_variables(p, p, met_of(1.0, 0.0), p)
