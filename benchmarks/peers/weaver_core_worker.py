"""Runs inside the environment of weaver-core: one network, one JSON command a line on stdin, one JSON answer a line.

    make   {"network": class in weaver.nn.model, "arguments": {...}, "inputs": [names], "state": file to write}
           builds the network and writes its weights and statistics
    run    {"task": "inference" | "training", "precision": "float32" | "bfloat16", "data": file, "output": file,
           "repeats": n, "clock": "cpu" | "wall"}
           seconds of n passes over the whole file as one batch; the logits of an evaluation go to `output`

Files are NumPy archives: the inputs as (jets, constituents, features), the mask as (jets, constituents), `target`.
This file knows nothing of kaon and is no copy of weaver's: it calls it.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
from typing import Any

import numpy as np
import torch


def arrays(path: str, names: list[str]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The inputs in the order and layout of weaver, (jets, features, constituents); and the targets."""
    with np.load(path) as file:
        given = [torch.from_numpy(file[name]) for name in names]
        made = [x[:, None] if x.ndim == 2 else x.transpose(1, 2).contiguous() for x in given]
        return made, torch.from_numpy(file["target"])


class Worker:
    def make(
        self, module: str, network: str, arguments: dict[str, Any], inputs: list[str], state: str, seed: int = 0
    ) -> dict[str, Any]:
        torch.manual_seed(seed)
        kind = getattr(importlib.import_module(f"weaver.nn.model.{module}"), network)
        self.net, self.inputs = kind(**arguments), inputs
        # Statistics as after a training: those of a fresh network would hide how they are applied.
        for part in self.net.modules():
            if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
                torch.nn.init.uniform_(part.weight, 0.5, 1.5)
                torch.nn.init.normal_(part.bias, 0, 0.1)
                assert part.running_mean is not None
                assert part.running_var is not None
                torch.nn.init.normal_(part.running_mean, 0, 0.1)
                torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
        self.initial = {name: value.clone() for name, value in self.net.state_dict().items()}
        np.savez(state, **{name: value.numpy() for name, value in self.initial.items()})
        return {"parameters": sum(p.numel() for p in self.net.parameters()), "torch": torch.__version__}

    def run(self, task: str, precision: str, data: str, repeats: int, clock: str, output: str = "") -> dict[str, Any]:
        inputs, target = arrays(data, self.inputs)
        now = time.process_time if clock == "cpu" else time.perf_counter
        self.net.load_state_dict(self.initial)
        self.net.train(task == "training")
        optimizer = torch.optim.AdamW(self.net.parameters(), 1e-3, fused=True)
        autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

        def once() -> torch.Tensor:
            with torch.set_grad_enabled(task == "training"):
                with autocast:
                    logits: torch.Tensor = self.net(*inputs)
                if task == "training":
                    optimizer.zero_grad()
                    torch.nn.functional.cross_entropy(logits.float(), target).backward()  # type: ignore[no-untyped-call]  # of torch
                    optimizer.step()
            return logits.detach().float()

        logits = None
        seconds = []
        for _ in range(repeats):
            begin = now()
            logits = once()
            seconds.append(now() - begin)
        if output and logits is not None:
            np.save(output, logits.numpy())
        return {"seconds": seconds}


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    logging.disable(logging.CRITICAL)  # weaver logs to stdout, which carries the answers
    worker = Worker()
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
