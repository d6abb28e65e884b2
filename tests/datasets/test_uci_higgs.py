from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaon.datasets import uci_higgs
from kaon.errors import DataError


def test_the_columns() -> None:
    assert (len(uci_higgs.LOW_LEVEL), len(uci_higgs.HIGH_LEVEL), len(uci_higgs.FEATURES)) == (21, 7, 28)
    assert uci_higgs.UCI_HIGGS.features == uci_higgs.FEATURES
    assert uci_higgs.FEATURES[5:9] == ("jet1_pt", "jet1_eta", "jet1_phi", "jet1_btag")


def test_the_real_sample_is_scaled_as_the_set_says(kaon_data: Path) -> None:
    files = [kaon_data / "higgs" / f"lightgbm_binary.{part}" for part in ("train", "test")]
    events = uci_higgs.load(files)
    assert (len(events), events.fields) == (7500, list(uci_higgs.FEATURES))
    for name in uci_higgs.FEATURES:
        values = np.asarray(events[name])
        wanted = (values.mean(), 1) if values.min() >= 0 else (values.std(), 1)
        assert wanted[0] == pytest.approx(wanted[1], abs=0.1)  # of 7,500 events
    with pytest.raises(DataError, match="no test events"):
        uci_higgs.split(events)
