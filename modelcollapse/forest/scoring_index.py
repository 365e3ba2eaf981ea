"""The documents that are scored, as posting lists: made once for a test set, and used by every forest that scores it.

Documents are scored in blocks of at most 65,536, so that two bytes hold a document's number. A *group* is one value of
one term, as in :mod:`~modelcollapse.forest.training_index`: a term's groups are consecutive, their values increase, and
so the documents that go to the right at a split are the end of the term's list.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.bitsets import make_sets
from modelcollapse.forest.compilation import Array, Int, inlined_kernel, kernel
from modelcollapse.forest.training_index import sort_keys

#: Documents in a block, at most: their numbers have 16 bits.
BLOCK_SIZE = 1 << 16

#: A term that is in at least this share of a block's documents has a bit set, too: in a branch with few documents, it
#: is quicker to look each of them up than to read the term's list.
_FREQUENT = 1 / 64


class ScoringIndex(NamedTuple):
    """Posting lists of one block of documents. Only terms that occur in it take more than four bytes."""

    n_documents: int
    term_of: npt.NDArray[np.int32]  # (n_columns,): number of each column's term; −1 if it occurs in no document
    term_groups: npt.NDArray[np.int64]  # (n_present + 1,): where each term's groups begin
    group_values: npt.NDArray[np.float64]  # (n_groups,): the value of each group
    group_starts: npt.NDArray[np.int64]  # (n_groups + 1,): where each group's documents begin in `postings`
    postings: npt.NDArray[np.uint16]  # (n_postings,): documents of all terms, increasing within a group
    set_of: npt.NDArray[np.int32]  # (n_present,): row of each frequent term in `sets`; −1 for the others
    sets: npt.NDArray[np.uint64]  # (n_frequent, n_words): the documents that have a frequent term, whatever its value


@inlined_kernel
def is_above_zero(bits: Int) -> bool:
    """Tell whether a number is above 0 by the bits that an int32 and a float32 have in common."""
    return 0 < bits < np.uint32(1 << 31)


@kernel
def list_documents(
    bits: Array, indices: Array, indptr: Array, rows: Array, active: Array
) -> tuple[Array, Array, Array]:
    """List the values and documents of each active term that occurs: (term_of, starts, keys).

    A key is a value's 32 bits and a document's 16. The bits of numbers above 0 are ordered as the numbers are, whether
    they are integers or not: one kernel serves both. The keys of a term are in the order of the documents.
    """
    term_of = np.zeros(len(active), np.int32)  # at first: how often the column occurs
    for row in rows:
        for j in range(indptr[row], indptr[row + 1]):
            if active[indices[j]] and is_above_zero(bits[j]):
                term_of[indices[j]] += 1
    starts = np.zeros(np.count_nonzero(term_of) + 1, np.int64)
    n_present = 0
    for column in range(len(active)):
        n_here = term_of[column]
        term_of[column] = n_present if n_here > 0 else -1
        if n_here > 0:
            starts[n_present + 1] = starts[n_present] + n_here
            n_present += 1
    ends = starts[:-1].copy()
    keys = np.empty(starts[-1], np.uint64)
    for i in range(len(rows)):
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            term = term_of[indices[j]]
            if term >= 0 and is_above_zero(bits[j]):
                keys[ends[term]] = np.uint64(bits[j]) << np.uint64(16) | np.uint64(i)
                ends[term] += 1
    return term_of, starts, keys


@kernel
def group_documents(starts: Array, keys: Array) -> tuple[Array, Array, Array, Array]:
    """Order each term's documents by value: (term_groups, bits of the groups' values, group_starts, postings)."""
    term_groups = np.zeros(len(starts), np.int64)
    group_bits = np.empty(len(keys), np.uint32)
    group_starts = np.empty(len(keys) + 1, np.int64)
    postings = np.empty(len(keys), np.uint16)
    n_groups = 0
    for term in range(len(starts) - 1):
        begin, end = starts[term], starts[term + 1]
        sort_keys(keys, begin, end)
        for j in range(begin, end):
            bits = np.uint32(keys[j] >> np.uint64(16))
            if j == begin or group_bits[n_groups - 1] != bits:
                group_bits[n_groups] = bits
                group_starts[n_groups] = j
                n_groups += 1
            postings[j] = np.uint16(keys[j] & np.uint64(0xFFFF))
        term_groups[term + 1] = n_groups
    group_starts[n_groups] = len(keys)
    return term_groups, group_bits[:n_groups].copy(), group_starts[: n_groups + 1].copy(), postings


def build_scoring_index(
    data: npt.NDArray[np.int32] | npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    active: npt.NDArray[np.bool_],
) -> ScoringIndex:
    """Make the posting lists of one block: of at most `BLOCK_SIZE` rows of a CSR matrix without repeated entries.

    Values are not negative; others than int32 and float32 raise a TypeError. `active`: terms that a tree may split by.
    All arrays are read-only, or all writable: each mix is compiled anew.
    """
    if data.dtype not in (np.int32, np.float32):
        raise TypeError(f"Found values of type {data.dtype}, expected int32 or float32")
    term_of, starts, keys = list_documents(data.view(np.uint32), indices, indptr, rows, active)
    term_groups, group_bits, group_starts, postings = group_documents(starts, keys)
    frequent = np.flatnonzero(np.diff(starts) >= max(64.0, len(rows) * _FREQUENT))
    set_of = np.full(len(starts) - 1, -1, np.int32)
    set_of[frequent] = np.arange(len(frequent))
    sets = make_sets(starts, postings, frequent, (len(rows) + 63) >> 6)
    group_values = group_bits.view(data.dtype).astype(np.float64)
    return ScoringIndex(len(rows), term_of, term_groups, group_values, group_starts, postings, set_of, sets)
