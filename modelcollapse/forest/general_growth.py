"""The simple way to grow trees, for bootstrap samples and documents of unequal weight: scikit-learn's builder.

A node draws terms one by one in random order and counts each through its whole posting list: a document counts if it
is in the node. The list is read even for a node of two documents – :mod:`~modelcollapse.forest.fast_growth` avoids
that where no document weighs more than another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Bool, Int, lean_kernel
from modelcollapse.forest.sampling import Stream, random_below, start_stream
from modelcollapse.forest.splits import NO_SPLIT, GrowthRules, Split, best_threshold, may_be_split, room_for_counts
from modelcollapse.forest.training_index import TrainingIndex, most_nodes
from modelcollapse.forest.trees import NodeBuffer, write_leaf, write_split


class GeneralWorkspace(NamedTuple):
    """Memory for growing one tree after the other."""

    state: npt.NDArray[np.uint64]  # (1,): the tree's random stream
    terms: npt.NDArray[np.int64]  # (n_terms,): a permutation of all terms
    given: npt.NDArray[np.int32]  # (n_slots,): what each document weighs
    weight: npt.NDArray[np.int32]  # (n_slots,): what it weighs in the tree's sample
    node_of: npt.NDArray[np.int32]  # (n_slots,): the label of the node it is in
    documents: npt.NDArray[np.int32]  # (n_documents,): the tree's documents; those of a node are consecutive
    #: (n_documents + 1, 4), nodes to be dealt with: begin and end in `documents`, depth, and for left children the
    #: parent, else −1.
    pending: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]  # (n_groups_of_a_term, 3): see :func:`~modelcollapse.forest.splits.best_threshold`

    @classmethod
    def empty(cls, index: TrainingIndex, given: npt.NDArray[np.int32] | None = None) -> GeneralWorkspace:
        """Make room for growing trees on `index`; documents that weigh nothing are in no tree.

        `given`: what documents weigh, those of class 0 first; 1 each by default.
        """
        n_documents = index.n_class_0 + index.n_class_1
        n_slots = index.class_1_start + index.n_class_1
        weights = np.ones(n_slots, np.int32)
        if given is not None:
            weights[: index.n_class_0] = given[: index.n_class_0]
            weights[index.class_1_start :] = given[index.n_class_0 :]
        return cls(
            np.empty(1, np.uint64),
            np.empty(index.n_terms, np.int64),
            weights,
            np.ones(n_slots, np.int32),
            np.empty(n_slots, np.int32),
            np.empty(n_documents, np.int32),
            np.empty((n_documents + 1, 4), np.int64),
            room_for_counts(index),
        )


class GeneralGrowth(NamedTuple):
    """What trees are grown from, by which rules, where, and whether each on a bootstrap sample."""

    training: TrainingIndex
    rules: GrowthRules
    space: GeneralWorkspace
    bootstrap: bool


@lean_kernel
def draw_bootstrap_sample(state: Stream, n_documents: int, n_class_0: int, class_1_start: int, weight: Array) -> None:
    """Set `weight` to how often each document is drawn, with replacement, in `n_documents` draws."""
    for document in range(len(weight)):
        weight[document] = 0
    for _ in range(n_documents):
        i = random_below(state, n_documents)
        weight[i if i < n_class_0 else class_1_start + i - n_class_0] += 1


@lean_kernel
def count_groups(index: TrainingIndex, term: Int, node: int, node_of: Array, weight: Array, counts: Array) -> None:
    """Count a term in a node: for each of its groups the weight of each class, and the documents."""
    first = index.term_groups[term]
    for group in range(first, index.term_groups[term + 1]):
        n_group = 0
        for label in range(2):
            total = 0
            for j in range(index.group_starts[group, label], index.group_stops[group, label]):
                if node_of[index.postings[j]] == node:
                    total += weight[index.postings[j]]
                    n_group += 1
            counts[group - first, label] = total
        counts[group - first, 2] = n_group


@lean_kernel
def best_split_of_node(growth: GeneralGrowth, node: int, class_0: int, class_1: int, n_documents: int) -> Split:
    """Find the best split among `max_features` terms drawn without replacement, and more until one varies.

    The term drawn first wins ties.
    """
    index, rules, space, _ = growth
    terms = space.terms
    best = NO_SPLIT
    n_drawn = 0
    varied: Bool = np.bool_(False)
    while n_drawn < len(terms) and (n_drawn < rules.max_features or not varied):
        j = n_drawn + random_below(space.state, len(terms) - n_drawn)
        term = terms[j]
        terms[j] = terms[n_drawn]
        terms[n_drawn] = term
        n_drawn += 1
        if term >= len(index.columns):
            continue
        count_groups(index, term, node, space.node_of, space.weight, space.counts)
        first, last = index.term_groups[term], index.term_groups[term + 1]
        varies, split = best_threshold(
            index.group_values, term, first, last, rules.min_samples_leaf, space.counts, class_0, class_1, n_documents
        )
        varied |= varies
        if split.score > best.score:
            best = split
    return best


@lean_kernel
def move_to_the_right(
    index: TrainingIndex, split: Split, space: GeneralWorkspace, node: int, right: int, start: int, stop: int
) -> int:
    """Partition a node's `documents[start:stop]`, left ones first; return where the right ones begin."""
    node_of, documents = space.node_of, space.documents
    for group in range(split.group, index.term_groups[split.term + 1]):
        for label in range(2):
            for j in range(index.group_starts[group, label], index.group_stops[group, label]):
                if node_of[index.postings[j]] == node:
                    node_of[index.postings[j]] = right
    middle = start
    for i in range(start, stop):
        document = documents[i]
        if node_of[document] == node:
            documents[i] = documents[middle]
            documents[middle] = document
            middle += 1
    return middle


