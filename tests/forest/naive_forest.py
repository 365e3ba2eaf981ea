"""Splits and trees in exact arithmetic, by definition and without haste: what the kernels are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from modelcollapse.forest.trees import Trees
from modelcollapse.forest.voting import ONE_VOTE


@dataclass(frozen=True)
class NaiveSplit:
    """A candidate: documents with values above the threshold go to the right."""

    gain: Fraction
    feature: int
    threshold: float


def gini_gain(weights, labels, goes_right) -> Fraction:
    """Decrease of the Gini impurity times the square of the node's weight."""
    left_0, left_1, right_0, right_1 = map(int, np.bincount(2 * goes_right + labels, weights, minlength=4))
    everything = _pure_pairs(left_0 + right_0, left_1 + right_1)
    return int(weights.sum()) * (everything - _pure_pairs(left_0, left_1) - _pure_pairs(right_0, right_1))


def _pure_pairs(w0, w1) -> Fraction:
    return Fraction(2 * w0 * w1, w0 + w1)


def split_by_feature(values, labels, weights, feature, min_samples_leaf=1) -> tuple[bool, NaiveSplit | None]:
    """Whether the feature varies in the node, and its best split (of equals the one with the lowest threshold)."""
    distinct = sorted({*values.astype(np.float32).tolist()})
    best = None
    for low, high in pairwise(distinct):
        threshold = low / 2 + high / 2
        goes_right = values > threshold
        n_right = np.count_nonzero(goes_right)
        if min(n_right, len(values) - n_right) < min_samples_leaf:
            continue
        gain = gini_gain(weights, labels, goes_right)
        if best is None or gain > best.gain:
            best = NaiveSplit(gain, feature, threshold)
    return len(distinct) > 1, best


def best_splits(X, labels, weights, features, min_samples_leaf=1) -> tuple[bool, list[NaiveSplit]]:
    """Whether any of the features varies in the node, and all best splits, one a feature at most."""
    found = [split_by_feature(X[:, f], labels, weights, f, min_samples_leaf) for f in features]
    splits = [split for _, split in found if split is not None]
    top = max((split.gain for split in splits), default=None)
    return any(varies for varies, _ in found), [split for split in splits if split.gain == top]


def tree_nodes(trees: Trees, tree: int):
    """The arrays of one tree: feature, threshold, left, weights."""
    part = slice(trees.starts[tree], trees.starts[tree + 1])
    return trees.feature[part], trees.threshold[part], trees.left[part], trees.weights[part]


def documents_of_nodes(trees: Trees, tree: int, X, sample) -> list[np.ndarray]:
    """For every node, a mask of the documents of `sample` (a mask) that reach it, by walking down from the root."""
    feature, threshold, left, _ = tree_nodes(trees, tree)
    masks: list = [None] * len(feature)
    masks[0] = sample
    for node in range(len(feature)):
        if feature[node] >= 0:
            goes_right = X[:, feature[node]] > threshold[node]
            masks[node + 1] = masks[node] & goes_right
            masks[left[node]] = masks[node] & ~goes_right
    assert all(mask is not None for mask in masks), "a node that no path leads to"
    return masks


def depths_of_nodes(trees: Trees, tree: int) -> np.ndarray:
    """Depth of every node."""
    feature, _, left, _ = tree_nodes(trees, tree)
    depth = np.zeros(len(feature), int)
    for node in np.flatnonzero(feature >= 0):
        depth[node + 1] = depth[left[node]] = depth[node] + 1
    return depth


def naive_votes(trees, dense):
    """Sum up the votes of all trees, every document being sent down every tree."""
    votes = [0] * len(dense)
    for i, document in enumerate(dense):
        for start in trees.starts[:-1]:
            node = start
            while trees.feature[node] >= 0:
                goes_right = document[trees.feature[node]] > trees.threshold[node]
                node = node + 1 if goes_right else start + trees.left[node]
            class_0, class_1 = trees.weights[node].tolist()
            votes[i] += int(np.floor(class_1 / (class_0 + class_1) * ONE_VOTE + 0.5))
    return votes
