"""Builds a corpus: rows → tokens on disk → which documents stay → counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.cache import VOCABULARY_FILE
from modelcollapse.corpora.counting.ngrams import count_terms, write_vocabulary
from modelcollapse.corpora.counting.parallel import tokenize_batches
from modelcollapse.corpora.counting.token_store import TokenSpool
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.labels import LabelColumn
from modelcollapse.corpora.reading.read_report import Ledger, describe_lengths
from modelcollapse.errors import CorpusError

_SPOOL = "tokens.tmp"


def build_from_rows(
    batches: Iterable[RowBatch],
    ledger: Ledger,
    options: CorpusOptions,
    folder: Path,
    workers: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Build a corpus from labelled rows.

    Parameters
    ----------
    batches : iterable of RowBatch
        All usable rows in order.
    ledger : Ledger
        Where the source counts rows; completed here.
    options : CorpusOptions
        How to clean and count.
    folder : Path
        Where to write the arrays and the vocabulary.
    workers : int, optional
        Processes to tokenise in; see `tokenize_batches`.
    progress : callable
        Told how far the counting is.

    Returns
    -------
    dict
        What was read, kept and dropped, and what the corpus is like.

    Raises
    ------
    CorpusError
        If the rows are not good enough for a corpus.
    """
    labels = LabelColumn()
    with TokenSpool(folder / _SPOOL) as spool:
        for tokens in tokenize_batches(labels.noting(batches), options.lemmatize, options.stopwords, workers):
            spool.add(tokens)
    ledger.check(options.keep_going)
    classes = labels.classes(ledger, options.keep_going)
    ledger.check(options.keep_going)
    keep = _choose(classes, spool.digests, ledger, options)
    if not spool.lengths[keep].any():
        raise CorpusError("no document has a word left after cleaning. Expected English text.")
    index = count_terms(spool, keep, options.ngrams, folder, progress)
    write_vocabulary(index, folder / VOCABULARY_FILE)
    np.save(folder / "labels.npy", classes[keep])
    (folder / _SPOOL).unlink()
    return {"rows": ledger.summary(int(keep.sum())), "tokens": describe_lengths(spool.lengths[keep])}


def _choose(
    classes: npt.NDArray[np.uint8], digests: npt.NDArray[np.uint64], ledger: Ledger, options: CorpusOptions
) -> npt.NDArray[np.bool_]:
    """Say which documents stay."""
    keep = classes <= 1
    repeated = keep.copy()
    repeated[keep] = _repeated(digests[keep])
    ledger.duplicates = int(repeated.sum())
    if options.drop_duplicates:
        keep &= ~repeated
        ledger.left_out["duplicate"] = ledger.duplicates
    if options.balance:
        size = min(int((classes[keep] == c).sum()) for c in (0, 1))
        for c in (0, 1):
            surplus = np.flatnonzero(keep & (classes == c))[size:]
            keep[surplus] = False
            ledger.left_out["surplus of the larger class"] += len(surplus)
    return keep


def _repeated(digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Mark all but the first of documents with the same text."""
    order = np.lexsort(digests.T)
    same = np.zeros(len(order), bool)
    same[1:] = (digests[order[1:]] == digests[order[:-1]]).all(axis=1)
    repeated = np.zeros(len(order), bool)
    repeated[order] = same
    return repeated
