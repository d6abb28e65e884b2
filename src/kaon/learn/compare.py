"""An honest comparison: every model on the same split, the same seeds, judged by the same code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.learn.fit import Progress
from kaon.learn.run import Parts, Run, RunConfig, execute_run, write_json
from kaon.learn.sample import sample_summary
from kaon.learn.train import Prepared, check_options, choose_representation, prepare, prepare_from
from kaon.learn.transfer import Start
from kaon.learn.weights import training_weights
from kaon.models.base import Net
from kaon.registry import lookup, origin

__all__ = ["compare"]

Reporter = Callable[[str, int, Run | None], Progress | None]
"""Called with (model, seed, None) before a run, returning its progress callback, and with the finished run after it."""


def compare(
    events: Events | Parts,
    configs: Sequence[RunConfig],
    folder: str | os.PathLike[str],
    *,
    seeds: int | Mapping[str, int] = 1,
    reporter: Reporter | None = None,
) -> list[Run]:
    """Train every model with every seed on the same split; finished runs are skipped.

    Args:
        events: labelled; or training, validation and test events that are split already.
        configs: one a model, alike in `split` and `split_seed`; the seed of each is replaced by 0, 1, ...
        folder: of the comparison: `comparison.json`, `sample.json` and `runs/`.
        seeds: trainings of each model, or by model's name; the split is the same for all.
        reporter: told of each run before and after.

    Returns:
        The runs, model by model.

    Raises:
        ConfigError: no models, a model twice, or different splits.
        DataError: a model cannot use these events.
    """
    names = [c.model for c in configs]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"models={names}: give at least one, each only once")
    if len({(c.split, c.split_seed) for c in configs}) > 1:
        raise ConfigError("all models of a comparison must use the same split")
    # All models are checked before the first is trained.
    parts = events if isinstance(events, Parts) else Parts.of(events, configs[0].split, configs[0].split_seed)
    sample = parts.train if isinstance(events, Parts) else events
    starts = {c.model: c.opened() for c in configs}
    chosen = {c.model: _representation(c, starts[c.model], sample) for c in configs}
    times = {name: seeds if isinstance(seeds, int) else seeds[name] for name in names}
    for config in configs:
        kind = origin(lookup("kaon.models", config.model))
        check_options("model", config.model, lookup("kaon.models", config.model), config.options)
        takes_negative = issubclass(kind, Net) or kind.takes_negative_weights
        training_weights(parts.train, config.train, takes_negative=takes_negative, model=config.model)
    home = Path(folder)
    write_json(
        home / "comparison.json",
        {
            "models": names,
            "seeds": list(range(max(times.values()))),
            "source": sample.provenance.source,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    write_json(home / "sample.json", sample_summary(sample))
    keys = [
        json.dumps([chosen[c.model], c.representation_options, c.start and c.start.model_from], sort_keys=True)
        for c in configs
    ]
    shared: dict[str, Prepared] = {}
    runs = []
    for number, (base, key) in enumerate(zip(configs, keys, strict=True)):
        representation = chosen[base.model]
        for seed in range(times[base.model]):
            train = base.train.model_copy(update={"seed": seed})
            config = base.model_copy(update={"train": train, "representation": representation}).resolved()
            place = home / "runs" / f"{_slug(base.model)}-seed{seed}"
            run = Run.finished(place, config, parts.digest)
            progress = reporter(base.model, seed, None) if reporter else None
            if run is None:
                if key not in shared:
                    shared[key] = _prepared(representation, config.representation_options, parts, starts[base.model])
                run = execute_run(config, parts, place, prepared=shared[key], progress=progress)
            runs.append(run)
            if reporter:
                reporter(base.model, seed, run)
        if key not in keys[number + 1 :]:  # nobody needs these arrays any more
            shared.pop(key, None)
    return runs


def _representation(config: RunConfig, start: Start | None, sample: Events) -> str:
    if start is None:
        return choose_representation(config.model, sample, config.representation)
    start.check(config.model, config.representation, config.representation_options)
    return start.tagger.representation_name


def _prepared(name: str, options: Mapping[str, Any], parts: Parts, start: Start | None) -> Prepared:
    if start is not None:
        made = prepare_from(start, parts.train, parts.validation)
    else:
        made = prepare(name, options, parts.train, parts.validation)
    return replace(made, test=made.representation.transform(parts.test))


def _slug(model: str) -> str:
    """A model's name as part of a folder's name: a Python file counts by its stem."""
    return model.replace(".py:", "-").replace(".py", "").rsplit("/", 1)[-1]
