"""Options that several commands share, and how a command takes them.

A command names its own options in its signature and takes groups of shared ones through `takes`; it receives these as
keyword arguments, None where an option was not given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from kaon.errors import ConfigError

__all__ = ["DATA", "JSON", "SOURCE", "Command", "Files", "names", "option", "pairs", "read_arguments", "takes"]

DATA_PANEL = "Data"

Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="ROOT, HDF5, Parquet, CSV, TSV or idx files; globs; folders or archives of pictures.", show_default=False
    ),
]


def option(name: str, kind: Any, text: str, *flags: str, panel: str | None = None, **more: Any) -> inspect.Parameter:
    """An option `--name` that is None (or empty, or False) unless it is given.

    Args:
        name: of the argument that the command receives.
        kind: its type.
        text: for the help.
        flags: other spellings; `--name` with dashes by default.
        panel: heading under which the help shows it.
        more: for `typer.Option`.
    """
    spelled = flags or (f"--{name.replace('_', '-')}",)
    info = typer.Option(*spelled, help=text, rich_help_panel=panel, show_default=False, **more)
    default = False if kind is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _data(name: str, kind: Any, text: str, **more: Any) -> inspect.Parameter:
    return option(name, kind, text, panel=DATA_PANEL, **more)


DATA = (
    _data("signal", list[str], "Files of signal, instead of FILES and a label; several may follow.", metavar="FILE..."),
    _data("background", list[str], "Files of background; several may follow.", metavar="FILE..."),
    _data("label", str, "Column or condition that tells the class, such as 'flavour == 21'.", metavar="EXPR"),
    _data("weight", str, "Column or expression of the event weight; may be negative.", metavar="EXPR"),
    _data("index", str, "Column or expression of the event number, which decides the split.", metavar="EXPR"),
    _data("columns", list[str], "Columns to read, comma-separated; patterns such as 'Jet_*'.", metavar="A,B,..."),
    _data("cut", str, "Events to keep: 'lep_pt > 26 & abs(lep_eta) < 2.4'.", metavar="EXPR"),
    _data("explode", str, "List of which each entry becomes an event of its own.", metavar="COLUMN"),
    _data("drop_invalid", bool, "Drop events with NaN, infinite or missing values, and say how many."),
    _data(
        "missing", float, "Number that stands for a missing value, such as -999; it is read as NaN.", metavar="NUMBER"
    ),
    _data("limit", int, "Read at most so many events (of signal and of background each)."),
    _data("classes", list[str], "Names of the classes in the order of the labels, the signal last.", metavar="A,B,..."),
    _data("tree", str, "Tree of a ROOT file, or key of an HDF5 file."),
    _data("layout", str, "Layout of an HDF5 file.", metavar="kaon|top-tagging|lhco|pandas|arrays"),
    _data(
        "format",
        str,
        "Format of the files, where the suffix does not tell.",
        metavar="root|hdf5|parquet|csv|tsv|idx|pictures",
    ),
    _data(
        "dataset",
        str,
        "Public data set that FILES are of (`kaon list datasets`): names, label, weights.",
        metavar="NAME",
    ),
    _data("header", str, "First row of a text file: yes, no, or the names.", metavar="yes|no|A,B,..."),
)
"""Every argument of `kaon.read`, as options, and the public data set that can give them."""

JSON = option("json", bool, "Print the result as JSON on stdout, and everything else on stderr.")

SOURCE = option(
    "source", list[str], "Python file with your own model or representation; no other is run.", metavar="FILE.py"
)
"""For commands that open a saved model."""

_LISTS = ("columns", "classes")
_FILES = ("signal", "background")
_GREEDY = (*_FILES, "data")


def takes(*groups: inspect.Parameter) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add shared options to a command that ends in `**given`."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(function, eval_str=True)
        kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        # inspect and typer look for this attribute, which the type of functions does not name
        function.__signature__ = own.replace(parameters=[*kept, *groups])  # type: ignore[attr-defined]
        return function

    return add


def read_arguments(files: Sequence[str] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `kaon.read` that were given, as JSON values; `path` is absent beside signal and background.

    >>> read_arguments(["a.h5"], {"columns": ["pt,eta", "phi"], "limit": 5, "cut": None, "seed": 3})
    {'path': ['a.h5'], 'columns': ['pt', 'eta', 'phi'], 'limit': 5}
    """
    made: dict[str, Any] = {"path": list(files)} if files else {}
    for parameter in DATA:
        value = given.get(parameter.name)
        if value is None or value is False or value == []:  # 0 and an empty text are given, and not sensible
            continue
        if parameter.name in _LISTS:
            value = names(value)
        elif parameter.name in _FILES:
            value = list(value)
        elif parameter.name == "header":
            value = {"yes": True, "no": False}.get(value) if value in ("yes", "no") else names([value])
        made[parameter.name] = value
    name = made.pop("dataset", None)
    return made if name is None else {**_conventions(name, made), **made}


def _conventions(name: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """How files of a public data set are read."""
    from kaon.registry import lookup

    dataset = lookup("kaon.datasets", name)
    files = made.get("path") or made.get("signal")
    if not files:
        raise ConfigError(f"--dataset {name} tells how FILES are read, but none are given")
    roles = ("label", "classes") if "path" not in made else ()
    return {key: value for key, value in dataset.reading(files).items() if key not in roles}


def names(words: Sequence[str] | None) -> list[str]:
    """Names that were separated by commas, or given one at a time.

    >>> names(["bdt,topodnn", "pfn"])
    ['bdt', 'topodnn', 'pfn']
    """
    return [name.strip() for word in words or () for name in word.split(",") if name.strip()]


def pairs(words: Sequence[str] | None, flag: str) -> dict[str, Any]:
    """Values of `NAME=VALUE` words: numbers, true and false, none, and lists as YAML reads them, otherwise texts.

    Raises:
        ConfigError: a word without `=`.

    >>> pairs(["leaves=31", "rate=1e-3", "phi=[100, 128]", "name=x"], "--option")
    {'leaves': 31, 'rate': 0.001, 'phi': [100, 128], 'name': 'x'}
    """
    import yaml

    found: dict[str, Any] = {}
    for word in words or ():
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"{flag} {word!r} is not NAME=VALUE")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{flag} {word!r}: the value is not valid YAML: {error}") from error
        if isinstance(value, str):  # YAML 1.1 takes 1e-3 for a text
            try:
                value = float(value)
            except ValueError:
                value = None if value.lower() == "none" else value
        found[name.strip()] = value
    return found


class Command(TyperCommand):
    """A command of which `--signal`, `--background` and `--data` take all the words up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each of its words (the first may follow `=`), as the parser wants it."""
        greedy = {f"--{name}" for name in _GREEDY if name in {p.name for p in self.params}}
        made: list[str] = []
        current, used = "", False
        for word in args:
            if word.startswith("-"):
                flag, equals, _ = word.partition("=")
                current, used = (flag, bool(equals)) if flag in greedy else ("", False)
                made.append(word)
            else:
                made += [current, word] if current and used else [word]
                used = bool(current)
        return list(super().parse_args(ctx, made))
