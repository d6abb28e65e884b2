from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.errors import BundleError, ConfigError
from kaon.layers import groups
from kaon.models.part import ParticleTransformer
from kaon.registry import lookup

REFERENCES = Path(__file__).parents[1] / "references"

SMALL: dict[str, Any] = {"embed": (8, 12), "pair_embed": (6,), "heads": 2, "blocks": 2, "class_blocks": 1}


def spec(features: int = 7) -> InputSpec:
    return InputSpec(
        (
            Input("features", ("constituents", features)),
            Input("momenta", ("constituents", 4)),
            Input("mask", ("constituents",), "bool"),
        )
    )


def batch(counts: list[int], width: int = 12) -> dict[str, Tensor]:
    """Jets whose real constituents are scattered among the padding."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.stack([torch.randperm(width, generator=generator) < count for count in counts])
    p = 20 * torch.randn(len(counts), width, 3, generator=generator, dtype=torch.float64)
    momenta = torch.cat([(p.square().sum(-1, keepdim=True) + 1).sqrt(), p], -1)
    x = torch.randn(len(counts), width, 7, generator=generator, dtype=torch.float64)
    return {"features": x * mask[..., None], "momenta": momenta * mask[..., None], "mask": mask}


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    fitted = lookup("kaon.represent", "particles")().fit(jets)
    assert ParticleTransformer(fitted.spec, 2).parameter_count == 2_141_134


@pytest.mark.parametrize("torch_attention", [False, True])
def test_outputs_are_those_of_weaver_core(torch_attention: bool) -> None:
    given = load_file(REFERENCES / "weaver-part.safetensors")
    state = {k.removeprefix("state."): v for k, v in given.items() if k.startswith("state.")}
    if torch_attention:  # the names in checkpoints of older versions
        state = {k.replace("in_proj.", "in_proj_"): v for k, v in state.items()}
    options, weights = ParticleTransformer.from_weaver(state)
    net = ParticleTransformer(spec(), given["output"].shape[1], **options).eval()
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(key.startswith("normalise.") for key in missing)
    momenta = given["input.vectors"][..., [3, 0, 1, 2]]
    inputs = {"features": given["input.features"], "momenta": momenta, "mask": given["input.mask"]}
    assert given["output"].std() > 0.1
    with torch.no_grad():
        torch.testing.assert_close(net(inputs), given["output"], rtol=0, atol=1e-5)


def test_groups_of_real_pairs_give_what_the_exported_form_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = ParticleTransformer(spec(), 3, **SMALL).double()
    inputs = batch([0, 1, 2, 4, 5, 9, 12])
    net.train()(inputs)  # statistics of something
    net.eval()
    monkeypatch.setitem(groups.TOKENS, "cpu", 12)
    results = []
    for exporting in (False, True):
        monkeypatch.setattr(torch.compiler, "is_exporting", lambda now=exporting: now)
        loss = F.cross_entropy(logits := net(inputs), torch.tensor([0, 1, 2, 0, 1, 2, 0]))
        results.append((logits, *torch.autograd.grad(loss, list(net.parameters()), allow_unused=True)))
    for one, two in zip(*results, strict=True):
        torch.testing.assert_close(one, two)


def test_gradients_of_training_do_not_depend_on_padding_or_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = ParticleTransformer(spec(), 2, dropout=0.0, **SMALL).double().train()
    inputs, found = batch([0, 1, 2, 4, 5, 9, 7]), []
    for tokens, padding in ((12, 0), (1000, 0), (12, 5)):
        monkeypatch.setitem(groups.TOKENS, "cpu", tokens)
        wider = {k: F.pad(v, (0, 0) * (v.ndim - 2) + (0, padding)) for k, v in inputs.items()}
        found.append(torch.autograd.grad(net(wider)[:, 0].square().sum(), list(net.parameters())))
    for others in found[1:]:
        torch.testing.assert_close(others, found[0])


def test_training_on_nearly_nothing_is_finite() -> None:
    net = ParticleTransformer(spec(), 2, **SMALL).train()
    for counts in ([0], [1], [0, 0, 1]):
        inputs = {k: v.float() if v.is_floating_point() else v for k, v in batch(counts).items()}
        net(inputs).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)
    assert all(torch.isfinite(b).all() for b in net.buffers())


def test_a_state_of_something_else_is_refused() -> None:
    with pytest.raises(BundleError, match=r"unknown: \['conv.weight'\]"):
        ParticleTransformer.from_weaver({"conv.weight": torch.zeros(2, 2)})
    with pytest.raises(BundleError):
        ParticleTransformer.from_weaver({})


def test_sizes_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="heads"):
        ParticleTransformer(spec(), 2, **(SMALL | {"heads": 5}))
    with pytest.raises(ConfigError, match="dropout"):
        ParticleTransformer(spec(), 2, dropout=1.0, **SMALL)
