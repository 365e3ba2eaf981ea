"""Scoring: the trees' votes for many documents at once, as sums of integers.

A tree's vote for a document is the share of class 1 in the document's leaf, as a fixed-point number. Sums of integers
do not depend on the order of summation: the votes of a forest's parts, grown anywhere, add up to the same bits.

Documents are routed as sets. For every split in use, the documents that go to the right are a bit set; walking the
nodes in preorder, an internal node's set falls into its right part, which is dealt with at once, and the rest, which
stays where it is and becomes the left child's set. So all that is needed is one set per right branch on the way to a
node. The leaf at the end of the leftmost chain holds most documents: its vote goes to a common base, and documents in
other leaves receive their difference to it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.bitsets import lowest_bit
from modelcollapse.forest.compilation import Array, Int, kernel, lean_kernel
from modelcollapse.forest.trees import Trees

#: The vote of a leaf with class 1 alone. 2**40 leaves room for 2**23 trees in an int64.
ONE_VOTE = 1 << 40

#: Memory for the bit sets of splits, in 64-bit words (32 MB): what a processor's cache may hold.
_SPLIT_WORDS = 1 << 22

#: Documents scored together, at most: 128 words a set.
_MOST_WORDS = 128


@kernel
def leaf_votes(weights: Array) -> Array:
    """Return the share of class 1 of every node as int64, ``ONE_VOTE`` being 1, rounded to the nearest."""
    votes = np.empty(len(weights), np.int64)
    for i in range(len(weights)):
        share = np.float64(weights[i, 1]) / (np.float64(weights[i, 0]) + np.float64(weights[i, 1]))
        votes[i] = np.int64(np.floor(share * ONE_VOTE + 0.5))
    return votes


@kernel
def number_splits(feature: Array, threshold: Array, n_columns: int) -> tuple[Array, Array, Array, Array]:
    """Give every different split a number; −1 is none.

    Returns
    -------
    split_of, first, following, thresholds
        The split of each node, the first split of each column, the next split of the same column, and the threshold
        of each split.
    """
    split_of = np.full(len(feature), -1, np.int32)
    first = np.full(n_columns, -1, np.int32)
    following = np.empty(len(feature), np.int32)
    thresholds = np.empty(len(feature), np.float64)
    n_splits = 0
    for i in range(len(feature)):
        if feature[i] < 0:
            continue
        split = first[feature[i]]
        while split >= 0 and thresholds[split] != threshold[i]:
            split = following[split]
        if split < 0:
            split = n_splits
            thresholds[split] = threshold[i]
            following[split] = first[feature[i]]
            first[feature[i]] = split
            n_splits += 1
        split_of[i] = split
    return split_of, first, following[:n_splits].copy(), thresholds[:n_splits].copy()


@kernel
def count_right_turns(starts: Array, left: Array, feature: Array) -> Array:
    """Count the right branches on the way to each node."""
    turns = np.zeros(len(left), np.int32)
    for tree in range(len(starts) - 1):
        for i in range(starts[tree], starts[tree + 1]):
            if feature[i] >= 0:
                turns[i + 1] = turns[i] + 1
                turns[starts[tree] + left[i]] = turns[i]
    return turns


@lean_kernel
def mark_right_documents(
    data: Array,
    indices: Array,
    indptr: Array,
    rows: Array,
    first: Array,
    following: Array,
    thresholds: Array,
    goes_right: Array,
) -> None:
    """Set the bits of ``goes_right[split]`` of the documents among `rows` that go to the right at that split."""
    goes_right[:] = np.uint64(0)
    for i in range(len(rows)):
        word, bit = i >> 6, np.uint64(1) << np.uint64(i & 63)
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            split = first[indices[j]]
            while split >= 0:
                if data[j] > thresholds[split]:
                    goes_right[split, word] |= bit
                split = following[split]


@lean_kernel
def add_votes(
    starts: Array,
    left: Array,
    split_of: Array,
    turns: Array,
    node_votes: Array,
    goes_right: Array,
    n_documents: int,
    sets: Array,
    filled: Array,
    votes: Array,
) -> None:
    """Add the votes of all trees for the first `n_documents` documents of a block to `votes`.

    `filled` is room for the numbers of a leaf's words that are not empty: found without branches, they leave few
    branches that a processor guesses wrong.
    """
    n_words = goes_right.shape[1]
    base = np.int64(0)
    for tree in range(len(starts) - 1):
        for w in range(n_words):
            sets[0, w] = ~np.uint64(0)
        node, stop = starts[tree], starts[tree + 1]
        main_vote = node_votes[stop - 1]
        base += main_vote
        while node < stop:
            here = sets[turns[node]]
            split = split_of[node]
            if split >= 0:
                right, moves = sets[turns[node] + 1], goes_right[split]
                seen = np.uint64(0)
                for w in range(n_words):
                    moved = here[w] & moves[w]
                    right[w] = moved
                    here[w] ^= moved
                    seen |= moved
                node = node + 1 if seen else starts[tree] + left[node]
                continue
            difference = node_votes[node] - main_vote
            if difference != 0:
                n_filled = 0
                for w in range(n_words):
                    filled[n_filled] = w
                    n_filled += 1 if here[w] != 0 else 0
                for k in range(n_filled):
                    start: Int = np.int64(filled[k]) << 6
                    word = here[filled[k]]
                    while word:
                        votes[start + lowest_bit(word)] += difference
                        word &= word - np.uint64(1)
            node += 1
    for i in range(n_documents):
        votes[i] += base


def sum_votes(
    trees: Trees,
    data: npt.NDArray[np.int32] | npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    n_columns: int,
) -> npt.NDArray[np.int64]:
    """Sum up all trees' votes for class 1 for the documents `rows` of a CSR matrix.

    The sums of a forest's parts add up to the sum of the forest; divided by ``ONE_VOTE`` and the number of trees they
    are P(class 1).

    Returns
    -------
    ndarray of int64, shape (n_rows,)
    """
    split_of, first, following, thresholds = number_splits(trees.feature, trees.threshold, n_columns)
    turns = count_right_turns(trees.starts, trees.left, trees.feature)
    node_votes = leaf_votes(trees.weights)
    n_words = min(_MOST_WORDS, max(1, _SPLIT_WORDS // max(1, len(thresholds))), max(1, -(-len(rows) // 64)))
    goes_right = np.empty((len(thresholds), n_words), np.uint64)
    sets = np.empty((int(turns.max(initial=0)) + 1, n_words), np.uint64)
    filled = np.empty(n_words, np.uint32)
    votes = np.zeros(len(rows), np.int64)
    block_votes = np.empty(64 * n_words, np.int64)
    for start in range(0, len(rows), 64 * n_words):
        block = rows[start : start + 64 * n_words]
        mark_right_documents(data, indices, indptr, block, first, following, thresholds, goes_right)
        block_votes[:] = 0
        add_votes(
            trees.starts, trees.left, split_of, turns, node_votes, goes_right, len(block), sets, filled, block_votes
        )
        votes[start : start + len(block)] = block_votes[: len(block)]
    return votes
