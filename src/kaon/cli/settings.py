"""The settings of a training as options, made from the models that validate them, so that the two cannot drift."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

from kaon.cli.options import names, option, pairs, read_arguments
from kaon.errors import ConfigError
from kaon.learn import RunConfig, StartConfig, TrainConfig

__all__ = ["CONFIG", "RUN", "START", "TRAIN", "argument_help", "data_arguments", "merged", "read_config", "started"]

_ELSEWHERE = frozenset({"model", "data", "train", "start"})
"""Fields of RunConfig that are not one option: model, data options, and what TrainConfig and StartConfig hold."""

CONFIG = option("config", Path, "YAML file of settings, such as a run's config.yaml; options override it.")


def argument_help(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring says of each argument.

    >>> argument_help(TrainConfig)["batch_size"]
    'events a step.'
    """
    lines = inspect.cleandoc(model.__doc__ or "").split("Args:\n")[1].split("\n")
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        head, colon, text = line.strip().partition(": ")
        if line.startswith("    ") and not line.startswith("     ") and colon and head.isidentifier():
            name = head
            found[name] = text
        elif line.startswith("     "):
            found[name] += f" {line.strip()}"
        else:
            break
    return found


def _options(model: type[BaseModel], panel: str, without: frozenset[str] = frozenset()) -> list[inspect.Parameter]:
    texts = argument_help(model)
    return [
        _field(name, field, texts[name], panel) for name, field in model.model_fields.items() if name not in without
    ]


def _field(name: str, field: Any, text: str, panel: str) -> inspect.Parameter:
    """Values stay text (or NAME=VALUE, or a flag): pydantic is what validates them."""
    dashed = name.replace("_", "-")
    default = field.get_default(call_default_factory=True)
    if _kind(field.annotation) is dict:
        flag = f"--{dashed.removesuffix('s')}"
        return option(name, list[str], f"{text} Repeatable.", flag, metavar="NAME=VALUE", panel=panel)
    if field.annotation is bool:
        return option(name, bool | None, text, f"--{dashed}/--no-{dashed}", panel=panel)
    if not field.is_required():
        told = ",".join(map(str, default)) or None if isinstance(default, tuple) else default
        text = f"{text} [default: {'none' if told is None else told}]"
    return option(name, str, text, f"--{dashed}", metavar=_metavar(field.annotation), panel=panel)


def _kind(annotation: Any) -> Any:
    return get_origin(annotation) or annotation


def _metavar(annotation: Any) -> str:
    """How a value looks.

    >>> _metavar(float | None), _metavar(tuple[str, ...]), _metavar(Literal["adam", "sgd"])
    ('NUMBER|none', 'A,B,...', 'adam|sgd')
    """
    kind, inner = _kind(annotation), get_args(annotation)
    if kind is Literal:
        return "|".join(map(str, inner))
    if kind is types.UnionType:
        return "|".join("none" if part is type(None) else _metavar(part) for part in inner)
    return {int: "N", float: "NUMBER", tuple: "A,B,..."}.get(kind, "TEXT")


RUN = tuple(_options(RunConfig, "Run", _ELSEWHERE))
"""Fields of RunConfig that are settings of one run whatever its model."""

TRAIN = tuple(_options(TrainConfig, "Training"))
"""Fields of TrainConfig."""

START = tuple(_options(StartConfig, "Transfer", frozenset({"fingerprint"})))
"""Fields of StartConfig."""


def read_config(path: Path | None) -> dict[str, Any]:
    """The settings in a YAML file; none without a file.

    Raises:
        ConfigError: the file cannot be read or holds no settings.
    """
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no settings; write lines such as 'model: pfn', or see a run's config.yaml")
    return found


def merged(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a file, overridden by the options that were given; not validated yet.

    Raises:
        ConfigError: an option NAME=VALUE without `=`, or a section of the file that is not a section.
    """
    made = {**settings, "train": dict(_section(settings, "train"))}
    for parameter in RUN:
        _override(made, parameter, given.get(parameter.name), RunConfig)
    for parameter in TRAIN:
        _override(made["train"], parameter, given.get(parameter.name), TrainConfig)
    return made


def started(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with what the options say of the tagger to start from, whose model is meant where none is named.

    Raises:
        ConfigError: an option of the transfer without a tagger, or a section of the file that is not a section.
        BundleError: the tagger's file cannot be read.
    """
    from kaon.data.bundle import Bundle

    own = {p.name: given[p.name] for p in START if given.get(p.name) is not None}
    start = {**_section(settings, "start"), **own}
    if not start:
        return dict(settings)
    if not isinstance(start.get("model_from"), str):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in start)
        raise ConfigError(f"{flags}: no trained tagger is named; give --model-from tagger.kaon")
    if "model_from" in own:
        start.pop("fingerprint", None)  # of another file
    return {**settings, "start": start, "model": settings.get("model") or Bundle.load(start["model_from"]).model}


def data_arguments(files: Sequence[str] | None, given: Mapping[str, Any], section: Any) -> dict[str, Any]:
    """The arguments of `kaon.read`: those of the file's section `data`, overridden by the options.

    Raises:
        ConfigError: not an argument of `kaon.read`, or no files at all.
    """
    from kaon.data.io import read

    wanted = read_arguments(files, given)
    stored = _section({"data": section or {}}, "data")
    if {"path", "signal", "background"} & set(wanted):
        stored = {k: v for k, v in stored.items() if k not in ("path", "signal", "background")}
    made = {**stored, **wanted}
    allowed = inspect.signature(read).parameters
    wrong = sorted(set(made) - set(allowed))
    if wrong:
        raise ConfigError(f"data: {', '.join(wrong)} cannot be set; allowed: {', '.join(allowed)}")
    if not {"path", "signal", "background"} & set(made):
        raise ConfigError("no files are given; name FILES, or --signal and --background files")
    return made


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name) or {}
    if not isinstance(found, Mapping):
        raise ConfigError(f"{name}: {found!r} is not a section of settings")
    return found


def _override(into: dict[str, Any], parameter: inspect.Parameter, value: Any, model: type[BaseModel]) -> None:
    if value is None or value == []:
        return
    name = parameter.name
    annotation = model.model_fields[name].annotation
    kind = _kind(annotation)
    if kind is dict:
        into[name] = {**_section(into, name), **pairs(value, f"--{name.removesuffix('s').replace('_', '-')}")}
    elif kind is tuple:
        into[name] = [] if value.lower() == "none" else names([value])
    elif type(None) in get_args(annotation) and value.lower() == "none":
        into[name] = None
    else:
        into[name] = value
