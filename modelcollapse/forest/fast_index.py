"""What the fast way of growing trees computes once per fit, beyond the posting lists."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, kernel
from modelcollapse.forest.sampling import log_factorials
from modelcollapse.forest.splits import GrowthRules, best_threshold
from modelcollapse.forest.training_index import TrainingIndex

#: Groups with more documents than this many 64-bit words of a set have a bit set of their own.
_DOCUMENTS_PER_WORD = 1.0


class FastIndex(NamedTuple):
    """Bit sets of frequent groups, the documents as rows, and what every split of the root is worth.

    Attributes
    ----------
    all_documents : ndarray of uint64, shape (n_words,)
        All training documents as a bit set; class 1 starts at the word ``class_1_start // 64``.
    set_of_group : ndarray of int32, shape (n_groups,)
        Row in `sets` of each group that has a bit set, −1 for the others.
    sets : ndarray of uint64, shape (n_sets, n_words)
        Documents of the frequent groups.
    row_starts : ndarray of int64, shape (n_slots + 1,)
        Where the row of each document begins in `row_groups`.
    row_groups : ndarray of int32, shape (n_nonzero,)
        Groups that each document is in, in increasing order.
    group_terms : ndarray of int32, shape (n_groups,)
        Term of each group.
    counting_cost : ndarray of int32, shape (n_present,)
        Steps to count each term in a node.
    log_factorial : ndarray of float64, shape (n_terms + 1,)
        For drawing from hypergeometric distributions.
    root_scores, root_thresholds : ndarray of float64, shape (n_present,)
        Best split of the root by each term, best term first; the score is −1 where no split is allowed.
    root_terms, root_groups, root_right_0, root_right_1 : ndarray of int64, shape (n_present,)
        Its other fields (see :class:`~modelcollapse.forest.splits.Split`).
    n_root_splits : int
        Terms by which the root can be split.
    n_root_varying : int
        Terms that vary in the root, those without an allowed split included.
    """

    all_documents: npt.NDArray[np.uint64]
    set_of_group: npt.NDArray[np.int32]
    sets: npt.NDArray[np.uint64]
    row_starts: npt.NDArray[np.int64]
    row_groups: npt.NDArray[np.int32]
    group_terms: npt.NDArray[np.int32]
    counting_cost: npt.NDArray[np.int32]
    log_factorial: npt.NDArray[np.float64]
    root_scores: npt.NDArray[np.float64]
    root_thresholds: npt.NDArray[np.float64]
    root_terms: npt.NDArray[np.int64]
    root_groups: npt.NDArray[np.int64]
    root_right_0: npt.NDArray[np.int64]
    root_right_1: npt.NDArray[np.int64]
    n_root_splits: int
    n_root_varying: int


@kernel
def make_sets(group_starts: Array, postings: Array, n_slots: int, smallest: int) -> tuple[Array, Array]:
    """Make bit sets of the groups with at least `smallest` documents: (set_of_group, sets)."""
    n_groups = len(group_starts) - 1
    set_of_group = np.full(n_groups, -1, np.int32)
    n_sets = 0
    for group in range(n_groups):
        if group_starts[group + 1] - group_starts[group] >= smallest:
            set_of_group[group] = n_sets
            n_sets += 1
    sets = np.zeros((n_sets, (n_slots + 63) >> 6), np.uint64)
    for group in range(n_groups):
        if set_of_group[group] >= 0:
            for j in range(group_starts[group], group_starts[group + 1]):
                sets[set_of_group[group], postings[j] >> 6] |= np.uint64(1) << np.uint64(postings[j] & 63)
    return set_of_group, sets


@kernel
def list_rows(term_groups: Array, group_starts: Array, postings: Array, n_slots: int) -> tuple[Array, Array, Array]:
    """Turn posting lists into rows: (row_starts, row_groups, group_terms)."""
    row_starts = np.zeros(n_slots + 1, np.int64)
    for document in postings:
        row_starts[document + 1] += 1
    for document in range(n_slots):
        row_starts[document + 1] += row_starts[document]
    ends = row_starts[:-1].copy()
    row_groups = np.empty(len(postings), np.int32)
    group_terms = np.empty(len(group_starts) - 1, np.int32)
    for term in range(len(term_groups) - 1):
        for group in range(term_groups[term], term_groups[term + 1]):
            group_terms[group] = term
            for j in range(group_starts[group], group_starts[group + 1]):
                row_groups[ends[postings[j]]] = group
                ends[postings[j]] += 1
    return row_starts, row_groups, group_terms


@kernel
def counting_costs(term_groups: Array, group_starts: Array, set_of_group: Array, set_cost: int) -> Array:
    """Return the steps that it takes to count each term: documents listed, or `set_cost` for a bit set."""
    costs = np.zeros(len(term_groups) - 1, np.int32)
    for term in range(len(costs)):
        for group in range(term_groups[term], term_groups[term + 1]):
            costs[term] += set_cost if set_of_group[group] >= 0 else group_starts[group + 1] - group_starts[group]
    return costs


@kernel
def split_root(index: TrainingIndex, rules: GrowthRules) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Find the root's best split by each term: (whether the term varies, and the fields of the split)."""
    n_present = len(index.columns)
    varies = np.zeros(n_present, np.bool_)
    scores = np.empty(n_present, np.float64)
    thresholds = np.empty(n_present, np.float64)
    groups, right_0, right_1 = np.empty((3, n_present), np.int64)
    counts = np.empty((most_groups(index.term_groups), 3), np.int64)
    for term in range(n_present):
        first = index.term_groups[term]
        for group in range(first, index.term_groups[term + 1]):
            counts[group - first, 0] = index.group_class_1[group] - index.group_starts[group]
            counts[group - first, 1] = index.group_starts[group + 1] - index.group_class_1[group]
            counts[group - first, 2] = index.group_starts[group + 1] - index.group_starts[group]
        varies[term], split = best_threshold(
            index.group_values, term, first, index.term_groups[term + 1], rules.min_samples_leaf, counts,
            index.n_class_0, index.n_class_1, index.n_class_0 + index.n_class_1,
        )  # fmt: skip
        scores[term], thresholds[term] = split.score, split.threshold
        groups[term], right_0[term], right_1[term] = split.group, split.right_0, split.right_1
    return varies, scores, thresholds, groups, right_0, right_1


