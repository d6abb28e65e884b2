from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError
from kaon.represent.graphs import KNNGraph, nearest_neighbours
from kaon.represent.point_cloud import point_features


def one_by_one(points: NDArray[Any], mask: NDArray[np.bool_], k: int) -> list[list[list[tuple[float, int]]]]:
    """Every pair in plain Python: (distance, position), sorted, of each point of each event."""
    found = []
    for x, real in zip(points, mask, strict=True):
        others = [[int(j) for j in np.flatnonzero(real) if real[i] and j != i] for i in range(len(real))]
        found.append([sorted((float(np.linalg.norm(x[i] - x[j])), j) for j in row)[:k] for i, row in enumerate(others)])
    return found


def random_points(events: int = 12, length: int = 9, seed: int = 0) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    # A padding of zeros in the middle of the points: it must not be anybody's neighbour.
    mask = np.arange(length) < random.integers(0, length + 1, events)[:, None]
    return np.where(mask[..., None], random.normal(size=(events, length, 2)), 0.0), mask


@pytest.mark.parametrize("k", [1, 4, 8, 12])
def test_neighbours_are_those_found_one_by_one(k: int) -> None:
    points, mask = random_points()
    position, distance, real = nearest_neighbours(points, mask, k)
    for event, rows in enumerate(one_by_one(points, mask, k)):
        for i, expected in enumerate(rows):
            n = len(expected)
            assert real[event, i].tolist() == [True] * n + [False] * (k - n)
            assert position[event, i, :n].tolist() == [j for _, j in expected]
            np.testing.assert_allclose(distance[event, i, :n], [d for d, _ in expected], rtol=1e-6)
            assert not position[event, i, n:].any()
            assert not distance[event, i, n:].any()


def test_agrees_with_scikit_learn(jets: Events) -> None:
    few = jets.take(slice(0, 40))
    batch = KNNGraph(neighbours=4).fit_transform(few).inputs
    for event in range(len(few)):
        real = batch["mask"][event]
        points = point_features(few["constituents"][event : event + 1], ("deta", "dphi"))
        distance, position = NearestNeighbors(n_neighbors=4).fit(points).kneighbors()
        np.testing.assert_allclose(batch["distances"][event, real], distance, atol=1e-5)
        np.testing.assert_array_equal(batch["neighbours"][event, real], position)
        assert batch["edges"][event, real].all()
        assert not batch["edges"][event, ~real].any()


def test_padding_and_company_change_nothing() -> None:
    points, mask = random_points(events=3000, length=40)  # more pairs than are looked at together
    whole = nearest_neighbours(points, mask, 5)
    for part, alone in zip(whole, nearest_neighbours(points[7:9], mask[7:9], 5), strict=True):
        np.testing.assert_array_equal(part[7:9], alone)
    wide = nearest_neighbours(np.pad(points[:9], [(0, 0), (0, 6), (0, 0)]), np.pad(mask[:9], [(0, 0), (0, 6)]), 5)
    for part, alone in zip(whole, wide, strict=True):
        np.testing.assert_array_equal(part[:9], alone[:, :40])


def test_moving_and_turning_all_points_leaves_the_graph() -> None:
    points, mask = random_points()
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    one, two = nearest_neighbours(points, mask, 3), nearest_neighbours(points @ turn + 5.0, mask, 3)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_allclose(one[1], two[1], atol=1e-6)


def test_equal_points_are_taken_in_order_and_never_oneself() -> None:
    position, distance, real = nearest_neighbours(np.ones((1, 4, 2)), np.ones((1, 4), bool), 3)
    assert position[0].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert real.all()
    assert not distance.any()


def test_few_constituents(make_jets: Any) -> None:
    batch = KNNGraph(neighbours=3).fit_transform(make_jets(4, sizes=[0, 1, 2, 4])).inputs
    assert batch["edges"].sum((1, 2)).tolist() == [0, 0, 2, 12]
    assert batch["mask"].sum(1).tolist() == [0, 1, 2, 4]
    assert batch["neighbours"][2, :2, 0].tolist() == [1, 0]
    assert KNNGraph().fit_transform(make_jets(1, sizes=[0])).inputs["neighbours"].shape == (1, 1, 16)


def test_nodes_are_the_features_of_the_point_cloud(jets: Events) -> None:
    batch = KNNGraph().fit_transform(jets).inputs
    expected = point_features(jets["constituents"], ("log_pt", "log_e", "deta", "dphi"))
    np.testing.assert_allclose(batch["features"][batch["mask"]], expected, rtol=1e-6, atol=1e-6)


def test_only_the_hardest_are_nodes_and_neighbours(jets: Events) -> None:
    batch = KNNGraph(constituents=6).fit_transform(jets).inputs
    whole = KNNGraph().fit_transform(jets).inputs
    np.testing.assert_array_equal(batch["features"], whole["features"][:, :6])
    assert batch["neighbours"].max() == 5


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(ConfigError, match="neighbours=0"):
        KNNGraph(neighbours=0)
    with pytest.raises(DataError, match="not finite"):
        nearest_neighbours(np.full((1, 2, 2), np.nan), np.ones((1, 2), bool), 1)
    one, bad = ak.Array([[1.0, 2.0]]), ak.Array([[1.0, np.nan]])
    for components in ((bad, one, one, one), (one, one, bad, one), (one, one, one, bad)):
        with pytest.raises(DataError, match="NaN"):
            KNNGraph().fit(Events(ak.Array({"constituents": momenta(*components)})))
