"""Label rules: how the selected documents of an increment get their labels.

To add one, write its function and name it in `RULES`, or with its parameters in `FAMILIES`. A rule sees one increment
through the eyes of the chain's current model and returns the bytes of `simulation.label_bytes` for the selected
documents. The controls among them separate the causes of a loss, and rules of curation say what people's checking
buys back: see each docstring. All but ``soft`` serve two classes and more; where these differ,
`simulation.probabilities` says how.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.errors import SpecError
from modelcollapse.simulation import probabilities
from modelcollapse.simulation.label_bytes import Labels, coded
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.slots import CHECKED, HUMAN, LEFT_OUT, SYNTHETIC
from modelcollapse.simulation.streams import Purpose


@dataclass(frozen=True)
class Increment:
    """The next documents of a chain, about to be labelled.

    Attributes
    ----------
    truth : ndarray of uint8 or uint16, shape (k,)
        Human labels of all documents of the increment, as the corpus has them.
    selected : ndarray of bool, shape (k,)
        The documents that the rule labels.
    scores : Scores
        The current model's view of all k documents.
    first_scores : callable
        Returns generation 0's view of them.
    human_shares : ndarray of float64, shape (n_classes,)
        Share of every class among the human labels in the current training set.
    stream : callable
        Returns the random stream of a purpose for this seed and generation.
    whole : callable
        Takes a share and a number of documents; returns how many of them that is here, see `streams.whole`.
    """

    truth: Labels
    selected: npt.NDArray[np.bool_]
    scores: Scores
    first_scores: Callable[[], Scores]
    human_shares: npt.NDArray[np.float64]
    stream: Callable[[Purpose], np.random.Generator]
    whole: Callable[[float, int], int]

    @property
    def probability(self) -> npt.NDArray[np.float64]:
        """See `Scores`; learners without it are refused before a rule asks."""
        if self.scores.probability is None:
            raise TypeError("this label rule needs probabilities")
        return self.scores.probability


Rule: TypeAlias = Callable[[Increment], Labels]


@dataclass(frozen=True)
class LabelRule:
    """A rule and its demands on the learner.

    Attributes
    ----------
    label : callable
    needs_probabilities : bool
    mistaken_for_synthetic : float
        Probability with which a label of people is left out, since a detector takes it for a model's.
    weight : float, optional
        Of self-labels in training, where human ones have 1.
    is_soft : bool
        Whether a self-labelled document counts for both classes, weighted by their probabilities.
    """

    label: Rule
    needs_probabilities: bool = False
    mistaken_for_synthetic: float = 0.0
    weight: float | None = None
    is_soft: bool = False

    @property
    def needs_weights(self) -> bool:
        """Whether documents have weights in training."""
        return self.is_soft or self.weight is not None


def argmax(increment: Increment) -> Labels:
    """Take the model's own hard labels: the loop of the original study."""
    return coded(increment.scores.labels[increment.selected], SYNTHETIC)


def frozen(increment: Increment) -> Labels:
    """Let generation 0's model label everything: errors do not feed on themselves."""
    return coded(increment.first_scores().labels[increment.selected], SYNTHETIC)


def human_only(increment: Increment) -> Labels:
    """Leave the selected documents out: the loss by missing human labels alone."""
    return np.full_like(increment.truth[increment.selected], LEFT_OUT)


def random_noise(increment: Increment) -> Labels:
    """Change as many true labels, at random, as the model gets wrong: error of the same size without structure.

    Of two classes to the other one; of more to any other, with equal probabilities.
    """
    truth = increment.truth[increment.selected]
    wrong = increment.scores.labels[increment.selected] != truth
    random = increment.stream("noise")
    changed = random.permutation(len(truth))[: int(wrong.sum())]
    labels = truth.copy()
    if len(increment.human_shares) == 2:
        labels[changed] ^= 1
    else:
        steps = random.integers(1, len(increment.human_shares), len(changed))
        labels[changed] = (truth[changed] + steps) % len(increment.human_shares)
    return coded(labels, SYNTHETIC)


