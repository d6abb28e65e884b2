"""Events from finished chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kaon.data import Events, Provenance
from kaon.data.split import uniform_hash
from kaon.simulate.plan import Plan, Share, Store

__all__ = ["assemble", "assembled"]

_CHUNK_BITS = 32
"""Event number: number of the chunk times 2^32, plus the collision in it; so many are never in one chunk."""

_SHUFFLE = 0x73687566666C65
"""Added to the seed of the shuffle: it must be independent of a split with the same seed, else the first jets of a
file would all be in one part."""


def assemble(plan: Plan, store: Store, used: Sequence[Sequence[Share]]) -> Iterator[Events]:
    """The events in parts: chunk 0 of every class, chunk 1 of every class, ..., jets mixed within a part.

    The event number is that of the collision: its jets have it in common, so that a split never parts them.

    Args:
        plan: what was made.
        store: where the chunks are.
        used: from `kaon.simulate.farm.run`.
    """
    provenance = _provenance(plan, used)
    for step in range(max(len(shares) for shares in used)):
        chosen = [(process, shares[step]) for process, shares in enumerate(used) if step < len(shares)]
        together = Events.concatenate([_events(plan, store, process, share) for process, share in chosen])
        jets = np.concatenate([_first(plan, process, share) + np.arange(share.taken) for process, share in chosen])
        mixed = np.argsort(uniform_hash(jets, plan.seed + _SHUFFLE), kind="stable")
        yield replace(together.take(mixed), provenance=provenance)


def assembled(plan: Plan, store: Store, used: Sequence[Sequence[Share]]) -> Events:
    """The parts of `assemble` as one; what each of them says of all is said once."""
    parts = list(assemble(plan, store, used))
    return replace(Events.concatenate(parts), provenance=parts[0].provenance)


def _events(plan: Plan, store: Store, process: int, share: Share) -> Events:
    chunk = store.load((process, share.number))
    return Events(
        chunk.array[: share.taken],
        target=np.full(share.taken, process),
        weight=chunk.weight[: share.taken],
        index=_first(plan, process, share) + chunk.event[: share.taken],
        classes=plan.recipe.classes,
        reserved=frozenset({"parton"} & set(chunk.array.fields)),
    )


def _first(plan: Plan, process: int, share: Share) -> int:
    return (share.number * len(plan.wanted) + process) << _CHUNK_BITS


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
