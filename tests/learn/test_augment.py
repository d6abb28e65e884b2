"""Turning and mirroring: what changes, what must not, and that predictions become invariant."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.bundle import Bundle
from kaon.data.records import momenta, table
from kaon.errors import BundleError, ConfigError, DataError, KaonWarning
from kaon.learn.augment import Symmetries, Symmetry, role_of
from kaon.learn.config import TrainConfig
from kaon.learn.fit import CHECKPOINT
from kaon.learn.tagger import Tagger, load
from kaon.learn.train import train
from kaon.represent.tabular import Tabular

ALL: tuple[Symmetry, ...] = ("rotate_phi", "reflect_eta", "reflect_phi")


def collisions(count: int = 1200, seed: int = 0) -> Events:
    """Two objects as flat columns and again as jagged momenta; signal is back to back, background is not."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, count)
    phi = random.uniform(-np.pi, np.pi, (2, count))
    phi[1] = np.where(target, np.remainder(phi[0] + random.normal(0, 0.6, count), 2 * np.pi) - np.pi, phi[1])
    eta, pt = random.normal(size=(2, count)), random.exponential(30, (2, count)) + 20
    p = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])
    lists = [ak.from_regular(ak.Array(component.T.copy())) for component in p]
    both = p.sum(1)
    columns = {
        "lep_pt": pt[0],
        "lep_eta": eta[0],
        "lep_phi": phi[0],
        "jet_pt": pt[1],
        "jet_eta": eta[1],
        "jet_phi": phi[1],
        "met_px": p[1, 0],
        "met_py": p[2, 0],
        "mass": np.sqrt(np.maximum(both[0] ** 2 - (both[1:] ** 2).sum(0), 0)),
        "dphi": np.abs(np.remainder(phi[0] - phi[1] + np.pi, 2 * np.pi) - np.pi),
        "objects": momenta(lists[1], lists[2], lists[3], lists[0]),
    }
    return Events(table(columns), target, None, np.arange(count), ("background", "signal"))


def mass(events: Events) -> NDArray[np.float64]:
    total = ak.sum(events["objects"]["E"], axis=1) ** 2
    for axis in ("px", "py", "pz"):
        total = total - ak.sum(events["objects"][axis], axis=1) ** 2
    return np.asarray(np.sqrt(np.maximum(ak.to_numpy(total), 0)))


def angle(events: Events) -> NDArray[np.float64]:
    difference = ak.to_numpy(events["lep_phi"]) - ak.to_numpy(events["jet_phi"])
    return np.asarray(np.abs(np.remainder(difference + np.pi, 2 * np.pi) - np.pi))


@pytest.fixture(scope="module")
def events() -> Events:
    return collisions()


def test_invariants_do_not_change_and_angles_do(events: Events) -> None:
    drawn = Symmetries.of(events, ALL).drawn(events, 0, 3)
    for name in ("lep_pt", "jet_pt", "mass", "dphi"):
        assert np.array_equal(drawn[name], events[name])
    assert mass(drawn) == pytest.approx(ak.to_numpy(events["mass"]), rel=1e-6)
    assert angle(drawn) == pytest.approx(ak.to_numpy(events["dphi"]), abs=1e-9)
    assert np.array_equal(np.abs(drawn["lep_eta"]), np.abs(events["lep_eta"]))
    flipped = np.asarray(drawn["lep_eta"]) == -np.asarray(events["lep_eta"])
    assert 0.4 < flipped.mean() < 0.6
    assert np.abs(drawn["lep_phi"]).to_numpy().max() <= np.pi
    assert not np.allclose(drawn["lep_phi"], events["lep_phi"])


def test_flat_angles_components_and_records_turn_together(events: Events) -> None:
    drawn = Symmetries.of(events, ALL).drawn(events, 1, 0)
    objects = drawn["objects"]
    assert np.allclose(np.exp(1j * ak.to_numpy(objects.phi[:, 0])), np.exp(1j * ak.to_numpy(drawn["lep_phi"])))
    assert np.allclose(objects.eta[:, 1], drawn["jet_eta"])
    assert np.allclose(objects["px"][:, 0], drawn["met_px"])
    assert np.allclose(objects["py"][:, 0], drawn["met_py"])


