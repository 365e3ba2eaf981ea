"""What is measured of a generation: the quality of its predictions and of its self-labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from modelcollapse.simulation.labels import Labels, is_synthetic, value
from modelcollapse.simulation.learners import Scores

CALIBRATION_BINS = 10


def prediction_metrics(truth: npt.NDArray[np.uint8], scores: Scores) -> dict[str, float | None]:
    """Measure predictions on the test set; keys and meanings are those of `simulation.rows.Row`.

    Parameters
    ----------
    truth : ndarray of uint8, shape (n_test,)
        Human labels.
    scores : Scores
        The model's view of the same documents.
    """
    correct = scores.labels == truth
    recalls = [_mean(correct[truth == label]) for label in (0, 1)]
    both_classes = None not in recalls
    p = scores.probability
    return {
        "accuracy": float(correct.mean()),
        "balanced_accuracy": float(np.mean([recall for recall in recalls if recall is not None])),
        "recall_negative": recalls[0],
        "recall_positive": recalls[1],
        "roc_auc": float(metrics.roc_auc_score(truth, scores.ranking)) if both_classes else None,
        "best_threshold_accuracy": best_threshold_accuracy(truth, scores.ranking),
        "log_loss": None if p is None else float(metrics.log_loss(truth, p, labels=[0, 1])),
        "brier": None if p is None else float(np.mean((p - truth) ** 2)),
        "calibration_error": None if p is None else calibration_error(truth, p),
        "predicted_positive_rate": float(scores.labels.mean()),
    }


def training_metrics(labels: Labels, truth: npt.NDArray[np.uint8]) -> dict[str, float | int | None]:
    """Measure the labels of a training set.

    Parameters
    ----------
    labels : ndarray of uint8, shape (n_train,)
        What the model is trained on, with origins.
    truth : ndarray of uint8, shape (n_train,)
        Human labels of the same documents.
    """
    synthetic = is_synthetic(labels)
    wrong = (value(labels) != truth)[synthetic]
    true_class = truth[synthetic]
    return {
        "n_train": len(labels),
        "n_synthetic": int(synthetic.sum()),
        "train_positive_rate": _mean(value(labels)),
        "synthetic_label_error": _mean(wrong),
        "synthetic_error_negative": _mean(wrong[true_class == 0]),
        "synthetic_error_positive": _mean(wrong[true_class == 1]),
    }


def best_threshold_accuracy(truth: npt.NDArray[np.uint8], ranking: npt.NDArray[np.float64]) -> float:
    """Return the largest accuracy that any threshold on the ranking reaches on these documents."""
    order = np.argsort(-ranking, kind="stable")
    positives_above = np.concatenate(([0], np.cumsum(truth[order], dtype=np.int64)))
    above = np.arange(len(truth) + 1)
    negatives_below = (len(truth) - positives_above[-1]) - (above - positives_above)
    ranked = ranking[order]
    possible = np.concatenate(([True], ranked[1:] != ranked[:-1], [True]))  # a threshold cannot part equal ranks
    return float((positives_above + negatives_below)[possible].max() / len(truth))


def calibration_error(truth: npt.NDArray[np.uint8], probability: npt.NDArray[np.float64]) -> float:
    """Return the expected calibration error of P(class 1) over ten bins of equal width.

    Naeini, Cooper & Hauskrecht (2015): the mean over documents of |share of positives − mean probability| in their bin.
    """
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=truth - probability, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(truth))


def _mean(values: npt.NDArray[np.generic]) -> float | None:
    return float(values.mean()) if len(values) else None
