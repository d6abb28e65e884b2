"""The trials of a search in a SQLite file, as Optuna keeps them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kaon.data.space import Choice, Real, Space
from kaon.errors import DataError
from kaon.extras import require
from kaon.tune.record import State, Trial
from kaon.tune.setup import Setup
from kaon.tune.space import defaults

__all__ = ["Begun", "Store", "opened"]

_FILE = "trials.db"
_STARTUP = 10
"""Trials drawn at random before the sampler learns from them."""
_ENOUGH = 8
"""Complete trials below which importances would be noise."""
_PATIENCE = 60
"""Seconds that a process waits for another one's write."""
_HOME, _RESUMES, _DEFAULT, _INTERRUPTED, _ERROR = "home", "resumes", "default", "interrupted", "error"


class Begun(NamedTuple):
    """A trial that is running.

    Args:
        trial: Optuna's.
        settings: to be tried.
        home: number of its folder, that of the trial which it takes up if that was interrupted.
        reported: steps that are behind it.
    """

    trial: Any
    settings: dict[str, Any]
    home: int
    reported: frozenset[int]


class Store:
    """The trials of one search.

    Args:
        setup: of the search.
        study: of Optuna.
        optuna: the package.
    """

    def __init__(self, setup: Setup, study: Any, optuna: Any) -> None:
        self.setup, self.study, self._optuna = setup, study, optuna
        self._distributions = {name: _distribution(optuna, where) for name, where in setup.space.items()}

    def prepare(self) -> None:
        """Take up what a killed process left, and begin with what is used without a search.

        A trial that was interrupted is begun again with its settings and its folder, so that it goes on from its last
        epoch. Only for the one process that holds the folder.
        """
        states = self._optuna.trial.TrialState
        for trial in self.study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            self.study._storage.set_trial_user_attr(trial._trial_id, _INTERRUPTED, True)
            self.study.tell(trial.number, state=states.FAIL)
            marks = {k: v for k, v in trial.user_attrs.items() if k in (_HOME, _DEFAULT)}
            self.study.enqueue_trial(trial.params, user_attrs={_HOME: trial.number, _RESUMES: trial.number, **marks})
        usual = defaults(self.setup.config, self.setup.space)
        if not self.study.get_trials(deepcopy=False) and usual is not None:
            self.study.enqueue_trial({n: self._encoded(n, v) for n, v in usual.items()}, user_attrs={_DEFAULT: True})

    def begin(self, ticket: int, *, alone: bool = True) -> Begun:
        """A new trial. Only for the one process that holds the folder: two could be given the same one.

        Its settings follow from the seed, the ticket and the trials that are finished, whatever was interrupted.

        Args:
            ticket: number of the trial, without those that were interrupted.
            alone: no other trial is running.
        """
        state = np.random.SeedSequence([self.setup.config.train.seed, ticket]).generate_state(1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=self._optuna.exceptions.ExperimentalWarning)
            self.study.sampler = self._optuna.samplers.TPESampler(
                seed=int(state[0]), n_startup_trials=_STARTUP, multivariate=True, constant_liar=not alone
            )
        trial = self.study.ask(self._distributions)
        if (resumed := trial.user_attrs.get(_RESUMES)) is not None:
            for step, level in self.study.get_trials(deepcopy=False)[resumed].intermediate_values.items():
                trial.report(level, step)
        return self._begun(trial)

    def taken(self, number: int) -> Begun:
        """A trial that another process began for this one.

        Args:
            number: of the trial.
        """
        identity = self.study._storage.get_trial_id_from_study_id_trial_number(self.study._study_id, number)
        self.study.sampler = self._optuna.samplers.RandomSampler()  # has nothing left to draw
        return self._begun(self._optuna.trial.Trial(self.study, identity))

    def end(self, trial: Any, value: float | None, error: str = "") -> None:
        """A trial is over: complete with a value, failed with an error, otherwise pruned."""
        states = self._optuna.trial.TrialState
        if error:
            trial.set_user_attr(_ERROR, error)
            self.study.tell(trial, state=states.FAIL)
        elif value is None:
            self.study.tell(trial, state=states.PRUNED)
        else:
            self.study.tell(trial, value)

    @property
    def trials(self) -> list[Trial]:
        """All of them but those that were interrupted."""
        found = []
        for t in self.study.get_trials(deepcopy=False):
            state = _STATES.get(t.state.name)
            if state is None or t.user_attrs.get(_INTERRUPTED):
                continue
            steps = sorted(t.intermediate_values)
            found.append(
                Trial(
                    t.number,
                    state,
                    self._decoded(t.params),
                    t.values[0] if state == "complete" else None,
                    tuple(steps),
                    tuple(t.intermediate_values[step] for step in steps),
                    0.0 if t.duration is None else t.duration.total_seconds(),
                    t.user_attrs.get(_ERROR, ""),
                    bool(t.user_attrs.get(_DEFAULT, False)),
                )
            )
        return found

    def importances(self) -> dict[str, float]:
        """Share of each parameter in the variance of the objective over the space, the largest first.

        Functional analysis of variance on a random forest (Hutter, Hoos, Leyton-Brown, ICML 2014,
        https://proceedings.mlr.press/v32/hutter14.html). Empty where too few trials are complete, or all are equal.
        """
        complete = self.study.get_trials(deepcopy=False, states=(self._optuna.trial.TrialState.COMPLETE,))
        values = [t.values[0] for t in complete]
        if len(values) < _ENOUGH or min(values) == max(values) or len(self.setup.space) < 2:
            return {}
        evaluator = self._optuna.importance.FanovaImportanceEvaluator(seed=self.setup.config.train.seed)
        found = self._optuna.importance.get_param_importances(self.study, evaluator=evaluator)
        return {name: float(share) for name, share in found.items()}

    def _begun(self, trial: Any) -> Begun:
        known = self.study._storage.get_trial(trial._trial_id).intermediate_values
        return Begun(
            trial, self._decoded(trial.params), int(trial.user_attrs.get(_HOME, trial.number)), frozenset(known)
        )

    def _decoded(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """In the order of the space; options of a choice are kept as JSON, because a list is no value of Optuna's."""
        found = {}
        for name, where in self.setup.space.items():
            if name in parameters:
                value = parameters[name]
                if isinstance(where, Choice):
                    value = json.loads(value)
                    value = tuple(value) if isinstance(value, list) else value
                found[name] = value
        return found

    def _encoded(self, name: str, value: Any) -> Any:
        return json.dumps(value) if isinstance(self.setup.space[name], Choice) else value


@contextmanager
def opened(setup: Setup, folder: Path) -> Iterator[Store]:
    """The trials in a folder, while the block runs.

    Args:
        setup: of the search.
        folder: of the search.

    Raises:
        MissingExtra: Optuna is not installed.
        DataError: the file of trials cannot be opened.
    """
    optuna = require("optuna")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = None
    try:
        try:
            waiting = {"connect_args": {"timeout": _PATIENCE}}
            storage = optuna.storages.RDBStorage(f"sqlite:///{folder / _FILE}", engine_kwargs=waiting)
            study = optuna.create_study(
                storage=storage,
                study_name="kaon",
                direction="maximize",
                load_if_exists=True,
                pruner=_pruner(optuna, setup),
            )
        except Exception as error:  # whatever the database says of a file that is not its own
            raise DataError(f"{folder / _FILE} cannot be opened ({error}); delete {folder} and begin again") from error
        yield Store(setup, study, optuna)
    finally:
        optuna.logging.set_verbosity(before)
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


_STATES: Mapping[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}


def _distribution(optuna: Any, where: Space) -> Any:
    made = optuna.distributions
    if isinstance(where, Choice):
        return made.CategoricalDistribution([json.dumps(option) for option in where.options])
    kind = made.FloatDistribution if isinstance(where, Real) else made.IntDistribution
    return kind(where.low, where.high, log=where.log)


def _pruner(optuna: Any, setup: Setup) -> Any:
    if setup.pruner == "none":
        return optuna.pruners.NopPruner()
    epochs = setup.config.train.epochs
    if setup.pruner == "hyperband":
        known = not setup.trees and "epochs" not in setup.space
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs if known else "auto")
    # The first fifth is too early to tell: a small learning rate starts slowly.
    return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=50 if setup.trees else epochs // 5 + 1)
