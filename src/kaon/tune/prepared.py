"""The events of a search as its model's representation sees them, once for all trials."""

from __future__ import annotations

from kaon.learn import Parts, RunConfig
from kaon.learn.train import Prepared, choose_representation, prepare

__all__ = ["prepared"]


def prepared(config: RunConfig, parts: Parts) -> Prepared:
    """Training and validation events, represented; the test events stay untouched.

    Raises:
        DataError: the model cannot use these events.
        ConfigError: a wrong representation or option of it.
    """
    chosen = choose_representation(config.model, parts.train, config.representation)
    return prepare(chosen, config.representation_options, parts.train, parts.validation)
