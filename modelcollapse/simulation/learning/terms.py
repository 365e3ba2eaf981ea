"""Active terms: what a vectoriser refitted on a training set would keep, as a selection from the corpus' columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.simulation.spec import TermSelection


def active_terms(
    training: sparse.csr_matrix, term_orders: npt.NDArray[np.uint8], selection: TermSelection
) -> npt.NDArray[np.int64]:
    """Return the columns, sorted, that scikit-learn's CountVectorizer, refitted on these documents, would keep.

    They are terms of at most ``max_ngram`` words (`term_orders` says of how many each is) in at least ``min_df``
    documents; of these the ``max_terms`` most frequent, and of terms equally frequent the first in the vocabulary.
    """
    document_frequency = np.bincount(training.indices, minlength=training.shape[1])
    return choose_terms(document_frequency, lambda: training, term_orders, selection)


def choose_terms(
    document_frequency: npt.NDArray[np.integer],
    training: Callable[[], sparse.csr_matrix],
    term_orders: npt.NDArray[np.uint8],
    selection: TermSelection,
) -> npt.NDArray[np.int64]:
    """Return what `active_terms` does, from the number of documents with each term, shape (n_terms,).

    The training documents themselves are asked for only if it takes their counts.
    """
    active = np.flatnonzero((document_frequency >= max(1, selection.min_df)) & (term_orders <= selection.max_ngram))
    if selection.max_terms is not None and len(active) > selection.max_terms:
        counts = training()
        totals = np.bincount(counts.indices, weights=counts.data, minlength=counts.shape[1])[active]
        active = np.sort(active[np.argsort(-totals, kind="stable")[: selection.max_terms]])
    return active


def select_columns(counts: sparse.csr_matrix, active: npt.NDArray[np.int64]) -> sparse.csr_matrix:
    """Return the counts of the active terms, renumbered from 0, canonical and with writable arrays of their own."""
    renumbered = np.full(counts.shape[1], -1, dtype=np.int32)
    renumbered[active] = np.arange(len(active), dtype=np.int32)
    columns = renumbered.take(counts.indices)
    is_active = columns >= 0
    if is_active.all():  # as in training documents where every term is active
        arrays = counts.data.copy(), columns, counts.indptr.copy()
    else:
        kept = np.flatnonzero(is_active)
        arrays = counts.data.take(kept), columns.take(kept), np.searchsorted(kept, counts.indptr)
    matrix = sparse.csr_matrix(arrays, shape=(counts.shape[0], len(active)))
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = True
    return matrix
