"""How likely each word is in a review of each class and topic, and what can be concluded from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters
from modelcollapse.corpora.sources.synthetic.words import make_words

Floats = npt.NDArray[np.float64]

_GOLDEN = 0.6180339887498949
_UNIT = 2.0**40


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for a purpose, independent of those for any other."""
    return np.random.default_rng([seed, *purpose.encode()])


class Language:
    """Word probabilities given class and topic."""

    def __init__(self, parameters: SyntheticParameters) -> None:
        words = make_words(parameters.vocabulary)
        by_code_point = sorted(range(len(words)), key=words.__getitem__)
        self.words = [words[rank] for rank in by_code_point]  # all words, sorted by code point
        base = -parameters.zipf_exponent * np.log(np.arange(1, len(words) + 1) + parameters.zipf_shift)
        effects = sentiments(parameters)
        logits = np.stack([base - effects / 2, base + effects / 2])[:, None, by_code_point]
        if parameters.topics > 1:
            normals = stream(parameters.seed, "topics").standard_normal((parameters.topics, len(words)))
            logits = logits + parameters.topic_strength * normals
        # Of each word, by class and topic, shape (2, n_topics, vocabulary).
        self.log_probabilities: Floats = logits - special.logsumexp(logits, axis=2, keepdims=True)

    @property
    def n_topics(self) -> int:
        """Number of topics, at least 1."""
        return self.log_probabilities.shape[1]

    def thresholds(self, label: int, topic: int) -> npt.NDArray[np.int64]:
        """Cumulative probabilities as whole numbers: what is drawn does not depend on how a machine rounds."""
        weights = np.rint(np.exp(self.log_probabilities[label, topic]) * _UNIT).astype(np.int64)
        return np.cumsum(np.maximum(weights, 1))

    def log_odds(self, counts: sparse.csr_matrix, balance: float) -> Floats:
        """Log-odds of the positive class given each review's word counts (Bayes' rule; topics are summed over)."""
        negative, positive = (special.logsumexp(counts @ self.log_probabilities[label].T, axis=1) for label in (0, 1))
        log_odds: Floats = positive - negative + special.logit(balance)
        return log_odds


def sentiments(parameters: SyntheticParameters) -> Floats:
    """Log-odds that each word gives for the positive class, by rank.

    Words at equal distances of rank carry sentiment, in turn positive and negative; how much are the quantiles of a
    normal distribution, in an order without pattern. Nothing is drawn: seeds differ in reviews, not in language.
    """
    n_words = round(parameters.vocabulary * parameters.sentiment_share)
    effects = np.zeros(parameters.vocabulary)
    if n_words:
        numbers = np.arange(n_words)
        ranks = ((numbers + 0.5) * parameters.vocabulary / n_words).astype(np.int64)
        sizes = parameters.sentiment_strength * special.ndtri(0.5 + 0.5 * ((numbers + 0.5) * _GOLDEN % 1))
        effects[ranks] = np.where(numbers % 2 == 0, sizes, -sizes)
    return effects


def bayes_errors(log_odds: Floats, label_noise: float) -> Floats:
    """Probability that the best possible guess of each review's (noisy) label is wrong."""
    positive = special.expit(log_odds)
    noisy = positive * (1 - label_noise) + (1 - positive) * label_noise
    return np.minimum(noisy, 1 - noisy)