@lean_kernel
def start_sample(index: TrainingIndex, space: GeneralWorkspace) -> int:
    """Put the documents of a tree's sample into the root, and return how many there are."""
    n_documents = index.n_class_0 + index.n_class_1
    n_in_tree = 0
    for i in range(n_documents):
        document = i if i < index.n_class_0 else i - index.n_class_0 + index.class_1_start
        space.node_of[document] = 0 if space.weight[document] > 0 else -1
        if space.weight[document] > 0:
            space.documents[n_in_tree] = document
            n_in_tree += 1
    return n_in_tree


@lean_kernel
def grow_general_tree(growth: GeneralGrowth, buffer: NodeBuffer, used: int) -> int:
    """Grow one tree behind the `used` nodes of the buffer and return its number of nodes."""
    index, rules, space, bootstrap = growth
    for term in range(index.n_terms):
        space.terms[term] = term
    n_documents = index.n_class_0 + index.n_class_1
    if bootstrap:
        draw_bootstrap_sample(space.state, n_documents, index.n_class_0, index.class_1_start, space.weight)
    for i in range(len(space.weight)):
        space.weight[i] = space.weight[i] * space.given[i] if bootstrap else space.given[i]
    pending = space.pending
    pending[0] = 0, start_sample(index, space), 0, -1
    n_pending, n_labels, node = 1, 1, 0
    while n_pending > 0:
        n_pending -= 1
        begin, end, depth, parent = pending[n_pending]
        if parent >= 0:
            buffer.left[used + parent] = node
        class_0, class_1 = 0, 0
        for document in space.documents[begin:end]:
            if document < index.class_1_start:
                class_0 += space.weight[document]
            else:
                class_1 += space.weight[document]
        write_leaf(buffer, used + node, class_0, class_1)
        n_node = end - begin
        if may_be_split(rules, depth, n_node, class_0, class_1):
            label = space.node_of[space.documents[begin]]
            split = best_split_of_node(growth, label, class_0, class_1, n_node)
            if split.score >= 0.0:
                write_split(buffer, used + node, index.columns[split.term], split.threshold)
                middle = move_to_the_right(index, split, space, label, n_labels, begin, end)
                n_labels += 1
                pending[n_pending] = begin, middle, depth + 1, node
                pending[n_pending + 1] = middle, end, depth + 1, -1
                n_pending += 2
        node += 1
    return node


@lean_kernel
def grow_general_trees(
    growth: GeneralGrowth, seed: np.uint64, tree_start: int, buffer: NodeBuffer, starts: Array
) -> int:
    """Grow trees from `tree_start` on, until all are grown or the buffer may be too small for one more.

    ``starts[0]`` is where the first one's nodes begin; ``starts[i + 1]`` receives the end of the i-th one's.
    Returns how many trees were grown, at most ``len(starts) − 1``.
    """
    n_grown = 0
    while n_grown < len(starts) - 1 and starts[n_grown] + most_nodes(growth.training) <= len(buffer.feature):
        start_stream(growth.space.state, seed, tree_start + n_grown)
        size = grow_general_tree(growth, buffer, starts[n_grown])
        starts[n_grown + 1] = starts[n_grown] + size
        n_grown += 1
    return n_grown
