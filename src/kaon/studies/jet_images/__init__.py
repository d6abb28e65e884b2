"""Jets as pictures: W bosons against QCD, and quarks against gluons in colour."""

from __future__ import annotations

from kaon.studies.jet_images import boson, quark_gluon

__all__ = ["VARIANTS"]

VARIANTS = {study.name: study for study in (boson.STUDY, quark_gluon.STUDY)}