def confusion_noise(increment: Increment) -> Labels:
    """Give the model's labels to other documents of the same true class, at random: the same confusion matrix."""
    truth, answers = increment.truth[increment.selected], increment.scores.labels[increment.selected]
    shuffled = increment.stream("noise").permutation(len(truth))
    labels = truth.copy()
    if len(increment.human_shares) == 2:
        wrong = answers != truth
        for c in (0, 1):
            labels[shuffled[truth[shuffled] == c][: int(wrong[truth == c].sum())]] ^= 1
    else:
        labels[shuffled[np.argsort(truth[shuffled], kind="stable")]] = answers[np.argsort(truth, kind="stable")]
    return coded(labels, SYNTHETIC)


def prior_matched(increment: Increment) -> Labels:
    """Label so that the increment's classes have their shares of the human labels: no drift of the label prior.

    See `probabilities.matched`. It looks at all documents of the increment; over the selected alone a threshold would
    be biased by half a document.
    """
    labels = probabilities.matched(increment.probability, increment.human_shares)
    return coded(labels[increment.selected], SYNTHETIC)


def sampled(increment: Increment) -> Labels:
    """Draw labels from the model's probabilities; one uniform for every document of the increment, at any rate."""
    uniform = increment.stream("sampled").random(len(increment.truth))
    return coded(probabilities.drawn(increment.probability, uniform)[increment.selected], SYNTHETIC)


def confident(increment: Increment, threshold: float, otherwise: str) -> Labels:
    """Self-label where the likeliest class has at least `threshold`.

    The rest is labelled by people ("human") or left out ("drop").
    """
    sure = probabilities.confidence(increment.probability[increment.selected]) >= threshold
    people = coded(increment.truth[increment.selected], HUMAN)
    unsure = people if otherwise == "human" else human_only(increment)
    return np.where(sure, argmax(increment), unsure)


def checked(increment: Increment, share: float) -> Labels:
    """Let people check a random share of the self-labels, and correct what is wrong; nested over shares and rates."""
    rank = increment.stream("checked").permutation(len(increment.truth))
    return _check(increment, np.argsort(rank[increment.selected]), share)


def checked_uncertain(increment: Increment, share: float) -> Labels:
    """Let people check the share of which the model is least sure (uncertainty sampling, Lewis & Gale 1994)."""
    return _check(increment, _least_sure(increment), share)


def checked_disagreed(increment: Increment, share: float) -> Labels:
    """Let people check a share: first where the model and generation 0's disagree, then where it is least sure.

    Two members of a committee (query by committee, Seung et al. 1992), of which one has seen human labels alone.
    """
    agrees = (increment.scores.labels == increment.first_scores().labels)[increment.selected]
    order = _least_sure(increment)
    return _check(increment, order[np.argsort(agrees[order], kind="stable")], share)


def dropped_uncertain(increment: Increment, share: float) -> Labels:
    """Leave out the share of the self-labels of which the model is least sure: nobody checks anything."""
    labels = argmax(increment)
    labels[_first(increment, _least_sure(increment), share)] = LEFT_OUT
    return labels


def verified(increment: Increment, right: float, wrong: float) -> Labels:
    """Keep a right self-label with probability `right`, a wrong one with `wrong`; leave out the others.

    An imperfect verifier (Feng et al. 2406.07515): it keeps a share φ(1 − e) + ψe of labels with error e, of which
    ψe / (φ(1 − e) + ψe) are wrong. One uniform for every document of the increment, at any rate.
    """
    is_right = increment.scores.labels == increment.truth
    uniform = increment.stream("verified").random(len(increment.truth))
    kept = (uniform < np.where(is_right, right, wrong))[increment.selected]
    return np.where(kept, argmax(increment), human_only(increment))


def recognised(increment: Increment, rate: float) -> Labels:
    """Leave out the self-labels that a detector recognises, each with probability `rate`."""
    uniform = increment.stream("provenance").random(len(increment.truth))
    return np.where((uniform < rate)[increment.selected], human_only(increment), argmax(increment))


