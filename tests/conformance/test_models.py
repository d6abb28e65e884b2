"""Laws that every registered model keeps, without a list kept by hand.

`pytest tests/conformance --device cuda --dtype float64` runs them elsewhere and in double precision.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from kaon.data import Batch, Events, InputSpec
from kaon.data.records import momenta, sort_by_pt
from kaon.errors import MissingExtra
from kaon.extras import available
from kaon.learn.tagger import Tagger, load
from kaon.models.base import Net, Trees
from kaon.registry import origin, variants
from kaon.represent.base import Representation

MODELS = variants("kaon.models")
REPRESENTATIONS = variants("kaon.represent")
NETS = sorted(name for name, made in MODELS.items() if issubclass(origin(made), Net))
TREES = sorted(name for name, made in MODELS.items() if issubclass(origin(made), Trees))
CLASSES = ("qcd", "w", "top")
DEPTHS = ("num_blocks", "n_layers", "blocks", "n")
"""What models call the number of their equal blocks."""

net = pytest.mark.parametrize("model", NETS)
trees = pytest.mark.parametrize("model", TREES)
SYMMETRIC = [(name, symmetry) for name in NETS for symmetry in sorted(origin(MODELS[name]).symmetries)]


class Bench:
    """A model on its preferred representation, fitted to jets."""

    def __init__(self, model: str, jets: Events, device: str, dtype: str, seed: int = 0, **options: Any) -> None:
        kind = origin(MODELS[model])
        self.name = kind.representations[0]
        self.representation: Representation = REPRESENTATIONS[self.name]().fit(jets)
        self.device, self.dtype = device, getattr(torch, dtype)
        torch.manual_seed(seed)
        try:
            self.model = MODELS[model](self.spec, len(jets.classes), **options)
        except MissingExtra as error:
            pytest.skip(str(error))
        if isinstance(self.model, Net):
            self.model.to(device, self.dtype).eval()
        self.tagger = Tagger(self.model, model, self.representation, self.name, jets.classes)

    @property
    def spec(self) -> InputSpec:
        return self.representation.spec

    def tensors(self, events: Events | Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
        arrays = self.representation.transform(events).inputs if isinstance(events, Events) else events
        tensors = {name: torch.from_numpy(np.array(values)).to(self.device) for name, values in arrays.items()}
        return {name: t.to(self.dtype) if t.is_floating_point() else t for name, t in tensors.items()}

    @torch.no_grad()
    def __call__(self, events: Events | Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Logits, (events, outputs)."""
        assert isinstance(self.model, Net)
        logits: NDArray[Any] = self.model(self.tensors(events)).double().cpu().numpy()
        return logits

    def close(self, one: NDArray[Any], two: NDArray[Any]) -> None:
        """Equal up to the rounding of this precision."""
        np.testing.assert_allclose(one, two, rtol=0, atol=50 * torch.finfo(self.dtype).eps * (1 + np.abs(two).max()))


MakeBench = Callable[..., Bench]


@pytest.fixture
def jets(make_jets: Any) -> Events:
    """100 jets of two classes: a deep network takes milliseconds for each, and a law holds for few as for many."""
    made: Events = make_jets(100)
    return made


@pytest.fixture
def bench(jets: Events, device: str, dtype: str) -> MakeBench:
    def make(model: str, events: Events = jets, seed: int = 0, **options: Any) -> Bench:
        return Bench(model, events, device, dtype, seed, **options)

    return make


def test_every_registered_name_is_a_net_or_trees() -> None:
    assert sorted(NETS + TREES) == sorted(MODELS)
    assert NETS
    assert TREES


@pytest.mark.parametrize("model", sorted(MODELS))
def test_declares_what_it_reads_where_it_comes_from_and_what_it_takes(model: str) -> None:
    kind = origin(MODELS[model])
    assert kind.representations
    assert set(kind.representations) <= set(REPRESENTATIONS)
    assert kind.paper.startswith(("https://", "arXiv:"))
    parameters = list(inspect.signature(kind).parameters.values())
    assert [p.name for p in parameters[:2]] == ["spec", "outputs"]
    for parameter in parameters[2:]:
        assert parameter.kind is parameter.KEYWORD_ONLY, f"{parameter.name} must be given by name"
        assert parameter.default is not parameter.empty, f"{parameter.name} needs a default"
        assert f"        {parameter.name}: " in kind.__doc__, f"{parameter.name} is not explained"


