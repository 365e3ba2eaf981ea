"""Documents in, sequences of terms out: batch by batch, in as many processes as wanted, always the same bits."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.counting.cleaning import WordCleaner

#: Bytes of the hash by which documents with the same text are recognised.
DIGEST_SIZE = 16

_MAX_KNOWN_WORDS = 3_000_000


@dataclass(frozen=True)
class TokenBatch:
    """Some documents as sequences of terms."""

    terms: list[str]  # the distinct terms of the batch
    tokens: npt.NDArray[np.int32]  # positions in `terms`, document after document
    lengths: npt.NDArray[np.int32]  # tokens of each document
    digests: npt.NDArray[np.uint64]  # hash of each document's text, shape (n_documents, 2)


class Tokenizer:
    """Turns batches of texts into term sequences, cleaning each distinct raw word once."""

    def __init__(self, lemmatize: bool = True, stopwords: bool = True) -> None:
        self._clean = WordCleaner(lemmatize, stopwords)
        self._known = _KnownWords(self._clean)

    def __call__(self, texts: Sequence[str]) -> TokenBatch:
        """Tokenise documents, one string each."""
        if len(self._known) > _MAX_KNOWN_WORDS:  # what is known only saves work, so memory may be bounded at will
            self._known = _KnownWords(self._clean)
        known = self._known
        words = [text.split() for text in texts]
        n_words = np.fromiter(map(len, words), np.int64, len(words))
        rows = np.fromiter(map(known.__getitem__, chain.from_iterable(words)), np.int32, int(n_words.sum()))
        starts = np.array(known.starts, np.int32)
        first, n_terms = starts[rows], starts[rows + 1] - starts[rows]
        ends = np.concatenate([[0], np.cumsum(n_terms)])
        tokens = np.array(known.terms, np.int32)[np.repeat(first - ends[:-1], n_terms) + np.arange(ends[-1])]
        document_ends = ends[np.concatenate([[0], np.cumsum(n_words)])]
        terms, local = _compact(tokens, list(known.numbers))
        return TokenBatch(terms, local, np.diff(document_ends).astype(np.int32), _digests(texts))


class _KnownWords(dict[str, int]):
    """Row of each raw word; a word not seen before is cleaned, and added, on look-up."""

    def __init__(self, clean: WordCleaner) -> None:
        super().__init__()
        self._clean = clean
        self.numbers: dict[str, int] = {}  # of all terms
        self.terms = array("i")  # of all words, one after the other
        self.starts = array("i", [0])  # where those of each row begin, and the last ones end

    def __missing__(self, raw: str) -> int:
        for term in self._clean(raw):
            self.terms.append(self.numbers.setdefault(term, len(self.numbers)))
        self.starts.append(len(self.terms))
        self[raw] = row = len(self)
        return row


def _compact(tokens: npt.NDArray[np.int32], terms: list[str]) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Renumber tokens so that only terms that occur have a number."""
    used = np.zeros(len(terms), bool)
    used[tokens] = True
    numbers = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return [terms[i] for i in np.flatnonzero(used)], numbers[tokens]


def _digests(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Hash of each text; lone surrogates, which JSON can hold, are hashed as they are."""
    joined = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_SIZE).digest() for text in texts
    )
    return np.frombuffer(joined, "<u8").reshape(-1, DIGEST_SIZE // 8)