def test_draws_follow_from_seed_and_epoch(events: Events) -> None:
    symmetries = Symmetries.of(events, ALL)
    again, other, later = (symmetries.drawn(events, *which)["lep_phi"] for which in ((5, 2), (6, 2), (5, 3)))
    assert np.array_equal(symmetries.drawn(events, 5, 2)["lep_phi"], again)
    assert not np.array_equal(other, again)
    assert not np.array_equal(later, again)


def test_the_set_is_a_group_so_its_members_change_no_average(events: Events) -> None:
    symmetries = replace(Symmetries.of(events, ALL), rotations=3)

    def score(seen: Events) -> NDArray[np.float32]:  # depends on everything that a turn or a mirror changes
        x = (
            np.cos(np.asarray(seen["lep_phi"]) + 0.3)
            + np.tanh(seen["jet_eta"].to_numpy() + 1) * seen["met_px"].to_numpy()
        )
        return np.stack([x, -x], axis=1).astype(np.float32)

    mean = symmetries.averaged(events, score)
    assert len(symmetries.views) == 12
    for view in symmetries.views[1::4]:
        assert symmetries.averaged(symmetries.seen(events, view), score) == pytest.approx(mean, abs=1e-4)
    assert not np.allclose(score(events), mean, atol=1e-2)


def test_a_finer_set_leaves_less_of_a_turn(events: Events) -> None:
    tagger = train("mlp", events, None, TrainConfig(epochs=3, augment=("rotate_phi",), test_time_augmentation=1))
    symmetries = tagger.symmetries
    assert symmetries is not None
    change = []
    for rotations in (1, 4, 16):
        averaged = replace(tagger, symmetries=replace(symmetries, rotations=rotations))
        turned = symmetries.seen(events, (np.pi / rotations, False, False))  # half a spacing: the farthest from the set
        change.append(np.abs(averaged.probabilities(turned) - averaged.probabilities(events)).max())
    assert change[2] < 0.3 * change[0]
    assert change[2] < change[1] < change[0]


def test_scaled_angles_turn_in_their_own_units(events: Events) -> None:
    scaled = events.with_columns(lep_phi=events["lep_phi"] / 1.8, jet_phi=events["jet_phi"] / 1.8)
    with pytest.warns(KaonWarning, match="augment_half_turn"):
        symmetries = Symmetries.of(scaled, ("rotate_phi",))
    assert symmetries.half_turn == pytest.approx(np.pi / 1.8, rel=0.01)
    told = Symmetries.of(scaled, ("rotate_phi",), half_turn=np.pi / 1.8)
    once = Symmetries.of(events, ("rotate_phi",)).seen(events, (1.0, False, False))["lep_phi"]
    assert np.allclose(told.seen(scaled, (1.0, False, False))["lep_phi"] * 1.8, once)
    with pytest.raises(ConfigError, match="too few"):
        Symmetries.of(scaled.take(slice(0, 50)), ("rotate_phi",))


def test_angles_from_zero_and_degrees_keep_their_convention(events: Events) -> None:
    phi = np.remainder(events["lep_phi"].to_numpy(), 2 * np.pi)
    for factor, half in ((1.0, np.pi), (180 / np.pi, 180.0)):
        only = Events(table({"lep_phi": phi * factor}))
        symmetries = Symmetries.of(only, ("rotate_phi", "reflect_phi"))
        assert symmetries.half_turn == half
        drawn = symmetries.drawn(only, 0, 0)["lep_phi"].to_numpy()
        assert drawn.min() >= 0
        assert drawn.max() <= 2 * half


def test_absent_objects_and_precision_stay() -> None:
    values = np.random.default_rng(0).uniform(-np.pi, np.pi, 900).astype(np.float32)
    values[::7] = -999.0
    eta = values.copy()
    given = Events(table({"PRI_jet_leading_phi": values, "PRI_jet_leading_eta": eta}))
    drawn = Symmetries.of(given, ALL).drawn(given, 0, 0)
    for name in ("PRI_jet_leading_phi", "PRI_jet_leading_eta"):
        made = ak.to_numpy(drawn[name])
        assert made.dtype == np.float32
        assert np.array_equal(made == -999, values == -999)


def test_names_can_be_told_and_signed_differences_are_mirrored(events: Events) -> None:
    renamed = Events(table({"azimuth": events["lep_phi"], "turn_left": events["jet_eta"], "jet_phi": events["mass"]}))
    given = {"azimuth": "phi", "turn_left": "signed_dphi", "jet_phi": "invariant"}
    symmetries = Symmetries.of(renamed, ("rotate_phi", "reflect_phi"), given)
    seen = symmetries.seen(renamed, (0.5, False, True))
    assert np.array_equal(seen["turn_left"], -renamed["turn_left"])
    assert np.array_equal(seen["jet_phi"], renamed["jet_phi"])
    assert not np.allclose(seen["azimuth"], renamed["azimuth"])


