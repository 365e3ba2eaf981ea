"""What a trained model says of documents, checked: whatever the learner, one kind of scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.errors import FaultyLearnerError, describe

#: Documents as learners see them: counts of terms (int32), or rows of numbers (float32).
Features: TypeAlias = sparse.csr_matrix | npt.NDArray[np.float32]

#: By so much probabilities may miss [0, 1], and their logarithms exceed 0: they were computed in single precision.
ROUNDING = 1e-6
#: And sums of many of them 1.
_SUM_ROUNDING = 1e-3

#: Kinds of dtypes that labels may have: numbers, and objects that may be numbers. Nothing else is a number of a class.
_LABELS = "fiubO"


@dataclass(frozen=True)
class Scores:
    """What a model says of some documents.

    Attributes
    ----------
    labels : ndarray of uint8 or uint16, shape (n,)
        Hard labels: the classifier's own `predict`. Of more than two classes they are uint16.
    probability : ndarray of float64, or None
        For learners that have it: P(class 1), shape (n,); of more than two classes all of them, shape (n, n_classes).
    ranking : ndarray of float64, shape (n,) or (n, n_classes)
        Larger means more positive, or more of a class: the probability, or the decision function.
    """

    labels: npt.NDArray[Any]
    probability: npt.NDArray[np.float64] | None
    ranking: npt.NDArray[np.float64]

    def __getitem__(self, part: slice) -> Scores:
        probability = None if self.probability is None else self.probability[part]
        return Scores(self.labels[part], probability, self.ranking[part])


class Guarded:
    """A trained classifier that may write to the documents it is asked about: it gets a copy for every question."""

    def __init__(self, classifier: Any) -> None:
        self._guarded = classifier

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._guarded, name)
        if name not in ("predict", "predict_proba", "decision_function"):
            return found
        return lambda documents: found(documents.copy())


class Predictor:
    """A trained model behind one interface, whatever the learner.

    Parameters
    ----------
    classifier : object
        Trained on classes 0 and 1, both of them. Its `classes_` says in which order it names them.
    predicts_by_probability : bool
        See `Learner`.
    """

    def __init__(self, classifier: Any, predicts_by_probability: bool) -> None:
        self._classifier = classifier
        self._predicts_by_probability = predicts_by_probability

    def score(self, counts: Features) -> Scores:
        """Score documents, given by the columns the model was trained on.

        Raises
        ------
        FaultyLearnerError
            If the classifier answers with a label that it was not taught, with numbers that are no probabilities or not
            finite, or in other shapes than scikit-learn's classifiers.
        """
        classifier, n = self._classifier, counts.shape[0]
        if hasattr(classifier, "predict_proba"):
            probability, labels = self._probabilities(classifier.predict_proba(counts), n)
            if not self._predicts_by_probability:
                labels = self._labels(classifier.predict(counts), n, "predict")
            return Scores(labels, probability, probability)
        labels = self._labels(classifier.predict(counts), n, "predict")
        if hasattr(classifier, "decision_function"):
            return Scores(labels, None, self._decision(classifier.decision_function(counts), n))
        return Scores(labels, None, self._as_ranking(labels))

    def _labels(self, found: object, n: int, what: str) -> npt.NDArray[Any]:
        """Return labels that the classifier gave."""
        return taught_labels(found, n, (0, 1), what, "the classes taught, 0 and 1").astype(np.uint8)

    def _probabilities(self, found: object, n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
        """Return the probabilities of `Scores`, and the likeliest classes."""
        both = _as_probabilities(found, (n, 2))
        positive = self._positive_class()
        of_class_0, of_class_1 = both[:, 1 - positive], np.ascontiguousarray(both[:, positive])
        return of_class_1, (of_class_1 > of_class_0).astype(np.uint8)

    def _decision(self, found: object, n: int) -> npt.NDArray[np.float64]:
        """Return a decision function that grows towards class 1: its own grows towards the second of its classes."""
        decision = finite_numbers(found, (n,), "decision_function")
        return decision if self._positive_class() == 1 else -decision

    def _as_ranking(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the ranking that labels alone give."""
        return labels.astype(np.float64)

    def _positive_class(self) -> int:
        """Return the place of class 1 among the classifier's classes."""
        if not hasattr(self._classifier, "classes_"):
            raise FaultyLearnerError("it has no classes_, which says whose its scores are")
        classes = self._labels(self._classifier.classes_, 2, "classes_")
        if classes.sum() != 1:
            raise FaultyLearnerError(f"its classes_ are {classes.tolist()}, expected 0 and 1")
        return int(classes[1])


class ConstantPredictor(Predictor):
    """What can be learnt from one class, or from documents without terms: the share of positive labels."""

    def __init__(self, positive_rate: float) -> None:
        self._positive_rate = positive_rate

    def score(self, counts: Features) -> Scores:
        """Give every document the same probability."""
        probability = np.full(counts.shape[0], self._positive_rate)
        return Scores((probability > 0.5).astype(np.uint8), probability, probability)


