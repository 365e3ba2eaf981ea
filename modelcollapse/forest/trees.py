"""A forest's trees as a few flat arrays, and how kernels write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Float, Int, inlined_kernel


class Trees(NamedTuple):
    """Grown trees, one after the other.

    The nodes of a tree are in preorder, the right subtree first: the right child of node *i* is *i* + 1, so that a
    chain of "has the word" splits reads as a list of right branches. Numbers of nodes are relative to their tree.

    Attributes
    ----------
    starts : ndarray of int64, shape (n_trees + 1,)
        Where each tree's nodes begin.
    feature : ndarray of int32, shape (n_nodes,)
        Column of the split, −1 in leaves.
    threshold : ndarray of float64, shape (n_nodes,)
        Documents with values ≤ threshold go to the left.
    left : ndarray of int32, shape (n_nodes,)
        Left child; 0 in leaves.
    weights : ndarray of int32, shape (n_nodes, 2)
        Training documents of each class in the node, with their multiplicity in a bootstrap sample.
    """

    starts: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int32]

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    @classmethod
    def of(cls, starts: npt.NDArray[np.int64], buffer: NodeBuffer) -> Trees:
        """Return the trees at the beginning of a buffer, in its memory."""
        nodes: list[Array] = [array[: starts[-1]] for array in buffer]
        return cls(starts, *nodes)

    @classmethod
    def concatenate(cls, parts: list[Trees]) -> Trees:
        """Join the trees of all `parts`, in order."""
        if len(parts) == 1:
            return parts[0]
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        nodes: list[Array] = [np.concatenate(arrays) for arrays in zip(*(part[1:] for part in parts), strict=True)]
        return cls(np.append(0, np.cumsum(sizes)), *nodes)


class NodeBuffer(NamedTuple):
    """Room for nodes that are being written; the fields are those of `Trees`."""

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, capacity: int) -> NodeBuffer:
        """Make room for `capacity` nodes."""
        return cls(
            np.empty(capacity, np.int32),
            np.empty(capacity, np.float64),
            np.empty(capacity, np.int32),
            np.empty((capacity, 2), np.int32),
        )

    def enlarged(self, n_used: int, capacity: int) -> NodeBuffer:
        """Return a buffer of another capacity with the first `n_used` nodes of this one."""
        buffer = NodeBuffer.empty(capacity)
        pairs: Iterable[tuple[Array, Array]] = zip(self, buffer, strict=True)
        for old, new in pairs:
            new[:n_used] = old[:n_used]
        return buffer


@inlined_kernel
def write_leaf(buffer: NodeBuffer, at: int, class_0: int, class_1: int) -> None:
    """Write a leaf as node `at`; :func:`write_split` makes it an internal node."""
    buffer.feature[at] = -1
    buffer.threshold[at] = 0.0
    buffer.left[at] = 0
    buffer.weights[at, 0] = class_0
    buffer.weights[at, 1] = class_1


@inlined_kernel
def write_split(buffer: NodeBuffer, at: int, feature: Int, threshold: Float) -> None:
    """Make node `at` an internal node. Its left child is set when that node is reached."""
    buffer.feature[at] = feature
    buffer.threshold[at] = threshold
