"""The pictures of the studies on the documentation's pages: `python -m docs.figures.studies kaon-studies`.

Takes every study that is done at the scale quick in that folder (that of `kaon reproduce --output`), photographs its
figures, and prints the table in Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from docs.figures.tutorial import Shot, browser, save

SHOTS = {
    "landscape": (
        Shot("landscape", "#separation", "#separation"),
        Shot("landscape-agreement", "#agreement", "#agreement"),
        Shot("landscape-scaling", "#scaling", "#scaling"),
    ),
    "nsubjettiness-saturation": (Shot("nsubjettiness-saturation", "#curves", "#curves"),),
    "lola-metric": (Shot("lola-metric", "#metric", "#metric"),),
    "event-graph": (Shot("event-graph", "#curves", "#curves"),),
    "higgs-table": (Shot("higgs-table", "#sets", "#sets"),),
    "susy-table": (Shot("susy-table", "#sets", "#sets"),),
    "higgs-tautau": (Shot("higgs-tautau", "#sets", "#sets"),),
    "ztautau": (Shot("ztautau", "#models", "#models"), Shot("ztautau-mass", "#mass", "#mass")),
    "ztautau-closure": (Shot("ztautau-closure", "#pulls", "#pulls"),),
    "data-scaling": (Shot("data-scaling", "#scaling", "#scaling"),),
    "shapes": (Shot("shapes", "#pictures", "#learning"), Shot("shapes-mistakes", "#mistakes", "#mistakes")),
    "mnist": (Shot("mnist", "#learning", "#deformed"), Shot("mnist-mistakes", "#wrong", "#wrong")),
    "cifar10": (Shot("cifar10", "#learning", "#confusion"), Shot("cifar10-mistakes", "#wrong", "#wrong")),
    "depth": (Shot("depth", "#stacks", "#greedy"),),
    "filters": (
        Shot("filters-kernels", "#kernels", "#kernels"),
        Shot("filters-shapes", "#shapes", "#shapes"),
        Shot("filters-digits", "#digits", "#digits"),
        Shot("filters-photographs", "#photographs", "#photographs"),
    ),
    "jet-images-w": (Shot("jet-images-w-average", "#steps", "#steps"), Shot("jet-images-w", "#curves", "#curves")),
    "quark-gluon-color": (
        Shot("quark-gluon-color", "#images", "#images"),
        Shot("quark-gluon-color-gain", "#curves", "#curves"),
        Shot("quark-gluon-color-showers", "#showers", "#showers"),
        Shot("quark-gluon-color-pixels", "#pixels", "#pixels"),
    ),
    "transfer": (Shot("transfer", "#curves", "#curves"),),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=Path, help="what `kaon reproduce --output` was given")
    folder = parser.parse_args().studies
    with browser() as tab:
        for name, shots in SHOTS.items():
            home = folder / name / "quick"
            if not (home / "table.json").exists():
                print(f"{name}: not done at the scale quick in {folder}")
                continue
            for shot in shots:
                save(tab.photograph(home / "report.html", shot), shot.name)
            print((home / "table.md").read_text())


if __name__ == "__main__":
    main()