class ClassPredictor(Predictor):
    """A model trained on more than two classes, or on some of them: what it was not taught has probability 0.

    Parameters
    ----------
    classifier : object
        If it gives scores, its `classes_` says in which order it names classes.
    predicts_by_probability : bool
        See `Learner`.
    n_classes : int
        Of the corpus.
    taught : ndarray of uint16
        Those of them that it was trained on, as their places; two of them or more.
    """

    def __init__(
        self, classifier: Any, predicts_by_probability: bool, n_classes: int, taught: npt.NDArray[np.uint16]
    ) -> None:
        super().__init__(classifier, predicts_by_probability)
        self._n_classes, self._taught = n_classes, taught
        if hasattr(classifier, "predict_proba") or hasattr(classifier, "decision_function"):
            classes = _as_array(getattr(classifier, "classes_", ()), "classes_")
            self._taught = self._labels(classes, classes.size, "classes_")
            if sorted(self._taught) != sorted(taught):
                found = [*map(int, self._taught)]
                raise FaultyLearnerError(f"its classes_ are {found}, expected each of the {len(taught)} taught once")

    def _labels(self, found: object, n: int, what: str) -> npt.NDArray[Any]:
        return taught_labels(found, n, self._taught.tolist(), what, "classes that it was taught").astype(np.uint16)

    def _probabilities(self, found: object, n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
        known = _summing_to_1(_as_probabilities(found, (n, len(self._taught))))
        return self._of_all_classes(known, 0.0), self._taught[known.argmax(axis=1)]

    def _decision(self, found: object, n: int) -> npt.NDArray[np.float64]:
        if len(self._taught) == 2:
            towards_the_second = finite_numbers(found, (n,), "decision_function")
            known = np.column_stack((-towards_the_second, towards_the_second))
        else:
            known = finite_numbers(found, (n, len(self._taught)), "decision_function")
        return self._of_all_classes(known, known.min(initial=0.0))

    def _as_ranking(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return (labels[:, np.newaxis] == np.arange(self._n_classes)).astype(np.float64)

    def _of_all_classes(self, known: npt.NDArray[np.float64], otherwise: float) -> npt.NDArray[np.float64]:
        """Return columns for all classes of those that the model was taught."""
        every = np.full((len(known), self._n_classes), otherwise)
        every[:, self._taught] = known
        return every


class ConstantClassPredictor(Predictor):
    """What can be learnt from one class, or from documents without terms: the share of every class."""

    def __init__(self, shares: npt.NDArray[np.float64]) -> None:
        self._shares = shares

    def score(self, counts: Features) -> Scores:
        """Give every document the same probabilities."""
        probability = np.tile(self._shares, (counts.shape[0], 1))
        return Scores(np.full(counts.shape[0], self._shares.argmax(), np.uint16), probability, probability)


def taught_labels(found: object, n: int, taught: Iterable[int], what: str, expected: str) -> npt.NDArray[Any]:
    """Return n labels, each equal to a class taught; a column is taken for the vector that it holds.

    Raise FaultyLearnerError for anything else: nothing is rounded, cut or counted from another number.
    """
    labels = _as_array(found, what)
    labels = labels.ravel() if labels.shape == (n, 1) else labels
    if labels.shape != (n,):
        raise FaultyLearnerError(f"its {what} has the shape {labels.shape}, expected ({n},)")
    known = np.zeros(n, bool)
    if labels.dtype.kind in _LABELS:
        for label in taught:
            known |= labels == label
    if not known.all():
        others = dict.fromkeys(f"{label!r:.30}" for label in labels[~known][:1000].tolist())
        raise FaultyLearnerError(f"its {what} gave {', '.join([*others][:3])}, expected {expected}")
    return labels


def as_array(found: object, shape: tuple[int, ...], what: str, kinds: str, expected: str) -> npt.NDArray[Any]:
    """Return a model's answer as an array of a shape and of kinds of dtypes, or raise FaultyLearnerError."""
    array = _as_array(found, what)
    if array.shape != shape:
        raise FaultyLearnerError(f"its {what} has the shape {array.shape}, expected {shape}")
    if array.dtype.kind not in kinds:
        raise FaultyLearnerError(f"its {what} gave values of type {array.dtype}, expected {expected}")
    return array


def finite_numbers(found: object, shape: tuple[int, ...], what: str, kinds: str = "fiub") -> npt.NDArray[np.float64]:
    """Return a model's answer as finite numbers of a shape, or raise FaultyLearnerError."""
    numbers = as_array(found, shape, what, kinds, "numbers").astype(np.float64, copy=False)
    if not np.isfinite(numbers).all():
        raise FaultyLearnerError(f"its {what} gave numbers that are not finite")
    return numbers


def _as_probabilities(found: object, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return probabilities in [0, 1], or raise FaultyLearnerError; what misses that by rounding is cut."""
    scores = finite_numbers(found, shape, "predict_proba")
    low, high = scores.min(initial=0.0), scores.max(initial=1.0)
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise FaultyLearnerError(
            f"its predict_proba gave {scores.min():g} to {scores.max():g}, expected probabilities in [0, 1]"
        )
    return scores.clip(0.0, 1.0) if low < 0 or high > 1 else scores


def _summing_to_1(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return probabilities of classes divided by their sum where that is not 1, or raise FaultyLearnerError.

    Some documents' sums are up to 2 where logarithms of likelihoods are large for single precision, as scikit-learn's
    GaussianNB has them; a classifier that misses 1 for most documents gives something else.
    """
    sums = scores.sum(axis=1, keepdims=True)
    is_off = np.abs(sums - 1) > _SUM_ROUNDING
    if 2 * is_off.sum() > len(scores) or (sums <= _SUM_ROUNDING).any():
        raise FaultyLearnerError("its predict_proba gave probabilities that do not sum up to 1")
    return np.where(is_off, scores / sums, scores) if is_off.any() else scores


def _as_array(found: object, what: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(found)
    except (TypeError, ValueError, RuntimeError) as error:
        raise FaultyLearnerError(f"its {what} gave no array: {describe(error)}") from error
