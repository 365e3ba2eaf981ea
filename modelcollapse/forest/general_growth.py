"""The simple way to grow trees: any parameters, bootstrap samples included. Follows scikit-learn's depth-first builder.

A node draws terms one by one in random order and counts each through its whole posting list: a document counts if it
is in the node. The list is read even for a node of two documents – :mod:`~modelcollapse.forest.fast_growth` avoids
that where no document weighs more than another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modelcollapse.forest.compilation import Array, kernel
from modelcollapse.forest.random_streams import Stream, random_below, start_stream
from modelcollapse.forest.splits import are_same, midpoint, split_score
from modelcollapse.forest.training_index import TrainingIndex
from modelcollapse.forest.trees import new_buffer, with_room, write_leaf, write_split


class GrowthRules(NamedTuple):
    """When a node is split, with scikit-learn's meanings.

    Attributes
    ----------
    max_depth : int
        Depth at which nodes are leaves; the root's depth is 0.
    max_features : int
        Terms drawn per split, in [1, n_terms].
    min_samples_split, min_samples_leaf : int
        Distinct documents that a node must have to be split, and that each child must have.
    """

    max_depth: int
    max_features: int
    min_samples_split: int
    min_samples_leaf: int


class Split(NamedTuple):
    """A split found in a node: the best so far.

    `group` is the first group of the term whose documents go to the right; a score below 0 means that there is none.
    """

    score: float
    term: int
    group: int
    threshold: float
    right_0: int
    right_1: int


NO_SPLIT = Split(-1.0, -1, -1, 0.0, 0, 0)


@kernel
def draw_bootstrap_sample(
    state: Stream, n_documents: int, n_class_0: int, class_1_start: int, weight: Array
) -> None:
    """Set `weight` to how often each document is drawn, with replacement, in `n_documents` draws."""
    weight[:] = 0
    for _ in range(n_documents):
        i = random_below(state, n_documents)
        weight[i if i < n_class_0 else class_1_start + i - n_class_0] += 1


@kernel
def best_split_of_term(
    index: TrainingIndex,
    rules: GrowthRules,
    term: int,
    node: int,
    node_of: Array,
    weight: Array,
    class_0: int,
    class_1: int,
    n_documents: int,
    counts: Array,
) -> tuple[bool, Split]:
    """Find the best split of a node by one term: (whether the term varies in the node, split).

    `class_0` and `class_1` are weights, `n_documents` counts documents. `counts` is scratch: for every group, the
    weight of each class and the number of documents in the node. Candidates are visited from the lowest threshold to
    the highest; the first of equals wins.
    """
    first, last = index.term_groups[term], index.term_groups[term + 1]
    left_0, left_1, n_left = class_0, class_1, n_documents
    for group in range(first, last):
        group_0, group_1, n_group = 0, 0, 0
        for j in range(index.group_starts[group], index.group_class_1[group]):
            if node_of[index.postings[j]] == node:
                group_0 += weight[index.postings[j]]
                n_group += 1
        for j in range(index.group_class_1[group], index.group_starts[group + 1]):
            if node_of[index.postings[j]] == node:
                group_1 += weight[index.postings[j]]
                n_group += 1
        counts[group - first, 0] = group_0
        counts[group - first, 1] = group_1
        counts[group - first, 2] = n_group
        left_0, left_1, n_left = left_0 - group_0, left_1 - group_1, n_left - n_group
    # Now "left" are the documents without the term; groups join them one by one. Below, `lowest` is the node's
    # smallest value and `value` its largest one on the left.
    best = NO_SPLIT
    lowest, value = np.float32(0.0), np.float32(0.0)
    varies = False
    for group in range(first, last):
        if counts[group - first, 2] == 0:
            continue
        following = index.group_values[group]
        if n_left == 0:
            lowest = following
        else:
            varies = not are_same(lowest, following)
            if (
                not are_same(value, following)
                and n_left >= rules.min_samples_leaf
                and n_documents - n_left >= rules.min_samples_leaf
            ):
                score = split_score(class_0 - left_0, class_1 - left_1, class_0, class_1)
                if score > best.score:
                    threshold = midpoint(value, following)
                    best = Split(score, term, group, threshold, class_0 - left_0, class_1 - left_1)
        value = following
        left_0 += counts[group - first, 0]
        left_1 += counts[group - first, 1]
        n_left += counts[group - first, 2]
    return varies, best


@kernel
def best_split_of_node(
    index: TrainingIndex,
    rules: GrowthRules,
    state: Stream,
    terms: Array,
    node: int,
    node_of: Array,
    weight: Array,
    class_0: int,
    class_1: int,
    n_documents: int,
    counts: Array,
) -> Split:
    """Find the best split among `max_features` terms drawn without replacement, and more until one varies.

    `terms` is any permutation of all terms and remains one. The term drawn first wins ties.
    """
    best = NO_SPLIT
    n_drawn = 0
    varied = False
    while n_drawn < len(terms) and (n_drawn < rules.max_features or not varied):
        j = n_drawn + random_below(state, len(terms) - n_drawn)
        term = terms[j]
        terms[j] = terms[n_drawn]
        terms[n_drawn] = term
        n_drawn += 1
        if term >= len(index.columns):
            continue
        varies, split = best_split_of_term(
            index, rules, term, node, node_of, weight, class_0, class_1, n_documents, counts
        )
        varied = varied or varies
        if split.score > best.score:
            best = split
    return best


@kernel
def move_to_the_right(
    index: TrainingIndex,
    split: Split,
    node: int,
    right: int,
    node_of: Array,
    documents: Array,
    start: int,
    stop: int,
) -> int:
    """Partition a node's `documents[start:stop]`, left ones first; return where the right ones begin."""
    for group in range(split.group, index.term_groups[split.term + 1]):
        for j in range(index.group_starts[group], index.group_starts[group + 1]):
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


