"""The corpus: labelled documents as counts. The one thing that flows from `corpora` into everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.reading.labels import TWO


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled documents as term counts.

    Attributes
    ----------
    data : ndarray of int32, shape (n_nonzero,)
        Counts, all positive. All arrays may be read-only and memory-mapped.
    indices : ndarray of int32, shape (n_nonzero,)
        Term of each count; sorted within a document, without repetition.
    indptr : ndarray of int64, shape (n_documents + 1,)
        Where each document's counts begin.
    labels : ndarray of uint8 or uint16, shape (n_documents,)
        Human labels, 0 or 1; places in `classes` where there are more (uint16).
    term_orders : ndarray of uint8, shape (n_terms,)
        n-gram order of each term (1 for single words). Terms are sorted by code point.
    fingerprint : str
        Hash of everything above and of the vocabulary: equal fingerprints mean equal corpora.
    name : str
        What the user calls it.
    origin : Origin, optional
        How it was made: source, options, counts of what was read, kept and dropped, lengths.
    load_vocabulary : callable
        Returns the terms as an object array of str, shape (n_terms,). The simulation never needs them.
    classes : tuple of str
        What labels stand for.

    Examples
    --------
    >>> corpus.n_documents, corpus.counts.shape[0], int(corpus.labels.sum())
    (600, 600, 300)
    """

    data: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    indptr: npt.NDArray[np.int64]
    labels: npt.NDArray[Any]
    term_orders: npt.NDArray[np.uint8]
    fingerprint: str
    name: str = "corpus"
    origin: Origin | None = None
    load_vocabulary: Callable[[], npt.NDArray[np.object_]] | None = None
    classes: tuple[str, ...] = TWO

    def rows(self, documents: npt.NDArray[np.int64]) -> Corpus:
        """Return some documents in an order, under the same fingerprint.

        Examples
        --------
        >>> corpus.rows(np.array([3, 0])).counts.shape == (2, corpus.n_terms)
        True
        """
        counts = self.counts[documents]
        indptr = counts.indptr.astype(np.int64)
        return replace(self, data=counts.data, indices=counts.indices, indptr=indptr, labels=self.labels[documents])

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """All arrays, in the order of the attributes: what processes share."""
        return self.data, self.indices, self.indptr, self.labels, self.term_orders

    @property
    def maker(self) -> Callable[..., Corpus]:
        """What makes this corpus again of its arrays."""
        return partial(Corpus, fingerprint=self.fingerprint, classes=self.classes)

    @property
    def n_documents(self) -> int:
        """Number of documents, empty ones included."""
        return len(self.labels)

    @property
    def n_terms(self) -> int:
        """Number of distinct terms in all documents."""
        return len(self.term_orders)

    @property
    def n_values(self) -> int:
        """Number of counts in all documents."""
        return len(self.data)

    @property
    def n_bytes(self) -> int:
        """Bytes of the counts."""
        return self.data.nbytes + self.indices.nbytes + self.indptr.nbytes

    @cached_property
    def counts(self) -> sparse.csr_matrix:
        """The counts as a canonical CSR matrix (n_documents × n_terms) that shares this corpus' arrays."""
        matrix = sparse.csr_matrix((self.data, self.indices, self.indptr), shape=(self.n_documents, self.n_terms))
        matrix.has_sorted_indices = True
        matrix.has_canonical_format = True
        return matrix

    def __repr__(self) -> str:
        size = f"{self.n_documents:,} documents, {self.n_terms:,} terms"
        return f"<Corpus {self.name!r}: {size}, fingerprint {self.fingerprint}>"

    def _repr_html_(self) -> str:
        from modelcollapse.corpora.describe import card

        return card(self)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the matrix out of pickles: it only repeats the arrays."""
        return {name: value for name, value in self.__dict__.items() if name != "counts"}
