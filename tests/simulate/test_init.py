from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import read
from kaon.data.split import assign_parts
from kaon.errors import ConfigError, DataError, SimulationError, UnknownName
from kaon.simulate import Recipe, simulate, simulate_to_file
from kaon.simulate.chunk import Job, make_chunk
from kaon.simulate.parts import parts_folder
from kaon.simulate.progress import Progress

SCRIPT = """
import sys
from kaon.simulate import simulate_to_file
recipe, count, output, workers = sys.argv[1:]
print("begin", flush=True)
simulate_to_file(recipe, int(count), output, seed=3, workers=int(workers))
"""


@pytest.fixture(scope="module")
def events(quick: Recipe) -> Events:
    return simulate(quick, 151, seed=3)


def same(one: Events, other: Events) -> None:
    """Assert that two sets of events are the same, bit for bit."""
    assert ak.array_equal(one.array[other.fields], other.array)
    for name in ("labels", "weights", "index"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.classes, one.reserved) == (other.classes, other.reserved)


def test_as_many_jets_as_asked_for_in_equal_parts(events: Events) -> None:
    assert events.classes == ("qcd", "top")
    assert np.bincount(events.labels).tolist() == [75, 76]
    assert len(set(np.asarray(events["jet_pt"]))) == 151
    assert events.provenance.seed == 3
    assert events.provenance.source == "top-tagging"


def test_the_event_number_is_that_of_the_collision(quick: Recipe, events: Events) -> None:
    chunk = make_chunk(Job(quick, 0, 0, 3))
    assert len(set(chunk.event)) < len(chunk), "some collisions have two jets"
    collision = dict(zip(np.asarray(chunk.array["jet_pt"]), chunk.event, strict=True))
    first = [
        (collision[pt], n) for pt, n in zip(np.asarray(events["jet_pt"]), events.index, strict=True) if pt in collision
    ]
    assert len(first) == len(chunk)
    for event, number in first:
        assert event == number
    part = assign_parts(events.index, (0.6, 0.2, 0.2), 0)
    _, place, count = np.unique(events.index, return_inverse=True, return_counts=True)
    assert count.max() == 2
    for pair in np.flatnonzero(count == 2):
        assert len(set(events.labels[place == pair])) == len(set(part[place == pair])) == 1


def test_workers_do_not_change_a_bit(quick: Recipe, events: Events) -> None:
    same(simulate(quick, 151, seed=3, workers=2), events)


def test_another_seed_gives_other_jets(quick: Recipe, events: Events) -> None:
    assert not np.isin(np.asarray(simulate(quick, 20, seed=4)["jet_pt"]), np.asarray(events["jet_pt"])).any()


def test_fewer_jets_are_the_first_of_more(quick: Recipe, events: Events) -> None:
    few = simulate(quick, 10, seed=3)
    position = {float(pt): i for i, pt in enumerate(events["jet_pt"])}
    chosen = np.array([position[float(pt)] for pt in few["jet_pt"]])
    same(few, events.take(chosen))


def test_fractions_of_classes(quick: Recipe) -> None:
    events = simulate(quick, 10, seed=3, fractions={"qcd": 0.7, "top": 0.3})
    assert np.bincount(events.labels).tolist() == [7, 3]
    only = simulate(quick, 5, seed=3, fractions={"top": 1.0})
    assert set(only.labels) == {1}


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"count": 0}, ConfigError, "0 jets or events asked for"),
    ({"seed": -1}, ConfigError, "seed -1 is negative"),
    ({"workers": 0}, ConfigError, "0 workers"),
    ({"detector": "alice"}, UnknownName, "unknown detector 'alice'"),
    ({"shower": "herwig"}, SimulationError, "choose default, simple"),
    ({"fractions": {"qcd": 0.5}}, ConfigError, "sum to 1"),
    ({"fractions": {"higgs": 1.0}}, UnknownName, "unknown class 'higgs'"),
    ({"recipe": "top-tag"}, UnknownName, "did you mean"),
])  # fmt: skip
def test_bad_options_are_refused_before_anything_is_made(
    options: dict[str, object], error: type[Exception], message: str, quick: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        simulate_to_file(**{"recipe": quick, "count": 10, "output": tmp_path / "x.h5", **options})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["h5", "parquet", "root"])
