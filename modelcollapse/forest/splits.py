"""What a split is worth, and which thresholds exist: shared by both ways of growing trees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Bool, Float, Int, inlined_kernel, lean_kernel
from modelcollapse.forest.training_index import SAME_VALUE, TrainingIndex


class GrowthRules(NamedTuple):
    """When a node is split, with scikit-learn's meanings."""

    max_depth: int  # depth at which nodes are leaves; the root's depth is 0
    max_features: int  # terms drawn per split, in [1, n_terms]
    min_samples_split: int  # distinct documents that a node must have to be split
    min_samples_leaf: int  # distinct documents that each child must have


class Split(NamedTuple):
    """A split found in a node: the best so far.

    `group` is the first group of the term whose documents go to the right; a score below 0 means that there is none.
    """

    score: Float
    term: Int
    group: Int
    threshold: Float
    right_0: Int
    right_1: Int


NO_SPLIT = Split(-1.0, -1, -1, 0.0, 0, 0)


def room_for_counts(index: TrainingIndex) -> npt.NDArray[np.int64]:
    """Make room for what :func:`best_threshold` asks of a term's groups, whichever term it is."""
    return np.empty((int(np.diff(index.term_groups).max(initial=1)), 3), np.int64)


@inlined_kernel
def split_score(right_0: Int, right_1: Int, class_0: Int, class_1: Int) -> float:
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


@inlined_kernel
def are_same(low: Float, high: Float) -> Bool:
    """Tell whether two neighbouring values of a term are too close to be told apart, in float32 as in scikit-learn."""
    return high <= np.float32(low + SAME_VALUE)


@inlined_kernel
def midpoint(low: Float, high: Float) -> float:
    """Place the threshold between two neighbouring float32 values: documents with values ≤ threshold go to the left."""
    threshold = np.float64(low) / 2.0 + np.float64(high) / 2.0
    return np.float64(low) if threshold == np.float64(high) else threshold


@lean_kernel
def best_threshold(
    group_values: Array,
    term: Int,
    first: Int,
    last: Int,
    min_samples_leaf: int,
    counts: Array,
    class_0: int,
    class_1: int,
    n_documents: int,
) -> tuple[Bool, Split]:
    """Find a node's best split by one term: (whether the term varies in the node, split).

    `counts` has, for each of the term's groups `first` … `last` − 1, the weight of each class and the number of
    documents in the node; `class_0`, `class_1` and `n_documents` are the same of the whole node, documents without the
    term included. Candidates are visited from the lowest threshold to the highest; the first of equals wins.
    """
    left_0, left_1, n_left = class_0, class_1, n_documents
    for k in range(last - first):
        left_0 -= counts[k, 0]
        left_1 -= counts[k, 1]
        n_left -= counts[k, 2]
    # Now the left side is the documents without the term; groups join it one by one. Below, `lowest` is the node's
    # smallest value and `value` the largest one on the left.
    best = NO_SPLIT
    lowest: Float = np.float32(0.0)
    value: Float = np.float32(0.0)
    varies: Bool = np.bool_(False)
    for k in range(last - first):
        if counts[k, 2] == 0:
            continue
        following = group_values[first + k]
        if n_left == 0:
            lowest = following
        else:
            varies = np.bool_(not are_same(lowest, following))
            if (
                not are_same(value, following)
                and n_left >= min_samples_leaf
                and n_documents - n_left >= min_samples_leaf
            ):
                right_0, right_1 = class_0 - left_0, class_1 - left_1
                score = split_score(right_0, right_1, class_0, class_1)
                if score > best.score:
                    best = Split(score, term, first + k, midpoint(value, following), right_0, right_1)
        value = following
        left_0 += counts[k, 0]
        left_1 += counts[k, 1]
        n_left += counts[k, 2]
    return varies, best


@inlined_kernel
def may_be_split(rules: GrowthRules, depth: int, n_documents: int, class_0: int, class_1: int) -> bool:
    """Tell whether a node is looked at for a split at all: not deep, not small, not pure."""
    return (
        depth < rules.max_depth
        and n_documents >= max(rules.min_samples_split, 2 * rules.min_samples_leaf)
        and class_0 > 0
        and class_1 > 0
    )
