"""Message passing network on the objects of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Integer, Space
from kaon.layers.dense import two_logits
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["EventMPNN"]


class EventMPNN(Net):
    """Objects learn of each other by messages weighted with their distance, then each votes, and votes are averaged.

    Abdughani, Ren, Wu, Yang, https://arxiv.org/abs/1807.09088, after Gilmer et al., https://arxiv.org/abs/1704.01212:

        s_i = relu(W_e x_i),
        m_i = sum_{j != i} relu(W_m [s_j, g(d_ij)]),    s_i <- relu(W_u [s_i, m_i]),    `steps` times,
        y = mean_i sigmoid(W_y s_i),

    with d_ij expanded in Gaussians, g_k(d) = exp(-(d - mu_k)^2 / (2 sigma^2)), mu_k equidistant in [0, `reach`], sigma
    their spacing. 7,141 parameters for two classes and the ten features of `event_graph`. For more classes a vote is
    a softmax. The logits are ln y, so that their softmax is the mean of the votes. An event without objects has no
    vote: all its logits are zero. Unlike in the paper the features are standardised; width, number of Gaussians and
    their range are our choices, and so is sigma.

    Args:
        spec: `features` (objects, features), `distances` (objects, objects) and `mask` (objects,).
        outputs: number of classes.
        width: of s and m.
        steps: T, how often messages are passed, each time with weights of their own.
        centres: number of Gaussians.
        reach: largest distance that they resolve.
    """

    representations: ClassVar[tuple[str, ...]] = ("event_graph",)
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation"})
    paper: ClassVar[str] = "https://arxiv.org/abs/1807.09088"
    search: ClassVar[Mapping[str, Space]] = {
        "width": Integer(15, 120, log=True),
        "steps": Integer(1, 4),
        "centres": Integer(11, 41),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        width: int = 30,
        steps: int = 2,
        centres: int = 21,
        reach: float = 5.0,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.embed = nn.Linear(item.width, width)
        self.steps = nn.ModuleList(_Step(width, centres) for _ in range(steps))
        self.vote = nn.Linear(width, 1 if outputs == 2 else outputs)
        self.centres: Tensor
        self.register_buffer("centres", torch.linspace(0, reach, centres), persistent=False)
        self.sigma = reach / max(centres - 1, 1)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        mask, distances = inputs["mask"], inputs["distances"]
        pairs = mask[:, :, None] & mask[:, None] & ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
        gaussians = torch.exp(-0.5 * ((distances[..., None] - self.centres) / self.sigma) ** 2)
        state = F.relu(self.embed(self.normalise(inputs["features"])))
        for step in self.steps:
            state = step(state, gaussians, pairs)
        votes = self.vote(state).to(torch.promote_types(distances.dtype, torch.float32))
        return _mean_of_votes(two_logits(votes) if self.outputs == 2 else votes, mask)


class _Step(nn.Module):
    """One passing of messages.

    W_m [s_j, g_ij] = W_s s_j + W_g g_ij: the first term is computed once a node, not once a pair.
    """

    def __init__(self, width: int, centres: int) -> None:
        super().__init__()
        self.from_node = nn.Linear(width, width)
        self.from_edge = nn.Linear(centres, width, bias=False)
        self.update = nn.Linear(2 * width, width)

    def forward(self, state: Tensor, gaussians: Tensor, pairs: Tensor) -> Tensor:
        """(batch, objects, width), (batch, objects, objects, centres), (batch, objects, objects) -> as the first."""
        messages = F.relu(self.from_node(state)[:, None] + self.from_edge(gaussians))
        received = (messages * pairs[..., None]).sum(2)
        return F.relu(self.update(torch.cat([state, received.to(state.dtype)], dim=-1)))


def _mean_of_votes(votes: Tensor, mask: Tensor) -> Tensor:
    """ln of the mean softmax of real objects; zeros without any.

    Args:
        votes: (batch, objects, outputs).
        mask: (batch, objects).
    """
    number = mask.sum(1, keepdim=True)
    # Finite also where nobody votes, which a gradient through infinities would not be.
    heard = torch.where(mask[..., None], votes.log_softmax(-1), -1e30)
    mean = heard.logsumexp(1) - number.clamp(min=1).to(votes.dtype).log()
    return torch.where(number > 0, mean, torch.zeros_like(mean))


VARIANTS = {"event_mpnn": EventMPNN}
