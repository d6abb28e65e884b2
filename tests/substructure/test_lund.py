from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import UnknownName
from kaon.extras import available
from kaon.substructure.clustering import cluster
from kaon.substructure.lund import COORDINATES, lund_declusterings

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def test_agrees_with_the_declusterings_of_fastjet(jets: Events) -> None:
    import fastjet

    chosen = jets["constituents"][:100]
    p = ak.to_packed(ak.zip({q: chosen[q] for q in ("px", "py", "pz", "E")}))
    sequence = fastjet.ClusterSequence(p, fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0))
    theirs = sequence.exclusive_jets_lund_declusterings(1)
    delta, kt = (ak.to_numpy(ak.flatten(theirs[name], axis=None)) for name in ("Delta", "kt"))
    ours, counts = lund_declusterings(cluster(chosen, "cambridge-aachen"), ("log_inverse_delta", "log_kt"))
    np.testing.assert_array_equal(counts, ak.to_numpy(ak.num(ak.flatten(theirs, axis=2))))
    np.testing.assert_allclose(ours, np.stack([-np.log(delta), np.log(kt)], axis=1), rtol=1e-6, atol=1e-6)


def test_three_particles_by_hand() -> None:
    # Massless at rapidity 0: two close ones of pT 60 and 40, and one of pT 10 farther away.
    angle, pt = np.array([0.1, 0.0, -0.5]), np.array([60.0, 40.0, 10.0])
    columns = (pt * np.cos(angle), pt * np.sin(angle), 0 * pt, pt)
    found, counts = lund_declusterings(cluster(momenta(*(ak.Array([list(v)]) for v in columns)), "cambridge-aachen"))
    first = columns[0][:2].sum(), columns[1][:2].sum()
    hard_pt, hard_phi = np.hypot(*first), np.arctan2(first[1], first[0])
    wide = hard_phi + 0.5
    mass = np.sqrt(pt.sum() ** 2 - columns[0].sum() ** 2 - columns[1].sum() ** 2)
    z = 10 / (10 + hard_pt)
    expected = [
        [-np.log(wide), np.log(10 * wide), -np.log(z), np.log(z * wide), np.log(mass), -np.pi / 2],
        [-np.log(0.1), np.log(4), -np.log(0.4), np.log(0.04), np.log(np.sqrt(4800 * (1 - np.cos(0.1)))), -np.pi / 2],
    ]
    np.testing.assert_array_equal(counts, [2])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_coordinates_agree_with_each_other_and_there_is_at_most_one_declustering_a_constituent(jets: Events) -> None:
    h = cluster(jets["constituents"], "cambridge-aachen")
    found, counts = lund_declusterings(h)
    value = dict(zip(COORDINATES, found.T, strict=True))
    np.testing.assert_allclose(value["log_kappa"], -value["log_inverse_z"] - value["log_inverse_delta"], atol=1e-9)
    assert (value["log_inverse_z"] >= np.log(2) - 1e-9).all(), "the softer branch has at most half"
    assert (counts <= ak.to_numpy(ak.num(jets["constituents"])) - 1).all()
    root = np.cumsum(counts) - counts
    np.testing.assert_allclose(value["log_mass"][root], np.log(jets["jet_mass"]), rtol=1e-6)


def test_few_constituents_and_equal_directions_are_finite(make_jets: Any) -> None:
    found, counts = lund_declusterings(cluster(make_jets(4, sizes=[0, 1, 2, 3])["constituents"]))
    np.testing.assert_array_equal(counts[:3], [0, 0, 1])
    assert np.isfinite(found).all()
    p = make_jets(1, sizes=[1])["constituents"]
    same = momenta(*(ak.concatenate([p[q]] * 3, axis=1) for q in ("px", "py", "pz", "E")))
    found, _ = lund_declusterings(cluster(same))
    assert np.isfinite(found).all()
    assert lund_declusterings(cluster(p[:0]))[0].shape == (0, len(COORDINATES))
    assert lund_declusterings(cluster(same), ())[0].shape[1] == 0


def test_unknown_coordinates_are_refused(jets: Events) -> None:
    with pytest.raises(UnknownName, match="coordinate"):
        lund_declusterings(cluster(jets["constituents"][:1]), ("kt",))
