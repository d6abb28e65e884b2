from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from kaon.data import Input, InputSpec
from kaon.errors import BundleError, ConfigError
from kaon.layers.packed import Packed, pack
from kaon.models.particle_net import ParticleNet
from kaon.registry import variants

REFERENCES = Path(__file__).parents[1] / "references"
SMALL: dict[str, Any] = {"widths": ((6, 5), (7, 7)), "neighbours": 4, "fc": (8,)}


def spec(features: int = 7) -> InputSpec:
    inputs = (Input("points", ("constituents", 2)), Input("features", ("constituents", features)))
    return InputSpec((*inputs, Input("mask", ("constituents",), "bool")))


def batch(counts: list[int], features: int = 7) -> dict[str, Tensor]:
    torch.manual_seed(5)
    mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
    sizes = {"points": 2, "features": features}
    made = {name: torch.randn(*mask.shape, size) * mask[..., None] for name, size in sizes.items()}
    return made | {"mask": mask}


@pytest.mark.parametrize(
    ("name", "features", "count"),
    [("particle_net", 7, 366_160), ("particle_net", 4, 365_578), ("particle_net_lite", 7, 26_416)],
)
def test_parameters(name: str, features: int, count: int) -> None:
    assert variants("kaon.models")[name](spec(features), 2).parameter_count == count


@pytest.mark.parametrize("name", ["particle_net", "particle_net_fused"])
def test_outputs_are_those_of_weaver_core(name: str) -> None:
    given = load_file(REFERENCES / f"weaver-{name}.safetensors")
    state = {k.removeprefix("state."): v for k, v in given.items() if k.startswith("state.")}
    inputs = {k.removeprefix("input."): v for k, v in given.items() if k.startswith("input.")}
    options, weights = ParticleNet.from_weaver(state)
    k = {"particle_net": 5, "particle_net_fused": 4}[name]
    net = ParticleNet(spec(inputs["features"].shape[2]), given["output"].shape[1], neighbours=k, **options).eval()
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(key.startswith("normalise.") for key in missing)
    assert given["output"].std() > 0.1
    with torch.no_grad():
        torch.testing.assert_close(net(inputs), given["output"], rtol=0, atol=1e-5)
    # The jets that have all their neighbours do not depend on what stands for missing ones.
    whole = inputs["mask"].sum(1) > k
    net.fill = False
    with torch.no_grad():
        found = net(inputs)
    torch.testing.assert_close(found[whole], given["output"][whole], rtol=0, atol=1e-5)
    assert (found[~whole] - given["output"][~whole]).abs().max() > 1e-3


@pytest.mark.parametrize("missing", ["skip", "zero"])
@pytest.mark.parametrize("fusion", [0, 9])
def test_the_exported_form_gives_the_same(missing: str, fusion: int) -> None:
    torch.manual_seed(0)
    net = ParticleNet(spec(), 2, missing=missing, fusion=fusion, **SMALL).double()  # type: ignore[arg-type]
    inputs = {k: v.double() if v.is_floating_point() else v for k, v in batch([0, 1, 2, 4, 5, 9, 12]).items()}
    net.train()(inputs)  # statistics of something
    net.eval()
    expected = net(inputs)
    padded = net.fc(net._padded(inputs["mask"], inputs["points"], inputs["features"]))
    torch.testing.assert_close(padded, expected)
    with torch.no_grad():
        torch.testing.assert_close(net(inputs), expected.detach())


def test_padding_is_in_no_statistic_of_the_training() -> None:
    results = []
    for longer in (0, 7):
        torch.manual_seed(0)
        net = ParticleNet(spec(), 2, dropout=0.0, **SMALL)
        inputs = {
            k: torch.nn.functional.pad(v, (0, 0) * (v.ndim - 2) + (0, longer)) for k, v in batch([1, 3, 8, 6]).items()
        }
        logits = net(inputs)
        results.append((logits, *torch.autograd.grad(logits.square().sum(), list(net.parameters())), *net.buffers()))
    for one, two in zip(*results, strict=True):
        torch.testing.assert_close(one, two)


def test_prediction_is_bounded_and_independent_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from kaon.models import particle_net

    net = ParticleNet(spec(), 2, **SMALL).eval()
    inputs = batch([3, 9, 0, 5, 1, 7, 2, 8, 6, 4])
    with torch.no_grad():
        whole = net(inputs)
        sizes: list[int] = []

        def noted(mask: Tensor, exact: int) -> Packed:
            sizes.append(len(mask))
            return pack(mask, exact)

        monkeypatch.setattr(particle_net, "_JETS", 3)
        monkeypatch.setattr(particle_net, "pack", noted)
        torch.testing.assert_close(net(inputs), whole)
    assert sizes == [3, 3, 3, 1]


def test_jets_of_equal_or_undefined_places() -> None:
    net = ParticleNet(spec(), 2, **SMALL).eval()
    inputs = batch([12, 6, 9])
    with torch.no_grad():
        alone = net(inputs)
        inputs["points"][1] = 0.5
        assert torch.isfinite(net(inputs)).all()
        inputs["features"][1, 2] = torch.nan
        found = net(inputs)
    assert torch.isnan(found[1]).any(), "what is not a number is not hidden"
    torch.testing.assert_close(found[[0, 2]], alone[[0, 2]])


def test_a_state_of_something_else_is_refused() -> None:
    with pytest.raises(BundleError, match=r"unknown: \['embed.weight'\]"):
        ParticleNet.from_weaver({"embed.weight": torch.zeros(2, 2)})
    with pytest.raises(BundleError):
        ParticleNet.from_weaver({})
    with pytest.raises(BundleError, match="part of the state"):
        ParticleNet.from_weaver({"edge_convs.0.convs.0.weight": torch.zeros(4, 2, 1, 1)})


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"widths": ()}, {"widths": ((4,), ())}, {"missing": "wrap"}])
def test_sizes_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="neighbour"):
        ParticleNet(spec(), 2, **(SMALL | wrong))
