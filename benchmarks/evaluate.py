"""ROC curve and AUC of a million events, against scikit-learn: `python benchmarks/evaluate.py [--events 1000000]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from kaon.evaluate import auc, background_rejection, roc_curve


def best_of(function: Callable[[], Any], repeats: int = 5) -> float:
    """Shortest of several times, seconds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    n = parser.parse_args().events
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, n)
    score = 1 / (1 + np.exp(-rng.normal(size=n) - target))
    weight = rng.uniform(0.5, 1.5, n)
    assert np.isclose(auc(score, target, weight), roc_auc_score(target, score, sample_weight=weight), rtol=1e-10)

    cases: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("roc_curve", lambda: roc_curve(score, target), lambda: sklearn_roc_curve(target, score)),
        (
            "roc_curve, weighted",
            lambda: roc_curve(score, target, weight),
            lambda: sklearn_roc_curve(target, score, sample_weight=weight),
        ),
        ("auc", lambda: auc(score, target), lambda: roc_auc_score(target, score)),
        (
            "auc, weighted",
            lambda: auc(score, target, weight),
            lambda: roc_auc_score(target, score, sample_weight=weight),
        ),
    ]
    print(f"{n:,} events, best of 5")
    print(f"{'':24s}{'kaon':>10s}{'scikit-learn':>14s}{'ratio':>8s}")
    for name, ours, theirs in cases:
        a, b = best_of(ours), best_of(theirs)
        print(f"{name:24s}{a * 1e3:8.1f}ms{b * 1e3:12.1f}ms{b / a:7.1f}x")
    a = best_of(lambda: background_rejection(score, target, 0.3, weight))
    print(f"{'background_rejection':24s}{a * 1e3:8.1f}ms  (with its error; no counterpart)")


if __name__ == "__main__":
    main()
