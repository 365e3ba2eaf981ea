"""The corpus of numbers: labelled rows of a table, or vectors that any encoder made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.counting.npy_files import HASH_BYTES, hash_array
from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.labels import TWO, LabelColumn
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.reading.tables import finite
from modelcollapse.errors import CorpusError

#: Rows looked at together.
_ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class DenseCorpus:
    """Labelled documents as numbers: what models see are all columns, as they are.

    Attributes
    ----------
    features : ndarray of float32, shape (n_documents, n_terms)
        Finite, or NaN where a value is missing. Arrays may be read-only and memory-mapped.
    labels : ndarray of uint8 or uint16, shape (n_documents,)
        Human labels: places in `classes`.
    fingerprint : str
        Hash of all content: equal fingerprints mean equal corpora.
    name : str
        What the user calls it.
    origin : Origin, optional
        How it was made.
    load_columns : callable
        Returns the names of the columns as an object array of str, shape (n_terms,). The simulation never needs them.
    classes : tuple of str
        What labels stand for.

    Examples
    --------
    >>> from modelcollapse import load_corpus
    >>> digits = load_corpus("sklearn:digits", progress=False)
    >>> digits.features.shape, digits.classes[:3]
    ((1797, 64), ('0', '1', '2'))

    What is in memory is one, too: a row and a label for each document.

    >>> DenseCorpus.of([[0.5, 1.0], [2.5, 3.0]] * 20, ["ham", "spam"] * 20).classes
    ('ham', 'spam')
    """

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[Any]
    fingerprint: str
    name: str = "table"
    origin: Origin | None = None
    load_columns: Callable[[], npt.NDArray[np.object_]] | None = None
    classes: tuple[str, ...] = TWO

    @classmethod
    def of(cls, features: npt.ArrayLike, labels: npt.ArrayLike, name: str = "table") -> DenseCorpus:
        """Make a corpus of arrays, or of what NumPy makes arrays of.

        Parameters
        ----------
        features : array-like of numbers, shape (n_documents, n_columns)
        labels : array-like of words or numbers, shape (n_documents,)
            Two classes as `load_corpus` knows them, or any values that stand for at least ten documents each.
        name : str
            What to call it.

        Raises
        ------
        CorpusError
            If shapes do not fit, values are infinite, or labels are no classes.
        """
        numbers, words = np.asarray(features), np.asarray(labels)
        is_table = numbers.ndim == 2 and numbers.size and numbers.dtype.kind in "fiub"
        if not is_table or words.shape != numbers.shape[:1]:
            raise CorpusError(
                f"found features of {numbers.dtype} of shape {numbers.shape}, labels of shape {words.shape}, expected "
                "a row of numbers and a label for every document."
            )
        column = LabelColumn()
        column.add(RowBatch(name, labels=[str(word) for word in words.tolist()], lines=list(range(1, len(words) + 1))))
        report = ReadReport(read=len(words))
        classes = column.classes(report)
        kept = finite(numbers[classes.are_there], [str(i) for i in range(numbers.shape[1])], name)
        codes = classes.labels(classes.are_there)
        parts = [hash_array(kept), hash_array(codes), *classes.names]
        fingerprint = blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).hexdigest()
        return cls(kept, codes, fingerprint, name, classes=classes.names)

    def rows(self, documents: npt.NDArray[np.int64]) -> DenseCorpus:
        """Return some documents in an order, under the same fingerprint.

        Examples
        --------
        >>> corpus = DenseCorpus.of([[0.5], [2.5]] * 20, ["ham", "spam"] * 20)
        >>> corpus.rows(np.array([3, 0])).labels
        array([1, 0], dtype=uint8)
        """
        return replace(self, features=np.asarray(self.features).take(documents, axis=0), labels=self.labels[documents])

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Both arrays: what processes share."""
        return self.features, self.labels

    @property
    def maker(self) -> Callable[..., DenseCorpus]:
        """What makes this corpus again of its arrays."""
        return partial(DenseCorpus, fingerprint=self.fingerprint, classes=self.classes)

    @property
    def n_documents(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @property
    def n_terms(self) -> int:
        """Number of columns."""
        return self.features.shape[1]

    @property
    def n_values(self) -> int:
        """Numbers in all rows."""
        return self.features.size

    @property
    def n_bytes(self) -> int:
        """Bytes of the features."""
        return self.features.nbytes

    @cached_property
    def n_missing(self) -> int:
        """Values that are missing."""
        return sum(int(np.isnan(part).sum()) for part in self.parts())

    @cached_property
    def least(self) -> float:
        """The least of all values."""
        return float(min(np.nanmin(part, initial=np.inf) for part in self.parts()))

    def parts(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the features, some rows at a time."""
        for first in range(0, self.n_documents, _ROWS_AT_ONCE):
            yield self.features[first : first + _ROWS_AT_ONCE]

    def __repr__(self) -> str:
        size = f"{self.n_documents:,} documents, {self.n_terms:,} columns"
        return f"<DenseCorpus {self.name!r}: {size}, fingerprint {self.fingerprint}>"

    def _repr_html_(self) -> str:
        from modelcollapse.corpora.describe import card

        return card(self)


#: Labelled documents that learners are trained on.
AnyCorpus: TypeAlias = Corpus | DenseCorpus


def two_of_counts(corpus: AnyCorpus, what: str) -> Corpus:
    """Return a corpus of two classes and counts of words, which alone `what` takes; raise CorpusError for another."""
    if isinstance(corpus, Corpus) and len(corpus.classes) == 2:
        return corpus
    found = "numbers" if isinstance(corpus, DenseCorpus) else f"{len(corpus.classes):,} classes"
    raise CorpusError(f"the corpus '{corpus.name}' has {found}, but {what} takes two classes of texts.")
