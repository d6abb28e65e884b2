"""The detector's symmetries: events turned about the beam and mirrored, in training and when a tagger predicts.

Physics at a hadron collider does not know the origin of phi, nor (for equal beams) which of them is which, and parity
violation does not show in what a detector sees of unpolarised collisions. So an event turned in phi, mirrored in eta
(z -> -z) or mirrored in the transverse plane (y -> -y, phi -> -phi) is as likely as the event itself. Training on fresh
copies teaches that to a model; averaging over copies makes its prediction invariant under the group of the copies.

All of it acts on the columns of events, before any representation, so it means the same for every model, and masses
and other invariants are left as they are. Columns are known by their names: the last word is `phi`, `eta`, `px`, `py`
or `pz` (`lepton_phi`, `jet1_eta`, `PRI_tau_phi`, `muonPhi`, the fields of `constituents`), and no word says that it is
a difference or a function of angles (`delta_phi`, `abs_eta`, `sum_cos_dphi`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any, Literal, get_args

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import BundleError, ConfigError, DataError, KaonWarning

__all__ = ["Role", "Symmetries", "Symmetry", "View", "role_of"]

Symmetry = Literal["rotate_phi", "reflect_eta", "reflect_phi"]
Role = Literal["phi", "eta", "px", "py", "pz", "signed_dphi", "signed_deta", "invariant"]

View = tuple[Any, Any, Any]
"""A turn (radians), whether z is mirrored, whether y is: numbers for all events, or arrays (events,)."""

MISSING = -999.0
"""What HiggsML and others write for an object that is not there; it stays."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FUNCTIONS = frozenset(
    ("d", "delta", "diff", "abs", "sum", "min", "max", "mean", "cos", "sin", "tan", "sigma", "width", "error")
)
_ENDINGS: tuple[Role, ...] = ("phi", "eta", "px", "py", "pz")
_NEEDS: dict[str, tuple[Role, ...]] = {
    "rotate_phi": ("phi", "px"),
    "reflect_phi": ("phi", "py", "signed_dphi"),
    "reflect_eta": ("eta", "pz", "signed_deta"),
}
_ENOUGH = 500
"""Angles from which half a turn can be told by the largest."""


def role_of(name: str) -> Role:
    """What a column is by its name.

    >>> [role_of(n) for n in ("jet1_phi", "lep_eta", "Jet_eta", "metPhi", "constituents.px")]
    ['phi', 'eta', 'eta', 'phi', 'px']
    >>> [role_of(n) for n in ("delta_phi", "deltaPhi", "dphi_r_b", "sum_cos_dphi", "abs_eta", "m_jj")]
    ['invariant', 'invariant', 'invariant', 'invariant', 'invariant', 'invariant']
    """
    words = [word.lower() for word in _WORD.findall(name.rpartition(".")[2])]
    if not words or not _FUNCTIONS.isdisjoint(words):
        return "invariant"
    return next((role for role in _ENDINGS if role == words[-1]), "invariant")