@kernel
def most_groups(term_groups: Array) -> int:
    """Return the number of groups of the term with most, at least 1."""
    most = 1
    for term in range(len(term_groups) - 1):
        most = max(most, term_groups[term + 1] - term_groups[term])
    return most


def build_fast_index(index: TrainingIndex, rules: GrowthRules) -> FastIndex:
    """Prepare growing trees without bootstrap samples."""
    n_slots = index.class_1_start + index.n_class_1
    n_words = (n_slots + 63) >> 6
    every = np.zeros(64 * n_words, bool)
    every[: index.n_class_0] = True
    every[index.class_1_start : n_slots] = True
    set_of_group, sets = make_sets(
        index.group_starts, index.postings, n_slots, max(1, int(_DOCUMENTS_PER_WORD * n_words))
    )
    varies, scores, thresholds, groups, right_0, right_1 = split_root(index, rules)
    order = np.argsort(-scores, kind="stable")
    return FastIndex(
        np.packbits(every, bitorder="little").view("<u8").astype(np.uint64),
        set_of_group,
        sets,
        *list_rows(index.term_groups, index.group_starts, index.postings, n_slots),
        counting_costs(index.term_groups, index.group_starts, set_of_group, max(1, n_words // 4)),
        log_factorials(index.n_terms),
        scores[order],
        thresholds[order],
        order,
        groups[order],
        right_0[order],
        right_1[order],
        int(np.count_nonzero(scores >= 0)),
        int(np.count_nonzero(varies)),
    )
