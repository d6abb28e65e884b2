from __future__ import annotations

import numpy as np
import pytest

from kaon.simulate.generator import Collisions, Generator
from kaon.simulate.recipe import Matching
from kaon.simulate.truth import find, match


def record(*events: list[tuple[int, int, int, int, float, float, float]]) -> Collisions:
    """A hand-written event record: (pid, status, daughter1, daughter2, pt, eta, phi) of each entry, massless."""
    rows = np.array([row for event in events for row in event], float)
    pid, status, one, two = rows[:, :4].astype(int).T
    pt, eta, phi = rows[:, 4:].T
    n = len(rows)
    return Collisions(
        offsets=np.concatenate([[0], np.cumsum([len(event) for event in events])]),
        pid=pid,
        status=status,
        daughter1=one,
        daughter2=two,
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pt * np.sinh(eta),
        E=pt * np.cosh(eta),
        visible=status > 0,
        charge=np.zeros(n),
        vertex=np.zeros((n, 3)),
        weight=np.ones(len(events)),
    )


# 0 system, 1 hard top -> 2 its copy -> 3 top that radiated 4 -> 5 W, 6 b; 5 -> 7 W copy -> 8 q, 9 q'
TOP = [
    (90, -11, 0, 0, 0.0, 0.0, 0.0),
    (6, -22, 2, 2, 600.0, 0.5, 1.0),
    (6, -44, 3, 4, 590.0, 0.5, 1.0),
    (6, -51, 5, 6, 580.0, 0.5, 1.0),
    (21, -51, 0, 0, 10.0, 2.5, -1.0),
    (24, -22, 7, 0, 400.0, 0.6, 1.1),
    (5, -23, 0, 0, 180.0, 0.3, 0.8),
    (24, -52, 9, 8, 400.0, 0.6, 1.1),  # daughters may be listed apart, in any order
    (2, -23, 0, 0, 300.0, 0.7, 1.2),
    (-1, -23, 0, 0, 100.0, 0.2, 0.9),
]
TOPS = Matching(partons=(6,), origin="decayed", radius=0.8, products_radius=0.8)


def test_the_last_top_and_its_three_quarks_are_found() -> None:
    truth = find(record(TOP, TOP[:1], TOP), TOPS)
    assert truth.event.tolist() == [0, 2]
    np.testing.assert_allclose(np.hypot(*truth.momentum[:, :2].T), 580.0)
    assert truth.owner.tolist() == [0, 0, 0, 1, 1, 1]
    assert sorted(np.hypot(*truth.products[:3, :2].T).round()) == [100.0, 180.0, 300.0]


def test_a_jet_needs_the_top_and_all_its_quarks_inside() -> None:
    truth = find(record(TOP), TOPS)
    eta, phi = np.array([0.5, 1.05, -2.0, 0.5]), np.array([1.0, 1.1, 1.0, 1.0])
    event = np.array([0, 0, 0, 1])
    found, momentum = match(truth, event, eta, phi, TOPS)
    assert found.tolist() == [True, False, False, False]  # all inside; one quark out; far; another collision
    np.testing.assert_allclose(momentum[0], truth.momentum[0])
    assert not momentum[1:].any()
    wider = TOPS.model_copy(update={"products_radius": None})
    assert match(truth, event, eta, phi, wider)[0].tolist() == [True, True, False, False]


def test_of_several_partons_the_hardest_is_taken() -> None:
    near = (1, -23, 0, 0, 50.0, 0.1, 0.1)
    hard = (21, -23, 0, 0, 90.0, 0.3, 0.1)
    beam = (1, -21, 0, 0, 900.0, 0.1, 0.1)  # incoming: does not count
    for event in ([near, hard, beam], [hard, beam, near]):
        matching = Matching(partons=(1, 21), radius=0.8)
        found, momentum = match(find(record(event), matching), np.array([0]), np.zeros(1), np.zeros(1), matching)
        assert found.all()
        np.testing.assert_allclose(np.hypot(*momentum[0, :2]), 90.0)


def test_without_a_radius_the_flavour_of_the_hard_process_decides() -> None:
    matching = Matching(partons=(1, 2, 3))
    events = [[(4, -23, 0, 0, 500.0, 0.0, 0.0)], [(-3, -23, 0, 0, 500.0, 1.0, 3.0)]]
    found, _ = match(find(record(*events), matching), np.array([0, 1]), np.zeros(2), np.zeros(2), matching)
    assert found.tolist() == [False, True]


@pytest.mark.parametrize(("settings", "pid", "products", "mass"), [
    (["Top:gg2ttbar = on", "PartonLevel:FSR = off", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"], 6, 3, 172.5),
    (["WeakDoubleBoson:ffbar2gmZgmZ = on", "WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 1 2 3"], 23, 2, 91.2),
])  # fmt: skip
def test_decay_products_of_generated_particles_add_up_to_them(
    settings: list[str], pid: int, products: int, mass: float
) -> None:
    batch = next(Generator([*settings, "PhaseSpace:pTHatMin = 300", "Beams:eCM = 14000"], seed=2).batches(20))
    truth = find(batch, Matching(partons=(pid,), origin="decayed"))
    assert np.bincount(truth.event).tolist() == [2] * 20
    assert np.bincount(truth.owner).tolist() == [products] * 40
    total = np.stack([np.bincount(truth.owner, column) for column in truth.products.T], axis=1)
    np.testing.assert_allclose(total, truth.momentum, atol=1e-2)  # with radiation the W recoils before it decays
    invariant = np.sqrt(truth.momentum[:, 3] ** 2 - (truth.momentum[:, :3] ** 2).sum(1))
    assert abs(np.median(invariant) - mass) < 2.0
