"""What a trained model says of documents, checked: whatever the learner, one kind of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.errors import FaultyLearnerError, describe

#: Documents as learners see them: counts of terms (int32), or rows of numbers (float32).
Features: TypeAlias = sparse.csr_matrix | npt.NDArray[np.float32]

#: By so much probabilities may miss [0, 1]: they were computed in single precision.
ROUNDING = 1e-6
#: And sums of many of them 1.
_SUM_ROUNDING = 1e-3


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
            If the classifier answers with other labels than 0 and 1, with numbers that are no probabilities or not
            finite, or in other shapes than scikit-learn's classifiers.
        """
        classifier = self._classifier
        n_documents = counts.shape[0]
        if hasattr(classifier, "predict_proba"):
            of_class_0, of_class_1 = self._probabilities(classifier.predict_proba(counts), n_documents)
            if self._predicts_by_probability:
                labels = (of_class_1 > of_class_0).astype(np.uint8)
            else:
                labels = _hard_labels(classifier.predict(counts), n_documents, "predict")
            return Scores(labels, of_class_1, of_class_1)
        labels = _hard_labels(classifier.predict(counts), n_documents, "predict")
        if hasattr(classifier, "decision_function"):
            return Scores(labels, None, self._decision(classifier.decision_function(counts), n_documents))
        return Scores(labels, None, labels.astype(np.float64))

    def _positive_class(self) -> int:
        """Return the place of class 1 among the classifier's classes."""
        if not hasattr(self._classifier, "classes_"):
            raise FaultyLearnerError("it has no classes_, which says whose its scores are")
        classes = _hard_labels(self._classifier.classes_, 2, "classes_")
        if classes.sum() != 1:
            raise FaultyLearnerError(f"its classes_ are {classes.tolist()}, expected 0 and 1")
        return int(classes[1])

    def _probabilities(
        self, found: object, n_documents: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the probabilities of both classes."""
        both = _as_probabilities(found, (n_documents, 2))
        positive = self._positive_class()
        return both[:, 1 - positive], np.ascontiguousarray(both[:, positive])

    def _decision(self, found: object, n_documents: int) -> npt.NDArray[np.float64]:
        """Return a decision function that grows towards class 1: its own grows towards the second of its classes."""
        decision = _finite(found, (n_documents,), "decision_function")
        return decision if self._positive_class() == 1 else -decision


def _hard_labels(found: object, n: int, what: str) -> npt.NDArray[np.uint8]:
    """Return labels that are 0 or 1 as such; a column is taken for the vector that it holds.

    Raises
    ------
    FaultyLearnerError
        For anything else: nothing is rounded, cut or counted from another number.
    """
    labels = _as_array(found, what)
    if labels.shape == (n, 1):
        labels = labels.ravel()
    if labels.shape != (n,):
        raise FaultyLearnerError(f"its {what} has the shape {labels.shape}, expected ({n},)")
    is_positive = np.asarray(labels == 1, dtype=bool)
    known = is_positive | np.asarray(labels == 0, dtype=bool)
    if not known.all():
        others = dict.fromkeys(f"{label!r:.30}" for label in labels[~known][:1000].tolist())
        raise FaultyLearnerError(f"its {what} gave {', '.join([*others][:3])}, expected the classes taught, 0 and 1")
    return is_positive.astype(np.uint8)


def _finite(found: object, shape: tuple[int, ...], what: str) -> npt.NDArray[np.float64]:
    """Return scores as finite numbers of the expected shape, or raise FaultyLearnerError."""
    scores = _as_array(found, what)
    if scores.shape != shape:
        raise FaultyLearnerError(f"its {what} has the shape {scores.shape}, expected {shape}")
    if scores.dtype.kind not in "fiub":
        raise FaultyLearnerError(f"its {what} gave values of type {scores.dtype}, expected numbers")
    scores = scores.astype(np.float64, copy=False)
    if not np.isfinite(scores).all():
        raise FaultyLearnerError(f"its {what} gave scores that are not finite numbers")
    return scores


def _as_probabilities(found: object, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return probabilities in [0, 1], or raise FaultyLearnerError; what misses that by rounding is cut."""
    scores = _finite(found, shape, "predict_proba")
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
    except (TypeError, ValueError) as error:
        raise FaultyLearnerError(f"its {what} gave no array: {describe(error)}") from error


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
            self._taught = _places(getattr(classifier, "classes_", ()), taught, "classes_")
            if sorted(self._taught) != sorted(taught):
                found = [*map(int, self._taught)]
                raise FaultyLearnerError(f"its classes_ are {found}, expected each of the {len(taught)} taught once")

    def score(self, counts: Features) -> Scores:
        """Score documents, given by the columns the model was trained on.

        Raises
        ------
        FaultyLearnerError
            If the classifier answers with a label that it was not taught, with numbers that are no probabilities or not
            finite, or in other shapes than scikit-learn's classifiers.
        """
        classifier, n_documents = self._classifier, counts.shape[0]
        shape = (n_documents, len(self._taught))
        if hasattr(classifier, "predict_proba"):
            known = _summing_to_1(_as_probabilities(classifier.predict_proba(counts), shape))
            probability = self._of_all_classes(known, 0.0)
            likeliest = self._taught[known.argmax(axis=1)]
            labels = likeliest if self._predicts_by_probability else self._predictions(counts)
            return Scores(labels, probability, probability)
        labels = self._predictions(counts)
        if not hasattr(classifier, "decision_function"):
            return Scores(labels, None, (labels[:, np.newaxis] == np.arange(self._n_classes)).astype(np.float64))
        found = classifier.decision_function(counts)
        if len(self._taught) == 2:
            towards_the_second = _finite(found, (n_documents,), "decision_function")
            known = np.column_stack((-towards_the_second, towards_the_second))
        else:
            known = _finite(found, shape, "decision_function")
        return Scores(labels, None, self._of_all_classes(known, known.min(initial=0.0)))

    def _predictions(self, counts: Features) -> npt.NDArray[np.uint16]:
        labels = _places(self._classifier.predict(counts), self._taught, "predict")
        if len(labels) != counts.shape[0]:
            raise FaultyLearnerError(f"its predict gave {len(labels):,} labels for {counts.shape[0]:,} documents")
        return labels

    def _of_all_classes(self, known: npt.NDArray[np.float64], otherwise: float) -> npt.NDArray[np.float64]:
        """Return columns for all classes of those that the model was taught."""
        every = np.full((len(known), self._n_classes), otherwise)
        every[:, self._taught] = known
        return every


class ConstantClassPredictor(ClassPredictor):
    """What can be learnt from one class, or from documents without terms: the share of every class."""

    def __init__(self, shares: npt.NDArray[np.float64]) -> None:
        self._shares = shares

    def score(self, counts: Features) -> Scores:
        """Give every document the same probabilities."""
        probability = np.tile(self._shares, (counts.shape[0], 1))
        return Scores(np.full(counts.shape[0], self._shares.argmax(), np.uint16), probability, probability)


def _places(found: object, allowed: npt.NDArray[np.integer], what: str) -> npt.NDArray[np.uint16]:
    """Return labels as places of classes, or raise FaultyLearnerError: nothing is rounded, cut or counted."""
    labels = _as_array(found, what)
    labels = labels.ravel() if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1:
        raise FaultyLearnerError(f"its {what} has the shape {labels.shape}, expected one label for each")
    known = np.isin(labels, allowed) if labels.dtype.kind in "fiub" else np.zeros(len(labels), bool)
    if not known.all():
        others = dict.fromkeys(f"{label!r:.30}" for label in labels[~known][:1000].tolist())
        raise FaultyLearnerError(f"its {what} gave {', '.join([*others][:3])}, expected classes that it was taught")
    return labels.astype(np.uint16)
