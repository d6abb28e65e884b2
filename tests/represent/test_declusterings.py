from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError
from kaon.represent.declusterings import Declusterings, splittings
from kaon.substructure import clustering
from kaon.substructure.clustering import cluster


def one_jet(*particles: tuple[float, float, float, float]) -> Any:
    """A jet of massless (pT, eta, phi, mass) particles."""
    pt, eta, phi, mass = np.array(particles).T
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    E = np.sqrt(px**2 + py**2 + pz**2 + mass**2)
    return momenta(**{n: ak.Array([v.tolist()]) for n, v in {"px": px, "py": py, "pz": pz, "E": E}.items()})


def test_the_observables_of_two_particles() -> None:
    jet = one_jet((300, 0.0, 0.0, 20.0), (100, 0.0, 0.6, 50.0))
    owner, ((mass, heavier, lighter, kt, angle),) = splittings(cluster(jet, "cambridge-aachen"))
    total = {name: float(ak.sum(jet[name])) for name in ("px", "py", "pz", "E")}
    assert owner.tolist() == [0]
    m0 = np.sqrt(total["E"] ** 2 - total["px"] ** 2 - total["py"] ** 2 - total["pz"] ** 2)
    assert mass == pytest.approx(m0)
    assert heavier == pytest.approx(50 / m0), "the heavier one, not the harder"
    assert lighter == pytest.approx(20 / 50)
    assert angle == pytest.approx(0.6)
    assert kt == pytest.approx(100 * 0.6 / m0)


def test_a_jet_has_a_splitting_less_than_constituents(jets: Events) -> None:
    owner, values = splittings(cluster(jets["constituents"], "cambridge-aachen"))
    np.testing.assert_array_equal(np.bincount(owner, minlength=len(jets)), ak.num(jets["constituents"]) - 1)
    assert (values >= 0).all()
    assert (values[:, 1:3] <= 1 + 1e-6).all()
    first = np.unique(owner, return_index=True)[1]
    np.testing.assert_allclose(values[first, 0], np.asarray(jets["jet_mass"]), rtol=1e-5, atol=1e-4)


def test_words_are_the_bins_of_the_splittings(jets: Events) -> None:
    made = Declusterings(mass=(20, 50, 90), heavier=(0.5,), lighter=(), kt=(0.3,), angle=(0.2, 0.4))
    batch = made.fit_transform(jets)
    names = made.spec["features"].features
    assert batch.inputs["features"].shape == (len(jets), len(names)) == (len(jets), 3 * 2 * 1 * 2 * 3)
    owner, values = splittings(cluster(jets["constituents"], "cambridge-aachen"))
    mass, heavier, _, kt, angle = values.T
    chosen = (mass >= 50) & (mass < 90) & (heavier < 0.5) & (kt >= 0.3) & (angle >= 0.4)
    np.testing.assert_array_equal(
        batch.inputs["features"][:, names.index("m1_h0_l0_k1_a2")], np.bincount(owner[chosen], minlength=len(jets))
    )
    np.testing.assert_array_equal(
        batch.inputs["features"].sum(1),
        np.bincount(owner[mass >= 20], minlength=len(jets)),
        "every splitting is a word",
    )


def test_the_mass_has_no_upper_end() -> None:
    made = Declusterings()
    jet = one_jet((5e5, 1.0, 0.0, 0.0), (5e5, -1.0, 3.0, 0.0))
    assert made.fit_transform(Events(ak.Array({"constituents": jet}))).inputs["features"].sum() == 1


def test_jets_that_do_not_split_have_no_words(make_jets: Any) -> None:
    assert (Declusterings().fit_transform(make_jets(3, sizes=[0, 1, 0])).inputs["features"] == 0).all()


def test_momenta_that_are_no_numbers_are_refused(jets: Events) -> None:
    p = jets["constituents"]
    broken = jets.with_columns(constituents=ak.with_field(p, p.px * np.nan, "px"))
    with pytest.raises(DataError, match="NaN"):
        Declusterings().fit(broken)


@pytest.mark.parametrize("options", [{"mass": ()}, {"kt": (0.3, 0.1)}, {"angle": (np.nan,)}])
def test_edges_that_do_not_rise_are_refused(options: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ConfigError, match="edges must rise"):
        Declusterings(**options)


def test_jets_are_clustered_a_few_at_a_time(make_jets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = make_jets(30, sizes=[*range(15)] * 2)
    whole = Declusterings().fit_transform(jets).inputs
    monkeypatch.setattr(clustering, "_CHUNK", 4)
    for name, values in Declusterings().fit_transform(jets).inputs.items():
        np.testing.assert_array_equal(values, whole[name])
