"""The least time in which the forest's trees could grow: the same trees again, from recorded splits, without a search.

The replay does what growth does with a split that it has found: it takes the documents out, writes nodes, and reads
the tokens of the branches whose terms are listed. Nobody can reach it, as finding the splits is the work; how many
times longer growth takes says what is left to gain with this algorithm.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Int, lean_kernel
from modelcollapse.forest.fast_growth import _MOST_LISTED, enter_node, list_terms, open_chain, open_right_branch
from modelcollapse.forest.fast_index import FastIndex, build_fast_index
from modelcollapse.forest.fast_search import (
    CLASS_0,
    CLASS_1,
    LIST_BEGIN,
    LIST_END,
    LISTED_SIZE,
    PARENT,
    FastWorkspace,
)
from modelcollapse.forest.shards import ForestParameters, Trees, count_documents, grow_trees
from modelcollapse.forest.splits import Split
from modelcollapse.forest.training_index import TrainingIndex, build_training_index, most_nodes
from modelcollapse.forest.trees import NodeBuffer, write_leaf, write_split


class Recorded(NamedTuple):
    """The splits of all nodes as the training index knows them; the term is −1 in leaves."""

    starts: npt.NDArray[np.int64]
    terms: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]


def record(trees: Trees, index: TrainingIndex) -> Recorded:
    """Find each split's term and its first group that goes to the right."""
    rank = np.full(int(index.columns.max(initial=0)) + 1, -1, np.int64)
    rank[index.columns] = np.arange(len(index.columns))
    terms = np.full(len(trees.feature), -1, np.int64)
    inner = np.flatnonzero(trees.feature >= 0)
    terms[inner] = rank[trees.feature[inner]]
    groups = np.full(len(terms), -1, np.int64)
    for node in inner:
        start, stop = index.term_groups[terms[node]], index.term_groups[terms[node] + 1]
        groups[node] = start + np.searchsorted(index.group_values[start:stop], trees.threshold[node], "right")
    return Recorded(trees.starts, terms, groups, trees.weights, trees.feature, trees.threshold)


@lean_kernel
def replay(index: TrainingIndex, fast: FastIndex, recorded: Recorded, space: FastWorkspace, buffer: NodeBuffer) -> int:
    """Grow all trees again, each at the buffer's beginning; return how many documents are not where they should be."""
    n_documents = index.n_class_0 + index.n_class_1
    largest = _MOST_LISTED * np.sqrt(n_documents)
    n_wrong = 0
    for tree in range(len(recorded.starts) - 1):
        first = recorded.starts[tree]
        for w in range(len(fast.all_documents)):
            space.sets[0, w] = fast.all_documents[w]
        for i in range(n_documents):
            space.documents[i] = i if i < index.n_class_0 else i - index.n_class_0 + index.class_1_start
        level: Int = np.int64(0)
        node: Int = np.int64(0)
        open_chain(space, level, node, n_documents, n_documents)
        enter_node(space, level, index.n_class_0, index.n_class_1, node)
        while level >= 0:
            class_0, class_1 = space.levels[level, CLASS_0], space.levels[level, CLASS_1]
            write_leaf(buffer, node, class_0, class_1)
            n_wrong += abs(class_0 - recorded.weights[first + node, 0])
            n_wrong += abs(class_1 - recorded.weights[first + node, 1])
            term = recorded.terms[first + node]
            if term >= 0:
                right = recorded.weights[first + node + 1]
                split = Split(
                    0.0, term, recorded.groups[first + node], recorded.threshold[first + node],
                    np.int64(right[0]), np.int64(right[1]),
                )  # fmt: skip
                size, listed = class_0 + class_1, space.levels[level, LISTED_SIZE]
                if node > 0 and size <= largest and (listed == 0 or 2 * size < listed):
                    list_terms(index, fast, space, level)
                write_split(buffer, node, recorded.feature[first + node], split.threshold)
                open_right_branch(index, fast, split, space, level)
                space.levels[level, PARENT] = node
                level += 1
                node += 1
                continue
            node += 1
            if level > 0:
                for j in range(space.levels[level, LIST_BEGIN], space.levels[level, LIST_END]):
                    document = space.documents[j]
                    bit = (space.sets[level, document >> 6] >> np.uint64(document & 63)) & np.uint64(1)
                    if document < index.class_1_start:
                        class_0 -= bit
                    else:
                        class_1 -= bit
                    space.sets[level, document >> 6] &= ~(np.uint64(1) << np.uint64(document & 63))
                n_wrong += abs(np.int64(class_0)) + abs(np.int64(class_1))
                buffer.left[space.levels[level - 1, PARENT]] = node
            level -= 1
    return n_wrong


def measure(counts: Any, labels: npt.NDArray[np.uint8], n_trees: int, runs: int) -> tuple[float, float]:
    """Time growth and replay of the study's trees on all rows of a CSR matrix: the shortest times, in seconds."""
    data, indices, indptr = counts.data.astype(np.int32), counts.indices.astype(np.int32), counts.indptr.astype(int)
    documents = data, indices, indptr, np.arange(counts.shape[0]), labels
    active, frequency = np.ones(counts.shape[1], bool), count_documents(*documents, counts.shape[1])
    arrays: list[Any] = [array.copy() for array in (*documents, active, frequency)]
    for array in arrays:
        array.flags.writeable = False
    parameters = ForestParameters(max_depth=20, bootstrap=False)
    index = build_training_index(*arrays)
    fast = build_fast_index(index, parameters.rules(index.n_terms))
    growth, limit = [], []
    for run in range(runs):
        started = time.perf_counter()
        trees = grow_trees(*documents, parameters, seed=run, numbers=range(n_trees), active=active, frequency=frequency)
        growth.append(time.perf_counter() - started)
        recorded = record(trees, index)
        space = FastWorkspace.empty(index, n_levels=32)
        buffer = NodeBuffer.empty(most_nodes(index))
        if run == 0:
            replay(index, fast, recorded, space, buffer)  # compiles
        started = time.perf_counter()
        n_wrong = replay(index, fast, recorded, space, buffer)
        limit.append(time.perf_counter() - started)
        assert n_wrong == 0, f"{n_wrong} documents are not where they were when the trees grew"
    return min(growth), min(limit)
