"""What all tests share: small jets made of random numbers, the folder of real data, and the device to test on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from hypothesis import settings

from kaon.data import Events, Provenance
from kaon.data.objects import KINDS
from kaon.data.records import momenta, sort_by_pt, table

MakeJets = Callable[..., Events]

_OBJECTS = 8

# A busy machine is slow now and then, which is no fault of what is tested.
settings.register_profile("kaon", deadline=None)
settings.load_profile("kaon")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kaon")
    group.addoption("--device", default="cpu", help="where the networks of the conformance tests run: cpu, cuda or mps")
    group.addoption(
        "--dtype", default="float32", choices=("float32", "float64"), help="precision of these networks: %(choices)s"
    )


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """Name of a PyTorch device."""
    return str(request.config.getoption("--device"))


@pytest.fixture(scope="session")
def dtype(request: pytest.FixtureRequest) -> str:
    """float32 or float64."""
    return str(request.config.getoption("--dtype"))


@pytest.fixture(scope="session")
def kaon_data() -> Path:
    """The folder of public data sets; skips without it."""
    where = os.environ.get("KAON_DATA")
    if not where or not Path(where).is_dir():
        pytest.skip("KAON_DATA names no folder of public data sets")
    return Path(where)


def jets_of(
    count: int = 400, seed: int = 0, classes: Sequence[str] = ("qcd", "top"), sizes: Sequence[int] | None = None
) -> Events:
    """Jets with one prong more in each class than in the one before.

    Their (at most eight) hardest constituents, given a random kind, pass for the `objects` of an event.

    Args:
        count: jets.
        seed: of the random numbers.
        classes: names; class c has 2 c + 1 prongs.
        sizes: constituents of each jet; by default 5 to about 40.
    """
    random = np.random.default_rng(seed)
    target = random.integers(0, len(classes), count)
    counts = random.integers(5, 40, count) if sizes is None else np.asarray(sizes, np.int64)
    owner = np.repeat(np.arange(count), counts)
    total = len(owner)
    axis = np.stack([random.uniform(-1.5, 1.5, count), random.uniform(-np.pi, np.pi, count)])
    prong = random.integers(0, 2 * target[owner] + 1)
    angle = (2 * np.pi / 3 * prong + random.uniform(0, 2 * np.pi, count)[owner]) * (target[owner] > 0)
    radius = 0.35 * (target[owner] > 0)
    eta = axis[0][owner] + radius * np.cos(angle) + random.normal(0, 0.06, total)
    phi = axis[1][owner] + radius * np.sin(angle) + random.normal(0, 0.06, total)
    pt = random.exponential(15, total) + 0.5
    charge = random.integers(-1, 2, total)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    E = np.sqrt(px**2 + py**2 + pz**2 + 0.13957**2)
    columns = {"px": px, "py": py, "pz": pz, "E": E, "charge": charge}
    constituents = sort_by_pt(momenta(**{name: ak.unflatten(values, counts) for name, values in columns.items()}))
    kind = random.integers(0, len(KINDS), (count, _OBJECTS))
    sign = random.choice([-1.0, 1.0], (count, _OBJECTS)) * (kind == KINDS.index("lepton"))
    hardest = constituents[:, :_OBJECTS]
    chosen = np.arange(_OBJECTS) < np.minimum(counts, _OBJECTS)[:, None]
    labels = {n: ak.unflatten(v[chosen], chosen.sum(1)) for n, v in (("kind", kind), ("charge", sign))}
    objects = momenta(**{name: hardest[name] for name in ("px", "py", "pz", "E")}, **labels)
    jet = momenta(*(np.bincount(owner, weights=values, minlength=count) for values in (px, py, pz, E)))
    return Events(
        table(
            {
                "constituents": constituents,
                "objects": objects,
                "jet": jet,
                "jet_pt": np.asarray(jet.pt),
                "jet_mass": np.sqrt(np.maximum(np.asarray(jet.mass2), 0)),
                "multiplicity": counts,
                "label": target,
            }
        ),
        target=target,
        classes=tuple(classes),
        reserved=frozenset({"label"}),
        provenance=Provenance(source="random jets"),
    )


@pytest.fixture(scope="session")
def make_jets() -> MakeJets:
    """`make_jets(count, seed, classes, sizes)`: see `jets_of`."""
    return jets_of


@pytest.fixture(scope="session")
def jets() -> Events:
    """400 labelled jets of two classes, which are easy to tell apart."""
    return jets_of()
