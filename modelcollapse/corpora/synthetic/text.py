"""Writes a synthetic corpus as text, to show what such reviews look like or to try the text pipeline on."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.synthetic import PREFIX
from modelcollapse.errors import CorpusError


def write_reviews(corpus: Corpus, path: Path) -> None:
    """Write the reviews of a synthetic corpus to a CSV file with the columns ``text`` and ``label``.

    Words stand in an order drawn for each review. Loading the file gives the same corpus.

    Raises
    ------
    CorpusError
        If the corpus is not synthetic, or the file cannot be written.
    """
    if corpus.origin["source"]["kind"] != PREFIX or corpus.load_vocabulary is None:
        raise CorpusError(f"only synthetic corpora can be written as text; {corpus.name!r} was made from text.")
    words = corpus.load_vocabulary()
    draw = np.random.default_rng(0)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("text", "label"))
            for document in range(corpus.n_documents):
                here = slice(corpus.indptr[document], corpus.indptr[document + 1])
                said = draw.permutation(np.repeat(words[corpus.indices[here]], corpus.data[here]))
                writer.writerow((" ".join(said).capitalize() + ".", corpus.labels[document]))
    except OSError as error:
        raise CorpusError(f"cannot write {path}: {error.strerror}.") from error
