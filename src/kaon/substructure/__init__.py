"""Observables of a jet's inside, on plain and jagged arrays."""

from kaon.substructure.clustering import Histories, cluster
from kaon.substructure.lund import lund_declusterings
from kaon.substructure.njettiness import nsubjettiness
from kaon.substructure.njettiness_basis import nsubjettiness_basis

__all__ = ["Histories", "cluster", "lund_declusterings", "nsubjettiness", "nsubjettiness_basis"]
