"""Latent Dirichlet allocation: topics found in the splittings of unlabelled jets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.special import digamma
from torch import Tensor, nn

from kaon.data import Batch, InputSpec
from kaon.data.space import Real, Space
from kaon.errors import ConfigError, DataError
from kaon.models.base import Solved

__all__ = ["LatentDirichlet"]

_STEPS = 5
"""Updates of the topic shares of a jet, from where they were, for one update of the topics."""


class LatentDirichlet(Solved):
    """A jet's splittings as words of a text on a few topics; its score is the likelihood ratio of the topics.

    Each jet draws shares theta of the topics from a Dirichlet distribution of parameter alpha, and each splitting first
    a topic t from theta, then a word w from beta_t. The topics are found without labels by variational Bayes (Blei,
    Ng, Jordan, https://doi.org/10.5555/944919.944937), one for each class; labels decide only which is which. Then
    logit_t = sum_w n_w ln beta_tw, up to what is common to all topics.

    Dillon, Faroughy, Kamenik, https://arxiv.org/abs/1904.04200, the LDA of https://arxiv.org/abs/1902.09914. There are
    two parameters a word, as published, but fewer words (see the representation `declusterings`), so fewer than the
    published 184,000; the update runs over all jets at once instead of batches. Logits of a likelihood ratio with
    correlated words are too sure of themselves: order jets by them, but do not read them as probabilities.

    Args:
        spec: one input `features` of shape (words,): counts.
        outputs: number of classes, and of topics.
        alpha: prior of the shares of the topics in a jet.
        eta: prior of the words of a topic.
        iterations: updates of the topics at most.
        restarts: random starts, of which the one of the greatest likelihood is kept.

    Raises:
        ConfigError: the input is of another shape, or numbers that make no sense.
    """

    representations: ClassVar[tuple[str, ...]] = ("declusterings",)
    paper: ClassVar[str] = "https://arxiv.org/abs/1904.04200"
    search: ClassVar[Mapping[str, Space]] = {
        "alpha": Real(0.05, 5.0, log=True),
        "eta": Real(0.05, 5.0, log=True),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        alpha: float = 0.5,
        eta: float = 0.5,
        iterations: int = 100,
        restarts: int = 4,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if len(item.shape) != 1 or not (alpha > 0 and eta > 0) or min(iterations, restarts) < 1:
            raise ConfigError(
                f"features of shape {item.shape}, alpha={alpha}, eta={eta}, iterations={iterations}, "
                f"restarts={restarts}; needed: features of shape (words,), alpha and eta above 0, the others at least 1"
            )
        self.alpha, self.eta, self.iterations, self.restarts = alpha, eta, iterations, restarts
        self.topics = nn.Parameter(torch.randn(outputs, item.width))
        """Logarithms of the probabilities of the words, up to a constant a topic, (topics, words)."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        words = self.topics.log_softmax(1)
        return nn.functional.linear(inputs["features"], words - words.mean(0))

    def solve(self, train: Batch, validation: Batch | None, *, seed: int = 0) -> list[dict[str, float]]:
        """Find the topics; a row an iteration: negative_log_likelihood of a word, and change of the topics.

        Raises:
            DataError: the jets have no words, or their weights leave nothing to learn from.
        """
        counts = csr_matrix(train.inputs["features"], dtype=np.float64)
        weights = train.weights
        total = float(weights @ np.asarray(counts.sum(1))[:, 0])
        if not (counts.nnz and total > 0 and (counts.data >= 0).all()):
            raise DataError(
                "latent Dirichlet allocation needs counts of words, none negative and their weighted sum above 0; "
                "`declusterings` gives such counts for jets with splittings above its least mass"
            )
        random = np.random.default_rng(seed)
        starts = random.gamma(100.0, 0.01, (self.restarts, self.outputs, counts.shape[1]))
        found = [self._topics(counts, weights, start) for start in starts]
        rows, words, shares = min(found, key=lambda made: made[0][-1]["negative_log_likelihood"])
        owner = np.zeros((self.outputs, len(train)))
        owner[train.labels, np.arange(len(train))] = np.abs(weights)
        affinity = owner @ shares / np.maximum(owner.sum(1, keepdims=True), 1e-300)
        _, topic = linear_sum_assignment(-affinity)
        with torch.no_grad():
            self.topics.copy_(torch.from_numpy(np.log(words[topic])))
        return rows

    def _topics(
        self, counts: Any, weights: NDArray[np.float64], posterior: NDArray[np.float64]
    ) -> tuple[list[dict[str, float]], NDArray[np.float64], NDArray[np.float64]]:
        """The log, the probabilities of words, (topics, words), and the shares, (jets, topics), from one start."""
        total = float(weights @ np.asarray(counts.sum(1))[:, 0])
        rows: list[dict[str, float]] = []
        shares = np.ones((counts.shape[0], self.outputs))
        for iteration in range(self.iterations):
            log_words = digamma(posterior) - digamma(posterior.sum(1, keepdims=True))
            shares, used, likelihood = _shares(counts, np.exp(log_words), self.alpha, shares)
            # Negative weights may take from a word more than there is.
            found = self.eta + np.maximum(used(weights), 0)
            change = float(np.abs(found / found.sum(1, keepdims=True) - _normalised(posterior)).sum(1).max())
            posterior = found
            loss = -float(weights @ likelihood) / total
            rows.append({"epoch": float(iteration), "negative_log_likelihood": loss, "change": change})
            if change < 1e-4:
                break
        return rows, _normalised(posterior), _normalised(shares)


def _normalised(posterior: NDArray[np.float64]) -> NDArray[np.float64]:
    made: NDArray[np.float64] = posterior / posterior.sum(1, keepdims=True)
    return made


def _shares(
    counts: Any, words: NDArray[np.float64], alpha: float, posterior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Any, Any]:
    """The posterior of each jet for given topics.

    Args:
        counts: sparse, (jets, words).
        words: exp of the mean logarithm of the words' probabilities, (topics, words).
        alpha: prior.
        posterior: parameters of the Dirichlet distribution of each jet's shares so far, (jets, topics).

    Returns:
        these parameters, better; a function from weights (jets,) to the weighted counts that each topic
        explains, (topics, words); ln likelihood of each jet, (jets,).
    """
    column = counts.indices
    owner = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    ratio = counts.copy()
    for _ in range(_STEPS):
        topics = np.exp(digamma(posterior) - digamma(posterior.sum(1, keepdims=True)))
        norm = np.einsum("nt,tn->n", topics[owner], words[:, column]) + 1e-300
        ratio.data = counts.data / norm
        posterior = alpha + topics * (ratio @ words.T)
    likelihood = np.bincount(owner, counts.data * np.log(norm), counts.shape[0])

    def used(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        explained: NDArray[np.float64] = words * (ratio.T @ (topics * weights[:, None])).T
        return explained

    return posterior, used, likelihood


VARIANTS = {"lda": LatentDirichlet}
