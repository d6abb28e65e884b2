"""Small networks of weaver-core 0.5.3 with their weights, inputs and outputs.

    python -m tests.references.weaver [name ...]

makes an environment with weaver-core and writes `weaver-<name>.safetensors` beside this file for each network of
`NETWORKS` (or of those named): `state.<name>` the state of the network, with statistics of normalisations as after a
training; `input.<name>` what it read, (jets, constituents, features), and the mask (jets, constituents); `output` its
logits in evaluation. Jets of 0 to 20 constituents, so that some have fewer than the neighbours asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.peers.weaver_core import weaver_python
from safetensors.numpy import save_file

NETWORKS = {
    "particle_net": {
        "module": "ParticleNet",
        "network": "ParticleNet",
        "inputs": {"points": 2, "features": 7},
        "arguments": {
            "input_dims": 7,
            "num_classes": 2,
            "conv_params": [[5, [8, 8]], [5, [8, 8, 8]], [5, [12, 10]]],
            "fc_params": [[9, 0.1]],
            "use_fusion": False,
        },
    },
    "particle_net_fused": {
        "module": "ParticleNet",
        "network": "ParticleNet",
        "inputs": {"points": 2, "features": 4},
        "arguments": {
            "input_dims": 4,
            "num_classes": 3,
            "conv_params": [[4, [6, 10]], [4, [12]]],
            "fc_params": [[16, 0.1], [8, 0.0]],
            "use_fts_bn": False,
        },
    },
    "part": {
        "module": "ParticleTransformer",
        "network": "ParticleTransformer",
        "inputs": {"features": 7, "vectors": 4},
        "arguments": {
            "input_dim": 7,
            "num_classes": 3,
            "embed_dims": [8, 24, 16],
            "pair_embed_dims": [8, 12],
            "num_heads": 4,
            "num_layers": 3,
            "num_cls_layers": 2,
        },
    },
}

PEER = """
import importlib, json, logging, sys
import numpy as np, torch

logging.disable(logging.CRITICAL)
settings, target = json.loads(sys.argv[1]), sys.argv[2]
torch.manual_seed(1902)
random = np.random.default_rng(8570)
counts = np.concatenate([np.arange(21), random.integers(5, 21, 19)])
mask = np.arange(20) < counts[:, None]
given = {
    n: (random.normal(size=(40, 20, w)) * mask[..., None]).astype(np.float32) for n, w in settings["inputs"].items()
}
if "vectors" in given:  # px, py, pz, E in GeV; the masses are large enough to be known in single precision
    vectors = 20 * given["vectors"]
    given["vectors"][..., :3] = vectors[..., :3]
    given["vectors"][..., 3] = np.sqrt((vectors[..., :3] ** 2).sum(-1) + 25 * mask)
net = getattr(importlib.import_module("weaver.nn.model." + settings["module"]), settings["network"])(
    **settings["arguments"])
for part in net.modules():
    if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
        torch.nn.init.uniform_(part.weight, 0.5, 1.5)
        torch.nn.init.normal_(part.bias, 0, 0.3)
        torch.nn.init.normal_(part.running_mean, 0, 0.3)
        torch.nn.init.uniform_(part.running_var, 0.3, 1.0)
if "vectors" in given:  # no bias or scale stays at zero or one
    for parameter in net.parameters():
        torch.nn.init.normal_(noise := torch.empty_like(parameter), 0, 0.1)
        parameter.data += noise
net.eval()
with torch.no_grad():
    inputs = [torch.from_numpy(x).transpose(1, 2).contiguous() for x in given.values()]
    output = net(*inputs, mask=torch.from_numpy(mask)[:, None])
made = {"state." + n: v.numpy() for n, v in net.state_dict().items()}
made |= {"input." + n: v for n, v in given.items()}
np.savez(target, **made, **{"input.mask": mask, "output": output.numpy()})
"""


def main() -> None:
    python = weaver_python()
    for name in sys.argv[1:] or NETWORKS:
        settings = NETWORKS[name]
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "made.npz"
            subprocess.run([str(python), "-P", "-c", PEER, json.dumps(settings), str(made)], check=True)
            with np.load(made) as file:
                target = Path(__file__).with_name(f"weaver-{name}.safetensors")
                save_file({key: file[key] for key in file.files}, target)
                print(f"wrote {target.name}, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
