"""Label rules: how the selected documents of an increment get their labels.

To add one, write its function and name it in `RULES`. A rule sees one increment through the eyes of the chain's
current model and returns the bytes of `simulation.label_bytes` for the selected documents. The controls among them
separate the causes of a loss: see each docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.errors import SpecError
from modelcollapse.simulation.label_bytes import Labels
from modelcollapse.simulation.learning.learners import Scores
from modelcollapse.simulation.slots import LEFT_OUT, SYNTHETIC
from modelcollapse.simulation.streams import Purpose


@dataclass(frozen=True)
class Increment:
    """The next documents of a chain, about to be labelled.

    Attributes
    ----------
    truth : ndarray of uint8, shape (k,)
        Human labels of all documents of the increment.
    selected : ndarray of bool, shape (k,)
        The documents that the rule labels.
    scores : Scores
        The current model's view of all k documents.
    first_scores : callable
        Returns generation 0's view of them.
    human_positive_rate : float
        Share of positives among the human labels in the current training set.
    stream : callable
        Returns the random stream of a purpose for this seed and generation.
    """

    truth: npt.NDArray[np.uint8]
    selected: npt.NDArray[np.bool_]
    scores: Scores
    first_scores: Callable[[], Scores]
    human_positive_rate: float
    stream: Callable[[Purpose], np.random.Generator]

    @property
    def probability(self) -> npt.NDArray[np.float64]:
        """P(class 1) of all k documents; learners without it are refused before a rule asks."""
        if self.scores.probability is None:
            raise TypeError("this label rule needs probabilities")
        return self.scores.probability


Rule: TypeAlias = Callable[[Increment], Labels]


@dataclass(frozen=True)
class LabelRule:
    """A rule and its demands on the learner."""

    label: Rule
    needs_probabilities: bool = False


def argmax(increment: Increment) -> Labels:
    """Take the model's own hard labels: the loop of the original study."""
    return SYNTHETIC + increment.scores.labels[increment.selected]


def frozen(increment: Increment) -> Labels:
    """Let generation 0's model label everything: errors do not feed on themselves."""
    return SYNTHETIC + increment.first_scores().labels[increment.selected]


def human_only(increment: Increment) -> Labels:
    """Leave the selected documents out: the loss by missing human labels alone."""
    return np.full(int(increment.selected.sum()), LEFT_OUT, dtype=np.uint8)


def random_noise(increment: Increment) -> Labels:
    """Flip as many true labels, at random, as the model gets wrong: error of the same size without structure."""
    truth = increment.truth[increment.selected]
    wrong = increment.scores.labels[increment.selected] != truth
    flipped = increment.stream("noise").permutation(len(truth))[: int(wrong.sum())]
    return SYNTHETIC + _flip(truth, flipped)


def confusion_noise(increment: Increment) -> Labels:
    """Flip as many true labels of each class, at random, as the model gets wrong there: the same confusion matrix."""
    truth = increment.truth[increment.selected]
    wrong = increment.scores.labels[increment.selected] != truth
    shuffled = increment.stream("noise").permutation(len(truth))
    flipped = [shuffled[truth[shuffled] == c][: int(wrong[truth == c].sum())] for c in (0, 1)]
    return SYNTHETIC + _flip(truth, np.concatenate(flipped))


def prior_matched(increment: Increment) -> Labels:
    """Label so that the increment's positive rate is that of the human labels: no drift of the label prior.

    The threshold is a quantile over all documents of the increment; over the selected alone it would be biased by half
    a document.
    """
    threshold = np.quantile(increment.probability, 1 - increment.human_positive_rate)
    return SYNTHETIC + (increment.probability > threshold)[increment.selected].astype(np.uint8)


def sampled(increment: Increment) -> Labels:
    """Draw labels from the model's probabilities; one uniform for every document of the increment, at any rate."""
    uniform = increment.stream("sampled").random(len(increment.truth))
    return SYNTHETIC + (uniform < increment.probability)[increment.selected].astype(np.uint8)


def confident(threshold: float, otherwise: str) -> Rule:
    """Self-label where max(p, 1 − p) ≥ `threshold`; the rest is labelled by people ("human") or left out ("drop")."""

    def label(increment: Increment) -> Labels:
        probability = increment.probability[increment.selected]
        sure = np.maximum(probability, 1 - probability) >= threshold
        unsure = increment.truth[increment.selected] if otherwise == "human" else np.uint8(LEFT_OUT)
        return np.where(sure, SYNTHETIC + increment.scores.labels[increment.selected], unsure).astype(np.uint8)

    return label


RULES: Mapping[str, LabelRule] = {
    "argmax": LabelRule(argmax),
    "frozen": LabelRule(frozen),
    "human-only": LabelRule(human_only),
    "random-noise": LabelRule(random_noise),
    "confusion-noise": LabelRule(confusion_noise),
    "prior-matched": LabelRule(prior_matched, needs_probabilities=True),
    "sampled": LabelRule(sampled, needs_probabilities=True),
}


def find_rule(name: str) -> LabelRule:
    """Return the label rule of a name such as ``argmax`` or ``confident:0.9:human``.

    Raises
    ------
    SpecError
        If there is none.
    """
    if name in RULES:
        return RULES[name]
    kind, _, rest = name.partition(":")
    threshold, _, otherwise = rest.partition(":")
    if kind == "confident" and otherwise in ("human", "drop"):
        try:
            value = float(threshold)
        except ValueError:
            value = -1.0
        if 0.5 <= value <= 1:
            return LabelRule(confident(value, otherwise), needs_probabilities=True)
    raise SpecError(
        f"Found no label rule '{name}'. Expected one of {', '.join(RULES)}, or confident:T:human or confident:T:drop "
        "with a threshold T in [0.5, 1]."
    )


def _flip(labels: npt.NDArray[np.uint8], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    flipped = labels.copy()
    flipped[positions] ^= 1
    return flipped
