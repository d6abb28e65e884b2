"""Energy flow polynomials of up to 7 edges against EnergyFlow 1.4.

Measured: jets per second and core for all 1000 polynomials (hadronic measure, beta 0.5) of the same random jets of
three prongs with about 52 particles (between 30 and 80) a jet, in float32 and float64. EnergyFlow runs in an
environment of its own, made on first use, through `EFPSet.batch_compute` with one job. Both sides are given one thread,
and the CPU seconds of the process that does the work are counted, which other work on the machine disturbs least;
planning is done before the clock starts on both sides, and printed for ours. Claim: at least 200 times EnergyFlow.

Also printed: the largest relative difference between the values, which shows that both do the same work, and the most
memory that ours takes.

    python -m benchmarks.energy_flow [--jets 2000] [--peer-jets 12] [--repeats 5]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from benchmarks.peers.environment import peer_python
from torch import Tensor

from kaon.substructure.energy_flow import canonical, energy_flow_polynomials, graphs

CLAIM = 200.0

PEER = """
import json, sys, time
import numpy as np
import energyflow

folder = sys.argv[1]
kept = np.load(folder + "/jets.npz")
jets = [jet[:size] for jet, size in zip(kept["jets"], kept["sizes"])]
efps = energyflow.EFPSet("d<=7", measure="hadr", beta=0.5, normed=True, verbose=0)
efps.batch_compute(jets[:1], n_jobs=1)
start = time.process_time()
values = efps.batch_compute(jets, n_jobs=1)
seconds = time.process_time() - start
np.save(folder + "/values.npy", values)
graphs = [[[int(i), int(j)] for i, j in graph] for graph in efps.graphs()]
print(json.dumps({"seconds": seconds, "version": energyflow.__version__, "graphs": graphs}))
"""


def random_jets(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """(pT, rapidity, azimuth), (jets, 80, 3) float64, and how many particles are real, (jets,)."""
    random = np.random.default_rng(seed)
    sizes = np.clip(random.normal(52, 12, count).round(), 30, 80).astype(int)
    prongs = random.normal(0, 0.25, (count, 3, 2))
    shape = (count, 80)
    prong = random.integers(0, 3, shape)
    directions = prongs[np.arange(count)[:, None], prong] + random.normal(0, 0.12, (*shape, 2))
    pt = random.exponential(1, shape) ** 2 * 6 + 0.5
    jets = np.concatenate([pt[..., None], directions], -1)
    return torch.from_numpy(jets), torch.from_numpy(sizes)


def theirs(jets: Tensor, sizes: Tensor) -> tuple[float, np.ndarray[tuple[int, ...], np.dtype[np.float64]], str]:
    """Seconds a jet, the values in the order of `graphs(7)`, and the version."""
    python = peer_python("energyflow", ["energyflow==1.4.0", "numpy<2"])
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "jets.npz", jets=jets.numpy(), sizes=sizes.numpy())
        done = subprocess.run(
            [str(python), "-c", PEER, folder],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | one_thread,
        )
        values = np.load(Path(folder) / "values.npy")
    answer = json.loads(done.stdout.splitlines()[-1])
    column = {canonical(graph): i for i, graph in enumerate(answer["graphs"])}
    return answer["seconds"] / len(jets), values[:, [column[g] for g in graphs(7)]], answer["version"]


def ours(jets: Tensor, mask: Tensor, repeats: int) -> float:
    """Seconds a jet, the best of several passes."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        energy_flow_polynomials(jets, mask)
        seconds.append(time.process_time() - start)
    return min(seconds) / len(jets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jets", type=int, default=2000, help="for ours (%(default)s)")
    parser.add_argument("--peer-jets", type=int, default=12, help="for EnergyFlow, about a second each (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="passes of ours, the best of which counts (%(default)s)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    jets, sizes = random_jets(given.jets)
    mask = torch.arange(jets.shape[1]) < sizes[:, None]
    print(
        f"{platform.machine()}, one thread, Python {platform.python_version()}, PyTorch {torch.__version__}\n"
        f"{given.jets} jets of {sizes.double().mean():.1f} particles ({sizes.min()} to {sizes.max()}), "
        f"all {len(graphs(7))} polynomials of up to 7 edges"
    )
    start = time.process_time()
    energy_flow_polynomials(jets[:1], mask[:1])
    print(f"listing the graphs and planning, once a process: {time.process_time() - start:.2f} s")
    few = slice(0, given.peer_jets)
    peer, expected, version = theirs(jets[few], sizes[few])
    print(f"EnergyFlow {version:14} {1 / peer:10.2f} jets/s   ({given.peer_jets} jets)")
    for dtype in (torch.float32, torch.float64):
        own = ours(jets.to(dtype), mask, given.repeats)
        found = energy_flow_polynomials(jets[few].to(dtype), mask[few]).double().numpy()
        apart = float(np.abs(found / expected - 1).max())
        ratio = peer / own
        verdict = "met" if ratio >= CLAIM else "missed"
        print(
            f"kaon {str(dtype).removeprefix('torch.'):20} {1 / own:10.1f} jets/s   ratio {ratio:7.0f}   "
            f"claim {CLAIM:.0f}: {verdict}   largest relative difference {apart:.1e}"
        )
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB, PyTorch included")


if __name__ == "__main__":
    main()
