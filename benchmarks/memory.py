"""Peak memory of each stage: representing jets, training and predicting with each model.

Every stage runs in a process of its own, which reads the same simulated jets, notes how much memory it holds, does the
stage and notes the peak (on Linux, which can forget the peak so far). There is no peer and no claim here: the table
says what a laptop needs.

    python -m benchmarks.memory [--jets 4000] [--batch-size 128] [NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kaon.data import Events
from kaon.data.io import read
from kaon.learn import TrainConfig, train
from kaon.registry import origin, variants

TRAINED = 1024
"""Jets of the training whose peak is noted; it depends on the batch, hardly on their number."""


class Peak:
    """Largest resident memory since it was made, above what was resident then, in MB; Linux only."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        self.start = self._status("VmRSS")

    def __call__(self) -> float:
        return self._status("VmHWM") - self.start

    @staticmethod
    def _status(name: str) -> float:
        line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(name))
        return int(line.split()[1]) / 1024


def represent(name: str, events: Events) -> dict[str, float]:
    """Peak above what the jets themselves need, and size of the arrays that remain."""
    made = variants("kaon.represent")[name]()
    peak = Peak()
    batch = made.fit_transform(events)
    kept = sum(values.nbytes for values in batch.inputs.values()) / 1024**2
    return {"peak": peak(), "kept": kept}


def model(name: str, events: Events, batch_size: int) -> dict[str, float]:
    """Peaks of a short training and of a prediction, both above what the jets and the imports need."""
    train_events = events.take(slice(0, TRAINED))
    peak = Peak()
    tagger = train(name, train_events, train_events.take(slice(0, 64)), TrainConfig(epochs=1, batch_size=batch_size))
    trained = peak()
    batch = tagger.representation.transform(events)
    peak = Peak()
    tagger.predict_batch(batch)
    return {"train": trained, "predict": peak()}


def child(stage: str, name: str, file: str, batch_size: int) -> None:
    events = read(file)
    found = represent(name, events) if stage == "represent" else model(name, events, batch_size)
    print(json.dumps(found))


def measured(stage: str, name: str, file: Path, batch_size: int) -> dict[str, float] | str:
    """What a process of its own finds, or the last line of what went wrong there."""
    command = [sys.executable, "-m", "benchmarks.memory", "--stage", stage, "--file", str(file)]
    command += ["--batch-size", str(batch_size), name]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def shown(found: dict[str, float] | str, columns: tuple[str, ...]) -> str:
    return found if isinstance(found, str) else "".join(f"{found[c]:>12,.0f}" for c in columns)


def readable(names: list[str], events: Events, requires: Any) -> list[str]:
    return [name for name in names if all(column in events for column in requires(name))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="models and representations; all by default")
    parser.add_argument("--jets", type=int, default=4000, help="represented and predicted (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=128, help="of the training (%(default)s)")
    parser.add_argument("--stage", choices=("represent", "model"), help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        child(given.stage, given.names[0], given.file, given.batch_size)
        return
    from kaon.simulate import simulate_to_file

    representations, models = variants("kaon.represent"), variants("kaon.models")
    print(f"{platform.machine()}, Python {platform.python_version()}; MB above what the jets and imports need")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jets.h5"
        simulate_to_file("top-tagging", given.jets, file, seed=1, workers=min(2, os.cpu_count() or 1))
        workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        events = read(str(file))
        print(f"\nsimulating {given.jets:,} jets: {workers:,.0f} MB in the largest worker")

        names = readable(list(representations), events, lambda n: origin(representations[n]).requires)
        print(f"\n{'representation':24}{'peak':>12}{'arrays':>12}   {given.jets:,} jets")
        for name in (n for n in names if not given.names or n in given.names):
            print(f"{name:24}{shown(measured('represent', name, file, 0), ('peak', 'kept'))}", flush=True)

        def needed(name: str) -> Any:
            return origin(representations[origin(models[name]).representations[0]]).requires

        print(f"\n{'model':24}{'training':>12}{'predicting':>12}   batches of {given.batch_size}; {given.jets:,} jets")
        for name in (n for n in readable(list(models), events, needed) if not given.names or n in given.names):
            print(
                f"{name:24}{shown(measured('model', name, file, given.batch_size), ('train', 'predict'))}", flush=True
            )


if __name__ == "__main__":
    main()
