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

from modelcollapse.forest.compilation import Array, Int, inlined_kernel, kernel, lean_kernel

#: Values up to this count as zero, and values of a term this close as equal, as in scikit-learn's FEATURE_THRESHOLD.
SAME_VALUE = np.float32(1e-7)

#: Up to this many different values of a term are found by a linear search, more by sorting.
_FEW_VALUES = 32


class TrainingIndex(NamedTuple):
    """Posting lists of one training set.

    Attributes
    ----------
    n_terms : int
        Terms a split draws from, those in no document included.
    n_class_0, n_class_1 : int
        Documents of each class.
    class_1_start : int
        Number of the first document of class 1, a multiple of 64. Documents are 0 … n_class_0 − 1 and
        class_1_start … class_1_start + n_class_1 − 1; the numbers between belong to no document.
    columns : ndarray of int32, shape (n_present,)
        Column in the input of each term that occurs, by rank.
    frequency : ndarray of int32, shape (n_present, 2)
        Documents of each class with the term, by rank; the larger of the two does not increase with the rank.
    term_groups : ndarray of int64, shape (n_present + 1,)
        Where each term's groups begin.
    group_values : ndarray of float32, shape (n_groups,)
        The value of each group.
    group_starts, group_stops : ndarray of int64, shape (n_groups, 2)
        Where each group's documents of either class begin and end in `postings`.
    term_starts : ndarray of int64, shape (n_present + 1,)
        Where each term's documents begin in `postings`.
    postings : ndarray of int32, shape (n_nonzero,)
        Documents of all terms.
    """

    n_terms: int
    n_class_0: int
    n_class_1: int
    class_1_start: int
    columns: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    term_groups: npt.NDArray[np.int64]
    group_values: npt.NDArray[np.float32]
    group_starts: npt.NDArray[np.int64]
    group_stops: npt.NDArray[np.int64]
    term_starts: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]


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

    Returns
    -------
    columns, frequency
        See :class:`TrainingIndex`.
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
def list_postings(
    data: Array,
    indices: Array,
    indptr: Array,
    rows: Array,
    labels: Array,
    n_columns: int,
    class_1_start: int,
    columns: Array,
    frequency: Array,
) -> tuple[Array, Array, Array]:
    """List the documents and values of each ranked term: (starts, documents, values), documents increasing."""
    n_present = len(columns)
    rank = np.full(n_columns, -1, np.int32)
    starts = np.zeros(n_present + 1, np.int64)
    for r in range(n_present):
        rank[columns[r]] = r
        starts[r + 1] = starts[r] + frequency[r, 0] + frequency[r, 1]
    ends = starts[:-1].astype(np.uint64)
    documents = np.empty(starts[-1], np.int32)
    values = np.empty(starts[-1], np.float32)
    for label in range(2):
        document = np.int32(label * class_1_start)
        for i in range(len(rows)):
            if labels[i] != label:
                continue
            for j in range(np.uint64(indptr[rows[i]]), np.uint64(indptr[rows[i] + 1])):
                r = rank[np.uint32(indices[j])]
                if r >= 0 and data[j] > SAME_VALUE:
                    at = ends[np.uint32(r)]
                    documents[at] = document
                    values[at] = data[j]
                    ends[np.uint32(r)] = at + np.uint64(1)
            document += np.int32(1)
    return starts, documents, values


@lean_kernel
def distinct_sorted(values: Array, found: Array) -> int:
    """Write the different ones of sorted `values` to the front of `found`; return how many there are."""
    n = 0
    for value in values:
        if n == 0 or found[n - 1] != value:
            found[n] = value
            n += 1
    return n


@kernel
def distinct_values(values: Array, found: Array) -> int:
    """Write the different `values`, sorted, to the front of `found`; return how many there are."""
    n = 0
    for value in values:
        at = n
        while at > 0 and found[at - 1] > value:
            at -= 1
        if at > 0 and found[at - 1] == value:
            continue
        if n == _FEW_VALUES:
            return distinct_sorted(np.sort(values), found)
        for k in range(n, at, -1):
            found[k] = found[k - 1]
        found[at] = value
        n += 1
    return n


