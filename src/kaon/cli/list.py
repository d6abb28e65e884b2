"""`kaon list`."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Literal

import typer

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output, table

__all__ = [
    "command",
    "describe_datasets",
    "describe_models",
    "describe_recipes",
    "describe_representations",
    "describe_studies",
    "describe_toys",
]

Kind = Literal["models", "representations", "recipes", "toys", "datasets", "studies", "all"]


@takes(JSON)
def command(
    what: Annotated[Kind, typer.Argument(help="Which names to list.")] = "all",
    **given: Any,
) -> None:
    """List the models, representations, recipes, toys, data sets and studies that kaon knows.

    Parameters are counted for two classes and the default input; those of trees are set by the training.
    """
    out = Output(given["json"])
    kinds = {
        "models": (describe_models, ("name", "parameters", "representation", "paper", "summary")),
        "representations": (describe_representations, ("name", "inputs", "columns", "summary")),
        "recipes": (describe_recipes, ("name", "classes", "summary")),
        "toys": (describe_toys, ("name", "settings", "options", "summary")),
        "datasets": (describe_datasets, ("name", "events", "size", "licence", "convention", "page")),
        "studies": (describe_studies, ("name", "summary", "source")),
    }
    found = {kind: describe() for kind, (describe, _) in kinds.items() if what in (kind, "all")}
    for kind, rows in found.items():
        shown = kinds[kind][1]
        title = kind.capitalize() if what == "all" else None
        out.show(
            table(shown, [[_text(row[name]) for name in shown] for row in rows], left=range(len(shown)), title=title)
        )
        out.say("")
    out.result(found if what == "all" else found[what])


def describe_models() -> list[dict[str, Any]]:
    """Name, parameters at the default input, default representation, paper and first sentence of each model."""
    from kaon.models.base import Net
    from kaon.registry import lookup, origin, variants

    made = []
    for name, factory in variants("kaon.models").items():
        kind = origin(factory)
        representation = kind.representations[0]
        count: int | None = None
        if issubclass(kind, Net):
            fitted = lookup("kaon.represent", representation)().fit(_sample())
            count = factory(fitted.spec, 2).parameter_count
        made.append(
            {
                "name": name,
                "parameters": count,
                "representation": representation,
                "representations": list(kind.representations),
                "paper": kind.paper,
                "summary": _sentence(kind),
            }
        )
    return made


def describe_representations() -> list[dict[str, Any]]:
    """Name, arrays made from the default sample, needed columns and first sentence of each representation."""
    from kaon.registry import origin, variants

    made = []
    for name, factory in variants("kaon.represent").items():
        kind = origin(factory)
        spec = factory().fit(_sample()).spec
        inputs = {item.name: list(item.shape) for item in spec}
        made.append(
            {"name": name, "inputs": inputs, "columns": list(kind.requires), "summary": _sentence(kind)},
        )
    return made


def describe_recipes() -> list[dict[str, Any]]:
    """Name, classes, description and source of each recipe."""
    from kaon.registry import variants

    return [
        {"name": name, "classes": list(recipe.classes), "summary": recipe.description, "source": recipe.source}
        for name, recipe in variants("kaon.simulate.recipes").items()
    ]


def describe_datasets() -> list[dict[str, Any]]:
    """Name, events, size, licence, columns, conventions and citation of each public data set."""
    from kaon.registry import variants

    return [
        {
            "name": name,
            "summary": dataset.title,
            "events": dataset.rows,
            "size": _size([remote.size for remote in dataset.remotes]),
            "licence": dataset.licence,
            "convention": dataset.convention,
            "page": dataset.page,
            "url": dataset.remotes[0].url,
            "urls": [remote.url for remote in dataset.remotes],
            "features": list(dataset.features),
            "units": dataset.units,
            "citation": dataset.citation,
        }
        for name, dataset in variants("kaon.datasets").items()
    ]


def describe_toys() -> list[dict[str, Any]]:
    """Name, what differs from the toy's defaults, its options, and first sentence of each toy."""
    from kaon.registry import origin, variants

    made = []
    for name, factory in variants("kaon.simulate.toys").items():
        known = inspect.signature(origin(factory)).parameters.values()
        settings = getattr(factory, "keywords", {})
        options = [p.name for p in known if p.name not in ("count", "seed")]
        told = ", ".join(f"{key}={str(value).lower()}" for key, value in settings.items())
        made.append({"name": name, "settings": told, "options": options, "summary": _sentence(origin(factory))})
    return made


def describe_studies() -> list[dict[str, Any]]:
    """Name, question, source, models, recipes and scales of each study."""
    from kaon.registry import variants

    return [
        {
            "name": name,
            "summary": study.question,
            "source": study.source,
            "models": list(study.models),
            "recipes": list(study.recipes),
            "scales": {scale: sizes.events for scale, sizes in study.scales.items()},
        }
        for name, study in variants("kaon.studies").items()
    ]


def _sample() -> Any:
    """A few jets to fit a representation to: only the shapes count."""
    import awkward as ak
    import numpy as np

    from kaon.data import Events
    from kaon.data.objects import KINDS

    rng = np.random.default_rng(0)
    px, py, pz = rng.normal(0, 10, (3, 8, 12))
    columns = {"px": px, "py": py, "pz": pz, "E": np.sqrt(px**2 + py**2 + pz**2)}
    shape = px.shape
    more = {"charge": rng.integers(-1, 2, shape), "pid": rng.choice([211, 22, 130], shape)}
    kinds = {"kind": rng.integers(0, len(KINDS), shape)}
    lists = {name: ak.from_regular(ak.Array(values)) for name, values in {**columns, **more, **kinds}.items()}
    constituents = ak.zip({name: lists[name] for name in (*columns, *more)}, with_name="Momentum4D")
    objects = ak.zip({name: lists[name] for name in (*columns, "charge", "kind")}, with_name="Momentum4D")
    image = rng.integers(0, 256, (len(px), 1, 28, 28)).astype(np.uint8)
    made = ak.Array({"constituents": constituents, "objects": objects, "jet_mass": px[:, 0], "image": image})
    return Events(made, target=np.arange(8) % 2)


def _size(sizes: list[int | None]) -> str:
    known = [size for size in sizes if size is not None]
    return f"{sum(known) / 1e6:,.0f} MB" if len(known) == len(sizes) else "not published"


def _sentence(kind: Any) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]


def _text(value: Any) -> str:
    if value is None:
        return "set by training"
    if isinstance(value, dict):
        return ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "any numbers"
    return f"{value:,}" if isinstance(value, int) else str(value)