RULES: Mapping[str, LabelRule] = {
    "argmax": LabelRule(argmax),
    "frozen": LabelRule(frozen),
    "human-only": LabelRule(human_only),
    "random-noise": LabelRule(random_noise),
    "confusion-noise": LabelRule(confusion_noise),
    "prior-matched": LabelRule(prior_matched, needs_probabilities=True),
    "sampled": LabelRule(sampled, needs_probabilities=True),
    "soft": LabelRule(argmax, needs_probabilities=True, is_soft=True),
}


def _confident(threshold: str, otherwise: str) -> LabelRule:
    if otherwise not in ("human", "drop"):
        raise ValueError
    rule = partial(confident, threshold=_number(threshold, 0.5), otherwise=otherwise)
    return LabelRule(rule, needs_probabilities=True)


def _by_sureness(rule: Callable[..., Labels], share: str) -> LabelRule:
    return LabelRule(partial(rule, share=_number(share)), needs_probabilities=True)


def _verified(right: str, wrong: str) -> LabelRule:
    return LabelRule(partial(verified, right=_number(right), wrong=_number(wrong)))


def _provenance(rate: str, mistaken: str) -> LabelRule:
    return LabelRule(partial(recognised, rate=_number(rate)), mistaken_for_synthetic=_number(mistaken))


#: 1 / golden ratio, the best weight of a model's own draws in Garg et al. (2509.22341).
GOLDEN_WEIGHT = (math.sqrt(5) - 1) / 2


def _weighted(weight: str) -> LabelRule:
    """Take the model's labels, which weigh less (or nothing) in training than people's."""
    return LabelRule(argmax, weight=GOLDEN_WEIGHT if weight == "golden" else _number(weight))


#: Rules with parameters by their names: what follows the name, and what makes the rule of it (ValueError: it is none).
FAMILIES: Mapping[str, tuple[str, Callable[..., LabelRule]]] = {
    "confident": ("T:human or T:drop with a threshold T in [0.5, 1]", _confident),
    "checked": ("B with a share B in [0, 1]", lambda b: LabelRule(partial(checked, share=_number(b)))),
    "checked-uncertain": ("B", partial(_by_sureness, checked_uncertain)),
    "checked-disagreed": ("B", partial(_by_sureness, checked_disagreed)),
    "dropped-uncertain": ("B", partial(_by_sureness, dropped_uncertain)),
    "verified": ("P:Q with probabilities P, Q", _verified),
    "provenance": ("P:Q", _provenance),
    "weighted": ("W or weighted:golden with a weight W in [0, 1]", _weighted),
}


def find_rule(name: str) -> LabelRule:
    """Return the label rule of a name such as ``argmax`` or ``checked:0.05``; raise SpecError if there is none."""
    if name in RULES:
        return RULES[name]
    kind, *parameters = name.split(":")
    if kind in FAMILIES:
        try:
            return FAMILIES[kind][1](*parameters)
        except (TypeError, ValueError):  # too few or too many parameters; one that is none
            pass
    families = ", ".join(f"{family}:{words}" for family, (words, _) in FAMILIES.items())
    raise SpecError(f"Found no label rule '{name}'. Expected one of {', '.join(RULES)}, or {families}.")


def _number(text: str, least: float = 0.0) -> float:
    """Read a share or probability; raise ValueError if it is none."""
    value = float(text)
    if not least <= value <= 1:
        raise ValueError(text)
    return value


def _least_sure(increment: Increment) -> npt.NDArray[np.int64]:
    """Order the selected documents by how unsure the model is of them; of equals the first in the increment."""
    return probabilities.least_sure_first(increment.probability[increment.selected])


def _first(increment: Increment, order: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.int64]:
    return order[: increment.whole(share, len(order))]


def _check(increment: Increment, order: npt.NDArray[np.int64], share: float) -> Labels:
    """Take the model's labels, and people's for the first of the selected documents in an order."""
    labels, chosen = argmax(increment), _first(increment, order, share)
    labels[chosen] = coded(increment.truth[increment.selected][chosen], CHECKED)
    return labels
