"""Images: jets drawn, pictures deformed, and a network trained on them, each against what one writes by hand.

Measured are CPU seconds on one thread, in one process. The contestants take turns; a ratio is the median of the ratios
within a turn. What they make is compared before it is timed.

- Jet images of a whole batch, from jagged constituents to (jets, channels, eta, phi) float32, against a loop over jets
  with `numpy.histogram2d` that does the same steps (centre, rotation, reflection, normalisation, logarithm), each
  vectorised over the constituents of the jet, as one writes it who thinks of one jet. Aim: 20 times as fast.
- Deformations of whole mini-batches against one picture after another: rotation, scaling and elastic deformation of
  digits with SciPy; shift, mirror and cut-out of photographs with torchvision, in an environment of its own. Aim: 5.
- Training of `shape_cnn` on toy shapes against a bare PyTorch loop (`benchmarks/training.py`), in float32 and bfloat16;
  the final weights are equal. Aim: at least 0.9 of its speed.

    python -m benchmarks.images [--only jets|deform|train] [--jets 4000] [--pictures 1024] [--shapes 1024] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import awkward as ak
import numpy as np
import torch
from benchmarks.peers.torchvision_transforms import transforms
from benchmarks.training import bare
from benchmarks.training import ours as fitted
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor

from kaon.data.records import momenta, sort_by_pt
from kaon.learn.config import TrainConfig
from kaon.learn.deform import Deformations, affine, cutout, flip, shift, warp
from kaon.learn.tensors import to_tensors
from kaon.models.shape_cnn import ShapeCNN
from kaon.represent.images import jet_images
from kaon.represent.pictures import Pictures
from kaon.simulate.toys import draw
from kaon.substructure.picture import Picture

ALPHA, SIGMA = 36.0, 6.0
"""Of the elastic deformation of digits."""
PICTURES = {"images": Picture(), "images_resnext": Picture(64, 0.8, ("pt",), "jet", "none", "none", 0, "jet", 100.0)}
Images = NDArray[np.floating[Any]]


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


def turns(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> list[tuple[float, float]]:
    """CPU seconds of both, in turns."""
    return [(seconds(ours), seconds(theirs)) for _ in range(repeats)]


def show(name: str, pairs: list[tuple[float, float]], count: int, what: str, peer: str, aim: float) -> None:
    ratio = statistics.median(b / a for a, b in pairs)
    a, b = (1e6 * statistics.median(pair[i] for pair in pairs) / count for i in (0, 1))
    print(
        f"{name:16} ours {a:7.1f} us a {what}   {peer} {b:7.1f} us   ratio {ratio:6.2f} "
        f"({min(b / a for a, b in pairs):.2f} to {max(b / a for a, b in pairs):.2f})   "
        f"aim {aim:g}: {'met' if ratio >= aim else 'missed'}",
        flush=True,
    )


def jets(count: int, repeats: int) -> None:
    constituents = sample(count)
    for name, picture in PICTURES.items():
        whole = partial(jet_images, constituents, picture)
        by_hand = partial(loop, constituents, picture)
        # A constituent within rounding of an edge may fall into either pixel; almost no jet has one.
        equal = np.isclose(whole(), by_hand(), rtol=1e-4, atol=1e-6).all(axis=(1, 2, 3)).mean()
        if equal < 0.999:
            raise SystemExit(f"{name}: only {equal:.2%} of the images agree")
        show(name, turns(whole, by_hand, repeats), count, "jet", "loop", 20)


def batches(images: Tensor, deform: Callable[[Tensor], Tensor]) -> list[Tensor]:
    return [deform(some) for some in torch.split(images, 128)]


def digit(image: Images, turn: float, zoom: Images, noise: Images) -> Images:
    """One picture, turned, stretched and bent: (height, width) and the random numbers that decide it."""
    height, width = image.shape
    y, x = (p - (n - 1) / 2 for p, n in zip(np.mgrid[:height, :width], (height, width), strict=True))
    bend = [gaussian_filter(field, SIGMA, mode="wrap") for field in noise]
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = x / zoom[0], y / zoom[1]
    across, down = cos * x - sin * y + bend[0], sin * x + cos * y + bend[1]
    place = [down + (height - 1) / 2, across + (width - 1) / 2]
    seen: Images = map_coordinates(image, place, order=1, mode="grid-constant")
    return seen


def deform(count: int, repeats: int) -> None:
    random, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    digits, photographs = torch.rand(count, 1, 28, 28), torch.rand(count, 3, 32, 32)

    def drawn() -> tuple[float, Images, Images]:
        turn, zoom = np.radians(random.uniform(-15, 15)), 1 + random.uniform(-0.15, 0.15, 2)
        return float(turn), zoom, random.uniform(-ALPHA, ALPHA, (2, 28, 28))

    given = [drawn() for _ in range(count)]
    turn, zoom, noise = (torch.tensor(np.array(values), dtype=torch.float32) for values in zip(*given, strict=True))
    bend = torch.from_numpy(gaussian_filter(noise.numpy(), SIGMA, mode="wrap", axes=(2, 3)))
    theirs = np.stack([digit(image[0].numpy(), *one) for image, one in zip(digits, given, strict=True)])
    field = affine(turn, zoom, torch.zeros_like(zoom), 28, 28, bend)
    np.testing.assert_allclose(warp(digits, field)[:, 0].numpy(), theirs, atol=1e-3)
    bent = Deformations(rotate=15, scale=0.15, elastic=ALPHA, elastic_sigma=SIGMA)
    pairs = turns(
        lambda: batches(digits, lambda some: bent(some, generator)),
        lambda: np.stack([digit(image[0].numpy(), *drawn()) for image in digits]),
        repeats,
    )
    show("digits", pairs, count, "picture", "SciPy", 5)

    v2 = transforms()
    moves, mirrored = torch.randint(-4, 5, (2, count)), torch.rand(count) < 0.5
    centres = torch.randint(0, 32, (2, count))
    ours = cutout(flip(shift(photographs, moves[0], moves[1], 4), mirrored), 16, centres[0], centres[1])
    for i, image in enumerate(photographs[:100]):
        one = v2.functional.crop(v2.functional.pad(image, [4]), 4 - int(moves[0, i]), 4 - int(moves[1, i]), 32, 32)
        one = v2.functional.horizontal_flip(one) if mirrored[i] else one
        (top, left), (low, right) = ([min(max(int(c) + d, 0), 32) for c in centres[:, i]] for d in (-8, 8))
        one = v2.functional.erase(one, top, left, low - top, right - left, torch.zeros(1))
        torch.testing.assert_close(ours[i], one, rtol=0, atol=0)
    moved = Deformations(flip=0.5, crop=4, cutout=16)
    chain = v2.Compose(
        [
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.RandomErasing(1.0, scale=(0.25, 0.25), ratio=(1, 1)),
        ]
    )
    pairs = turns(
        lambda: batches(photographs, lambda some: moved(some, generator)),
        lambda: torch.stack([chain(image) for image in photographs]),
        repeats,
    )
    show("photographs", pairs, count, "picture", "torchvision", 5)


def train(count: int, repeats: int) -> None:
    events = draw("shapes", count, seed=0)
    represented = Pictures().fit(events)
    tensors = to_tensors(represented.transform(events))
    for precision in ("float32", "bfloat16"):
        config = TrainConfig(epochs=3, batch_size=128, device="cpu", precision=precision)
        torch.manual_seed(0)
        net = ShapeCNN(represented.spec, 3)
        pairs = []
        for _ in range(repeats):
            made = deepcopy(net), deepcopy(net)
            times = [
                statistics.median(run(one, tensors, time.process_time, config))
                for run, one in zip((fitted, bare), made, strict=True)
            ]
            pairs.append((times[0], times[1]))
            for one, two in zip(*(net.parameters() for net in made), strict=True):
                torch.testing.assert_close(one, two, msg="ours and the bare loop trained different networks")
        show(f"shape_cnn {precision[0]}{precision[-2:]}", pairs, count, "picture", "bare PyTorch", 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=("jets", "deform", "train"), help="one of the three comparisons")
    parser.add_argument("--jets", type=int, default=4000, help="to draw (%(default)s)")
    parser.add_argument("--pictures", type=int, default=1024, help="to deform (%(default)s)")
    parser.add_argument("--shapes", type=int, default=1024, help="to train on (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contestant (%(default)s)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"PyTorch {torch.__version__}; CPU time, one thread"
    )
    parts = {"jets": (jets, given.jets), "deform": (deform, given.pictures), "train": (train, given.shapes)}
    for name, (compare, count) in parts.items():
        if given.only in (None, name):
            compare(count, given.repeats)


if __name__ == "__main__":
    main()
