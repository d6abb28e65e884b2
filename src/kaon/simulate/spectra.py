"""Spectra of simplified models: a few new particles within reach, all others too heavy to matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["spectrum"]

_NEW = (
    *range(1000001, 1000007),
    *range(2000001, 2000007),
    *range(1000011, 1000017),
    *(2000011, 2000013, 2000015),
    *(1000021, 1000022, 1000023, 1000024, 1000025, 1000035, 1000037),
    *(35, 36, 37),
)
"""PDG numbers of the particles of the minimal supersymmetric model."""
_FAR = 5000.0
"""GeV."""


def spectrum(masses: Mapping[int, float], decays: Mapping[int, Sequence[int]], blocks: str = "") -> str:
    """Masses and decays as text of the SUSY Les Houches Accord, hep-ph/0311123, https://arxiv.org/abs/hep-ph/0311123.

    Args:
        masses: of the particles within reach, by PDG number, GeV.
        decays: the one decay of each that decays, by PDG number: the numbers of its products.
        blocks: further blocks, such as mixings, as text.
    """
    everything = {**masses, **{number: _FAR for number in _NEW if number not in masses}}
    lines = ["BLOCK MODSEL", "  1  0", "BLOCK MASS"]
    lines += [f"  {number}  {mass}" for number, mass in everything.items()]
    text = "\n".join(lines) + "\n" + blocks
    for mother, products in decays.items():
        text += f"DECAY {mother} 1.0\n  1.0  {len(products)}  {'  '.join(map(str, products))}\n"
    return text