@pytest.mark.parametrize("model", sorted(MODELS))
def test_can_be_made_for_every_representation_it_reads(model: str, jets: Events) -> None:
    for name in origin(MODELS[model]).representations:
        fitted = REPRESENTATIONS[name]()
        batch = fitted.fit_transform(jets)
        try:
            made = MODELS[model](fitted.spec, 2)
        except MissingExtra as error:
            pytest.skip(str(error))
        if isinstance(made, Net):
            assert made({k: torch.from_numpy(v) for k, v in batch.inputs.items()}).shape == (len(jets), 2)


# Networks ------------------------------------------------------------------------------------------------------------


@net
@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_one_a_class(model: str, classes: int, bench: MakeBench, make_jets: Any) -> None:
    jets = make_jets(60, classes=CLASSES[:classes])
    found = bench(model, jets)(jets)
    assert found.shape == (60, classes)
    assert np.isfinite(found).all()
    assert (np.ptp(found, axis=0) > 0).any(), "jets are told apart"


@net
def test_gradient_reaches_every_parameter(model: str, bench: MakeBench, jets: Events) -> None:
    # A parameter may lie behind a dead ReLU for one set of initial weights, but not for all of them.
    silent: set[str] | None = None
    for seed in range(4):
        made = bench(model, seed=seed)
        assert isinstance(made.model, Net)
        logits = made.model.train()(made.tensors(jets))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(jets.labels).to(made.device))
        names, parameters = zip(*made.model.named_parameters(), strict=True)
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        assert all(g is None or bool(torch.isfinite(g).all()) for g in gradients)
        zero = {n for n, g in zip(names, gradients, strict=True) if g is None or not bool(g.any())}
        silent = zero if silent is None else silent & zero
        if not silent:
            break
    assert not silent


@net
def test_evaluation_is_deterministic_and_leaves_the_network_as_it_was(
    model: str, bench: MakeBench, jets: Events
) -> None:
    made = bench(model)
    assert isinstance(made.model, Net)
    before = {name: value.clone() for name, value in made.model.state_dict().items()}
    np.testing.assert_array_equal(made(jets), made(jets))
    assert all(torch.equal(before[name], value) for name, value in made.model.state_dict().items())
    np.testing.assert_array_equal(bench(model, seed=0)(jets), made(jets), "equal seeds make equal networks")


