"""Builds a corpus: rows → tokens on disk → which documents stay → counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.cache import CLASSES_FILE, VOCABULARY_FILE, write_names
from modelcollapse.corpora.counting.ngrams import count_terms, write_vocabulary
from modelcollapse.corpora.counting.parallel import tokenize_batches
from modelcollapse.corpora.counting.token_store import TokenStore
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.origin import Lengths
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.labels import TWO, Classes, LabelColumn
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError

_TOKENS = "tokens.tmp"


def build_from_rows(
    batches: Iterable[RowBatch],
    report: ReadReport,
    options: CorpusOptions,
    folder: Path,
    workers: int | None = None,
    progress: Progress = silent,
) -> Lengths:
    """Build a corpus from labelled rows: write arrays and vocabulary to a folder, return the documents' lengths.

    The report, in which the source counts rows, is completed. Raise CorpusError if the rows are not good enough.
    """
    labels = LabelColumn(options.keep_stars, options.keep_going)
    with TokenStore(folder / _TOKENS) as store:
        for tokens in tokenize_batches(labels.noting(batches), options.lemmatize, options.stopwords, workers):
            store.add(tokens)
    classes = labels.classes(report)
    keep = choose(classes, lambda there: _repeated(store.digests[there]), report, options)
    if not store.lengths[keep].any():
        raise CorpusError("no document has a word left after cleaning. Expected English text.")
    index = count_terms(store, keep, options.ngrams, folder, progress)
    write_vocabulary(index, folder / VOCABULARY_FILE)
    write_labels(classes, keep, folder)
    (folder / _TOKENS).unlink()
    report.kept = int(keep.sum())
    return Lengths.of(store.lengths[keep])


def choose(
    classes: Classes,
    mark_repeated: Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.bool_]],
    report: ReadReport,
    options: CorpusOptions,
) -> npt.NDArray[np.bool_]:
    """Say which rows stay: `mark_repeated` marks, among those that have a class, all but the first of equal ones."""
    keep = classes.are_there
    repeated = keep.copy()
    repeated[keep] = mark_repeated(keep)
    report.duplicates = int(repeated.sum())
    if options.drop_duplicates:
        keep &= ~repeated
        report.left_out["duplicate"] = report.duplicates
    if options.balance:
        _balance(keep, classes, report)
    return keep


def write_labels(classes: Classes, keep: npt.NDArray[np.bool_], folder: Path) -> None:
    """Write the labels of the rows that stay, and the names of classes that are not the usual two."""
    np.save(folder / "labels.npy", classes.labels(keep))
    if classes.names != TWO:
        write_names(folder / CLASSES_FILE, classes.names)


def _balance(keep: npt.NDArray[np.bool_], classes: Classes, report: ReadReport) -> None:
    """Keep as many rows of every class as the smallest has: the first ones."""
    members = [np.flatnonzero(keep & (classes.of_rows == c)) for c in range(len(classes.names))]
    size = min(map(len, members))
    for rows in members:
        keep[rows[size:]] = False
        report.left_out["surplus of the larger class"] += len(rows) - size


def _repeated(digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Mark all but the first of documents with the same text."""
    order = np.lexsort(digests.T)
    same = np.zeros(len(order), bool)
    same[1:] = (digests[order[1:]] == digests[order[:-1]]).all(axis=1)
    repeated = np.zeros(len(order), bool)
    repeated[order] = same
    return repeated
