"""Looking into grown trees: the leaves of documents, and what each feature contributes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, lean_kernel
from modelcollapse.forest.trees import Trees


@lean_kernel
def find_leaves(
    data: Array,
    indices: Array,
    indptr: Array,
    starts: Array,
    feature: Array,
    threshold: Array,
    left: Array,
    row: Array,
    leaves: Array,
) -> None:
    """Route each document of a CSR matrix down each tree: ``leaves[document, tree]``; `row` is one dense row of 0."""
    for i in range(len(indptr) - 1):
        for j in range(indptr[i], indptr[i + 1]):
            row[indices[j]] = data[j]
        for tree in range(len(starts) - 1):
            node = np.int64(0)
            at = starts[tree]
            while feature[at] >= 0:
                node = node + 1 if row[feature[at]] > threshold[at] else np.int64(left[at])
                at = starts[tree] + node
            leaves[i, tree] = node
        for j in range(indptr[i], indptr[i + 1]):
            row[indices[j]] = 0


def apply(
    trees: Trees,
    data: npt.NDArray[np.int32] | npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    n_documents: int,
    n_columns: int,
) -> npt.NDArray[np.int32]:
    """Find the leaf of every document in every tree: its number in the tree, shape (n_documents, n_trees)."""
    leaves = np.empty((n_documents, trees.n_trees), np.int32)
    find_leaves(
        data, indices, indptr, trees.starts, trees.feature, trees.threshold, trees.left,
        np.zeros(n_columns, data.dtype), leaves,
    )  # fmt: skip
    return leaves


def feature_importances(trees: Trees, n_columns: int) -> npt.NDArray[np.float64]:
    """Mean over the trees with a split of each column's share in the tree's decrease of Gini impurity.

    The decrease of a split is weighted by the documents that reach it; shape (n_columns,), sum 1, or all 0 if no tree
    has a split (scikit-learn's definition).
    """
    weights = trees.weights.astype(np.float64)
    size = weights.sum(axis=1)
    impurity = size - (weights**2).sum(axis=1) / size  # Gini impurity times size
    internal = np.flatnonzero(trees.feature >= 0)
    tree = np.searchsorted(trees.starts, internal, side="right") - 1
    decrease = impurity[internal] - impurity[internal + 1] - impurity[trees.starts[tree] + trees.left[internal]]
    total = np.bincount(tree, decrease, trees.n_trees)
    useful = total[tree] > 0
    share = decrease[useful] / total[tree[useful]]
    importances = np.bincount(trees.feature[internal][useful], share, n_columns)
    return importances / importances.sum() if importances.sum() > 0 else np.zeros(n_columns)