@net
def test_a_jet_does_not_feel_its_company(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    whole = made(jets)
    made.close(made(jets.take(slice(None, None, -1)))[::-1], whole)
    for rows in (slice(0, 1), slice(7, 12)):  # alone they are padded to their own length
        made.close(made(jets.take(rows)), whole[rows])


@net
def test_padding_does_not_change_the_output(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    arrays = made.representation.transform(jets).inputs
    longer = {}
    for item in made.spec:
        axes = [(0, 0), *((0, 5) if isinstance(axis, str) else (0, 0) for axis in item.shape)]
        longer[item.name] = np.pad(arrays[item.name], axes)
    if not made.spec.dynamic_axes:
        assert {n: a.shape for n, a in longer.items()} == {n: a.shape for n, a in arrays.items()}
    made.close(made(longer), made(arrays))


@net
def test_an_empty_jet_and_a_single_constituent_are_finite(model: str, bench: MakeBench, make_jets: Any) -> None:
    made = bench(model)
    few = make_jets(6, sizes=[0, 1, 2, 0, 3, 1])
    assert np.isfinite(made(few)).all()
    assert np.isfinite(made(few.take(slice(0, 1)))).all(), "a batch of nothing but an empty jet"
    assert made(few.take(slice(0, 0))).shape == (0, 2)


@net
def test_lower_precision_is_finite_and_close(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    if made.dtype is not torch.float32:
        pytest.skip("autocast lowers float32 only")
    exact = made(jets)
    with torch.autocast(made.device, dtype=torch.bfloat16):
        rough = made(jets)
    assert np.isfinite(rough).all()
    spread = exact.std() + 0.1
    assert np.abs(rough - exact).mean() < 0.1 * spread


@net
def test_predictions_survive_saving_exactly(model: str, bench: MakeBench, jets: Events, tmp_path: Path) -> None:
    made = bench(model)
    assert isinstance(made.model, Net)
    made.model.float().cpu()  # a bundle is loaded in float32 on the CPU
    expected = made.tagger.predict(jets)
    again = load(made.tagger.save(tmp_path / "tagger.kaon"))
    assert again.parameter_count == made.model.parameter_count
    np.testing.assert_array_equal(again.predict(jets).score, expected.score)
    np.testing.assert_allclose(expected.score.sum(1), 1, rtol=1e-5)


def shallow(model: str) -> dict[str, int]:
    """Options for two blocks where there are more: tracing takes time by the block, and they are all alike."""
    parameters = inspect.signature(MODELS[model]).parameters
    return {name: 2 for name in DEPTHS if name in parameters and parameters[name].default > 2}


@pytest.mark.parametrize(
    ("model", "whole"),
    [(m, False) for m in NETS] + [pytest.param(m, True, marks=pytest.mark.slow) for m in NETS if shallow(m)],
)
def test_the_onnx_graph_agrees(model: str, whole: bool, bench: MakeBench, jets: Events, tmp_path: Path) -> None:
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        if not available(needed):
            pytest.skip(f"{needed} is not installed")
    from kaon.deploy import export_onnx

    made = bench(model, **({} if whole else shallow(model)))
    assert isinstance(made.model, Net)
    made.model.cpu().float()
    report = export_onnx(made.tagger, tmp_path / "net.onnx", data=made.representation.transform(jets))
    assert report.max_difference is not None
    assert report.max_difference <= 1e-5
    assert report.events > len(jets)


# Symmetries ----------------------------------------------------------------------------------------------------------


def permutation(made: Bench, jets: Events) -> None:
    """The order of the constituents (the nodes of a graph, with both ends of its edges) does not matter."""
    arrays = dict(made.representation.transform(jets).inputs)
    (axis,) = made.spec["mask"].shape
    order = np.random.default_rng(0).permutation(arrays["mask"].shape[1])
    shuffled = {}
    for item in made.spec:
        assert item.shape[0] == axis, f"{item.name} has no axis of {axis} to permute"
        places = [order if size == axis else np.arange(size) for size in item.shape]
        shuffled[item.name] = arrays[item.name][np.ix_(np.arange(len(jets)), *places)]
    assert (shuffled["mask"] != arrays["mask"]).any()
    made.close(made(shuffled), made(arrays))


def with_particle(jets: Events, size: float, *, collinear: bool) -> Events:
    """The hardest constituent gives `size` of its momentum to a new one; that one is collinear, or turned away."""
    p = jets["constituents"]
    kept, first, rest = ["px", "py", "pz", "E"], p[:, :1], p[:, 1:]
    new = {q: size * first[q] for q in kept}
    if not collinear:
        cos, sin = np.cos(0.3), np.sin(0.3)
        new |= {"px": cos * new["px"] - sin * new["py"], "py": sin * new["px"] + cos * new["py"]}
    left = {q: (1 - size) * first[q] if collinear else first[q] for q in kept}
    joined = {q: ak.concatenate([left[q], rest[q], new[q]], axis=1) for q in kept}
    return jets.with_columns(constituents=sort_by_pt(momenta(**joined)))


def irc(made: Bench, jets: Events) -> None:
    """A collinear splitting changes nothing, and a soft particle ever less as it gets softer."""
    expected = made(jets)
    for share in (0.5, 0.1, 1e-3):
        # The representation is in single precision, whatever the network's.
        np.testing.assert_allclose(made(with_particle(jets, share, collinear=True)), expected, rtol=0, atol=1e-5)
    sizes = (1e-1, 1e-2, 1e-3, 1e-4)
    changes = [np.abs(made(with_particle(jets, size, collinear=False)) - expected).max() for size in sizes]
    assert changes[0] > 0
    for size, change in zip(sizes, changes, strict=True):
        assert change <= 3 * changes[0] * size / sizes[0] + 1e-5, "it vanishes at least linearly"


def lorentz_matrices(count: int, rapidity: float, seed: int = 0) -> NDArray[Any]:
    """Random proper Lorentz transformations (count, 4, 4): a rotation, a boost along z, another rotation."""
    random = np.random.default_rng(seed)
    turns = np.zeros((2, count, 4, 4))
    turns[..., 0, 0] = 1
    turns[..., 1:, 1:] = np.linalg.qr(random.normal(size=(2, count, 3, 3)))[0]
    turns[..., 1:, 1:] *= np.sign(np.linalg.det(turns[..., 1:, 1:]))[..., None, None]
    return np.asarray(turns[0] @ boosts_z(np.full(count, rapidity)) @ turns[1])


def boosts_z(rapidity: NDArray[Any]) -> NDArray[Any]:
    """Boosts along the beam, (count, 4, 4)."""
    made = np.tile(np.eye(4), (len(rapidity), 1, 1))
    made[:, 0, 0] = made[:, 3, 3] = np.cosh(rapidity)
    made[:, 0, 3] = made[:, 3, 0] = np.sinh(rapidity)
    return made


def rotations_z(angle: NDArray[Any]) -> NDArray[Any]:
    """Rotations about the beam, (count, 4, 4)."""
    made = np.tile(np.eye(4), (len(angle), 1, 1))
    made[:, 1, 1] = made[:, 2, 2] = np.cos(angle)
    made[:, 2, 1], made[:, 1, 2] = np.sin(angle), -np.sin(angle)
    return made


def unchanged_by(matrices: NDArray[Any], made: Bench, jets: Events) -> None:
    """Each jet's momenta may be transformed by a matrix of its own; in double precision, which large boosts need."""
    assert isinstance(made.model, Net)
    made.model.double()
    made.dtype = torch.float64
    arrays = dict(made.representation.transform(jets).inputs)
    p = arrays["momenta"].astype(float)
    # Single precision leaves light particles space-like at random; on the mass shell a law can be seen to more digits.
    p[..., 0] = np.sqrt((p[..., 1:] ** 2).sum(-1) + 0.14**2) * arrays["mask"]
    moved = np.einsum("jab,jnb->jna", matrices, p)
    assert np.abs(moved - p).max() > 1
    expected, found = (made(arrays | {"momenta": q}) for q in (p, moved))
    assert np.ptp(expected, axis=0).max() > 1e-3, "jets are told apart"
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 * (1 + np.abs(expected).max()))


def lorentz(made: Bench, jets: Events) -> None:
    """Rotations and boosts of any size do not matter."""
    for rapidity in (0.0, 0.5, 2.0, 4.0):
        unchanged_by(lorentz_matrices(len(jets), rapidity, seed=int(10 * rapidity)), made, jets)


def rotation_z(made: Bench, jets: Events) -> None:
    """The azimuth does not matter."""
    unchanged_by(rotations_z(np.linspace(-3, 3, len(jets))), made, jets)


def boost_z(made: Bench, jets: Events) -> None:
    """The motion along the beam does not matter."""
    unchanged_by(boosts_z(np.linspace(-2, 2, len(jets))), made, jets)


LAWS = {
    "permutation": permutation,
    "irc": irc,
    "lorentz": lorentz,
    "rotation_z": rotation_z,
    "boost_z": boost_z,
}


@pytest.mark.parametrize(("model", "symmetry"), SYMMETRIC)
def test_declared_symmetries_hold(model: str, symmetry: str, bench: MakeBench, jets: Events) -> None:
    assert symmetry in LAWS, f"{model} declares {symmetry!r}, which nobody checks; known: {sorted(LAWS)}"
    LAWS[symmetry](bench(model), jets)


def test_a_broken_symmetry_is_noticed(bench: MakeBench, jets: Events) -> None:
    # The laws themselves: a particle flow network counts constituents, so it cannot be infrared-safe.
    with pytest.raises(AssertionError):
        irc(bench("pfn"), jets)
    # Learned combinations of the hardest constituents know the laboratory, and so do the vectors of a fixed beam.
    for law in (lorentz, boost_z):
        with pytest.raises(AssertionError):
            law(bench("lola"), jets)


# Trees ---------------------------------------------------------------------------------------------------------------


def fitted(made: Bench, events: Events, seed: int = 0) -> Trees:
    assert isinstance(made.model, Trees)
    made.model.fit(made.representation.transform(events), None, seed=seed, threads=1)
    return made.model


@trees
@pytest.mark.parametrize("classes", [2, 3])
def test_trees_learn_to_tell_the_classes_apart(model: str, classes: int, bench: MakeBench, make_jets: Any) -> None:
    train, test = (make_jets(400, seed, CLASSES[:classes]) for seed in (1, 2))
    made = bench(model, train)
    fitted(made, train)
    prediction = made.tagger.predict(test)
    assert prediction.score.shape == (400, classes)
    assert prediction.score.dtype == np.float32
    assert (prediction.score >= 0).all()
    np.testing.assert_allclose(prediction.score.sum(1), 1, atol=1e-5)
    # Five standard deviations of the binomial distribution above guessing.
    assert (prediction.score.argmax(1) == test.labels).mean() > 1 / classes + 5 * np.sqrt(0.25 / 400)


@trees
def test_trees_follow_from_the_seed(model: str, bench: MakeBench, jets: Events) -> None:
    one, two = (fitted(bench(model), jets, seed=3) for _ in range(2))
    assert one.to_text() == two.to_text()


@trees
def test_trees_predict_a_row_as_they_predict_many(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    grown = fitted(made, jets)
    batch = made.representation.transform(jets)
    whole = grown.predict(batch.inputs)
    np.testing.assert_array_equal(grown.predict(batch.take(slice(4, 5)).inputs), whole[4:5])
    assert grown.predict(batch.take(slice(0, 0)).inputs).shape == (0, 2)


@trees
def test_trees_survive_their_text_exactly(model: str, bench: MakeBench, jets: Events, tmp_path: Path) -> None:
    made = bench(model)
    grown = fitted(made, jets)
    again = load(made.tagger.save(tmp_path / "trees.kaon"))
    assert isinstance(again.model, Trees)
    assert again.model.to_text() == grown.to_text()
    assert again.parameter_count == grown.parameter_count > 0
    np.testing.assert_array_equal(again.predict(jets).score, made.tagger.predict(jets).score)


@trees
def test_trees_take_negative_weights_as_they_say(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    assert isinstance(made.model, Trees)
    batch = made.representation.transform(jets)
    negative = Batch(batch.inputs, batch.target, np.where(np.arange(len(batch)) % 10, 1.0, -1.0), batch.index)
    if made.model.takes_negative_weights:
        made.model.fit(negative, None, seed=0, threads=1)
        assert np.isfinite(made.model.predict(batch.inputs)).all()
    else:
        with pytest.raises(ValueError, match="negative weights"):
            made.model.fit(negative, None, seed=0, threads=1)


@trees
def test_trees_weigh_events(model: str, bench: MakeBench, jets: Events) -> None:
    made = bench(model)
    batch = made.representation.transform(jets)
    means = []
    for signal in (1.0, 20.0):
        assert isinstance(made.model, Trees)
        weighted = Batch(batch.inputs, batch.target, np.where(batch.labels == 1, signal, 1.0), batch.index)
        made.model.fit(weighted, None, seed=0, threads=1)
        means.append(made.model.predict(batch.inputs)[:, 1].mean())
    assert means[1] > means[0]


@trees
def test_trees_have_an_onnx_graph_that_agrees(model: str, bench: MakeBench, jets: Events, tmp_path: Path) -> None:
    for needed in ("onnx", "onnxruntime"):
        if not available(needed):
            pytest.skip(f"{needed} is not installed")
    from kaon.deploy import export_onnx

    made = bench(model)
    fitted(made, jets)
    report = export_onnx(made.tagger, tmp_path / "trees.onnx", data=made.representation.transform(jets))
    assert report.max_difference is not None
    assert report.max_difference <= 1e-5
