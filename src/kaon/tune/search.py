"""A whole search: trials until there are enough, then the best one once more, and on the test events."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from kaon.data import Events
from kaon.data.space import Choice, Space
from kaon.errors import ConfigError
from kaon.files import locked, write_text
from kaon.learn import Parts, Run, RunConfig, execute_run
from kaon.learn.fit import Progress
from kaon.learn.train import check_options
from kaon.learn.weights import training_weights
from kaon.models.base import Net
from kaon.registry import lookup, origin
from kaon.tune.attempt import Bench, attempt
from kaon.tune.objective import Objective
from kaon.tune.prepared import prepared
from kaon.tune.record import BEST, Search, Trial, write
from kaon.tune.setup import Pruner, Setup
from kaon.tune.space import applied, search_space, words
from kaon.tune.storage import Store, opened
from kaon.tune.workers import make_trials

__all__ = ["Follow", "search"]

Follow = Callable[[Sequence[Trial], int], None]
"""Called with the trials so far, running ones among them, and how many are wanted; twice a second at most."""

_PAUSE = 0.5
_HOPELESS = 3
"""So many failed trials without a complete one end a search."""


def search(
    events: Events | Parts,
    config: RunConfig,
    folder: str | os.PathLike[str],
    *,
    trials: int,
    space: Mapping[str, Space] | None = None,
    objective: Objective | None = None,
    pruner: Pruner = "median",
    workers: int = 1,
    follow: Follow | None = None,
    finishing: Progress | None = None,
) -> tuple[Search, Run]:
    """Search the settings that make an objective on validation events largest.

    The sampler is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl, NeurIPS 2011,
    https://papers.nips.cc/paper/4443; multivariate as in Falkner, Klein, Hutter, 1807.01774), after ten trials at
    random; the first trial is what is used without a search. With one worker the trials follow from the seed.

    A search that was stopped goes on where it was, its interrupted trials from their last epoch, and one that is
    finished is only written anew; more `trials` extend it. The test events are used once, for the best trial, which is
    trained again as an ordinary run.

    Args:
        events: labelled, split as the configuration says; or parts that are split already.
        config: of each training. What it fixes is not varied, see `kaon.tune.search_space`.
        folder: of the search: `tune.json`, `trials.db`, `trials.json`, `trials.csv`, `best.yaml` and the run `best`.
        trials: in all, complete, pruned or failed.
        space: ranges instead of the declared ones, or beside them.
        objective: AUC by default.
        pruner: `median`, `hyperband` or `none`, see `Setup`.
        workers: processes; more than one read the events themselves, as `config.data` says.
        follow: told how far it is.
        finishing: called during the training of the best run.

    Returns:
        What was found, and the best run.

    Raises:
        MissingExtra: Optuna is not installed.
        ConfigError: a wrong number, setting or range, or every trial fails.
        DataError: the events do not fit, or the folder holds another search, or another process works in it.
    """
    if trials < 1 or workers < 1:
        raise ConfigError(f"trials={trials}, workers={workers}: at least 1 is needed")
    parts = events if isinstance(events, Parts) else Parts.of(events, config.split, config.split_seed)
    if workers > 1 and not config.data:
        raise ConfigError("several workers read the events themselves; say how in config.data, or use one worker")
    ranges = search_space(config, space)
    _check(config, parts)
    setup = Setup(config, ranges, objective or Objective(), pruner, parts.digest)
    home = Path(folder)
    with locked(home / ".lock", f"another process tunes in {home}; wait for it, give --workers, or another folder"):
        setup.claim(home)
        bench = Bench(setup, parts, prepared(config, parts), home)
        with opened(setup, home) as store:
            store.prepare()
            heard = _Follower(store, trials, follow)
            done = _finished(store)
            if workers == 1:
                for ticket in range(done, trials):
                    attempt(bench, store, store.begin(ticket), heard)
                    heard.hopeful()
            elif done < trials:
                begun = (store.begin(ticket, alone=False).trial.number for ticket in range(done, trials))
                make_trials(home, begun, min(workers, trials - done), config.train.threads or 1, heard)
            heard.hopeful(last=True)
            made = _result(setup, store, parts)
        shutil.rmtree(home / "trials", ignore_errors=True)
        assert made.best is not None
        chosen = applied(config, made.best.settings)
        write_text(home / "best.yaml", chosen.to_yaml())
        run = _best_run(chosen, bench, home / BEST, finishing)
        made = replace(made, test=dict(run.metrics))
        write(made, home)
    return made, run


@dataclass
class _Follower:
    """Tells how far the search is, and gives up where nothing works."""

    store: Store
    wanted: int
    follow: Follow | None
    said: float = -_PAUSE

    def __call__(self) -> None:
        now = time.perf_counter()
        if now - self.said < _PAUSE:
            return
        self.said = now
        trials = self.hopeful()
        if self.follow is not None:
            self.follow(trials, self.wanted)

    def hopeful(self, *, last: bool = False) -> list[Trial]:
        """The trials; raises where several failed and none succeeded, at the end already for one."""
        trials = self.store.trials
        failed = [t for t in trials if t.state == "failed"]
        complete = any(t.state == "complete" for t in trials)
        if not complete and (len(failed) >= _HOPELESS or last):
            raise ConfigError(
                f"{len(failed)} trials failed and none succeeded; the last with {dict(failed[-1].settings)}: "
                f"{failed[-1].error}"
                if failed
                else "no trial was completed"
            )
        if last and self.follow is not None:
            self.follow(trials, self.wanted)
        return trials


def _check(config: RunConfig, parts: Parts) -> None:
    """What would make every trial fail is told before the first."""
    kind = origin(lookup("kaon.models", config.model))
    check_options("model", config.model, lookup("kaon.models", config.model), config.options)
    negative = issubclass(kind, Net) or kind.takes_negative_weights
    training_weights(parts.train, config.train, takes_negative=negative, model=config.model)


def _finished(store: Store) -> int:
    return sum(t.state != "running" for t in store.trials)


def _result(setup: Setup, store: Store, parts: Parts) -> Search:
    trials = tuple(t for t in store.trials if t.state != "running")
    levels = [t.curve[-1] for t in trials if t.curve]
    curve = "" if not levels else "validation loss" if max(levels) <= 0 else "validation AUC"
    if curve == "validation loss":  # reported with the opposite sign, because more is better
        trials = tuple(replace(t, curve=tuple(-level for level in t.curve)) for t in trials)
    config = setup.config
    sizes = {"training": parts.train, "validation": parts.validation, "test": parts.test}
    return Search(
        model=config.model,
        objective=setup.objective.words,
        curve=curve,
        unit="boosting round" if setup.trees else "epoch",
        space={name: words(where) for name, where in setup.space.items()},
        logarithmic=tuple(n for n, w in setup.space.items() if not isinstance(w, Choice) and w.log),
        trials=trials,
        importances=store.importances(),
        pruner=setup.pruner,
        seed=config.train.seed,
        facts={
            "Source": parts.train.provenance.source,
            "Events": ", ".join(f"{len(part):,} {name}" for name, part in sizes.items()),
        },
    )


def _best_run(config: RunConfig, bench: Bench, folder: Path, progress: Progress | None) -> Run:
    """The best trial as an ordinary run; one of an earlier best is replaced."""
    written = folder / "config.yaml"
    if written.exists() and yaml.safe_load(written.read_text()) != json.loads(config.model_dump_json()):
        shutil.rmtree(folder)
    return execute_run(config, bench.parts, folder, prepared=bench.prepared, progress=progress)
