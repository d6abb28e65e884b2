from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import LatentDirichletAllocation

from kaon.data import Batch, Input, InputSpec
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.models.latent_dirichlet import LatentDirichlet

WORDS = 30
TOPICS = np.random.default_rng(7).dirichlet(np.full(WORDS, 0.3), 3)


def texts(count: int = 300, topics: int = 2, seed: int = 0) -> Batch:
    """Texts that LDA describes; their label is the topic of the larger part of the words."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(topics, 0.5), count)
    lengths = random.integers(20, 60, count)
    counts = np.stack([random.multinomial(n, p @ TOPICS[:topics]) for n, p in zip(lengths, shares, strict=True)])
    return Batch({"features": counts.astype(np.float32)}, shares.argmax(1))


def net(outputs: int = 2, **options: Any) -> LatentDirichlet:
    return LatentDirichlet(InputSpec((Input("features", (WORDS,)),)), outputs, **options)


def topics_of(model: LatentDirichlet) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    made: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = model.topics.detach().double().softmax(1).numpy()
    return made


@pytest.mark.parametrize("topics", [2, 3])
def test_it_finds_the_topics_and_labels_say_which_is_which(topics: int) -> None:
    model = net(topics, restarts=2)
    model.solve(texts(800, topics), None, seed=0)
    assert np.abs(topics_of(model) - TOPICS[:topics]).sum(1).max() < 0.3, "total variation"
    test = texts(500, topics, seed=1)
    with torch.no_grad():
        found = model({"features": torch.from_numpy(test.inputs["features"])}).argmax(1).numpy()
    assert (found == test.labels).mean() > 0.85


def test_it_agrees_with_scikit_learn() -> None:
    batch = texts(400)
    model = net(alpha=0.4, eta=0.1, restarts=1)
    model.solve(batch, None, seed=0)
    theirs = LatentDirichletAllocation(2, doc_topic_prior=0.4, topic_word_prior=0.1, max_iter=40, random_state=0)
    theirs.fit(batch.inputs["features"])
    expected = theirs.components_ / theirs.components_.sum(1, keepdims=True)
    found = topics_of(model)
    if np.abs(found - expected).sum() > np.abs(found[::-1] - expected).sum():
        expected = expected[::-1]
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_the_logit_is_the_likelihood_ratio() -> None:
    model = net()
    counts = torch.from_numpy(texts(20).inputs["features"])
    with torch.no_grad():
        logits = model({"features": counts}).double()
    log = np.log(topics_of(model))
    expected = counts.double().numpy() @ (log[1] - log[0])
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], expected, rtol=1e-4, atol=1e-4)
    assert model.parameter_count == 2 * WORDS


def test_labels_enter_only_in_which_topic_is_which() -> None:
    batch = texts()
    one, two = net(restarts=1), net(restarts=1)
    one.solve(batch, None, seed=3)
    two.solve(Batch(batch.inputs, 1 - batch.labels), None, seed=3)
    np.testing.assert_allclose(topics_of(one), topics_of(two)[::-1], rtol=1e-5)


def test_the_likelihood_rises_and_iterations_end() -> None:
    rows = net(restarts=1).solve(texts(), None, seed=0)
    losses = [row["negative_log_likelihood"] for row in rows]
    assert losses[-1] < losses[0]
    assert rows[-1]["change"] < 1e-4 or len(rows) == 100
    assert len(net(iterations=3).solve(texts(), None)) == 3


def test_a_weight_of_two_is_two_jets() -> None:
    batch = texts(300)
    twice = np.arange(300) % 2 == 0
    one, two = net(restarts=1), net(restarts=1)
    one.solve(batch.take(np.repeat(np.arange(300), 1 + twice)), None, seed=0)
    two.solve(Batch(batch.inputs, batch.target, 1.0 + twice), None, seed=0)
    np.testing.assert_allclose(topics_of(two), topics_of(one), rtol=1e-4)


def test_it_learns_with_negative_weights() -> None:
    batch = texts(800)
    weight = np.where(np.arange(800) % 10, 1.0, -0.5)
    model = net()
    model.solve(Batch(batch.inputs, batch.target, weight), None)
    test = texts(300, seed=1)
    with torch.no_grad():
        score = model({"features": torch.from_numpy(test.inputs["features"])}).softmax(1)[:, 1].double().numpy()
    assert auc(score, test.labels) > 0.85


def test_jets_without_words_are_refused() -> None:
    nothing = Batch({"features": np.zeros((5, WORDS), np.float32)}, np.arange(5) % 2)
    negative = Batch({"features": np.full((5, WORDS), -1, np.float32)}, np.arange(5) % 2)
    for batch in (nothing, negative):
        with pytest.raises(DataError, match="counts of words"):
            net().solve(batch, None)


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"eta": -1.0}, {"iterations": 0}, {"restarts": 0}])
def test_options_without_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="alpha and eta above 0"):
        net(**options)
