"""Accepted jets per second and core: `kaon.simulate` with a detector against the plain loop without one.

The peer is what one writes first: `pythia.next()`, a Python loop over the particles of each event that fills a list of
PseudoJets, FastJet on that list. Same recipe, same cuts, same matching; both run in this process, one after the other,
and are timed in CPU seconds.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from typing import Any

import fastjet
import numpy as np
import pythia8mc

from kaon.simulate import Recipe, load_recipe, simulate
from kaon.simulate.chunk import Job, make_chunk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000, help="collisions of each class")
    parser.add_argument("--recipe", default="top-tagging")
    options = parser.parse_args()
    recipe = load_recipe(options.recipe).model_copy(update={"chunk_events": options.events})
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    rates: dict[str, list[float]] = {"kaon": [], "plain loop": []}
    make_chunk(Job(recipe.model_copy(update={"chunk_events": 10}), 0, 0, 1))  # imports and first calls
    for number, process in enumerate(recipe.processes):
        jets, ours_s = timed(lambda number=number: len(make_chunk(Job(recipe, number, 0, 1))))
        rates["kaon"].append(jets / ours_s)
        jets, peer_s = timed(lambda number=number: plain(recipe, number, options.events))
        rates["plain loop"].append(jets / peer_s)
        _, pythia_s = timed(lambda number=number: nothing_else(recipe, number, options.events))
        ours, peer = rates["kaon"][-1], rates["plain loop"][-1]
        print(f"{process.name:>6}: kaon, {recipe.detector} detector {ours:6.1f} jets/s per core, ", end="")
        print(f"plain loop, no detector {peer:6.1f}, ratio {ours / peer:.2f}")
        alone, added, loop = (1000 / options.events * t for t in (pythia_s, ours_s - pythia_s, peer_s - pythia_s))
        print(f"        Pythia alone {alone:.2f} ms a collision; kaon adds {added:.2f} ms, the loop {loop:.2f} ms")
    # equal numbers of jets of each class: the times for one jet of each add up
    ours, peer = (len(values) / sum(1 / value for value in values) for values in rates.values())
    print(f"all classes: kaon {ours:.1f} jets/s per core, plain loop {peer:.1f}, ratio {ours / peer:.2f} (required: 2)")
    simulate(recipe, 2 * int(0.3 * options.events), seed=1, workers=2)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    print(f"largest worker: {memory:.2f} GB (required: below 1)")


def timed(work: Any) -> tuple[int, float]:
    start = time.process_time()
    count = work()
    return count, time.process_time() - start


def started(recipe: Recipe, number: int) -> Any:
    """A Pythia for one class of a recipe."""
    pythia = pythia8mc.Pythia("", False)
    seed = ["Random:setSeed = on", "Random:seed = 1", "Print:quiet = on"]
    for line in [f"Beams:eCM = {recipe.energy}", *recipe.settings, *recipe.processes[number].settings, *seed]:
        pythia.readString(line)
    pythia.init()
    return pythia


def nothing_else(recipe: Recipe, number: int, events: int) -> int:
    """Pythia alone: what neither of the two can save."""
    pythia = started(recipe, number)
    return sum(pythia.next() for _ in range(events))


def plain(recipe: Recipe, number: int, events: int) -> int:
    """The loop, particle by particle, that fills the same columns; the number of accepted jets."""
    process = recipe.processes[number]
    pythia = started(recipe, number)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, recipe.jets.radius)
    low, high = recipe.jets.pt
    jets, constituents = [], []
    for _ in range(events):
        if not pythia.next():
            continue
        event = pythia.event
        particles, tops = [], []
        for i in range(event.size()):
            particle = event[i]
            if particle.isFinal() and particle.isVisible():
                pseudojet = fastjet.PseudoJet(particle.px(), particle.py(), particle.pz(), particle.e())
                pseudojet.set_user_index(i)
                particles.append(pseudojet)
            elif particle.idAbs() == 6 and particle.daughter1() != particle.daughter2():
                tops.append(particle)
        sequence = fastjet.ClusterSequence(particles, definition)
        for jet in fastjet.sorted_by_pt(sequence.inclusive_jets(low))[: recipe.jets.leading]:
            if high is not None and jet.pt() >= high:
                continue
            if recipe.jets.eta is not None and abs(jet.eta()) >= recipe.jets.eta:
                continue
            if process.matching is not None and process.matching.required and not matched(event, jet, tops):
                continue
            inside = []
            for c in fastjet.sorted_by_pt(jet.constituents())[: recipe.constituents]:
                source = event[c.user_index()]
                inside.append((c.px(), c.py(), c.pz(), c.e(), source.charge(), source.id()))
            constituents.append(inside)
            jets.append((jet.px(), jet.py(), jet.pz(), jet.e(), jet.pt(), jet.eta(), jet.phi(), jet.m(), len(inside)))
    table = np.zeros((len(jets), recipe.constituents, 6), np.float32)
    for row, inside in enumerate(constituents):
        table[row, : len(inside)] = inside
    return len(np.array(jets))


def matched(event: Any, jet: Any, tops: list[Any]) -> bool:
    """Whether a top quark and the three quarks it decays to are within 0.8 of the jet."""
    for top in tops:
        quarks = []
        for child in (event[top.daughter1()], event[top.daughter2()]):
            while child.idAbs() == 24 and event[child.daughter1()].idAbs() == 24:
                child = event[child.daughter1()]
            w = child.idAbs() == 24
            quarks += [event[child.daughter1()], event[child.daughter2()]] if w else [child]
        if all(distance(jet, particle) < 0.8 for particle in (top, *quarks)):
            return True
    return False


def distance(jet: Any, particle: Any) -> float:
    phi = (jet.phi() - particle.phi() + math.pi) % (2 * math.pi) - math.pi
    return math.hypot(jet.eta() - particle.eta(), phi)


if __name__ == "__main__":
    main()