@kernel
def grow_general_trees(
    index: TrainingIndex, rules: GrowthRules, bootstrap: bool, seed: np.uint64, tree_start: int, tree_stop: int
) -> tuple[Array, Array, Array, Array, Array]:
    """Grow trees `tree_start` … `tree_stop` − 1 of the forest `seed`: the arrays of `Trees`."""
    n_documents = index.n_class_0 + index.n_class_1
    n_slots = index.class_1_start + index.n_class_1
    most_groups = 1
    for term in range(len(index.columns)):
        most_groups = max(most_groups, index.term_groups[term + 1] - index.term_groups[term])
    counts = np.empty((most_groups, 3), np.int64)
    weight = np.ones(n_slots, np.int32)
    node_of = np.empty(n_slots, np.int32)
    documents = np.empty(n_documents, np.int32)
    pending = np.empty((n_documents + 1, 4), np.int64)  # start, stop, depth, parent if this is its left child
    state = np.empty(1, np.uint64)
    starts = np.zeros(tree_stop - tree_start + 1, np.int64)
    buffer = new_buffer(1024)
    used = 0
    for tree in range(tree_start, tree_stop):
        start_stream(state, seed, tree)
        terms = np.arange(index.n_terms)
        if bootstrap:
            draw_bootstrap_sample(state, n_documents, index.n_class_0, index.class_1_start, weight)
        n_in_tree = 0
        for label in range(2):
            first = label * index.class_1_start
            for document in range(first, first + (index.n_class_1 if label else index.n_class_0)):
                node_of[document] = 0 if weight[document] > 0 else -1
                if weight[document] > 0:
                    documents[n_in_tree] = document
                    n_in_tree += 1
        buffer = with_room(buffer, used, 2 * n_in_tree)
        pending[0, 0], pending[0, 1], pending[0, 2], pending[0, 3] = 0, n_in_tree, 0, -1
        n_pending, n_labels, node = 1, 1, 0
        while n_pending > 0:
            n_pending -= 1
            start, stop, depth, parent = pending[n_pending]
            if parent >= 0:
                buffer.left[used + parent] = node
            class_0, class_1 = 0, 0
            for i in range(start, stop):
                if documents[i] < index.class_1_start:
                    class_0 += weight[documents[i]]
                else:
                    class_1 += weight[documents[i]]
            write_leaf(buffer, used + node, class_0, class_1)
            n_node = stop - start
            if (
                depth < rules.max_depth
                and n_node >= max(rules.min_samples_split, 2 * rules.min_samples_leaf)
                and class_0 > 0
                and class_1 > 0
            ):
                label = node_of[documents[start]]
                split = best_split_of_node(
                    index, rules, state, terms, label, node_of, weight, class_0, class_1, n_node, counts
                )
                if split.score >= 0:
                    write_split(buffer, used + node, index.columns[split.term], split.threshold)
                    middle = move_to_the_right(index, split, label, n_labels, node_of, documents, start, stop)
                    n_labels += 1
                    pending[n_pending, 0], pending[n_pending, 1] = start, middle
                    pending[n_pending, 2], pending[n_pending, 3] = depth + 1, node
                    pending[n_pending + 1, 0], pending[n_pending + 1, 1] = middle, stop
                    pending[n_pending + 1, 2], pending[n_pending + 1, 3] = depth + 1, -1
                    n_pending += 2
            node += 1
        used += node
        starts[tree - tree_start + 1] = used
    return (
        starts,
        buffer.feature[:used].copy(),
        buffer.threshold[:used].copy(),
        buffer.left[:used].copy(),
        buffer.weights[:used].copy(),
    )
