"""From events to a tagger: one training."""

from __future__ import annotations

import inspect
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kaon.data import Batch, Events
from kaon.data.checks import check_classes
from kaon.errors import ConfigError, DataError
from kaon.learn.augment import Symmetries
from kaon.learn.config import TrainConfig
from kaon.learn.deform import Deformations
from kaon.learn.fit import LOG, Progress, fit_net, write_log
from kaon.learn.frozen import frozen
from kaon.learn.pretraining import pretrained, stages_of
from kaon.learn.tagger import SPECTATORS, Tagger
from kaon.learn.tensors import as_tensors, to_tensors
from kaon.learn.transfer import Start
from kaon.learn.weights import selection_weights, training_weights
from kaon.models.base import Net, Solved, Trees
from kaon.registry import lookup, origin
from kaon.represent.base import Representation

__all__ = [
    "Fresh",
    "Prepared",
    "build",
    "check_options",
    "choose_representation",
    "prepare",
    "prepare_from",
    "train",
]


@dataclass(frozen=True)
class Prepared:
    """Events as a fitted representation sees them; shared by all models that read it."""

    name: str
    representation: Representation
    train: Batch
    validation: Batch | None
    test: Batch | None = None


@dataclass(frozen=True)
class Fresh:
    """The inputs of each epoch: the training events turned and mirrored at random, as the representation sees them."""

    representation: Representation
    events: Events
    symmetries: Symmetries
    seed: int

    def __call__(self, epoch: int) -> dict[str, torch.Tensor]:
        """Inputs of one epoch; the same for the same seed and epoch, so that a resumed run draws them again."""
        return as_tensors(self.representation.transform(self.symmetries.drawn(self.events, self.seed, epoch)).inputs)


def choose_representation(model: str, events: Events, wanted: str | None = None) -> str:
    """The wanted representation, or the first one that the model can read and the events can feed.

    Raises:
        ConfigError: the model cannot read the wanted one.
        DataError: the events lack the columns; the message names models that could use them.
    """
    kind = origin(lookup("kaon.models", model))
    readable: tuple[str, ...] = kind.representations
    if wanted is not None:
        form = origin(lookup("kaon.represent", wanted)).form  # an unknown name is told with its nearest
        if not {wanted, form} & set(readable) and ".py" not in wanted:
            raise ConfigError(f"{model} cannot read the representation {wanted!r}; it reads: {', '.join(readable)}")
        return wanted
    for name in readable:
        needed: tuple[str, ...] = origin(lookup("kaon.represent", name)).requires
        if all(column in events for column in needed):
            return name
    needed = origin(lookup("kaon.represent", readable[0])).requires
    others = "for pictures: conv_classifier, resnet" if "image" in events else "for plain columns: bdt, mlp"
    raise DataError(
        f"{model} needs the columns {list(needed)}, which {events.provenance.source} does not have "
        f"(it has {events.fields[:12]}); models {others}"
    )


def prepare(name: str, options: Mapping[str, Any], train_events: Events, validation_events: Events | None) -> Prepared:
    """Fit a representation on the training events and represent both samples.

    Raises:
        ConfigError: the representation does not take an option.
    """
    representation: Representation = build("representation", name, lookup("kaon.represent", name), (), options)
    batch = representation.fit_transform(train_events)
    validation = None if validation_events is None else representation.transform(validation_events)
    return Prepared(name, representation, batch, validation)


def prepare_from(start: Start, train_events: Events, validation_events: Events | None) -> Prepared:
    """Represent both samples as the tagger does that the training starts from.

    Raises:
        DataError: the events do not fit it.
    """
    validation = None if validation_events is None else start.represent(validation_events)
    own = start.tagger
    return Prepared(own.representation_name, own.representation, start.represent(train_events), validation)


