"""What a physicist would compute from an event: momenta of its hardest objects, and masses and angles made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, flat, pad
from kaon.data.objects import KINDS
from kaon.errors import ConfigError, DataError
from kaon.observables.ditau import higgsml_variables
from kaon.observables.higgs import higgs_masses
from kaon.observables.momenta import plane
from kaon.observables.susy import susy_variables
from kaon.represent.base import Representation

__all__ = ["LEVELS", "EventVariables"]

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

LEVELS = ("low", "high", "all")
"""Measured quantities, what is computed from them, or both."""


@dataclass(frozen=True)
class _Objects:
    """The objects of all events one after another: (E, px, py, pz) (objects, 4), event and kind of each."""

    momenta: Floats
    event: NDArray[np.int64]
    kind: NDArray[np.float64]
    events: int

    def are(self, *kinds: str) -> NDArray[np.bool_]:
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])

    def leading(self, count: int, *kinds: str) -> Floats:
        """The hardest objects of these kinds, (events, count, 4), with zeros where there are fewer."""
        chosen = self.are(*kinds)
        return pad(self.momenta[chosen], self.number(*kinds), count, np.float64)[0]

    def number(self, *kinds: str) -> NDArray[np.int64]:
        return np.bincount(self.event[self.are(*kinds)], minlength=self.events)

    def total_pt(self, *kinds: str) -> Floats:
        chosen = self.are(*kinds)
        pt = kin.transverse_momentum(*self.momenta[chosen, 1:3].T)
        return np.bincount(self.event[chosen], pt, self.events).astype(np.float64)


class EventVariables(Representation):
    """The variables of a published benchmark, computed from the objects of any event.

    | `variables` | of the hardest | low level | high level |
    |---|---|---|---|
    | higgs | lepton, four jets with their b-tags | 21 | 7 masses, `kaon.observables.higgs` |
    | susy | two leptons | 8 | 10, `kaon.observables.susy` |
    | higgsml | hadronic tau, lepton, two jets | 17 | 12, `kaon.observables.ditau` |

    and of the missing transverse momentum. Baldi, Sadowski, Whiteson, https://arxiv.org/abs/1402.4735;
    Adam-Bourdarios et al., https://proceedings.mlr.press/v42/cowa14.html. The features have the names of the public
    data sets (`kaon.datasets`), in GeV and radians; a b-tag is 0 or 1, and HiggsML's sum of all transverse energies is
    that of the objects. What a missing object would have is 0, and so is what is undefined for fewer than two jets.

    Args:
        variables: higgs, susy or higgsml.
        level: low (measured), high (computed from these) or all.

    Output: `features`, (events, features) float32.

    Raises:
        ConfigError: an option that is none of these.
    """

    requires: ClassVar[tuple[str, ...]] = ("objects",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)
    form: ClassVar[str | None] = "tabular"

    def __init__(self, variables: str = "higgs", level: str = "all") -> None:
        for name, given, allowed in (("variables", variables, tuple(_BENCHMARKS)), ("level", level, LEVELS)):
            if given not in allowed:
                raise ConfigError(f"{name}={given!r}; allowed: {', '.join(allowed)}")
        super().__init__(variables=variables, level=level)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`.

        Raises:
            DataError: objects without px, py, pz, E or kind, of unknown kinds, or with momenta that are no numbers.
        """
        features = np.stack(list(self._columns(events["objects"]).values()), axis=1)
        return {"features": np.where(np.isnan(features), 0, features).astype(np.float32)}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of named features."""
        names = tuple(self._columns(None))
        return InputSpec((Input("features", (len(names),), features=names),))

    def _columns(self, column: Any) -> Columns:
        """The chosen variables by name, (events,) each; of no events without a column."""
        low, high = _BENCHMARKS[self.options["variables"]](_NOTHING if column is None else _read(column))
        return {**(low if self.options["level"] != "high" else {}), **(high if self.options["level"] != "low" else {})}


def _read(column: Any) -> _Objects:
    missing = sorted({"px", "py", "pz", "E", "kind"} - set(ak.fields(column)))
    if missing:
        raise DataError(f"objects need the fields {missing}; these have {ak.fields(column)}")
    counts = counts_of(column)
    momenta, kind = np.stack(cartesian(column, ("E", "px", "py", "pz")), axis=1), flat(column["kind"])
    known = np.isin(kind, np.arange(len(KINDS)))
    if not known.all():
        raise DataError(
            f"objects are of the kinds {np.unique(kind[~known])[:8].tolist()}; allowed are 0 to {len(KINDS) - 1}, "
            f"which are {', '.join(KINDS)}"
        )
    event = np.repeat(np.arange(len(counts)), counts)
    # By falling pT within each event, whatever the order of the file.
    order = np.lexsort((-kin.transverse_momentum(momenta[:, 1], momenta[:, 2]), event))
    return _Objects(momenta[order], event, kind[order], len(counts))


_NOTHING = _Objects(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0), 0)


def _polar(prefix: str, p: Floats, pt: str = "pt") -> Columns:
    size, eta, phi = kin.polar(p[:, 1], p[:, 2], p[:, 3])
    return {f"{prefix}_{pt}": size, f"{prefix}_eta": eta, f"{prefix}_phi": phi}


def _missing(met: Floats, size: str, azimuth: str) -> Columns:
    return {size: kin.transverse_momentum(met[:, 0], met[:, 1]), azimuth: kin.phi(met[:, 0], met[:, 1])}


def _higgs(objects: _Objects) -> tuple[Columns, Columns]:
    lepton, met = objects.leading(1, "lepton")[:, 0], plane(objects.leading(1, "met")[:, 0])
    jets = objects.leading(4, "jet", "b-jet")
    is_jet = objects.are("jet", "b-jet")
    tags = pad(objects.are("b-jet")[is_jet], objects.number("jet", "b-jet"), 4, np.float64)[0]
    low = _polar("lepton", lepton, "pT") | _missing(met, "missing_energy_magnitude", "missing_energy_phi")
    for place in range(4):
        low |= _polar(f"jet{place + 1}", jets[:, place]) | {f"jet{place + 1}_btag": tags[:, place]}
    return low, higgs_masses(lepton, met, jets, tags)


def _susy(objects: _Objects) -> tuple[Columns, Columns]:
    (one, other), met = np.moveaxis(objects.leading(2, "lepton"), 1, 0), plane(objects.leading(1, "met")[:, 0])
    low = _polar("lepton1", one, "pT") | _polar("lepton2", other, "pT")
    low |= _missing(met, "missing_energy_magnitude", "missing_energy_phi")
    return low, susy_variables(one, other, met)


def _higgsml(objects: _Objects) -> tuple[Columns, Columns]:
    tau, lepton = objects.leading(1, "tau")[:, 0], objects.leading(1, "lepton")[:, 0]
    met, number = plane(objects.leading(1, "met")[:, 0]), objects.number("jet", "b-jet")
    jets = objects.leading(max(2, int(number.max(initial=0))), "jet", "b-jet")
    low = _polar("PRI_tau", tau) | _polar("PRI_lep", lepton) | _missing(met, "PRI_met", "PRI_met_phi")
    low["PRI_met_sumet"] = objects.total_pt(*(kind for kind in KINDS if kind != "met"))
    low["PRI_jet_num"] = np.minimum(number, 3).astype(np.float64)
    low |= _polar("PRI_jet_leading", jets[:, 0]) | _polar("PRI_jet_subleading", jets[:, 1])
    low["PRI_jet_all_pt"] = objects.total_pt("jet", "b-jet")
    return low, higgsml_variables(tau, lepton, met, jets)


_BENCHMARKS: dict[str, Callable[[_Objects], tuple[Columns, Columns]]] = {
    "higgs": _higgs,
    "susy": _susy,
    "higgsml": _higgsml,
}

VARIANTS = {
    "higgs_variables": EventVariables,
    "susy_variables": partial(EventVariables, variables="susy"),
    "higgsml_variables": partial(EventVariables, variables="higgsml"),
}