@pytest.mark.parametrize("name", ["dphi_r_b", "sum_cos_dphi", "DER_deltaeta_jet_jet", "abs_eta", "min_dphi", "beta"])
def test_functions_of_angles_are_no_angles(name: str) -> None:
    assert role_of(name) == "invariant"


def test_what_cannot_be_turned_is_told(events: Events) -> None:
    flat = Events(table({"mass": events["mass"], "met_px": events["met_px"]}))
    with pytest.raises(DataError, match="reflect_eta needs a column"):
        Symmetries.of(flat, ("reflect_eta",))
    with pytest.raises(DataError, match="met_px stand alone"):
        Symmetries.of(flat, ("rotate_phi",))
    with pytest.raises(ConfigError, match="no column"):
        Symmetries.of(events, ALL, {"nothing": "phi"})
    with pytest.raises(BundleError, match="damaged"):
        Symmetries.from_json({"kinds": ["sideways"]})


def test_reserved_columns_are_left_alone(events: Events) -> None:
    reserved = replace(events, reserved=frozenset({"lep_phi"}))
    assert "lep_phi" not in Symmetries.of(reserved, ALL).columns


def fitted(events: Events, folder: Path | None = None, **more: Any) -> Tagger:
    names = ("lep_pt", "lep_eta", "lep_phi", "jet_pt", "jet_eta", "jet_phi", "met_px")
    settings = {"epochs": 4, "learning_rate": 0.01, "augment": ALL, "test_time_augmentation": 4, **more}
    return train(
        "mlp",
        events,
        None,
        TrainConfig.model_validate(settings),
        options={"hidden": (8,)},
        representation_options={"features": names},
        folder=folder,
        progress=more.pop("progress", None),
    )


def test_a_bundle_repeats_the_averaging(events: Events, tmp_path: Path) -> None:
    tagger = fitted(events)
    again = load(tagger.save(tmp_path / "t.kaon"))
    assert again.symmetries == tagger.symmetries
    assert np.array_equal(again.predict(events).score, tagger.predict(events).score)
    assert not np.allclose(tagger.predict_batch(tagger.representation.transform(events)), tagger.predict(events).score)
    assert Bundle.load(tmp_path / "t.kaon") == again.to_bundle()
    assert tagger.columns is not None
    assert "met_py" in tagger.columns  # the features hold met_px, which cannot be turned without it
    assert isinstance(tagger.representation, Tabular)


def test_the_exported_file_repeats_the_averaging(events: Events, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")
    from kaon.deploy import export_onnx, load_model

    tagger = fitted(events, epochs=1)
    exported = load_model(export_onnx(tagger, tmp_path / "t.onnx").path)
    assert exported.predict(events).score == pytest.approx(tagger.predict(events).score, abs=1e-5)


def test_a_resumed_training_sees_the_same_events(events: Events, tmp_path: Path) -> None:
    def stop(done: float, _: float, __: dict[str, float]) -> None:
        if done > 2:
            raise KeyboardInterrupt

    config = TrainConfig(epochs=4, augment=ALL)
    whole = train("mlp", events, None, config, folder=tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        train("mlp", events, None, config, folder=tmp_path / "b", progress=stop)
    assert (tmp_path / "b" / CHECKPOINT).exists()
    resumed = train("mlp", events, None, config, folder=tmp_path / "b")
    plain = train("mlp", events, None, TrainConfig(epochs=4))
    assert np.array_equal(resumed.predict(events).score, whole.predict(events).score)
    assert not np.array_equal(plain.predict(events).score, whole.predict(events).score)


def test_trees_average_over_the_set_too(events: Events) -> None:
    config = TrainConfig(augment=ALL, test_time_augmentation=2)
    tagger = train("bdt", events, None, config, options={"trees": 5})
    assert tagger.views == 8
    symmetries = tagger.symmetries
    assert symmetries is not None
    turned = symmetries.seen(events, (np.pi, True, False))
    assert tagger.predict(turned).score == pytest.approx(tagger.predict(events).score, abs=1e-6)


def test_radians_need_no_warning(events: Events) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Symmetries.of(events, ALL)