@dataclass(frozen=True)
class Symmetries:
    """Which symmetries, on which columns.

    Args:
        kinds: of `rotate_phi`, `reflect_eta`, `reflect_phi`.
        columns: name -> role of every column that changes; a field of a record is `constituents.px`.
        half_turn: value of phi that is half a turn: pi, 180, or what a scaled file has.
        lowest: where phi starts: -half_turn or 0.
        rotations: turns that a prediction averages over, each with every combination of the reflections; 0 for none.
    """

    kinds: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    half_turn: float = np.pi
    lowest: float = -np.pi
    rotations: int = 0

    @classmethod
    def of(
        cls,
        events: Events,
        kinds: tuple[str, ...],
        given: Mapping[str, str] | None = None,
        half_turn: float | None = None,
        rotations: int = 0,
    ) -> Symmetries:
        """Find the columns of events.

        Args:
            events: the training events.
            kinds: the symmetries wanted.
            given: column -> role, where names do not tell; `invariant` leaves a column alone; `signed_dphi` and
                `signed_deta` are differences that change sign in a mirror.
            half_turn: value of phi that is half a turn. None takes pi or 180 where the angles fit these; otherwise
                their largest value, with a warning (the public HIGGS file has scaled angles, up to 1.743).
            rotations: of a prediction.

        Raises:
            ConfigError: a column that does not exist or holds no numbers, an unknown role, or too few events to tell
                half a turn.
            DataError: no column for a symmetry, or a px without its py.
        """
        leaves = _leaves(events)
        found: dict[str, str] = {name: role_of(name) for name in leaves}
        for name, role in (given or {}).items():
            if name not in leaves:
                raise ConfigError(
                    f"augment_columns: {name!r} is no column of numbers of {events.provenance.source}; "
                    f"there are {', '.join(list(leaves)[:12])}"
                )
            if role not in get_args(Role):
                raise ConfigError(f"augment_columns: {name}={role!r}; allowed: {', '.join(get_args(Role))}")
            found[name] = role
        changed = {name: role for name, role in found.items() if role != "invariant"}
        for kind in kinds:
            if not set(_NEEDS[kind]) & set(changed.values()):
                raise DataError(
                    f"augment: {kind} needs a column of the kind {' or '.join(_NEEDS[kind])}, and no name among "
                    f"{', '.join(list(leaves)[:12])} ends so; say which it is with augment_columns "
                    "(--augment-column azimuth=phi)"
                )
        _pairs(changed)
        angles = [_finite(leaves[name]) for name, role in changed.items() if role == "phi"]
        half, lowest = _turn(np.concatenate([*angles, np.zeros(0)]), half_turn) if "phi" in changed.values() else _PLAIN
        return cls(tuple(kinds), changed, half, lowest, rotations)

    def drawn(self, events: Events, seed: int, epoch: int) -> Events:
        """The events, each turned and mirrored at random; the same for the same seed and epoch."""
        random = np.random.default_rng((seed, epoch, 0x5EED))
        count = len(events)
        angle = random.uniform(-np.pi, np.pi, count)
        mirror_z, mirror_y = random.random((2, count)) < 0.5
        on = [kind in self.kinds for kind in ("rotate_phi", "reflect_eta", "reflect_phi")]
        return self.seen(events, (angle * on[0], mirror_z & on[1], mirror_y & on[2]))

    @property
    def views(self) -> tuple[View, ...]:
        """The fixed set that a prediction averages over; the first leaves events as they are."""
        turns = self.rotations if "rotate_phi" in self.kinds else 1
        if not self.rotations:
            return ((0.0, False, False),)
        in_z, in_y = ((False, True) if kind in self.kinds else (False,) for kind in ("reflect_eta", "reflect_phi"))
        return tuple((2 * np.pi * k / turns, z, y) for z, y in product(in_z, in_y) for k in range(turns))

    def averaged(self, events: Events, score: Callable[[Events], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Mean score of the events over the fixed set.

        Turning all events by 2 pi / rotations, or mirroring them, only permutes the set and so changes nothing.

        Args:
            events: of any kind.
            score: events -> (events, classes).
        """
        views = self.views
        if len(views) == 1:
            return score(events)
        total: Any = sum(score(self.seen(events, view)).astype(np.float64) for view in views)
        return np.asarray(total / len(views), np.float32)

    def seen(self, events: Events, view: View) -> Events:
        """The events mirrored, then turned; the columns that they do not have are passed over.

        Raises:
            DataError: px is there without its py.
        """
        angle, mirror_z, mirror_y = (np.broadcast_to(np.asarray(v), len(events)) for v in view)
        here = _leaves(events, only=self.columns)
        columns = {name: role for name, role in self.columns.items() if name in here}
        made: dict[str, Any] = {}
        for name, role in columns.items():
            values = here[name]
            if role in ("eta", "pz", "signed_deta") and mirror_z.any():
                made[name] = _mirrored(values, mirror_z)
            elif role in ("phi", "signed_dphi") and (mirror_y.any() or (role == "phi" and angle.any())):
                made[name] = _mirrored(values, mirror_y)
                if role == "phi":
                    made[name] = self._wrapped(made[name], values, angle)
        for x, y in _pairs(columns):
            if mirror_y.any() or angle.any():
                px, py = here[x], _mirrored(here[y], mirror_y)
                cosine, sine = _beside(np.cos(angle), px), _beside(np.sin(angle), px)
                made[x], made[y] = cosine * px - sine * py, sine * px + cosine * py
        return _replaced(events, {name: _typed(new, here[name]) for name, new in made.items()})

    def partners(self, names: Sequence[str]) -> tuple[str, ...]:
        """The px or py that turning these columns needs beside them."""
        return tuple((y if one == x else x) for x, y in _pairs(self.columns) for one in (x, y) if one in names)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "kinds": list(self.kinds)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Symmetries:
        """Undo `to_json`.

        Raises:
            BundleError: not such values.
        """
        try:
            made = cls(**{**values, "kinds": tuple(values["kinds"])})
            sound = set(made.kinds) <= set(get_args(Symmetry)) and set(made.columns.values()) <= set(get_args(Role))
            if not sound or not made.half_turn > 0 or made.rotations < 0:
                raise ValueError(f"{dict(values)}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"the bundle's augmentation is damaged: {error}") from error
        return made

    def _wrapped(self, values: Any, before: Any, angle: NDArray[Any]) -> Any:
        turned = values + _beside(angle * (self.half_turn / np.pi), values)
        full = 2 * self.half_turn
        inside = turned - full * np.floor((turned - self.lowest) / full)
        return _where(before == MISSING, before, inside)


_PLAIN = (float(np.pi), -float(np.pi))


def _turn(angles: NDArray[Any], given: float | None) -> tuple[float, float]:
    """(half a turn, where phi starts) of these angles."""
    largest = float(np.abs(angles).max(initial=0.0))
    low = float(angles.min(initial=0.0))
    for half in (given,) if given else (float(np.pi), 180.0):
        if low < 0 and 0.9 * half < largest <= half * (1 + 1e-5):
            return half, -half
        if low >= 0 and 1.8 * half < largest <= 2 * half * (1 + 1e-5):
            return half, 0.0
    if given:
        return given, -given if low < 0 else 0.0
    if len(angles) < _ENOUGH:
        raise ConfigError(
            f"the angles phi lie between {low:.4g} and {largest:.4g}, and {len(angles)} of them are too few to tell "
            "what half a turn is; say it with augment_half_turn (3.14159265 for radians)"
        )
    half = largest if low < 0 else largest / 2
    warnings.warn(
        f"the angles phi reach {largest:.5g}, which is neither radians nor degrees; half a turn is taken to be "
        f"{half:.5g}, say so with augment_half_turn to be sure",
        KaonWarning,
        stacklevel=4,
    )
    return half, -half if low < 0 else 0.0


def _pairs(columns: Mapping[str, str]) -> list[tuple[str, str]]:
    """(px, py) of one object each: by name, otherwise in their order.

    Raises:
        DataError: one without the other.
    """
    xs, ys = ([name for name, role in columns.items() if role == wanted] for wanted in ("px", "py"))
    swap = {"x": "y", "X": "Y"}
    named = {x: re.sub(r"[xX](?=[^a-zA-Z]*$)", lambda m: swap[m[0]], x) for x in xs}
    pairs = [(x, y) for x, y in named.items() if y in ys]
    rest = [x for x in xs if named[x] not in ys], [y for y in ys if y not in named.values()]
    if len(rest[0]) != len(rest[1]):
        raise DataError(
            f"augment: turning px needs its py, and the other way round; {', '.join(rest[0] + rest[1])} stand alone"
        )
    return pairs + list(zip(*rest, strict=True))


def _leaves(events: Events, only: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Columns of floating-point numbers, and such fields of records as `column.field`, but no reserved ones."""
    found: dict[str, Any] = {}
    for name in events.fields:
        if name in events.reserved or (only is not None and not any(k.partition(".")[0] == name for k in only)):
            continue
        column = events.array[name]
        found |= {
            path: values
            for path, values in _parts(name, column)
            if (only is None or path in only) and "float" in str(ak.type(values))
        }
    return found


def _parts(name: str, column: Any) -> Iterator[tuple[str, Any]]:
    fields = ak.fields(column)
    if fields:
        yield from ((f"{name}.{inner}", column[inner]) for inner in fields)
    else:  # plain columns as NumPy's, which is several times quicker
        yield name, np.asarray(column) if str(ak.type(column).content) in ("float32", "float64") else column


def _replaced(events: Events, made: Mapping[str, Any]) -> Events:
    columns: dict[str, Any] = {}
    for path, values in made.items():
        name, dot, inner = path.partition(".")
        columns[name] = ak.with_field(columns.get(name, events.array[name]), values, inner) if dot else values
    return events.with_columns(**columns) if columns else events


def _beside(values: NDArray[Any], like: Any) -> Any:
    """A number an event, shaped so that it meets every entry of the event."""
    return values.reshape(-1, *(1,) * (like.ndim - 1))


def _mirrored(values: Any, chosen: NDArray[Any]) -> Any:
    return _where(values == MISSING, values, values * _beside(np.where(chosen, -1.0, 1.0), values))


def _typed(new: Any, like: Any) -> Any:
    """In the precision of the file."""
    if isinstance(like, np.ndarray):
        return new.astype(like.dtype, copy=False)
    return ak.values_astype(new, np.float32) if "float32" in str(ak.type(like)) else new


def _where(chosen: Any, yes: Any, no: Any) -> Any:
    return np.where(chosen, yes, no) if isinstance(chosen, np.ndarray) else ak.where(chosen, yes, no)


def _finite(values: Any) -> NDArray[Any]:
    flat: NDArray[np.float64] = np.asarray(ak.to_numpy(ak.drop_none(ak.flatten(values, axis=None))), np.float64)
    kept: NDArray[np.float64] = flat[np.isfinite(flat) & (flat != MISSING)]
    return kept
