"""Scoring: the trees' votes for many documents at once, as sums of integers.

A tree's vote for a document is the share of class 1 in the document's leaf, as a fixed-point number. Sums of integers
do not depend on the order of summation: the votes of a forest's parts, grown anywhere, add up to the same bits.

Documents are routed by the posting lists of the chosen splits (:mod:`~modelcollapse.forest.scoring_index`), as they are
when a tree is grown. Walking the nodes in preorder, a chain of left branches keeps its documents; a split takes those
out that go to the right. A document carries the *level* of the chain that it is in, the number of right turns so far;
only one chain of each level is open at a time. The leaf at the end of the leftmost chain holds most documents: its vote
goes to a common base, nobody lists its documents, and those in other leaves receive their difference to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Float, Int, inlined_kernel, lean_kernel
from modelcollapse.forest.scoring_index import ScoringIndex
from modelcollapse.forest.trees import Trees

#: The vote of a leaf with class 1 alone. 2**40 leaves room for 2**23 trees in an int64.
ONE_VOTE = 1 << 40


class RoutingSpace(NamedTuple):
    """Room for routing the documents of one block.

    `listed` has the lists of the open chains' documents, those that have left included. A right branch with more than
    half of its chain's list takes the list's end, any other one is listed behind it: so this is room for all.
    """

    level_of: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]  # (n_documents,): level of each document, or `gone`
    gone: np.uint8 | np.uint32  # the type's largest number: the document has got its vote
    listed: npt.NDArray[np.uint16]  # (2 · n_documents + 1,)
    chains: npt.NDArray[np.int64]  # (n_levels, 3): begin and end of each level's list, documents left in it; none at 0

    @classmethod
    def empty(cls, n_documents: int, n_levels: int) -> RoutingSpace:
        """Make room for levels 0 … `n_levels` − 1; more than 255 take four times the room, and compile anew."""
        kind = np.uint8 if n_levels <= 255 else np.uint32
        level_of: Array = np.empty(n_documents, kind)
        listed = np.empty(2 * n_documents + 1, np.uint16)
        return cls(level_of, kind(np.iinfo(kind).max), listed, np.empty((n_levels, 3), np.int64))


@lean_kernel
def most_right_turns(starts: Array, feature: Array) -> int:
    """Return the largest number of right branches on the way to any node."""
    most: Int = np.int64(0)
    for tree in range(len(starts) - 1):
        turns: Int = np.int64(0)
        for node in range(starts[tree], starts[tree + 1]):
            turns += 1 if feature[node] >= 0 else -1  # after a leaf comes the left child of the last right turn
            most = max(most, turns)
    return most


@inlined_kernel
def leaf_vote(weights: Array, node: int) -> Int:
    """Return the share of class 1 in a node as int64, ``ONE_VOTE`` being 1, rounded to the nearest."""
    share = np.float64(weights[node, 1]) / (np.float64(weights[node, 0]) + np.float64(weights[node, 1]))
    return np.int64(np.floor(share * ONE_VOTE + 0.5))


@inlined_kernel
def first_group_above(index: ScoringIndex, term: Int, threshold: Float) -> Int:
    """Find the first group of a term whose value is above a threshold."""
    low, high = index.term_groups[term], index.term_groups[term + 1]
    while low < high:
        middle = (low + high) >> 1
        if index.group_values[middle] > threshold:
            high = middle
        else:
            low = middle + 1
    return low


@inlined_kernel
def list_right_documents(
    index: ScoringIndex, space: RoutingSpace, level: int, feature: Int, threshold: Float, begin: Int, top: Int
) -> Int:
    """List the documents of a chain that go to the right behind its own list, which ends at `top`; return the new end.

    Found without branches, they leave few branches that a processor guesses wrong.
    """
    term = index.term_of[feature]
    if term < 0:
        return top
    here = space.level_of.dtype.type(level)
    group = first_group_above(index, term, threshold)
    start, stop = index.group_starts[group], index.group_starts[index.term_groups[term + 1]]
    end = np.uint64(top)
    if level > 0 and index.set_of[term] >= 0 and group == index.term_groups[term] and top - begin < stop - start:
        own = index.sets[index.set_of[term]]
        for j in range(np.uint64(begin), np.uint64(top)):
            document = np.uint64(space.listed[j])
            has_term = (own[document >> np.uint64(6)] >> (document & np.uint64(63))) & np.uint64(1)
            space.listed[end] = document
            end += has_term & np.uint64(space.level_of[document] == here)
    else:
        for j in range(np.uint64(start), np.uint64(stop)):
            document = np.uint64(index.postings[j])
            space.listed[end] = document
            end += np.uint64(space.level_of[document] == here)
    return np.int64(end)


@inlined_kernel
def open_right_branch(space: RoutingSpace, level: int, begin: Int, top: Int, end: Int) -> None:
    """Make the documents listed from `top` to `end` a chain of their own, of the level above `level`."""
    here, above = space.level_of.dtype.type(level), space.level_of.dtype.type(level + 1)
    for j in range(np.uint64(top), np.uint64(end)):
        space.level_of[np.uint64(space.listed[j])] = above
    n_right = end - top
    if 2 * n_right > top - begin and level > 0:
        kept = np.uint64(begin)
        for j in range(np.uint64(begin), np.uint64(top)):
            document = np.uint64(space.listed[j])
            space.listed[kept] = document
            kept += np.uint64(space.level_of[document] == here)
        for i in range(np.uint64(n_right)):
            space.listed[kept + i] = space.listed[np.uint64(top) + i]
        top = np.int64(kept)
        space.chains[level, 1] = top
    space.chains[level, 2] -= n_right
    space.chains[level + 1] = top, top + n_right, n_right


@inlined_kernel
def add_to_documents(space: RoutingSpace, level: int, difference: Int, votes: Array) -> None:
    """Let the documents of a chain go, with their votes."""
    here = space.level_of.dtype.type(level)
    for j in range(np.uint64(space.chains[level, 0]), np.uint64(space.chains[level, 1])):
        document = np.uint64(space.listed[j])
        is_here = space.level_of[document] == here
        votes[document] += difference if is_here else np.int64(0)
        space.level_of[document] = space.gone if is_here else space.level_of[document]


@lean_kernel
def add_votes(trees: Trees, index: ScoringIndex, space: RoutingSpace, votes: Array) -> None:
    """Add the votes of all trees for the documents of a block to `votes`."""
    starts, feature, threshold, left, weights = trees
    base = np.int64(0)
    for tree in range(len(starts) - 1):
        first = node = starts[tree]
        main_vote = leaf_vote(weights, starts[tree + 1] - 1)
        base += main_vote
        for i in range(index.n_documents):
            space.level_of[i] = 0
        space.chains[0] = 0, 0, index.n_documents
        level: Int = np.int64(0)
        while level >= 0:
            begin, top, n_left = space.chains[level, 0], space.chains[level, 1], space.chains[level, 2]
            while n_left == 0 and feature[node] >= 0:
                node = first + left[node]
            if feature[node] >= 0:
                end = list_right_documents(index, space, level, feature[node], threshold[node], begin, top)
                if end == top:
                    node = first + left[node]
                    continue
                open_right_branch(space, level, begin, top, end)
                level += 1
            else:
                if level > 0 and n_left > 0:
                    add_to_documents(space, level, leaf_vote(weights, node) - main_vote, votes)
                level -= 1
            node += 1
    for i in range(index.n_documents):
        votes[i] += base


def votes_of_block(trees: Trees, index: ScoringIndex) -> npt.NDArray[np.int64]:
    """Sum up all trees' votes for class 1 for the documents of one block: shape (n_documents,)."""
    n_levels = int(most_right_turns(trees.starts, trees.feature)) + 1
    space = RoutingSpace.empty(index.n_documents, n_levels)
    votes = np.zeros(index.n_documents, np.int64)
    add_votes(trees, index, space, votes)
    return votes
