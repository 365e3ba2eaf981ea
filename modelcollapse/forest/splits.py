"""What a split is worth, and which thresholds exist: shared by both ways of growing trees."""

from __future__ import annotations

import numpy as np

from modelcollapse.forest.compilation import kernel
from modelcollapse.forest.training_index import SAME_VALUE


@kernel
def split_score(right_0: int, right_1: int, class_0: int, class_1: int) -> float:
    """Say how good a split is: larger is better, 0 separates nothing.

    Of a node with `class_0` and `class_1` documents, `right_0` and `right_1` go to the right; neither side is empty.
    With d = right_0 · class_1 − right_1 · class_0, the decrease of the Gini impurity of two classes is
    2 d² / (n² · n_right · n_left); the score leaves out what is the same for all splits of the node. For |d| < 2**26
    splits of equal worth have equal scores: numerator and denominator are exact, and division rounds correctly.
    """
    n_right = right_0 + right_1
    n_left = class_0 + class_1 - n_right
    difference = np.float64(right_0 * class_1 - right_1 * class_0)
    return difference * difference / (np.float64(n_right) * np.float64(n_left))


@kernel
def are_same(low: np.float32, high: np.float32) -> np.bool_:
    """Tell whether two neighbouring values of a term are too close to be told apart, in float32 as in scikit-learn."""
    return high <= np.float32(low + SAME_VALUE)


@kernel
def midpoint(low: np.float32, high: np.float32) -> float:
    """Place the threshold between two neighbouring float32 values: documents with values ≤ threshold go to the left."""
    threshold = np.float64(low) / 2.0 + np.float64(high) / 2.0
    return np.float64(low) if threshold == np.float64(high) else threshold