def test_a_file_holds_the_same_jets(suffix: str, quick: Recipe, events: Events, tmp_path: Path) -> None:
    seen = list[Progress]()
    path = simulate_to_file(quick, 151, tmp_path / f"jets.{suffix}", seed=3, workers=2, progress=seen.append)
    back = read(path)
    np.testing.assert_array_equal(back.index, events.index)
    np.testing.assert_array_equal(back.labels, events.labels)
    np.testing.assert_array_equal(back["jet_pt"], events["jet_pt"])
    np.testing.assert_array_equal(ak.flatten(back["constituents"]["px"]), ak.flatten(events["constituents"]["px"]))
    assert "parton" in back.reserved
    assert back.provenance.settings == json.loads(json.dumps(events.provenance.settings))
    assert list(tmp_path.iterdir()) == [path]
    assert seen[-1].jets == 151


def test_the_public_layout(quick: Recipe, events: Events, tmp_path: Path) -> None:
    path = simulate_to_file(quick, 151, tmp_path / "public.h5", seed=3, layout="top-tagging")
    back = read(path)
    np.testing.assert_array_equal(back.labels, events.labels)
    np.testing.assert_allclose(
        ak.flatten(back["constituents"]["px"]), ak.flatten(events["constituents"]["px"]), rtol=1e-6
    )
    np.testing.assert_array_equal(back.index, events.index)
    np.testing.assert_allclose(back["truthPX"], events["parton"]["px"], rtol=1e-6)
    assert back.provenance.settings == json.loads(json.dumps(events.provenance.settings))
    assert back.classes == ("qcd", "top")


def test_the_output_of_simulate_is_a_file_too(quick: Recipe, events: Events, tmp_path: Path) -> None:
    same(simulate(quick, 151, seed=3, output=tmp_path / "jets.h5"), events)


def test_a_file_is_not_replaced_unless_asked_for(quick: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "jets.h5"
    path.write_text("precious")
    with pytest.raises(DataError, match="exists already"):
        simulate_to_file(quick, 5, path, seed=3)
    assert path.read_text() == "precious"
    assert len(read(simulate_to_file(quick, 5, path, seed=3, overwrite=True))) == 5


def test_a_killed_simulation_goes_on_where_it_was(quick: Recipe, events: Events, tmp_path: Path) -> None:
    path, recipe = tmp_path / "jets.h5", tmp_path / "quick.yaml"
    recipe.write_text(quick.to_yaml())
    command = [sys.executable, "-c", SCRIPT, str(recipe), "151", str(path), "2"]
    with subprocess.Popen(command) as process:
        while not (kept := sorted(parts_folder(path).glob("chunk-*"))):
            assert process.poll() is None
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert not path.exists()
    seen = list[Progress]()
    made = {part.name: part.stat().st_mtime_ns for part in kept}

    def report(now: Progress) -> None:
        seen.append(now)
        for name, when in made.items():  # the chunks of the killed process are still those it wrote
            assert (parts_folder(path) / name).stat().st_mtime_ns == when

    simulate_to_file(quick, 151, path, seed=3, progress=report)
    assert 0 < seen[0].resumed < 151
    same(read(path), events)
    assert not parts_folder(path).exists()


def test_ctrl_c_ends_it_quickly_and_says_how_to_go_on(quick: Recipe, tmp_path: Path) -> None:
    path, recipe = tmp_path / "jets.h5", tmp_path / "quick.yaml"
    recipe.write_text(quick.to_yaml())
    # Of a test run in the background the shell ignores Ctrl-C, and children inherit that.
    listening = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)" + SCRIPT
    command = [sys.executable, "-c", listening, str(recipe), "100000", str(path), "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(parts_folder(path).glob("chunk-*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in said
    assert "the same command goes on from there" in said
    assert list(parts_folder(path).glob("chunk-*.npz"))
    assert not path.exists()


def test_a_full_disk_is_a_clear_error(quick: Recipe, tmp_path: Path) -> None:
    recipe = tmp_path / "quick.yaml"
    recipe.write_text(quick.to_yaml())
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    command = [sys.executable, "-c", limit + SCRIPT, str(recipe), "10", str(tmp_path / "jets.h5"), "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "DataError: cannot write" in done.stderr
    assert "File too large" in done.stderr
    assert not (tmp_path / "jets.h5").exists()
    assert not list(parts_folder(tmp_path / "jets.h5").glob("*.npz"))
