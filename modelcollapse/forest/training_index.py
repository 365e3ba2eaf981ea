"""What is computed once per fit: the training documents as posting lists, grouped by term and value.

Documents are renumbered so that class 0 comes first and class 1 starts at a multiple of 64: a set of documents is an
array of 64-bit words of which the first belong to class 0 and the rest to class 1. Terms are ranked by how often they
occur in the class in which they occur more often. A *group* is one value of one term; the groups of a term are
consecutive, and their values increase. A term's documents are listed class 0 first, within a class by group, within a
group in increasing order: so the documents of a class that have the term are consecutive, and those of a class and a
group are too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Int, kernel, lean_kernel

#: Values up to this count as zero, and values of a term this close as equal, as in scikit-learn's FEATURE_THRESHOLD.
SAME_VALUE = np.float32(1e-7)

_32 = np.uint64(32)


class TrainingIndex(NamedTuple):
    """Posting lists of one training set."""

    n_terms: int  # that a split draws from, those in no document included
    n_class_0: int  # documents of class 0, numbered from 0 on
    n_class_1: int  # documents of class 1, numbered from `class_1_start` on
    class_1_start: int  # a multiple of 64; the numbers between the classes belong to no document
    columns: npt.NDArray[np.int32]  # (n_present,): column in the input of each term that occurs, by rank
    frequency: npt.NDArray[np.int32]  # (n_present, 2): documents of each class with it; their maximum never increases
    term_groups: npt.NDArray[np.int64]  # (n_present + 1,): where each term's groups begin
    group_values: npt.NDArray[np.float32]  # (n_groups,): the value of each group
    group_starts: npt.NDArray[np.int64]  # (n_groups, 2): where its documents of either class begin in `postings`
    group_stops: npt.NDArray[np.int64]  # (n_groups, 2): where they end
    term_starts: npt.NDArray[np.int64]  # (n_present + 1,): where each term's documents begin in `postings`
    postings: npt.NDArray[np.int32]  # (n_nonzero,): documents of all terms


@lean_kernel
def most_nodes(index: TrainingIndex) -> int:
    """Return the number of nodes that no tree can exceed."""
    return 2 * (index.n_class_0 + index.n_class_1)


@kernel
def count_terms(data: Array, indices: Array, indptr: Array, rows: Array, labels: Array, n_columns: int) -> Array:
    """Count the documents of each class that have each term: int32, shape (n_columns, 2)."""
    frequency = np.zeros((n_columns, 2), np.int32)
    for i in range(len(rows)):
        label = labels[i]
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            frequency[indices[j], label] += data[j] > SAME_VALUE
    return frequency


@kernel
def rank_terms(frequency: Array, active: Array, n_documents: int) -> tuple[Array, Array]:
    """Order active columns that occur by decreasing frequency in their more frequent class (a counting sort).

    Returns the `columns` and `frequency` of the index.
    """
    starts = np.zeros(n_documents + 2, np.int64)
    for column in range(len(frequency)):
        if active[column]:
            starts[n_documents - max(frequency[column, 0], frequency[column, 1]) + 1] += 1
    for i in range(n_documents + 1):
        starts[i + 1] += starts[i]
    columns = np.empty(starts[n_documents], np.int32)
    ranked = np.empty((len(columns), 2), np.int32)
    for column in range(len(frequency)):
        key = max(frequency[column, 0], frequency[column, 1])
        if key > 0 and active[column]:
            at = starts[n_documents - key]
            columns[at] = column
            ranked[at, 0], ranked[at, 1] = frequency[column, 0], frequency[column, 1]
            starts[n_documents - key] += 1
    return columns, ranked


@kernel
def list_keys(
    data: Array,
    indices: Array,
    indptr: Array,
    rows: Array,
    labels: Array,
    n_columns: int,
    class_1_start: int,
    columns: Array,
    frequency: Array,
) -> tuple[Array, Array]:
    """List the documents of each ranked term, class 0 first, increasing within a class: (starts, keys).

    A key is the 32 bits of a value, as float32, and the 32 of a document: keys of a class increase with the value.
    """
    n_present = len(columns)
    rank = np.full(n_columns, -1, np.int32)
    starts = np.zeros(n_present + 1, np.int64)
    for r in range(n_present):
        rank[columns[r]] = r
        starts[r + 1] = starts[r] + frequency[r, 0] + frequency[r, 1]
    ends = starts[:-1].astype(np.uint64)
    keys = np.empty(starts[-1], np.uint64)
    for label in range(2):
        document = np.uint64(label * class_1_start)
        for i in range(len(rows)):
            if labels[i] != label:
                continue
            for j in range(np.uint64(indptr[rows[i]]), np.uint64(indptr[rows[i] + 1])):
                r = rank[np.uint32(indices[j])]
                if r >= 0 and data[j] > SAME_VALUE:
                    at = ends[np.uint32(r)]
                    keys[at] = np.uint64(np.float32(data[j]).view(np.uint32)) << _32 | document
                    ends[np.uint32(r)] = at + np.uint64(1)
            document += np.uint64(1)
    return starts, keys


@kernel
def group_by_value(starts: Array, keys: Array, frequency: Array) -> tuple[Array, Array, Array, Array]:
    """Order each term's `keys` by class and value, in place.

    Returns the `term_groups` of the index, the bits of its `group_values`, its `group_starts` and `group_stops`.
    """
    n_present = len(starts) - 1
    term_groups = np.zeros(n_present + 1, np.int64)
    group_bits = np.empty(len(keys), np.uint32)
    group_starts = np.empty((len(keys), 2), np.int64)
    group_stops = np.empty((len(keys), 2), np.int64)
    n_groups = 0
    for r in range(n_present):
        at_0, middle, end = starts[r], starts[r] + frequency[r, 0], starts[r + 1]
        at_1 = middle
        sort_keys(keys, at_0, middle)
        sort_keys(keys, middle, end)
        while at_0 < middle or at_1 < end:
            bits = keys[at_0 if at_0 < middle else at_1] >> _32
            if at_1 < end:
                bits = min(bits, keys[at_1] >> _32)
            group_bits[n_groups] = bits
            group_starts[n_groups] = at_0, at_1
            while at_0 < middle and keys[at_0] >> _32 == bits:
                at_0 += 1
            while at_1 < end and keys[at_1] >> _32 == bits:
                at_1 += 1
            group_stops[n_groups] = at_0, at_1
            n_groups += 1
        term_groups[r + 1] = n_groups
    return term_groups, group_bits[:n_groups].copy(), group_starts[:n_groups].copy(), group_stops[:n_groups].copy()


@kernel
def sort_keys(keys: Array, begin: Int, end: Int) -> None:
    """Sort ``keys[begin:end]``, which most often are sorted: nearly all terms have one value."""
    for j in range(begin + 1, end):
        if keys[j] < keys[j - 1]:
            keys[begin:end].sort()
            return


def build_training_index(
    data: npt.NDArray[np.int32] | npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[np.uint8],
    active: npt.NDArray[np.bool_],
    frequency: npt.NDArray[np.int32],
) -> TrainingIndex:
    """Make the posting lists of the documents `rows` of a CSR matrix without negative values and repeated entries.

    For `labels`, `active` and `frequency` see `shards.grow_trees`. All arrays are read-only, or all writable: each mix
    is compiled anew.
    """
    n_class_1 = int(np.count_nonzero(labels))
    n_class_0 = len(labels) - n_class_1
    class_1_start = -(-n_class_0 // 64) * 64
    columns, ranked = rank_terms(frequency, active, len(rows))
    starts, keys = list_keys(data, indices, indptr, rows, labels, len(active), class_1_start, columns, ranked)
    term_groups, group_bits, group_starts, group_stops = group_by_value(starts, keys, ranked)
    group_values = group_bits.view(np.float32)
    postings = (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)
    n_terms = int(np.count_nonzero(active))
    return TrainingIndex(
        n_terms, n_class_0, n_class_1, class_1_start, columns, ranked,
        term_groups, group_values, group_starts, group_stops, starts, postings,
    )  # fmt: skip
