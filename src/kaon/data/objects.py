"""Reconstructed objects of a whole event: the column `objects`, a jagged list of `Momentum4D` records.

Beside px, py, pz and E (GeV) each record has `kind`, the position of its kind in `KINDS`, and `charge`, in units of the
proton's. A tau is a hadronic decay; its charge is the sum of its tracks'. As all particle lists it is ordered by
falling pT. Missing transverse momentum is an object with pz = 0.
"""

from __future__ import annotations

__all__ = ["KINDS"]

KINDS = ("photon", "lepton", "jet", "b-jet", "met", "tau")
"""Kinds of objects; files hold positions in this tuple, so that further kinds join at its end."""
