"""Observables of a jet's inside, on plain and jagged arrays."""

from kaon.substructure.njettiness import nsubjettiness

__all__ = ["nsubjettiness"]
