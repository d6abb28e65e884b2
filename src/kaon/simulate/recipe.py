"""A recipe: everything that decides which jets are made, as data that can be read, checked, saved and changed."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kaon.data.cuts import parse
from kaon.errors import ConfigError
from kaon.registry import lookup
from kaon.validation import reasons

__all__ = [
    "BTagging",
    "Grooming",
    "Isolated",
    "Jets",
    "Leptons",
    "Matching",
    "Ntuples",
    "Objects",
    "Process",
    "Recipe",
    "Taus",
    "Window",
    "load_recipe",
]

Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Window = tuple[float, float | None]
"""Lower and upper edge; None for no upper edge."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Matching(_Frozen):
    """Which generated particle a jet is matched to; its four-vector is stored as `parton`.

    Args:
        partons: absolute PDG numbers of the particles that count.
        origin: `hard` for the outgoing partons of the hard process, `decayed` for the last copy of a particle that
            decays (top, W, Z, Higgs).
        radius: largest distance dR between particle and jet axis; None for anywhere in the event.
        products_radius: largest distance between the jet axis and each of the quarks and leptons that the particle
            decays to; None if they do not matter. Only for `decayed`.
        required: drop jets without a match; otherwise they are kept, with a `parton` of zeros.
    """

    partons: tuple[int, ...] = Field(min_length=1)
    origin: Literal["hard", "decayed"] = "hard"
    radius: Positive | None = None
    products_radius: Positive | None = None
    required: bool = True

    @model_validator(mode="after")
    def _products_need_a_decay(self) -> Self:
        if self.products_radius is not None and self.origin != "decayed":
            raise ValueError("products_radius needs origin: decayed")
        return self