def build(kind: str, name: str, factory: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Call a registered class with its options.

    Raises:
        ConfigError: an option that it does not take.
    """
    check_options(kind, name, factory, options)
    return factory(*arguments, **options)


def check_options(kind: str, name: str, factory: Any, options: Mapping[str, Any]) -> None:
    """Raise unless a registered class takes all these options.

    Raises:
        ConfigError: an option that it does not take.
    """
    allowed = [
        p.name
        for p in inspect.signature(factory).parameters.values()
        if p.kind is p.KEYWORD_ONLY or p.default is not p.empty
    ]
    wrong = sorted(set(options) - set(allowed))
    if wrong:
        raise ConfigError(
            f"the {kind} {name} has no option {', '.join(wrong)}; allowed: {', '.join(allowed) or 'none'}"
        )


def train(
    model: str,
    train_events: Events,
    validation_events: Events | None = None,
    config: TrainConfig | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    representation: str | None = None,
    representation_options: Mapping[str, Any] | None = None,
    prepared: Prepared | None = None,
    start: Start | None = None,
    spectators: tuple[str, ...] = SPECTATORS,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Tagger:
    """Train one model.

    Args:
        model: registered name, or a Python file with VARIANTS.
        train_events: labelled, of two or more classes.
        validation_events: choose the best epoch and stop early.
        config: every setting of the training.
        options: hyper-parameters of the model.
        representation: by default the first that the model can read and the events can feed.
        representation_options: constructor arguments of the representation.
        prepared: the represented events, if another model had them made already.
        start: a tagger whose features and representation are kept under a new head; options override its own.
        spectators: columns carried into the predictions.
        folder: for the log and the checkpoint, which is resumed if there is one; None leaves no files.
        progress: called during training.

    Raises:
        DataError: labels, weights or columns are not fit for training.
        ConfigError: an option or setting is wrong, or images are to be deformed where there are none.
    """
    config = config or TrainConfig()
    check_classes(train_events)
    if start is not None:
        start.check(model, representation, representation_options or {})
        options = start.options(options or {})
        data = prepared or prepare_from(start, train_events, validation_events)
    else:
        chosen = prepared.name if prepared else choose_representation(model, train_events, representation)
        data = prepared or prepare(chosen, representation_options or {}, train_events, validation_events)
    Deformations.of(config.deform).check(data.representation.spec)
    # The initial weights follow from the seed, and the caller's random numbers are left alone.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        made = build(
            "model",
            model,
            lookup("kaon.models", model),
            (data.representation.spec, len(train_events.classes)),
            options or {},
        )
    if isinstance(made, Net):
        _refuse_missing(model, data)
    if isinstance(made, Net) and config.pretrain and not isinstance(made, Solved):
        stages_of(made, model)
        if start is not None:
            raise ConfigError(
                f"pretrain={config.pretrain} would overwrite the features that the training starts from; leave one of "
                "the two out"
            )
    noted: dict[str, Any] = {}
    head: frozenset[str] = frozenset()
    rebuilt: list[dict[str, float]] = []
    if start is not None:
        head = start.give(made, options or {}, model)
        noted = start.noted()
    symmetries = None
    if config.augment:
        symmetries = Symmetries.of(
            train_events,
            config.augment,
            config.augment_columns,
            config.augment_half_turn,
            config.test_time_augmentation,
        )
    takes_negative = isinstance(made, Net) or made.takes_negative_weights
    weight, used = training_weights(train_events, config, takes_negative=takes_negative, model=model)
    with ExitStack() as stack:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="kaon-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        validation = None
        if data.validation is not None and len(data.validation) and validation_events is not None:
            validation = replace(data.validation, weight=selection_weights(validation_events, config))
        if isinstance(made, Trees):
            batch = (
                replace(data.train, weight=weight).take(used) if not used.all() else replace(data.train, weight=weight)
            )
            if validation is not None and (validation.weights < 0).any():
                # Early stopping on a loss with negative weights is as ill-defined for trees as training is.
                validation = validation.take(validation.weights > 0)
            rows = made.fit(batch, validation, seed=config.seed, threads=config.threads, progress=progress)
            write_log(folder / LOG, rows)
        elif isinstance(made, Solved):
            rows = made.solve(replace(data.train, weight=weight).take(used), validation, seed=config.seed)
            made.eval()
            write_log(folder / LOG, rows)
            if progress is not None:
                progress(1.0, 1.0, rows[-1] if rows else {})
        else:
            batch = data.train if used.all() else data.train.take(used)
            sample = to_tensors(batch, weight[used])
            held = None if validation is None else to_tensors(validation)
            fresh = None
            if symmetries is not None:
                seen = train_events if used.all() else train_events.take(used)
                fresh = Fresh(data.representation, seen, symmetries, config.seed)
            net, rates = made, start.rates(made, head) if start is not None else {}
            if start is not None and start.freeze == "features":
                begun = time.perf_counter()
                alike = fresh is None and not config.deform  # in all epochs
                kept = frozen(made, head, sample, held, config, cached=alike)
                net, sample, held = stack.enter_context(kept)
                noted["feature_seconds"] = time.perf_counter() - begun
            if config.pretrain:
                rebuilt, progress = pretrained(made, model, sample[0], config, folder, progress)
            rows = fit_net(net, sample, held, config, folder, progress, fresh, rates)
    return Tagger(
        made,
        model,
        data.representation,
        data.name,
        train_events.classes,
        dict(options or {}),
        spectators,
        {
            "config": config.model_dump(),
            "log": rows,
            "data": train_events.provenance.source,
            "events": len(train_events),
            **({"start": noted} if noted else {}),
            **({"pretraining": rebuilt} if rebuilt else {}),
        },
        symmetries,
    )


def _refuse_missing(model: str, data: Prepared) -> None:
    """Make sure that a network is not given the missing values that trees take.

    Raises:
        DataError: an input holds NaN.
    """
    for part in (data.train, data.validation):
        for name, values in part.inputs.items() if part is not None else ():
            if values.dtype.kind == "f" and np.isnan(values).any():
                raise DataError(
                    f"{model} is a network, which cannot read the missing values (NaN) of the input {name!r}; choose "
                    "boosted trees, or fill them: missing=median of the representation tabular"
                )
