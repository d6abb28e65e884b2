"""Energy flow polynomials: every multigraph is an observable (1712.07124)."""

from kaon.substructure.energy_flow.graphs import Graph, canonical, graphs, name_of
from kaon.substructure.energy_flow.polynomials import EnergyFlowPolynomials, energy_flow_polynomials

__all__ = ["EnergyFlowPolynomials", "Graph", "canonical", "energy_flow_polynomials", "graphs", "name_of"]
