"""The configuration of an analysis: one readable YAML file, checked before any event is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files as packaged
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from kaon.analysis.entries import (
    DATA,
    Alternatives,
    Cuts,
    Data,
    Expression,
    Fit,
    Frozen,
    Histogram,
    Name,
    Positive,
    Process,
    Region,
    Score,
    Systematic,
)
from kaon.analysis.methods import Estimate
from kaon.errors import ConfigError, UnknownName
from kaon.validation import reasons

__all__ = ["AnalysisConfig", "load_config", "shipped"]


def _files(value: Any) -> Any:
    return {"files": value} if isinstance(value, str | list | tuple) else value


def _region(value: Any) -> Any:
    """Cuts alone are a region too."""
    whole = isinstance(value, Region) or (isinstance(value, Mapping) and "cuts" in value)
    return value if whole else {"cuts": value}


class AnalysisConfig(Frozen):
    """Everything that decides the result of an analysis.

    Args:
        name: of the analysis.
        title: for the page.
        luminosity: integrated, in 1/fb.
        energy: of the collisions, in TeV, for figures.
        tree: of the files, where there are several.
        weight: expression of a simulated event's weight, where a process does not say.
        index: expression of the event number, which decides its fold; by default the number of the entry.
        variables: name -> expression, or several of which the first that the file's branches allow is taken.
        data: what was measured; without it, nothing is compared or estimated.
        processes: simulated ones, from the bottom of the stack.
        selection: cuts that all events pass, in order.
        regions: name -> `Region`, or its cuts.
        exclusive: whether no event may be in two regions; or the regions of which that holds.
        histograms: name -> `Histogram`.
        scores: name -> `Score`.
        estimates: backgrounds from data, in this order; see `kaon.analysis.methods`.
        systematics: name -> `Systematic`.
        fit: see `Fit`.
    """

    name: Name = "analysis"
    title: str = ""
    luminosity: Positive | None = None
    energy: Positive | None = None
    tree: str | None = None
    weight: Expression | None = None
    index: Expression | None = None
    variables: dict[Name, Alternatives] = Field(default_factory=dict)
    data: Annotated[Data | None, BeforeValidator(_files)] = None
    processes: dict[Name, Annotated[Process, BeforeValidator(_files)]] = Field(default_factory=dict)
    selection: Cuts = Field(default_factory=dict)
    regions: dict[Name, Annotated[Region, BeforeValidator(_region)]] = Field(min_length=1)
    exclusive: bool | tuple[str, ...] = False
    histograms: dict[Name, Histogram] = Field(default_factory=dict)
    scores: dict[Name, Score] = Field(default_factory=dict)
    estimates: dict[Name, Estimate] = Field(default_factory=dict)
    systematics: dict[Name, Systematic] = Field(default_factory=dict)
    fit: Fit | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterable[str]:
        if self.data is None and not self.processes:
            yield "neither data nor processes are given; there is nothing to read"
        if not self.processes and all(region.blind for region in self.regions.values()):
            yield "there are only data, and every region is blind; there is nothing to count"
        if DATA in self.processes:
            yield f"a process cannot be called {DATA}; data has an entry of its own"
        for name, process in self.processes.items():
            if process.weight is None and self.weight is None and process.cross_section is None:
                yield f"the process {name} has no weight: name it (weight: WeightLumi), or count events (weight: 1)"
            if process.cross_section is not None and self.luminosity is None:
                yield f"the process {name} has a cross_section, so luminosity (in 1/fb) is needed to scale its weights"
        yield from self._names_of_our_own()
        yield from (f"{n} is both a score and a variable" for n in self.scores if n in self.variables)
        yield from (f"the estimate {n} has the name of a process" for n in self.estimates if n in self.all_names)
        if self.estimates and self.data is None:
            yield "estimates are made from data, and none are given"
        if self.fit is not None and not self.signals:
            yield "a fit needs a process with signal: true"
        for kind, known, used in self._references():
            for name in used:
                if name not in known:
                    yield str(UnknownName(kind, name, known))

    def _names_of_our_own(self) -> Iterable[str]:
        """What would be taken for something else in tables or in the likelihood."""
        if "yield" in self.histograms:
            yield "a histogram cannot be called yield, the number of events; give it another name, and `variable`"
        for name in (*self.processes, *self.estimates):
            if name == "total":
                yield "total is the sum of all processes; give the process or estimate another name"
        for name in self.systematics:
            if name == "mu" or name.startswith(("stat_", "statistics_")):
                yield f"the systematic {name} has the name of a parameter of every fit; give it another one"
        samples = {**self.processes, **({DATA: self.data} if self.data else {})}
        for name, sample in samples.items():
            for cut, text in sample.select.items():
                if self.selection.get(cut, text) != text:
                    yield f"the cut {cut!r} of {name} has the name of another one in selection; give it its own"

    def _references(self) -> Iterable[tuple[str, Iterable[str], Iterable[str]]]:
        regions, processes = self.regions, self.processes
        if not isinstance(self.exclusive, bool):
            yield "region", regions, self.exclusive
        for histogram in self.histograms.values():
            yield "region", regions, histogram.regions or ()
        for estimate in self.estimates.values():
            yield "region", regions, estimate.regions_used
            yield "process", processes, estimate.processes_used
        for systematic in self.systematics.values():
            files = systematic.files
            yield "process", processes, systematic.processes or ()
            yield "process", processes, (*files.up, *files.down) if files else ()
        for score in self.scores.values():
            if score.train is not None:
                yield "process", processes, (*score.train.signal, *score.train.background)
        if self.fit is not None:
            yield "region", regions, self.fit.regions
            yield "histogram", (*self.histograms, "yield"), self.fit.regions.values()

    @property
    def all_names(self) -> tuple[str, ...]:
        """Processes, and the data."""
        return (*self.processes, *((DATA,) if self.data else ()))

    @property
    def signals(self) -> tuple[str, ...]:
        """Processes that the fit scales."""
        return tuple(name for name, process in self.processes.items() if process.signal)

    @property
    def disjoint(self) -> tuple[str, ...]:
        """Regions that may share no event."""
        if isinstance(self.exclusive, bool):
            return tuple(self.regions) if self.exclusive else ()
        return self.exclusive

    def label(self, name: str) -> str:
        """What figures and tables call a process, an estimate or the data, or else a region."""
        everything: dict[str, Any] = {**self.regions, **self.estimates, **self.processes, DATA: self.data}
        return getattr(everything.get(name), "label", "") or name

    def region_label(self, name: str) -> str:
        """What figures and tables call a region."""
        return self.regions[name].label or name

    def settings_tree(self) -> dict[str, Any]:
        """As JSON values, without what was left at its default."""
        tree: dict[str, Any] = json.loads(self.model_dump_json(exclude_defaults=True))
        return tree

    def to_yaml(self) -> str:
        """As text that `load_config` reads from a file."""
        return yaml.safe_dump(self.settings_tree(), sort_keys=False, allow_unicode=True, width=100)

    def located(self, data: Path, models: Path) -> Self:
        """The same, with the paths of files and bundles taken relative to these folders."""

        def there(paths: Iterable[str]) -> list[str]:
            return [str(data / Path(p).expanduser()) for p in paths]

        tree = self.settings_tree()
        for sample in (*tree.get("processes", {}).values(), *([tree["data"]] if self.data else ())):
            sample["files"] = there(sample["files"])
        for systematic in tree.get("systematics", {}).values():
            for side in systematic.get("files", {}).values():
                side.update({name: there(paths) for name, paths in side.items()})
        for score in tree.get("scores", {}).values():
            if "bundle" in score:
                score["bundle"] = str(models / Path(score["bundle"]).expanduser())
        return type(self).model_validate(tree)

    @classmethod
    def from_mapping(cls, tree: Any, where: str = "the configuration") -> Self:
        """Validate settings.

        Raises:
            ConfigError: every wrong entry, with what is allowed.
        """
        if not isinstance(tree, Mapping):
            raise ConfigError(f"{where} must be a mapping with the entries {', '.join(cls.model_fields)}")
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError(f"{where} is not an analysis: {reasons(error)}") from error


def shipped() -> tuple[str, ...]:
    """Names of the configurations that come with kaon."""
    folder = packaged("kaon.analysis") / "configs"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_config(
    source: str | PathLike[str] | Mapping[str, Any] | AnalysisConfig, data: str | PathLike[str] | None = None
) -> AnalysisConfig:
    """A configuration, its paths resolved: relative ones lie in `data`, or else beside the configuration's file.

    Args:
        source: a YAML file, the name of a shipped configuration, settings, or what is validated already.
        data: folder of the ntuples; the folder of the file, or the current one, by default.

    Raises:
        ConfigError: no such file or name, not YAML, or wrong entries.

    >>> load_config({"data": "run.root", "regions": {"peak": "80 < M < 100"}}, "/data").data.files
    ('/data/run.root',)
    """
    if isinstance(source, AnalysisConfig | Mapping):
        made = source if isinstance(source, AnalysisConfig) else AnalysisConfig.from_mapping(source)
        home = Path.cwd()
    else:
        path = Path(source).expanduser()
        if path.suffix.lower() in (".yaml", ".yml"):
            home = path.absolute().parent
        elif str(source) in shipped():
            home, path = Path.cwd(), Path(str(packaged("kaon.analysis") / "configs" / f"{source}.yaml"))
        else:
            raise UnknownName(
                "analysis", str(source), shipped(), "kaon; give a .yaml file, or the name of one of its own"
            )
        try:
            made = AnalysisConfig.from_mapping(yaml.safe_load(path.read_text(encoding="utf-8")), str(source))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the configuration {source}: {error}") from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{source} is not valid YAML: {error}") from error
    return made.located(home if data is None else Path(data).expanduser().absolute(), home)
