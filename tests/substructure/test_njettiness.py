from __future__ import annotations

from itertools import product
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError, MissingExtra
from kaon.extras import available
from kaon.substructure import nsubjettiness

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def polar(jet: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """pT, rapidity and azimuth of each constituent of one jet."""
    px, py, pz, E = (np.asarray(jet[name]) for name in ("px", "py", "pz", "E"))
    return np.hypot(px, py), 0.5 * np.log((E + pz) / (E - pz)), np.arctan2(py, px)


def distance(y: Any, phi: Any, axis_y: Any, axis_phi: Any) -> Any:
    turn = np.abs(phi - axis_phi) % (2 * np.pi)
    return np.hypot(y - axis_y, np.minimum(turn, 2 * np.pi - turn))


def kt_axes(jet: Any, bodies: int) -> NDArray[Any]:
    """Rapidity and azimuth of the exclusive kT jets (R = 1, E-scheme), by the definition: one merging at a time."""
    p = [np.array([float(jet[name][i]) for name in ("px", "py", "pz", "E")]) for i in range(len(jet))]
    while len(p) > bodies:
        pt, y, phi = polar({name: np.array([q[k] for q in p]) for k, name in enumerate(("px", "py", "pz", "E"))})
        pairs = {(i, i): pt[i] ** 2 for i in range(len(p))}
        for i, j in product(range(len(p)), repeat=2):
            if i < j:
                pairs[i, j] = min(pt[i], pt[j]) ** 2 * float(distance(y[i], phi[i], y[j], phi[j])) ** 2
        i, j = min(pairs, key=pairs.__getitem__)
        assert i != j, "merging with the beam is not done here"
        p = [q for k, q in enumerate(p) if k not in (i, j)] + [p[i] + p[j]]
    _, y, phi = polar({name: np.array([q[k] for q in p]) for k, name in enumerate(("px", "py", "pz", "E"))})
    return np.stack([y, phi], axis=1)


def tau(jet: Any, axes: NDArray[Any], beta: float) -> float:
    """The definition, for given axes."""
    pt, y, phi = polar(jet)
    near = distance(y[:, None], phi[:, None], axes[:, 0], axes[:, 1]).min(axis=1)
    return float((pt * near**beta).sum() / pt.sum())


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_agrees_with_the_definition_for_kt_axes(jets: Events, beta: float) -> None:
    chosen = jets["constituents"][:12]
    found = nsubjettiness(chosen, (1, 2, 3), beta, axes="KT_Axes")
    for jet, row in zip(chosen, found, strict=True):
        np.testing.assert_allclose(row, [tau(jet, kt_axes(jet, n), beta) for n in (1, 2, 3)], rtol=1e-9)


def test_refined_axes_are_no_worse_and_more_axes_are_better(jets: Events) -> None:
    chosen = jets["constituents"]
    plain, refined = (nsubjettiness(chosen, (1, 2, 3, 4), axes=name) for name in ("KT_Axes", "OnePass_KT_Axes"))
    assert (refined <= plain + 1e-9).all()
    assert (np.diff(refined, axis=1) <= 1e-9).all()
    assert (refined >= 0).all()


def test_three_prongs_are_told_from_one(jets: Events) -> None:
    tau = nsubjettiness(jets["constituents"], (2, 3))
    ratio = tau[:, 1] / tau[:, 0]
    assert np.median(ratio[jets.labels == 1]) < 0.8 * np.median(ratio[jets.labels == 0])


def test_nothing_is_left_when_every_constituent_has_an_axis(make_jets: Any) -> None:
    found = nsubjettiness(make_jets(5, sizes=[0, 1, 2, 3, 4])["constituents"], (1, 2, 3))
    np.testing.assert_array_equal(
        found > 0, [[False] * 3, [False] * 3, [True, False, False], [True, True, False], [True] * 3]
    )
    assert (found[~(found > 0)] == 0).all(), "0, not NaN"


def test_more_jets_than_fit_one_call_are_the_same_jets(make_jets: Any) -> None:
    jets = make_jets(8200, sizes=[4] * 8200)["constituents"]
    whole = nsubjettiness(jets, (1, 2))
    np.testing.assert_array_equal(nsubjettiness(jets[8185:], (1, 2)), whole[8185:])
    assert whole.shape == (8200, 2)


def test_a_jet_of_zeros_and_no_jets_at_all(jets: Events) -> None:
    silent = jets["constituents"][:2]
    silent = ak.zip({name: 0 * silent[name] for name in ("px", "py", "pz", "E")})
    both = ak.concatenate([silent, jets["constituents"][:1][["px", "py", "pz", "E"]]])
    found = nsubjettiness(both, (1, 2))
    assert (found[:2] == 0).all()
    assert (found[2] > 0).all()
    assert nsubjettiness(jets["constituents"][:0], (1, 2)).shape == (0, 2)
    assert nsubjettiness(jets["constituents"][:3], ()).shape == (3, 0)


def test_order_and_precision_of_the_constituents_do_not_matter(jets: Events) -> None:
    chosen = jets["constituents"][:50]
    expected = nsubjettiness(chosen)
    np.testing.assert_allclose(nsubjettiness(chosen[:, ::-1]), expected, rtol=1e-6, atol=1e-9)
    single = ak.zip({name: ak.values_astype(chosen[name], np.float32) for name in ("px", "py", "pz", "E")})
    np.testing.assert_allclose(nsubjettiness(single), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("bodies", "beta"), [((0, 1), 1.0), ((1,), 0.0), ((1,), float("nan"))])
def test_bad_arguments_are_refused(jets: Events, bodies: tuple[int, ...], beta: float) -> None:
    with pytest.raises(ConfigError, match="every N >= 1 and beta > 0"):
        nsubjettiness(jets["constituents"][:1], bodies, beta)


def test_without_fastjet_the_message_says_what_to_install(jets: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fastjet", None)
    with pytest.raises(MissingExtra, match=r"kaon\[sim\]"):
        nsubjettiness(jets["constituents"][:1])
