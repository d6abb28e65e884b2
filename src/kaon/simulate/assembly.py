"""Events from finished chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kaon.data import Events, Provenance
from kaon.data.split import uniform_hash
from kaon.simulate.plan import Plan, Share, Store

__all__ = ["assemble"]

_CHUNK_BITS = 32
"""Event number: number of the chunk times 2^32, plus position in it; so many jets are never in one chunk."""


def assemble(plan: Plan, store: Store, used: Sequence[Sequence[Share]]) -> Iterator[Events]:
    """The events in parts: chunk 0 of every class, chunk 1 of every class, ..., classes mixed within a part.

    Args:
        plan: what was made.
        store: where the chunks are.
        used: from `kaon.simulate.farm.run`.
    """
    provenance = _provenance(plan, used)
    for step in range(max(len(shares) for shares in used)):
        chosen = [(process, shares[step]) for process, shares in enumerate(used) if step < len(shares)]
        together = Events.concatenate([_events(plan, store, process, share) for process, share in chosen])
        mixed = np.argsort(uniform_hash(together.index, plan.seed), kind="stable")
        yield replace(together.take(mixed), provenance=provenance)


def _events(plan: Plan, store: Store, process: int, share: Share) -> Events:
    chunk = store.load((process, share.number))
    first = (share.number * len(plan.wanted) + process) << _CHUNK_BITS
    return Events(
        chunk.array[: share.taken],
        target=np.full(share.taken, process),
        weight=chunk.weight[: share.taken],
        index=first + np.arange(share.taken),
        classes=plan.recipe.classes,
        reserved=frozenset({"parton"} & set(chunk.array.fields)),
    )


def _provenance(plan: Plan, used: Sequence[Sequence[Share]]) -> Provenance:
    """Cross-sections and sums of weights; of a chunk used in part, the same part counts."""
    classes = {name: _summary(shares) for name, shares in zip(plan.recipe.classes, used, strict=True)}
    return Provenance(
        source=plan.recipe.name,
        settings={"recipe": plan.recipe.settings_tree(), "classes": classes},
        seed=plan.seed,
        sum_weights=sum(summary["sum_weights"] for summary in classes.values()),
        generated=round(sum(summary["generated"] for summary in classes.values())),
        cross_section=classes[plan.recipe.classes[0]]["cross_section"] if len(classes) == 1 else None,
    )


def _summary(shares: Sequence[Share]) -> dict[str, float]:
    parts = [share.taken / share.jets if share.jets else 1.0 for share in shares]
    generated = [part * share.generated for part, share in zip(parts, shares, strict=True)]
    total = sum(generated) or 1.0
    variance = sum((g * share.cross_section_error) ** 2 for g, share in zip(generated, shares, strict=True))
    return {
        "jets": sum(share.taken for share in shares),
        "generated": round(sum(generated)),
        "sum_weights": sum(part * share.sum_weights for part, share in zip(parts, shares, strict=True)),
        "cross_section": sum(g * share.cross_section for g, share in zip(generated, shares, strict=True)) / total,
        "cross_section_error": math.sqrt(variance) / total,
    }