class Process(_Frozen):
    """One class of events: its name, the Pythia settings that make it, and the particle its jets come from.

    Args:
        name: class name, for example `top`.
        settings: lines that Pythia reads, for example `HardQCD:all = on`.
        matching: see `Matching`; None stores no truth.
        slha: masses, mixings and decays of new particles, as text of the SUSY Les Houches Accord (hep-ph/0311123).
        alternatives: further settings, of which each set makes an equal share of every chunk: ways to force decays
            that exclude each other and are equally probable, such as W+ to leptons with W- to quarks, and the reverse.
            Their cross-sections are added.
        cross_section: better known than Pythia's at leading order, pb; None for Pythia's.
        k_factor: multiplies either; for higher orders, and for the branching ratio of decays that the settings force
            (Pythia knows that of decays of resonances, not of tau leptons and hadrons).
        share: of the events, relative to the other classes, where no fractions are given.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
    settings: tuple[str, ...] = Field(min_length=1)
    matching: Matching | None = None
    slha: str = ""
    alternatives: tuple[tuple[str, ...], ...] = Field(default=((),), min_length=1)
    cross_section: Positive | None = None
    k_factor: Positive = 1.0
    share: Positive = 1.0


class Grooming(_Frozen):
    """Trimming: recluster a jet with kT and drop the subjets below a fraction of its pT (arXiv:0912.1342).

    Args:
        radius: of the subjets.
        fraction: smallest pT of a kept subjet, divided by the pT of the jet.
    """

    radius: Positive = 0.3
    fraction: float = Field(default=0.05, ge=0, lt=1)


class Jets(_Frozen):
    """How jets are found and which are kept.

    Args:
        algorithm: anti-kT, kT or Cambridge/Aachen.
        radius: R of the algorithm.
        pt: window of the transverse momentum, GeV; the lower edge is included, the upper is not.
        eta: largest |pseudorapidity| of the jet axis; None for no limit.
        rapidity: largest |rapidity|; None for no limit.
        mass: window of the mass, GeV; None for no limit.
        leading: so many jets of the highest pT of each event are looked at.
        grooming: trim the jets first; windows then apply to the trimmed jets.
    """

    algorithm: Literal["anti-kt", "kt", "cambridge-aachen"] = "anti-kt"
    radius: Positive = 0.8
    pt: Window
    eta: Positive | None = None
    rapidity: Positive | None = None
    mass: Window | None = None
    leading: int = Field(default=1, ge=1)
    grooming: Grooming | None = None

    @model_validator(mode="after")
    def _windows_are_open(self) -> Self:
        for name, window in (("pt", self.pt), ("mass", self.mass)):
            if window is not None and (window[0] < 0 or (window[1] is not None and window[1] <= window[0])):
                raise ValueError(f"the {name} window {window} must be (lower, upper) with 0 <= lower < upper")
        if self.pt[0] <= 0:
            raise ValueError("the pt window needs a lower edge above 0")
        return self


class Isolated(_Frozen):
    """Which photons count, and part of which leptons do.

    Args:
        pt: smallest transverse momentum, GeV.
        eta: largest |pseudorapidity|.
        radius: of the cone around it in which others are counted.
        fraction: the others there have less than this part of its pT, all together.
    """

    pt: Positive
    eta: Positive = 2.5
    radius: Positive = 0.3
    fraction: Positive = 0.1


class Leptons(Isolated):
    """Which electrons, or which muons, count.

    Those that are not identified stay among the particles that jets are made of, as in any particle flow.

    Args:
        pt, eta, radius, fraction: see `Isolated`.
        efficiency: probability that a track of the species is identified, for |eta| below and above 1.5; on top of
            the detector's tracking. For example 0.95 and 0.85 for electrons and 0.95 for muons in the default cards of
            Delphes 3, arXiv:1307.6346.
        anti_isolated: also report leptons that are not isolated, marked as such; they remain part of their jets.
    """

    efficiency: tuple[Probability, Probability] = (1.0, 1.0)
    anti_isolated: bool = False


class Taus(_Frozen):
    """How hadronic decays of taus are found: jets with 1 to 3 tracks in their core, some of which pass as taus.

    A candidate is one of the recipe's jets; its tracks, neutral pions and momentum are what the detector sees within
    `cone` of the jet's axis. Whether it is identified is drawn with a probability that depends on what is in it and on
    its number of tracks, 2 counting as 3. The defaults are rounded numbers of the size of the medium working point of
    ATLAS at 8 TeV (https://arxiv.org/abs/1412.7086), and not quoted from there. Approximate: the rejection of jets
    depends on pT, on the number of vertices and on quark or gluon; constants of the size that it has at 20 to 40 GeV
    stand for it. What is left of the difference between quarks and gluons comes from their numbers of tracks. The two
    for leptons are of the size of the medium electron veto and of the muon veto. Identification does not depend on pT.

    Args:
        pt: smallest transverse momentum of the core, GeV.
        eta: largest |pseudorapidity|.
        efficiency: probability for a true decay with 1, and with 2 or 3, tracks.
        jet: for a quark or gluon jet with 1, and with 2 or 3, tracks.
        electron: for one whose only track is an electron.
        muon: for one whose only track is a muon.
        cone: radius of the core.
        track_pt: smallest pT of a counted track, GeV.
        pi0_pt: smallest pT of a counted neutral pion, GeV: a photon of the energy flow, which in a detector with
            coarse cells holds both photons of the pion.
        radius: largest distance between a jet and the true decay that it is.
        overlap: taus nearer than this to a lepton object are dropped.
        weighted: in a collision without a true tau that passes, one of the jets that could pass always does, drawn in
            proportion to their probabilities, and the collision has the probability that any does as its weight. Then
            any jet with a track can pass, with the charge of its hardest track, as 1 or as 3 tracks with the two
            probabilities in `jet`. So all collisions with jets are of use, not one of a thousand.
    """

    pt: Positive = 20.0
    eta: Positive = 2.47
    efficiency: tuple[Probability, Probability] = (0.60, 0.55)
    jet: tuple[Probability, Probability] = (0.03, 0.01)
    electron: Probability = 0.03
    muon: Probability = 0.02
    cone: Positive = 0.2
    track_pt: Positive = 1.0
    pi0_pt: Positive = 2.0
    radius: Positive = 0.2
    overlap: Positive = 0.2
    weighted: bool = False


class BTagging(_Frozen):
    """How often a jet is called a b-jet.

    The defaults are the 77% working point of ATLAS' MV2c10, ATL-PHYS-PUB-2016-012: one of 6 charm jets, one of 134
    light ones. Whatever the pT of the jet.

    Args:
        b: probability for a jet with a b hadron.
        c: with a c hadron and none with b.
        light: with neither.
        radius: largest distance between hadron and jet axis.
        hadron_pt: smallest pT of the hadron, GeV.
    """

    b: Probability = 0.77
    c: Probability = 1 / 6
    light: Probability = 1 / 134
    radius: Positive = 0.3
    hadron_pt: Positive = 5.0


class Objects(_Frozen):
    """What a whole event is made of, and which events are kept.

    Electrons, muons and photons are found first; jets are made of everything else, as the recipe's `jets` says; those
    that pass as hadronic taus are taus, the others jets. The missing transverse momentum balances all that is seen.

    Args:
        electrons: which ones count.
        muons: which ones count.
        photons: which ones count.
        taus: how hadronic taus are found; None to look for none.
        b_tagging: see `BTagging`.
        met_eta: largest |pseudorapidity| of what the missing transverse momentum balances.
        columns: which columns are written, a module of `kaon.simulate.columns`.
        select: condition on these columns, on those of `kaon.simulate.columns.event`, and on `n_electrons`, `n_muons`
            (isolated), `n_all_leptons` (also those that are not), `n_taus`, and the sums of charges `lepton_charge`
            (isolated) and `tau_charge`; such as `n_jets >= 4 and met > 100`; empty to keep every event.
    """

    electrons: Leptons = Leptons(pt=20)
    muons: Leptons = Leptons(pt=20)
    photons: Isolated = Isolated(pt=20)
    taus: Taus | None = None
    b_tagging: BTagging = BTagging()
    met_eta: Positive = 5.0
    columns: str = "event"
    select: str = ""

    @model_validator(mode="after")
    def _condition_can_be_read(self) -> Self:
        if self.select:
            parse(self.select)
        return self


class Ntuples(_Frozen):
    """How a recipe is written as a folder of ntuples with pseudo-data; see `kaon.simulate.ntuples`.

    Args:
        luminosity: 1/pb, for each 1000 simulated events, where no other is given; so much that hardly any event of the
            pseudo-data has to be used twice.
        prefix: of the names of the branches.
        hidden: beginning of class names -> range of the factor that their rates in pseudo-data have in common, unless
            factors are given.
    """

    luminosity: Positive
    prefix: str = ""
    hidden: dict[str, tuple[Positive, Positive]] = {}


class Recipe(_Frozen):
    """Everything that decides which jets, or which whole events, are made.

    Args:
        name: of the recipe.
        description: one sentence.
        source: paper or web address that the recipe follows, and where it differs.
        energy: of the proton-proton collision in its rest frame, GeV.
        settings: Pythia settings common to all classes.
        processes: one per class, the signal last.
        jets: how jets are found and selected.
        objects: if given, whole events are made instead of single jets; see `Objects`.
        detector: `none`, `towers`, `atlas` or `cms`; see `kaon.simulate.detector`.
        shower: parton shower; see `kaon.simulate.generator.showers`.
        constituents: so many constituents of the highest pT are stored.
        fields: what is stored of a constituent beside its momentum.
        chunk_events: collisions generated from one seed; decides the numbers that come out, as the seed does.
        ntuples: if given, it can be written as a folder of ntuples; see `Ntuples`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    description: str = ""
    source: str = ""
    energy: Positive = 14000.0
    settings: tuple[str, ...] = ()
    processes: tuple[Process, ...] = Field(min_length=1)
    jets: Jets
    objects: Objects | None = None
    detector: str = "none"
    shower: str = "default"
    constituents: int = Field(default=200, ge=1)
    fields: tuple[Literal["charge", "pid"], ...] = ("charge", "pid")
    chunk_events: int = Field(default=1000, ge=1, le=1_000_000)
    ntuples: Ntuples | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = self.classes
        if len(set(names)) < len(names):
            raise ValueError(f"the classes {names} must have different names")
        return self

    @model_validator(mode="after")
    def _whole_events_need_particles(self) -> Self:
        if self.objects is not None:
            if self.detector == "towers":
                raise ValueError("detector towers knows no leptons, which objects need; give none, atlas or cms")
            if self.jets.grooming is not None or any(p.matching is not None for p in self.processes):
                raise ValueError("grooming and matching belong to recipes of jets; leave them out beside objects")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, the signal last."""
        return tuple(process.name for process in self.processes)

    def with_options(self, *, shower: str = "default", detector: str | None = None) -> Recipe:
        """The same recipe with another shower or detector; `default` and None keep the recipe's own.

        Raises:
            ConfigError: the recipe cannot be made with them.
        """
        changed: dict[str, Any] = {}
        if shower != "default":
            changed["shower"] = shower
        if detector is not None:
            changed["detector"] = detector
        try:
            return type(self).model_validate(self.model_copy(update=changed).settings_tree())
        except ValidationError as error:
            raise ConfigError(f"the recipe {self.name} cannot be made so: {reasons(error)}") from error

    def to_yaml(self) -> str:
        """As text that `load_recipe` reads from a file."""
        return yaml.safe_dump(self.settings_tree(), sort_keys=False, allow_unicode=True, width=100)

    @classmethod
    def from_yaml(cls, text: str, where: str = "the recipe") -> Recipe:
        """Undo `to_yaml`.

        Raises:
            ConfigError: not YAML, an unknown or missing entry, or a value that is not allowed.
        """
        try:
            tree = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{where} is not valid YAML: {error}") from error
        if not isinstance(tree, dict):
            raise ConfigError(f"{where} must be a mapping with the entries {', '.join(cls.model_fields)}")
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError(f"{where} is not a recipe: {reasons(error)}") from error

    def settings_tree(self) -> dict[str, Any]:
        """As JSON values: nested dicts, lists, numbers and strings."""
        tree: dict[str, Any] = json.loads(self.model_dump_json())
        return tree


def load_recipe(name: str | PathLike[str] | Recipe) -> Recipe:
    """A recipe by its registered name, from a YAML file or from a Python file with VARIANTS; a recipe comes back as is.

    Raises:
        UnknownName: no such recipe; the message lists the nearest ones.
        ConfigError: the file is missing or is not a recipe.

    >>> load_recipe("top-tagging").classes
    ('qcd', 'top')
    """
    if isinstance(name, Recipe):
        return name
    text = str(name)
    if Path(text).suffix.lower() in {".yaml", ".yml"}:
        try:
            return Recipe.from_yaml(Path(text).expanduser().read_text(encoding="utf-8"), text)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the recipe {text}: {error}") from error
    found = lookup("kaon.simulate.recipes", text)
    if not isinstance(found, Recipe):
        raise ConfigError(f"{text} is a {type(found).__name__}, not a kaon.simulate.Recipe")
    return found
