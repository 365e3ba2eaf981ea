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


@dataclass(frozen=True)
class Scores:
    """What a model says of some documents.

    Attributes
    ----------
    labels : ndarray of uint8, shape (n,)
        Hard labels: the classifier's own `predict`.
    probability : ndarray of float64, shape (n,), or None
        P(class 1), for learners that have it.
    ranking : ndarray of float64, shape (n,)
        Larger means more positive: the probability, or the decision function.
    """

    labels: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float64] | None
    ranking: npt.NDArray[np.float64]

    def __getitem__(self, part: slice) -> Scores:
        probability = None if self.probability is None else self.probability[part]
        return Scores(self.labels[part], probability, self.ranking[part])


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
        both = _finite(found, (n_documents, 2), "predict_proba")
        if both.min(initial=0.0) < 0 or both.max(initial=1.0) > 1:
            if both.min() < -ROUNDING or both.max() > 1 + ROUNDING:
                raise FaultyLearnerError(
                    f"its predict_proba gave {both.min():g} to {both.max():g}, expected probabilities in [0, 1]"
                )
            both = both.clip(0.0, 1.0)
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
