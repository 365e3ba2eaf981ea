"""What is measured of a generation where there are more than two classes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation import metrics
from modelcollapse.simulation.label_bytes import Labels, is_synthetic, value
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.metrics import Thresholds


def by_class(names: Sequence[str], values: Iterable[float | None]) -> str:
    """Return one number for each class as a JSON object; null where there is none."""
    return json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)


def prediction_measures(truth: Labels, scores: Scores, names: Sequence[str]) -> dict[str, Any]:
    """Measure predictions on the test set, of all classes by their names: see `MulticlassRow`."""
    n_classes, correct = len(names), scores.labels == truth
    actual, called = (np.bincount(labels, minlength=n_classes) for labels in (truth, scores.labels))
    hits = np.bincount(truth[correct], minlength=n_classes)
    recalls = _shares(hits, actual)
    known = [recall for recall in recalls if recall is not None]
    true_shares, shares = actual / len(truth), called / len(truth)
    p = scores.probability
    return {
        "n_classes": n_classes,
        "accuracy": float(correct.mean()),
        "balanced_accuracy": float(np.mean(known)),
        "least_recall": min(known),
        "roc_auc": macro_roc_auc(truth, scores.ranking),
        "log_loss": None if p is None else log_loss(truth, p),
        "brier": None if p is None else brier(truth, p),
        "calibration_error": None if p is None else calibration_error(truth, p),
        "largest_share": float(shares.max()),
        "classes_predicted": int((called > 0).sum()),
        "share_distance": float(np.abs(shares - true_shares).sum() / 2),
        "recalls": by_class(names, recalls),
        "predicted_shares": by_class(names, shares.tolist()),
        "true_shares": by_class(names, true_shares.tolist()),
    }


def training_measures(labels: Labels, truth: Labels, names: Sequence[str]) -> dict[str, Any]:
    """Measure a training set: labels as the model is trained on them, with origins, beside those of people."""
    n_classes, synthetic = len(names), is_synthetic(labels)
    wrong, true_class = (value(labels) != truth)[synthetic], truth[synthetic]
    n = np.bincount(true_class, minlength=n_classes)
    n_wrong = np.bincount(true_class[wrong], minlength=n_classes)
    trained = np.bincount(value(labels), minlength=n_classes) / max(1, len(labels))
    return {
        "synthetic_label_error": float(wrong.mean()) if len(wrong) else None,
        "trained_shares": by_class(names, trained.tolist()),
        "synthetic_errors": by_class(names, _shares(n_wrong, n)),
    }


def _shares(parts: npt.NDArray[np.int64], wholes: npt.NDArray[np.int64]) -> list[float | None]:
    """Return each part as a share of its whole; None of nothing."""
    return [float(part / whole) if whole else None for part, whole in zip(parts, wholes, strict=True)]


def macro_roc_auc(truth: Labels, ranking: npt.NDArray[np.float64]) -> float | None:
    """Return the mean area under the ROC curves of every class against all others (Provost & Domingos 2000).

    Each class that occurs among the documents counts alike; None if that is only one.
    """
    classes = np.unique(truth)
    if len(classes) < 2:
        return None
    areas = [Thresholds.of((truth == c).astype(np.uint8), ranking[:, c]).roc_auc() for c in classes]
    return float(np.mean(areas))


def log_loss(truth: Labels, probability: npt.NDArray[np.float64]) -> float:
    """Return scikit-learn's log-loss, in nats: clipped by the smallest step from 1."""
    smallest = np.finfo(np.float64).eps
    of_truth = probability[np.arange(len(truth)), truth].clip(smallest, 1 - smallest)
    return float(-np.log(of_truth).mean())


def brier(truth: Labels, probability: npt.NDArray[np.float64]) -> float:
    """Return half the mean squared distance to the true classes, in [0, 1]: Brier (1950), of two classes the usual."""
    of_truth = probability[np.arange(len(truth)), truth]
    return float(((probability**2).sum(axis=1) - 2 * of_truth + 1).mean() / 2)


def calibration_error(truth: Labels, probability: npt.NDArray[np.float64]) -> float:
    """Return the expected calibration error of the likeliest class over ten bins of equal width.

    Guo, Pleiss, Sun & Weinberger (2017): the mean over documents of |accuracy − mean confidence| in their bin.
    """
    return metrics.calibration_error(probability.argmax(axis=1) == truth, probability.max(axis=1))
