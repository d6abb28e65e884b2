from __future__ import annotations

from tests.studies.conftest import MakeEvents

from kaon.learn import load
from kaon.registry import lookup
from kaon.studies.base import perform


def test_the_smoke_scale_runs(events_of_study: MakeEvents) -> None:
    home = events_of_study("event-graph", chunk_events=500)
    study = lookup("kaon.studies", "event-graph")
    result, folder = perform(study, "smoke", home)
    assert [row.name for row in result.rows] == ["event_mpnn", "event_mpnn without messages", "mlp", "bdt"]
    parameters = [row.values["parameters"].obtained for row in result.rows]
    assert parameters[0] == 7141
    assert parameters[1] == 7141 - 2 * (1560 + 1830), "no messages, no updates"
    flat = load(folder / "comparison" / "runs" / "mlp-seed0" / "bundle.kaon").spec["features"].features
    assert "met" in flat
    assert not {"met_phi", "label", "objects"} & set(flat), "no direction in space, no truth"
    assert "pb, of which" in result.facts["Cross-sections"]
    again, _ = perform(study, "smoke", home, models=["bdt"])
    assert [row.name for row in again.rows] == ["bdt"]
