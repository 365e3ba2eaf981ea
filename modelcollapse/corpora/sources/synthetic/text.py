"""Writes a synthetic corpus as text, to show what such reviews look like or to try the text pipeline on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np

from modelcollapse.atomic import replacing
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.sources.synthetic import PREFIX
from modelcollapse.errors import CorpusError


def write_reviews(corpus: Corpus, path: Path) -> None:
    """Write the reviews of a synthetic corpus to a CSV file with the columns ``text`` and ``label``.

    Words stand in an order drawn for each review. Loading the file gives the same corpus. A file that is there already
    is left as it is if it holds these very reviews; raise CorpusError if it holds something else or cannot be written.
    """
    if corpus.origin is None or corpus.origin.source["kind"] != PREFIX or corpus.load_vocabulary is None:
        raise CorpusError(f"only synthetic corpora can be written as text; {corpus.name!r} was made from text.")
    try:
        if path.is_file() and path.stat().st_size:
            if not _holds(path, _lines(corpus)):
                raise CorpusError(f"{path} holds something else: choose another --text-file, or remove it first.")
            return
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_lines(corpus))
    except OSError as error:
        raise CorpusError(f"cannot write {path}: {error.strerror}.") from error


def _lines(corpus: Corpus) -> Iterator[str]:
    """Yield the lines of the file: the reviews are of letters only, so that nothing is quoted."""
    assert corpus.load_vocabulary is not None
    words = corpus.load_vocabulary()
    draw = np.random.default_rng(0)
    yield "text,label\n"
    for document in range(corpus.n_documents):
        here = slice(corpus.indptr[document], corpus.indptr[document + 1])
        said = draw.permutation(np.repeat(words[corpus.indices[here]], corpus.data[here]))
        yield f"{' '.join(said).capitalize()}.,{corpus.labels[document]}\n"


def _holds(path: Path, lines: Iterator[str]) -> bool:
    with path.open("rb") as file:
        return all(there == line.encode() for there, line in zip_longest(file, lines, fillvalue=""))
