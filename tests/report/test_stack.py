from __future__ import annotations

import math

import numpy as np
import pytest

from kaon.analysis.counts import Counts
from kaon.analysis.poisson import poisson_interval
from kaon.errors import ConfigError, DataError
from kaon.report.canvas import COLOURS
from kaon.report.stack import Stack, palette

EDGES = np.array([0.0, 10.0, 30.0])


def counts(*values: float, variances: tuple[float, ...] | None = None) -> Counts:
    return Counts(np.array(values), np.array(values if variances is None else variances))


TWO = {"w": counts(30.0, 10.0, variances=(9.0, 4.0)), "z": counts(20.0, 0.0, variances=(16.0, 0.0))}


def test_total_and_uncertainty_in_quadrature() -> None:
    stack = Stack(EDGES, TWO, counts(60.0, 5.0), ["z"], systematic=np.array([[12.0, 0.0], [5.0, 1.5]]))
    assert stack.total.values.tolist() == [50.0, 10.0]
    down, up = stack.uncertainty
    assert down.tolist() == [13.0, 2.0]
    assert up.tolist() == [math.hypot(5, 5), 2.5]
    assert stack.relative[0].tolist() == [0.26, 0.2]
    own = Stack(EDGES, TWO, statistical=[1.0, 7.0])
    assert own.uncertainty[1].tolist() == [1.0, 7.0]


def test_data_have_garwoods_bars_and_weighted_data_their_own() -> None:
    stack = Stack(EDGES, TWO, counts(60.0, 0.0))
    low, high = poisson_interval([60.0, 0.0])
    assert stack.points is not None
    assert stack.ratio is not None
    np.testing.assert_allclose(stack.points.value, [6.0, 0.0])  # events a GeV, as the bins differ in width
    np.testing.assert_allclose(stack.points.up, (high - [60, 0]) / [10, 20])
    np.testing.assert_allclose(stack.points.down, ([60, 0] - low) / [10, 20])
    np.testing.assert_allclose(stack.ratio.up, (high - [60, 0]) / [50, 10])
    weighted = Stack(EDGES, TWO, counts(60.0, 4.0, variances=(100.0, 9.0))).points
    assert weighted is not None
    np.testing.assert_allclose(weighted.up * [10, 20], [10, 3])


def test_pulls_are_standard_normal_if_the_prediction_is_right() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    true = np.full(n, 200.0)
    guess = rng.normal(true, 10.0)
    stack = Stack(np.arange(n + 1.0), {"b": Counts(guess, np.full(n, 100.0))}, counts(*rng.poisson(true).astype(float)))
    assert stack.pulls is not None
    assert abs(stack.pulls.mean()) < 0.08
    assert stack.pulls.std() == pytest.approx(1, abs=0.05)


def test_overlaid_signals_are_no_part_of_the_prediction() -> None:
    stack = Stack(EDGES, TWO, counts(60.0, 5.0), ["z"], overlay=True)
    assert (stack.layers, stack.lines) == (("w",), ("z",))
    assert stack.total.values.tolist() == [30.0, 10.0]
    assert Stack(EDGES, {"z": TWO["z"], "w": TWO["w"]}, signals=["z"]).layers == ("w", "z")


@pytest.mark.parametrize(
    ("edges", "x", "names", "expected"),
    [
        ([0, 5, 10], "Mass [GeV]", (), "Events / 5 GeV"),
        ([0, 5, 20], "Mass [GeV]", (), "Events / GeV"),
        ([0, 1, 2], "Pions", (), "Events"),
        ([0, 0.1, 0.2], "ΔΦ", (), "Events / 0.1"),
        ([0, 1, 3], "x", (), "Events / unit"),
        ([], "", ("a", "b"), "Events"),
    ],
)
def test_the_axis_says_what_is_counted(edges: list[float], x: str, names: tuple[str, ...], expected: str) -> None:
    assert Stack(np.array(edges), TWO, x=x, names=names).y == expected


def test_empty_outer_bins_can_go() -> None:
    w, data = counts(0.0, 2.0, 0.0, 3.0, 0.0), counts(0.0, 1.0, 0.0, 0.0, 0.0)
    stack = Stack(np.arange(6.0), {"w": w}, data, systematic=np.arange(10.0).reshape(2, 5))
    short = stack.trimmed()
    assert short.edges.tolist() == [1, 2, 3, 4]
    assert short.processes["w"].values.tolist() == [2, 0, 3]
    assert short.data is not None
    assert short.data.values.tolist() == [1, 0, 0]
    np.testing.assert_array_equal(short.uncertainty[1], np.hypot(np.sqrt([2, 0, 3]), [6, 7, 8]))
    empty = Stack(EDGES, {"w": counts(0.0, 0.0)})
    assert empty.trimmed() is empty


def test_nothing_expected_is_a_gap() -> None:
    stack = Stack(EDGES, {"w": counts(0.0, 5.0)}, counts(0.0, 5.0))
    for found in (stack.ratio, stack.points):
        assert found is not None
        assert np.isnan(found.value).tolist() == [True, False]
    assert stack.pulls is not None
    assert np.isnan(stack.pulls[0])
    assert Stack(EDGES, TWO).points is None


def test_data_alone_are_points_without_a_comparison() -> None:
    stack = Stack(EDGES, {}, counts(60.0, 5.0))
    assert stack.points is not None
    np.testing.assert_allclose(stack.points.value, [6.0, 0.25])
    assert (stack.compared, stack.ratio, stack.pulls, stack.layers) == (False, None, None, ())
    assert stack.uncertainty[1].tolist() == [0.0, 0.0]
    assert Stack(EDGES, TWO, counts(60.0, 5.0)).compared
    assert not Stack(EDGES, TWO).compared
    assert Stack(EDGES, {}, counts(0.0, 5.0)).trimmed().edges.tolist() == [10.0, 30.0]


def test_colours_depend_on_the_order_alone_and_differ() -> None:
    names = [f"p{i}" for i in range(10)]
    for signals in ([], ["p3"], ["p0", "p9"]):
        found = palette(names, signals)
        assert list(found) == names
        assert sorted(found.values()) == sorted(COLOURS)
    assert palette(names, ["p3"])["p3"] == palette(names, ["p0", "p9"])["p0"] == COLOURS[1]
    assert palette(["a", "b"], (), {"b": "navy"}) == {"a": COLOURS[0], "b": "#000080"}
    assert len(set(palette([str(i) for i in range(14)]).values())) == 10


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"edges": [0, 2, 1]}, DataError, "must be finite and rise"),
        ({"edges": [0, 1]}, DataError, "w has 2 bins, the histogram 1"),
        ({"processes": {}}, DataError, "at least one process, or data"),
        ({"data": Counts.zeros(3)}, DataError, "data has 3 bins"),
        ({"signals": ["higgs"]}, ConfigError, "higgs is none of the processes: w, z"),
        ({"signals": ["w", "z"], "overlay": True}, ConfigError, "without any background"),
        ({"systematic": [1.0]}, DataError, "must be 2 numbers"),
        ({"systematic": [1.0, -1.0]}, DataError, "none negative"),
    ],
)
def test_nonsense_is_refused(change: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Stack(**({"edges": EDGES, "processes": TWO} | change))  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(ConfigError, match="'beige-ish', which is none"):
        Stack(EDGES, TWO, colours={"w": "beige-ish"}).colour("w")
