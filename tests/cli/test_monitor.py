from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kaon.cli.monitor import Monitor, duration, record, results
from kaon.cli.output import Output
from kaon.learn import Run
from kaon.report import Comparison

METRICS = {
    "accuracy": 0.9,
    "rejection_30": 400.0,
    "rejection_30_error": 20.0,
    "rejection_50": 90.0,
    "rejection_50_error": 5.0,
    "parameters": 1234,
    "train_seconds": 12.0,
    "inference_us": 3.0,
}


def run_of(model: str, seed: int, auc: float) -> Run:
    return Run(Path(f"{model}-seed{seed}"), {**METRICS, "model": model, "seed": seed, "auc": auc})


def terminal() -> tuple[Output, io.StringIO]:
    output, stream = Output(), io.StringIO()
    output.progress = Console(file=stream, force_terminal=True, width=160, color_system=None)
    return output, stream


@pytest.mark.parametrize("seconds", [0.001, 1.0, 9.96, 59.6, 61.0, 3599.0, 3601.0, 86_400.0])
def test_a_duration_reads_back_to_what_it_was(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    words = duration(seconds).split()
    total = sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert total == pytest.approx(seconds, rel=0.06)


def test_mean_and_spread_over_the_seeds() -> None:
    records = tuple(record(run_of("pfn", seed, auc)) for seed, auc in enumerate((0.97, 0.98, 0.99)))
    stream = io.StringIO()
    Console(file=stream, width=160).print(results(Comparison(records), 160))
    assert "0.9800 ± 0.0100" in stream.getvalue()
    assert "pfn ×3" in stream.getvalue()
    narrow = io.StringIO()
    Console(file=narrow, width=100).print(results(Comparison(records), 100))
    assert "0.9800\n" not in narrow.getvalue()
    assert "0.9800 ± 0.0100" not in narrow.getvalue()
    assert "± 0.0100" in narrow.getvalue()


def test_a_log_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Monitor(Output(), 2) as monitor:
        for seed in range(2):
            progress = monitor("pfn", seed, None)
            assert progress is not None
            progress(0.5, 2, {})
            progress(2, 2, {"train_loss": 0.3, "seconds": 1.0})
            monitor("pfn", seed, run_of("pfn", seed, 0.9))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pfn seed 0: training"
    assert lines[1].startswith("pfn seed 0: AUC 0.9, accuracy 0.9, 1/εB at 0.3 400")
    assert len(lines) == 4


def test_a_run_that_never_trained_was_finished_before(capsys: pytest.CaptureFixture[str]) -> None:
    with Monitor(Output()) as monitor:
        monitor("pfn", 0, None)
        monitor("pfn", 0, run_of("pfn", 0, 0.9))
    assert "(finished before)" in capsys.readouterr().err


def test_a_terminal_sees_finished_runs_and_the_running_one(monkeypatch: pytest.MonkeyPatch) -> None:
    output, _ = terminal()
    monitor = Monitor(output, 2)
    monitor._live = object()  # type: ignore[assignment]  # as inside `with` on a terminal, without its thread
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monitor("bdt", 0, None)
    monitor("bdt", 0, run_of("bdt", 0, 0.95))
    progress: Any = monitor("pfn", 0, None)
    picture = io.StringIO()
    console = Console(file=picture, width=160)
    console.print(monitor._picture())
    assert "preparing" in picture.getvalue()
    progress(0.0, 10, {})
    now[0] += 8.0
    progress(4.0, 10, {"train_loss": 0.3, "validation_loss": 0.25, "seconds": 1.0})
    console.print(monitor._picture())
    text = picture.getvalue()
    assert "2/2" in text
    assert "0.9500" in text
    # four epochs in eight seconds, six to go
    assert "4.0 of 10 epochs, 0.5 epochs/s, 12 s left, loss 0.2500" in text


def test_trees_count_trees() -> None:
    monitor = Monitor(Output())
    progress: Any = monitor("bdt", 0, None)
    progress(20, 500, {"train_loss": 0.3})
    assert monitor.running is not None
    assert "20 of 500 trees" in monitor.running.words()


def test_the_live_table_is_removed_at_the_end() -> None:
    output, stream = terminal()
    with Monitor(output, 1) as monitor:
        monitor("bdt", 0, None)
        monitor("bdt", 0, run_of("bdt", 0, 0.95))
    assert monitor._live is None
    assert "0.9500" in stream.getvalue()


def test_many_classes_are_told_by_accuracy_and_error_rate() -> None:
    output, stream = terminal()
    numbers = {**METRICS, "auc": 0.5, "error_rate": 0.1, "macro_auc": 0.97, "model": "cnn", "seed": 0}
    with Monitor(output, 1) as monitor:
        advance = monitor("cnn", 0, None)
        assert advance is not None
        advance(1, 4, {"validation_loss": 0.5, "validation_accuracy": 0.875, "seconds": 1.0})
        assert monitor.running is not None
        assert "loss 0.5000, accuracy 0.8750" in monitor.running.words()
        monitor.running.row = {"validation_loss": 0.5, "validation_accuracy": 0.875, "validation_auc": 0.9}
        assert "accuracy" not in monitor.running.words()
        monitor("cnn", 0, Run(Path("cnn-seed0"), numbers))
    shown = io.StringIO()
    Console(file=shown, width=160).print(results(Comparison(tuple(monitor.finished)), 160))
    assert "Error rate" in shown.getvalue()
    assert "εB" not in shown.getvalue()
    assert stream.getvalue()
