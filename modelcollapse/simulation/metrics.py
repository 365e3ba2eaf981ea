"""What is measured of a generation: the quality of its predictions and of its self-labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation.label_bytes import Labels, is_synthetic, value
from modelcollapse.simulation.learning.predictors import Scores

CALIBRATION_BINS = 10


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What any threshold on a ranking calls positive: one sort, for every metric of the order of documents.

    Attributes
    ----------
    true_positives, false_positives : ndarray of int64, shape (n_thresholds + 1,)
        Positive and negative documents at or above each threshold that parts the documents in another way, from none to
        all; thresholds cannot part documents of equal rank.
    """

    true_positives: npt.NDArray[np.int64]
    false_positives: npt.NDArray[np.int64]

    @classmethod
    def of(cls, truth: npt.NDArray[np.uint8], ranking: npt.NDArray[np.float64]) -> Thresholds:
        """Sort documents by a ranking; larger means more positive."""
        order = np.argsort(ranking)[::-1]
        ranked = ranking[order]
        above = np.concatenate(([0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, [len(ranked)]))
        positives_above = np.concatenate(([0], np.cumsum(truth[order], dtype=np.int64)))
        return cls(positives_above[above], above - positives_above[above])

    def best_accuracy(self) -> float:
        """Return the largest accuracy of any threshold."""
        n_positives, n_negatives = self.true_positives[-1], self.false_positives[-1]
        correct = self.true_positives + (n_negatives - self.false_positives)
        return float(correct.max() / (n_positives + n_negatives))

    def roc_auc(self) -> float:
        """Return the area under the ROC curve, summed up as scikit-learn does, to the last bit; both classes occur."""
        tps, fps = self.true_positives[1:].astype(np.float64), self.false_positives[1:].astype(np.float64)
        if len(tps) > 2:  # points between two others on a straight line add nothing to the area
            is_corner = (np.diff(fps, 2) != 0) | (np.diff(tps, 2) != 0)
            kept = np.concatenate(([True], is_corner, [True]))
            tps, fps = tps[kept], fps[kept]
        tps, fps = np.concatenate(([0.0], tps)), np.concatenate(([0.0], fps))
        heights, steps = tps / tps[-1], np.diff(fps / fps[-1])
        return float((steps * (heights[1:] + heights[:-1]) / 2.0).sum())


def prediction_metrics(truth: npt.NDArray[np.uint8], scores: Scores) -> dict[str, float | None]:
    """Measure predictions on the test set; keys and meanings are those of `simulation.rows.Row`."""
    correct = scores.labels == truth
    recalls = [_mean(correct[truth == label]) for label in (0, 1)]
    both_classes = None not in recalls
    p = scores.probability
    thresholds = Thresholds.of(truth, scores.ranking)
    return {
        "accuracy": float(correct.mean()),
        "balanced_accuracy": float(np.mean([recall for recall in recalls if recall is not None])),
        "recall_negative": recalls[0],
        "recall_positive": recalls[1],
        "roc_auc": thresholds.roc_auc() if both_classes else None,
        "best_threshold_accuracy": thresholds.best_accuracy(),
        "log_loss": None if p is None else log_loss(truth, p),
        "brier": None if p is None else float(np.mean((p - truth) ** 2)),
        "calibration_error": None if p is None else calibration_error(truth, p),
        "predicted_positive_rate": float(scores.labels.mean()),
    }


def training_metrics(labels: Labels, truth: npt.NDArray[np.uint8]) -> dict[str, float | None]:
    """Measure a training set: labels as the model is trained on them, with origins, beside those of people."""
    synthetic = is_synthetic(labels)
    wrong = (value(labels) != truth)[synthetic]
    true_class = truth[synthetic]
    return {
        "train_positive_rate": _mean(value(labels)),
        "synthetic_label_error": _mean(wrong),
        "synthetic_error_negative": _mean(wrong[true_class == 0]),
        "synthetic_error_positive": _mean(wrong[true_class == 1]),
    }


def log_loss(truth: npt.NDArray[np.uint8], probability: npt.NDArray[np.float64]) -> float:
    """Return scikit-learn's log-loss of P(class 1), to the last bit: clipped by the smallest step from 1."""
    if probability.min() < 0 or probability.max() > 1:
        found = f"{probability.min():g} to {probability.max():g}"
        raise ValueError(f"the learner gave probabilities from {found}, expected [0, 1]")
    smallest = np.finfo(np.float64).eps
    of_truth = np.where(truth == 1, probability, 1 - probability).clip(smallest, 1 - smallest)
    return float(-np.log(of_truth).mean())


def calibration_error(truth: npt.NDArray[np.uint8 | np.bool_], probability: npt.NDArray[np.float64]) -> float:
    """Return the expected calibration error of P(class 1), or of being right, over ten bins of equal width.

    Naeini, Cooper & Hauskrecht (2015): the mean over documents of |share of positives − mean probability| in their bin.
    """
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=truth - probability, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(truth))


def _mean(values: npt.NDArray[np.generic]) -> float | None:
    return float(values.mean()) if len(values) else None
