"""What decides a search, as a file in its folder: it is never continued with anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from kaon.data.space import Space
from kaon.errors import ConfigError, DataError
from kaon.learn import RunConfig
from kaon.learn.run import write_json
from kaon.models.base import Trees
from kaon.registry import lookup, origin
from kaon.tune.objective import Objective
from kaon.tune.space import as_values
from kaon.tune.words import read_space

__all__ = ["PRUNERS", "Pruner", "Setup"]

Pruner = Literal["median", "hyperband", "none"]
PRUNERS: tuple[Pruner, ...] = ("median", "hyperband", "none")

_FILE = "tune.json"


@dataclass(frozen=True)
class Setup:
    """Everything that decides a search but the number of trials.

    Args:
        config: of each training; what is searched overrides it.
        space: what is varied.
        objective: of the validation events.
        pruner: `median` stops a trial that is worse than the median of the others at the same point; `hyperband` gives
            many trials a little time and few of them more (Li et al., 1603.06560); `none` lets all finish.
        events: fingerprint of training, validation and test events.

    Raises:
        ConfigError: no such pruner.
    """

    config: RunConfig
    space: Mapping[str, Space]
    objective: Objective
    pruner: Pruner
    events: str

    def __post_init__(self) -> None:
        if self.pruner not in PRUNERS:
            raise ConfigError(f"pruner {self.pruner!r} given; allowed: {', '.join(PRUNERS)}")

    @property
    def trees(self) -> bool:
        """Whether the model is boosted trees, which report by boosting round."""
        return issubclass(origin(lookup("kaon.models", self.config.model)), Trees)

    def claim(self, folder: Path) -> None:
        """Write the file, or find the same in it.

        Raises:
            DataError: the folder holds a search with other settings.
        """
        values, noted = self._values(), folder / _FILE
        if noted.exists():
            kept = _read(noted)
            different = _differences(kept, values)
            if different:
                raise DataError(
                    f"{folder} holds a search with another {', '.join(different)}; choose another folder with "
                    "--output, or delete it"
                )
        else:
            write_json(noted, values)

    @classmethod
    def load(cls, folder: Path) -> Setup:
        """What `claim` wrote.

        Raises:
            DataError: the file is damaged.
        """
        kept = _read(folder / _FILE)
        try:
            space = {name: read_space(name, value) for name, value in kept["space"]}
            config = RunConfig.from_mapping(kept["config"])
            return cls(config, space, Objective(**kept["objective"]), kept["pruner"], kept["events"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{folder / _FILE} is damaged ({error}); delete {folder} and begin again") from error

    def _values(self) -> dict[str, Any]:
        made = {
            "config": self.config.model_dump(mode="json", exclude={"train": {"threads"}}),  # they change no result
            "space": [[name, as_values(where)] for name, where in self.space.items()],
            "objective": asdict(self.objective),
            "pruner": self.pruner,
            "events": self.events,
        }
        found: dict[str, Any] = json.loads(json.dumps(made))
        return found


def _differences(kept: Any, wanted: Any, name: str = "") -> list[str]:
    """Dotted names of what differs."""
    if not (isinstance(kept, dict) and isinstance(wanted, dict)):
        return [] if kept == wanted else [name]
    names = dict.fromkeys([*wanted, *kept])
    return [d for n in names for d in _differences(kept.get(n), wanted.get(n), f"{name}.{n}".lstrip("."))]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); delete {path.parent} and begin again") from error
    return found if isinstance(found, dict) else {}
