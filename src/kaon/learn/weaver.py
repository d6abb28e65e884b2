"""Taggers from the weights of weaver-core, the authors' own code of ParticleNet and the Particle Transformer."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.errors import BundleError, ConfigError
from kaon.learn.tagger import Tagger
from kaon.models.base import Net
from kaon.registry import lookup, origin, variants
from kaon.represent.base import Representation

__all__ = ["TOP_TAGGING", "import_weaver", "read_state"]

TOP_TAGGING: Mapping[str, tuple[float, float]] = {
    "log_pt": (1.7, 0.7),
    "log_e": (2.0, 0.7),
    "log_pt_fraction": (-4.7, 0.7),
    "log_e_fraction": (-4.7, 0.7),
    "dr": (0.2, 4.0),
}
"""Feature -> (shift, scale) of the data configurations `top_kin.yaml`, `qg_kin.yaml` and `JetClass_kin.yaml` at
https://github.com/jet-universe/particle_transformer; deta and dphi are as they are."""

_WRAPPERS = ("module.", "mod.", "model.", "_orig_mod.")


def import_weaver(
    path: str | os.PathLike[str],
    model: str = "particle_net",
    *,
    classes: Sequence[str],
    signal: str | None = None,
    constituents: int = 128,
    options: Mapping[str, Any] | None = None,
    constants: Mapping[str, Sequence[float]] = TOP_TAGGING,
    outward: bool = True,
) -> Tagger:
    """A tagger with the weights of a network that weaver-core trained, and with its preprocessing.

    The features are those of `point_cloud` in weaver's order; the preprocessing is that of its examples. Unlike there,
    a standardised feature beyond +-5 is not cut off; no constituent of a jet in the detector's reach comes near it.

    Args:
        path: a checkpoint, `.pt` (read without running anything that is in it) or `.safetensors`.
        model: registered name of a model with a method `from_weaver`.
        classes: names of the outputs, in the order of the checkpoint.
        signal: the class that is made the last one, as everywhere in kaon; None for the order as it is.
        constituents: most constituents of a jet.
        options: hyper-parameters that the shapes of the weights do not tell, such as neighbours.
        constants: feature -> (shift, scale).
        outward: the sign of deta is that of weaver's examples: away from the centre of the detector.

    Raises:
        BundleError: no such file, not a file of tensors, or not the weights of this model.
        ConfigError: this model has no counterpart, or the classes or constants make no sense.
        UnknownName: no such model.
    """
    made = lookup("kaon.models", model)
    kind = origin(made)
    if not hasattr(kind, "from_weaver"):
        known = sorted(name for name, each in variants("kaon.models").items() if hasattr(origin(each), "from_weaver"))
        raise ConfigError(f"{model} has no counterpart in weaver-core; choose one of {', '.join(known)}")
    if len(set(classes)) != len(classes) or len(classes) < 2 or signal not in (None, *classes):
        raise ConfigError(
            f"classes={list(classes)}, signal={signal}: name the outputs of the checkpoint in its order, at least two "
            "different ones, and one of them as the signal if it is not the last"
        )
    state = read_state(path)
    try:
        found, weights = kind.from_weaver(state)
    except BundleError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # parts of it are not there
        raise BundleError(f"{path} holds only parts of a {model} of weaver-core, or something else") from error
    settings = {**found, **dict(options or {})}
    name = kind.representations[0]
    representation = _representation(name, constituents, constants, outward)
    net: Net = made(representation.spec, len(classes), **settings)
    _load(net, weights, path)
    names = tuple(classes)
    if signal is not None:
        order = [*(i for i, c in enumerate(names) if c != signal), names.index(signal)]
        _reorder(net, order)
        names = tuple(names[i] for i in order)
    history = {"imported": {"from": "weaver-core", "file": Path(path).name}}
    return Tagger(net.eval(), model, representation, name, names, settings, training=history)


def read_state(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Name -> tensor of a checkpoint, without the prefixes of wrappers.

    Args:
        path: `.safetensors`, or a file of `torch.save`, of which tensors are read and nothing is run.

    Raises:
        BundleError: no such file, or one that holds anything but named tensors.
    """
    try:
        if Path(path).suffix == ".safetensors":
            state: Any = load_file(path)
        else:
            with warnings.catch_warnings(action="ignore"):  # what is odd about a file is told by what it holds
                state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged file makes PyTorch's reader stumble anywhere
        reason = "it holds more than tensors, or is damaged; nothing in it was run"
        raise BundleError(f"{path} is not a file of tensors: {reason}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not state or not all(map(_is_named_tensor, state.items())):
        raise BundleError(f"{path} holds no named tensors; give a checkpoint that weaver-core has written")
    made: dict[str, Tensor] = dict(state)
    while prefix := next((p for p in _WRAPPERS if all(name.startswith(p) for name in made)), None):
        made = {name.removeprefix(prefix): value for name, value in made.items()}
    return made


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)


def _representation(
    name: str, constituents: int, constants: Mapping[str, Sequence[float]], outward: bool
) -> Representation:
    """The representation, as if it had been fitted and found these constants."""
    fresh: Representation = lookup("kaon.represent", name)(constituents=constituents, outward=outward)
    items = []
    for item in fresh.describe({}):
        if item.name == "features":
            unknown = sorted(set(constants) - set(item.features))
            if unknown or any(len(pair) != 2 for pair in constants.values()):
                raise ConfigError(
                    f"constants: {dict(constants)}; allowed: (shift, scale) of {', '.join(item.features)}"
                )
            shift, scale = zip(*(constants.get(feature, (0.0, 1.0)) for feature in item.features), strict=True)
            item = replace(item, shift=tuple(map(float, shift)), scale=tuple(map(float, scale)))
        items.append(item)
    return type(fresh).from_state({"options": fresh.options, "spec": InputSpec(tuple(items)).to_json()})


def _load(net: Net, weights: Mapping[str, Tensor], path: str | os.PathLike[str]) -> None:
    own = net.state_dict()
    lacking = [name for name in own if name not in weights and not name.startswith("normalise.")]
    wrong = [n for n, value in weights.items() if n not in own or own[n].shape != value.shape]
    if lacking or wrong:
        raise BundleError(
            f"the weights in {path} do not fit: lacking {lacking[:4]}, not fitting {wrong[:4]}; check the model, its "
            "options and the number of classes"
        )
    net.load_state_dict({**own, **weights})


def _reorder(net: Net, order: Sequence[int]) -> None:
    """Put the outputs in another order, in the last linear layer."""
    last = [m for m in net.modules() if isinstance(m, nn.Linear) and m.out_features == len(order)][-1]
    example = {name: torch.from_numpy(values) for name, values in net.spec.example(3).items()}
    net.eval()
    with torch.no_grad():
        before = net(example)
        for parameter in (last.weight, last.bias):
            parameter.copy_(parameter[list(order)])
        assert torch.equal(net(example), before[:, list(order)]), "the last linear layer makes the outputs"
