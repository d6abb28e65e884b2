from __future__ import annotations

from kaon.simulate.spectra import spectrum


def test_masses_and_decays_are_those_given_and_all_others_are_far() -> None:
    text = spectrum({1000006: 600.0, 1000022: 100.0}, {1000006: (1000022, 6)}, "BLOCK ALPHA\n  -0.1\n")
    masses = dict(line.split() for line in text.split("BLOCK MASS\n")[1].split("BLOCK")[0].splitlines())
    assert masses["1000006"] == "600.0"
    assert masses["1000022"] == "100.0"
    others = [float(mass) for number, mass in masses.items() if number not in ("1000006", "1000022")]
    assert len(others) > 25
    assert min(others) >= 5000
    assert text.endswith("BLOCK ALPHA\n  -0.1\nDECAY 1000006 1.0\n  1.0  2  1000022  6\n")


def test_a_particle_without_a_decay_is_stable() -> None:
    assert "DECAY" not in spectrum({1000022: 100.0}, {})
