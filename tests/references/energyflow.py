"""Values of EnergyFlow 1.4.0 for every graph of at most 7 edges, on a few small random jets.

    python -m tests.references.energyflow

makes an environment with EnergyFlow and writes `energyflow.npz` beside this file: `edges` (1000, 7, 2), -1 where a
graph has fewer; `hadronic` (3, 8, 3) of (pT, y, phi) and `ee` (3, 8, 4) of (E, px, py, pz), padded with zeros; and for
each setting the values (3, 1000).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers.environment import peer_python

SETTINGS = {
    "hadronic_0.5": ("hadr", 0.5, 1.0),
    "hadronic_1.3": ("hadr", 1.3, 2.0),
    "ee_0.5": ("ee", 0.5, 1.0),
}
"""Name -> EnergyFlow's measure, beta, kappa."""

PEER = """
import json, sys
import numpy as np
import energyflow

settings, target = json.loads(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(20180404)
sizes = (8, 5, 3)
hadronic, ee = np.zeros((3, 8, 3)), np.zeros((3, 8, 4))
for jet, size in enumerate(sizes):
    hadronic[jet, :size] = np.stack([random.exponential(20, size) + 0.5, random.normal(0.7, 0.3, size),
                                     random.normal(3.1, 0.3, size)], axis=1)
    p = random.normal(0, 10, (size, 3))
    ee[jet, :size] = np.column_stack([np.sqrt((p**2).sum(1) + random.uniform(0.1, 2, size) ** 2), p])
graphs = energyflow.EFPSet("d<=7", measure="hadr", beta=0.5, verbose=0)
listed = graphs.graphs()
edges = np.full((len(listed), 7, 2), -1, np.int8)
for i, graph in enumerate(listed):
    for k, edge in enumerate(graph):
        edges[i, k] = edge
made = {"edges": edges, "hadronic": hadronic, "ee": ee}
for name, (measure, beta, kappa) in settings.items():
    given = ee if measure == "ee" else hadronic
    efps = energyflow.EFPSet("d<=7", measure=measure, beta=beta, kappa=kappa, normed=True, verbose=0)
    made[name] = np.array([efps.compute(jet[:size]) for jet, size in zip(given, sizes)])
np.savez_compressed(target, **made)
"""


def main() -> None:
    import json

    python = peer_python("energyflow", ["energyflow==1.4.0", "numpy<2"])
    target = Path(__file__).with_suffix(".npz")
    subprocess.run([str(python), "-c", PEER, json.dumps(SETTINGS), str(target)], check=True)
    print(f"wrote {target.name}")


if __name__ == "__main__":
    main()