@kernel
def group_by_value(
    starts: Array, documents: Array, values: Array, frequency: Array
) -> tuple[Array, Array, Array, Array]:
    """Order each term's `documents` by class and value, in place.

    Returns
    -------
    term_groups, group_values, group_starts, group_stops
        See :class:`TrainingIndex`.
    """
    n_present = len(starts) - 1
    longest = np.int64(_FEW_VALUES + 1)
    for r in range(n_present):
        longest = max(longest, starts[r + 1] - starts[r])
    found = np.empty(longest, np.float32)
    ends = np.empty(longest, np.int64)
    unordered = np.empty(longest, np.int32)
    term_groups = np.zeros(n_present + 1, np.int64)
    group_values = np.empty(len(documents), np.float32)
    group_starts = np.empty((len(documents), 2), np.int64)
    group_stops = np.empty((len(documents), 2), np.int64)
    n_groups = 0
    for r in range(n_present):
        begin, middle, end = starts[r], starts[r] + frequency[r, 0], starts[r + 1]
        if is_constant(values, begin, end):  # as nearly all terms are
            group_values[n_groups] = values[begin]
            group_starts[n_groups, 0], group_stops[n_groups, 0] = begin, middle
            group_starts[n_groups, 1], group_stops[n_groups, 1] = middle, end
            n_groups += 1
            term_groups[r + 1] = n_groups
            continue
        n_values = distinct_values(values[begin:end], found)
        for k in range(n_values):
            group_values[n_groups + k] = found[k]
        for j in range(end - begin):
            unordered[j] = documents[begin + j]
        for label in range(2):
            first, last = (begin, middle) if label == 0 else (middle, end)
            ends[:n_values] = 0
            for j in range(first, last):
                ends[position_of(values[j], found, n_values)] += 1
            at = first
            for k in range(n_values):
                group_starts[n_groups + k, label] = at
                at += ends[k]
                group_stops[n_groups + k, label] = at
                ends[k] = at - ends[k]
            for j in range(first, last):
                k = position_of(values[j], found, n_values)
                documents[ends[k]] = unordered[j - begin]
                ends[k] += 1
        n_groups += n_values
        term_groups[r + 1] = n_groups
    return term_groups, group_values[:n_groups].copy(), group_starts[:n_groups].copy(), group_stops[:n_groups].copy()


@inlined_kernel
def is_constant(values: Array, begin: Int, end: Int) -> bool:
    """Tell whether ``values[begin:end]`` are all the same."""
    j = begin + 1
    while j < end and values[np.uint64(j)] == values[np.uint64(begin)]:
        j += 1
    return j == end


@lean_kernel
def position_of(value: float, found: Array, n: int) -> int:
    """Find a value that is among the first `n` of `found`, which increase; most often it is the smallest."""
    if value == found[0]:
        return 0
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) >> 1
        if found[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def build_training_index(
    data: npt.NDArray[np.int32] | npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[np.uint8],
    active: npt.NDArray[np.bool_],
    frequency: npt.NDArray[np.int32],
) -> TrainingIndex:
    """Make the posting lists of the documents `rows` of a CSR matrix without repeated entries.

    Parameters
    ----------
    data, indices, indptr
        The CSR matrix; values are not negative. All read-only, or all writable: each mix is compiled anew.
    rows : ndarray of int64, shape (n_documents,)
        The training documents.
    labels : ndarray of uint8, shape (n_documents,)
        Their classes, 0 or 1.
    active : ndarray of bool, shape (n_columns,)
        Terms that a split may draw.
    frequency : ndarray of int32, shape (n_columns, 2)
        Documents of each class with each term, as :func:`count_terms` counts them.
    """
    n_class_1 = int(np.count_nonzero(labels))
    n_class_0 = len(labels) - n_class_1
    class_1_start = -(-n_class_0 // 64) * 64
    columns, ranked = rank_terms(frequency, active, len(rows))
    starts, postings, values = list_postings(
        data, indices, indptr, rows, labels, len(active), class_1_start, columns, ranked
    )
    groups = group_by_value(starts, postings, values, ranked)
    n_terms = int(np.count_nonzero(active))
    return TrainingIndex(n_terms, n_class_0, n_class_1, class_1_start, columns, ranked, *groups, starts, postings)
