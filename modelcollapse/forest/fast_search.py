"""Looking at a node term by term: what its documents with a term are worth as a split, and what cannot be worth it.

The bounds are those of :mod:`~modelcollapse.forest.fast_growth`, which says which terms are looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.bitsets import count_bits
from modelcollapse.forest.compilation import Array, Bool, Int, inlined_kernel, lean_kernel
from modelcollapse.forest.fast_index import FastIndex
from modelcollapse.forest.sampling import random_below
from modelcollapse.forest.splits import (
    NO_SPLIT,
    GrowthRules,
    Split,
    best_threshold,
    midpoint,
    room_for_counts,
    split_score,
)
from modelcollapse.forest.training_index import TrainingIndex

#: Threshold of a split between 0 and the smallest value in the node, as long as that value is not looked up.
UNKNOWN = -1.0

#: Rounding may move a bound by this share: terms are left out only below it.
_SLACK = 1.0 - 1e-9


#: Columns of `FastWorkspace.levels`: what is known of the open chain of a level.
LIST_BEGIN = 0  # where its list in `documents` begins
LIST_END = 1  # where it ends
LISTS_END = 2  # where the lists of all levels up to this one end
CLASS_0 = 3  # documents of class 0 that are still in the chain
CLASS_1 = 4  # documents of class 1 that are
DEPTH = 5  # depth of the current node
PARENT = 6  # the node whose left child comes next
TERMS_BEGIN = 7  # where its list in `terms` begins
TERMS_END = 8  # where it ends
LISTED_SIZE = 9  # documents in the chain when its terms were listed; 0 if it has no list of them
N_COLUMNS = 10


class FastWorkspace(NamedTuple):
    """Memory for growing one tree after the other.

    A list in `documents` may contain documents that have left the chain. It lies behind the list of the level below,
    or, if it would be longer than half of that, in place of its end: so two times the number of documents is enough for
    all lists, and once more for one on its way.
    """

    state: npt.NDArray[np.uint64]  # (1,): the tree's random stream
    sets: npt.NDArray[np.uint64]  # (n_levels, n_words): of each open chain those still in it; empty above the level
    levels: npt.NDArray[np.int64]  # (n_levels, N_COLUMNS): for every level the numbers above
    documents: npt.NDArray[np.int32]  # (3 · n_documents,): lists of the chains' documents
    terms: npt.NDArray[np.int32]  # (n_levels · n_present + 1,): lists of the rare terms in branches, joined
    #: Documents that had each of `terms` when the list was made: class 0 in the lower half of the word, class 1 in the
    #: upper. Exact as long as no document has left the branch; then upper bounds.
    term_counts: npt.NDArray[np.uint32]
    tally: npt.NDArray[np.uint32]  # (n_present,): the same for all terms while a list is being made; else 0
    chosen: npt.NDArray[np.uint64]  # (⌈n_terms / 64⌉,): the drawn numbers of a band or a list, as a bit set
    counts: npt.NDArray[np.int64]  # (n_groups_of_a_term, 3): see :func:`~modelcollapse.forest.splits.best_threshold`

    @classmethod
    def empty(cls, index: TrainingIndex, n_levels: int) -> FastWorkspace:
        """Make room for growing trees on `index` in which no path turns right `n_levels` times."""
        n_documents = index.n_class_0 + index.n_class_1
        n_words = (index.class_1_start + index.n_class_1 + 63) // 64
        return cls(
            np.empty(1, np.uint64),
            np.zeros((n_levels, n_words), np.uint64),
            np.empty((n_levels, N_COLUMNS), np.int64),
            np.empty(3 * n_documents, np.int32),
            np.empty(n_levels * len(index.columns) + 1, np.int32),
            np.empty(n_levels * len(index.columns) + 1, np.uint32),
            np.zeros(len(index.columns), np.uint32),
            np.empty((index.n_terms + 63) // 64, np.uint64),
            room_for_counts(index),
        )


class Growth(NamedTuple):
    """What trees are grown from, by which rules, and where."""

    training: TrainingIndex
    fast: FastIndex
    rules: GrowthRules
    space: FastWorkspace


class Node(NamedTuple):
    """A node: its documents as a bit set, and the number of each class."""

    members: Array
    class_0: Int
    class_1: Int


@inlined_kernel
def is_member(words: Array, document: Int) -> bool:
    """Tell whether a document is in a bit set."""
    return (words[document >> 6] >> np.uint64(document & 63)) & np.uint64(1) != 0


@inlined_kernel
def count_list(postings: Array, start: Int, stop: Int, members: Array) -> Int:
    """Count the documents of ``postings[start:stop]`` in a bit set, without branches."""
    n = np.uint64(0)
    for j in range(np.uint64(start), np.uint64(stop)):
        document = np.uint32(postings[j])
        n += (members[document >> 6] >> np.uint64(document & 63)) & np.uint64(1)
    return np.int64(n)


@inlined_kernel
def count_common(one: Array, other: Array, start: int, stop: int) -> Int:
    """Count the common members of two bit sets among the words `start` … `stop` − 1."""
    n = np.int64(0)
    for w in range(np.uint64(start), np.uint64(stop)):
        n += count_bits(one[w] & other[w])
    return n


@inlined_kernel
def count_term(index: TrainingIndex, fast: FastIndex, term: Int, members: Array) -> tuple[Int, Int]:
    """Count the documents of each class in a node that have a term."""
    if term < fast.n_frequent:
        middle = index.class_1_start >> 6
        own = fast.sets[term]
        return count_common(own, members, 0, middle), count_common(own, members, middle, len(members))
    rank = np.uint64(term)
    start, stop = index.term_starts[rank], index.term_starts[rank + np.uint64(1)]
    middle = start + index.frequency[rank, 0]
    return count_list(index.postings, start, middle, members), count_list(index.postings, middle, stop, members)


@lean_kernel
def split_by_values(
    index: TrainingIndex, rules: GrowthRules, node: Node, term: Int, with_term_0: Int, with_term_1: Int, counts: Array
) -> tuple[Bool, Split]:
    """Find a node's best split by a term with several values: (whether the term varies in the node, split).

    `with_term_0` and `with_term_1` are its documents with the term; those that are in no other group are in the first.
    """
    first, last = index.term_groups[term], index.term_groups[term + 1]
    for group in range(first + 1, last):
        for label in range(2):
            start, stop = index.group_starts[group, label], index.group_stops[group, label]
            counts[group - first, label] = count_list(index.postings, start, stop, node.members)
        counts[group - first, 2] = counts[group - first, 0] + counts[group - first, 1]
        with_term_0 -= counts[group - first, 0]
        with_term_1 -= counts[group - first, 1]
    counts[0, 0], counts[0, 1], counts[0, 2] = with_term_0, with_term_1, with_term_0 + with_term_1
    class_0, class_1 = node.class_0, node.class_1
    return best_threshold(
        index.group_values, term, first, last, rules.min_samples_leaf, counts, class_0, class_1, class_0 + class_1
    )


class Search(NamedTuple):
    """The state of a search for the best split of a node."""

    varied: bool  # whether any of the terms so far varies in the node
    split: Split  # the best so far; of equals, each with the same probability
    n_tied: int  # terms that are as good
    least_0: float  # a term needs as many documents of class 0 to win or tie,
    least_1: float  # or as many of class 1


START = Search(False, NO_SPLIT, 0, 0.0, 0.0)


@inlined_kernel
def are_too_few(class_0: Int, class_1: Int, search: Search) -> Bool:
    """Tell whether a term can neither win nor tie if it has at most these numbers of documents of each class."""
    return class_0 < search.least_0 and class_1 < search.least_1


@inlined_kernel
def consider(growth: Growth, node: Node, term: Int, search: Search) -> Search:
    """Look at one more drawn term: count its documents in the node, unless there are too few anywhere."""
    rank = np.uint64(term)
    if are_too_few(growth.training.frequency[rank, 0], growth.training.frequency[rank, 1], search):
        return search
    right_0, right_1 = count_term(growth.training, growth.fast, term, node.members)
    return consider_counted(growth, node, term, right_0, right_1, search)


@inlined_kernel
def consider_counted(growth: Growth, node: Node, term: Int, right_0: Int, right_1: Int, search: Search) -> Search:
    """Look at one more drawn term, which `right_0` and `right_1` documents of the classes in the node have.

    Whether a document has the term or not is the first candidate, and for most terms the only one that matters: of
    documents with a larger value there are too few. Too few documents can neither win nor tie (see the module's text);
    that needs a split to compare with, so at least one term has varied then.
    """
    index, rules = growth.training, growth.rules
    rank = np.uint64(term)
    n_right = right_0 + right_1
    n_left = node.class_0 + node.class_1 - n_right
    if n_right == 0 or are_too_few(right_0, right_1, search):
        return search
    repeated_0, repeated_1 = growth.fast.root.repeated[rank, 0], growth.fast.root.repeated[rank, 1]
    if repeated_0 + repeated_1 == 0 or (
        n_left >= rules.min_samples_leaf and are_too_few(repeated_0, repeated_1, search)
    ):
        if n_left == 0:
            return search
        split = NO_SPLIT
        if n_right >= rules.min_samples_leaf and n_left >= rules.min_samples_leaf:
            score = split_score(right_0, right_1, node.class_0, node.class_1)
            split = Split(score, term, index.term_groups[term], UNKNOWN, right_0, right_1)
    else:
        varies, split = split_by_values(index, rules, node, term, right_0, right_1, growth.space.counts)
        if not varies:
            return search
    if split.score > search.split.score:
        least_0, least_1 = least_frequencies(split.score, node.class_0, node.class_1)
        return Search(True, split, 1, least_0, least_1)
    n_tied, best = search.n_tied, search.split
    if split.score == best.score and split.score >= 0.0:
        n_tied += 1
        if random_below(growth.space.state, n_tied) == 0:
            best = split
    return Search(True, best, n_tied, search.least_0, search.least_1)


@inlined_kernel
def least_frequencies(score: float, class_0: int, class_1: int) -> tuple[float, float]:
    """Return the documents of either class that a pure split needs to reach a score, less a little for rounding."""
    target = score * np.float64(class_0 + class_1) * _SLACK
    squared_0, squared_1 = np.float64(class_0) * np.float64(class_0), np.float64(class_1) * np.float64(class_1)
    return target / (squared_1 + score), target / (squared_0 + score)


@inlined_kernel
def with_threshold(index: TrainingIndex, split: Split, members: Array) -> Split:
    """Complete a split between 0 and the smallest value that a term has in the node."""
    for group in range(split.group, index.term_groups[split.term + 1]):
        for label in range(2):
            start, stop = index.group_starts[group, label], index.group_stops[group, label]
            if count_list(index.postings, start, stop, members) > 0:
                threshold = midpoint(np.float32(0.0), index.group_values[group])
                return Split(split.score, split.term, split.group, threshold, split.right_0, split.right_1)
    return split
