"""Jet images of a whole batch against a loop over jets with `numpy.histogram2d`.

Measured: CPU seconds on one thread from jagged constituents to images, (jets, channels, eta, phi) float32. The loop
does the same steps for one jet after another (centre, rotation, reflection, normalisation, logarithm), each vectorised
over the constituents of the jet, as one writes it who thinks of one jet. Both images are compared before they are
timed. The contestants take turns; the ratio is the median of the ratios within a turn. Aim: 20 times as fast.

    python -m benchmarks.images [--jets 4000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.records import momenta, sort_by_pt
from kaon.represent.images import jet_images
from kaon.substructure.picture import Picture

AIM = 20
PICTURES = {"images": Picture(), "images_resnext": Picture(64, 0.8, ("pt",), "jet", "none", "none", 0, "jet", 100.0)}
Images = NDArray[np.float32]


def sample(jets: int, seed: int = 0) -> Any:
    """Jets of two prongs with about 49 constituents, as many as in the top-tagging sample."""
    random = np.random.default_rng(seed)
    counts = np.clip(random.normal(49, 16, jets).astype(int), 5, 200)
    owner, total = np.repeat(np.arange(jets), counts), int(counts.sum())
    axis, turn = random.uniform(-2, 2, jets), random.uniform(-np.pi, np.pi, (2, jets))
    side = random.choice([-0.2, 0.2], total)
    eta = axis[owner] + side * np.cos(turn[1])[owner] + random.normal(0, 0.1, total)
    phi = turn[0][owner] + side * np.sin(turn[1])[owner] + random.normal(0, 0.1, total)
    pt = random.exponential(12, total) + 0.2
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    E = np.sqrt(px**2 + py**2 + pz**2)
    return sort_by_pt(momenta(*(ak.unflatten(values, counts) for values in (px, py, pz, E))))


def image_of(px: Any, py: Any, pz: Any, E: Any, picture: Picture) -> Images:
    """One jet, (eta, phi)."""
    pt, eta, phi = np.hypot(px, py), np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
    jet_phi = np.arctan2(py.sum(), px.sum())
    y0 = np.arctanh(pz.sum() / E.sum())
    phi = (phi - jet_phi + np.pi) % (2 * np.pi) - np.pi
    if picture.centre == "centroid":
        y0, phi = np.average(eta, weights=pt), phi - np.average(phi, weights=pt)
    eta = eta - y0
    if picture.rotate == "principal":
        angle = 0.5 * np.arctan2(2 * (pt * eta * phi).sum(), (pt * (eta**2 - phi**2)).sum())
        along = np.cos(angle) * eta + np.sin(angle) * phi
        angle = -np.pi / 2 - angle - (np.pi if pt[along > 0].sum() < pt[along < 0].sum() else 0)
        eta, phi = np.cos(angle) * eta - np.sin(angle) * phi, np.sin(angle) * eta + np.cos(angle) * phi
    if picture.flip == "quadrant":
        share = {(a, b): pt[(a * eta > 0) & (b * phi > 0)].sum() for a in (1, -1) for b in (1, -1)}
        a, b = max(share, key=lambda signs: share[signs])
        eta, phi = a * eta, b * phi
    edges = [[-picture.half_width, picture.half_width]] * 2
    image, *_ = np.histogram2d(eta, phi, bins=picture.pixels, range=edges, weights=pt)
    image /= image.sum() if picture.normalise == "sum" else np.hypot(px.sum(), py.sum())
    return np.asarray(np.log1p(picture.logarithm * image) if picture.logarithm else image, np.float32)


def loop(constituents: Any, picture: Picture) -> Images:
    """One jet after another, cut out of flat arrays: quicker than asking awkward for each jet."""
    ends = np.cumsum(ak.to_numpy(ak.num(constituents)))[:-1]
    parts = [np.split(ak.to_numpy(ak.flatten(constituents[name])), ends) for name in ("px", "py", "pz", "E")]
    return np.stack([image_of(px, py, pz, E, picture) for px, py, pz, E in zip(*parts, strict=True)])[:, None]


def seconds(function: Callable[[], Any]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jets", type=int, default=4000, help="in all (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contestant (%(default)s)")
    given = parser.parse_args()
    constituents = sample(given.jets)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}\n"
        f"{given.jets} jets of {ak.mean(ak.num(constituents)):.0f} constituents, CPU time"
    )
    for name, picture in PICTURES.items():
        ours, theirs = jet_images(constituents, picture), loop(constituents, picture)
        # A constituent within rounding of an edge may fall into either pixel; almost no jet has one.
        equal = np.isclose(ours, theirs, rtol=1e-4, atol=1e-6).all(axis=(1, 2, 3)).mean()
        if equal < 0.999:
            raise SystemExit(f"{name}: only {equal:.2%} of the images agree")
        pairs = []
        for _ in range(given.repeats):
            a = seconds(lambda picture=picture: jet_images(constituents, picture))  # type: ignore[misc]  # a lambda with a default
            pairs.append((a, seconds(lambda picture=picture: loop(constituents, picture))))  # type: ignore[misc]  # a lambda with a default
        ratio = statistics.median(b / a for a, b in pairs)
        a, b = (1e6 * statistics.median(pair[i] for pair in pairs) / given.jets for i in (0, 1))
        print(
            f"{name:15} ours {a:6.1f} us a jet   loop {b:7.1f} us a jet   ratio {ratio:5.1f}   "
            f"aim {AIM}: {'met' if ratio >= AIM else 'missed'}   ({equal:.2%} of the images equal)"
        )


if __name__ == "__main__":
    main()
