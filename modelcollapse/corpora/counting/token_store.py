"""Token sequences of all documents, kept on disk while a corpus is built: memory does not grow with the corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.counting.tokenizer import TokenBatch

_TOKENS_AT_ONCE = 4_000_000


class TokenStore:
    """Collects `TokenBatch` after `TokenBatch` in a file of int32, under one numbering of the terms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._numbers: defaultdict[str, int] = defaultdict()  # of each term; a new one is given on look-up
        self._numbers.default_factory = self._numbers.__len__
        self._lengths: list[npt.NDArray[np.int32]] = []
        self._digests: list[npt.NDArray[np.uint64]] = []

    def add(self, batch: TokenBatch) -> None:
        """Append the documents of a batch."""
        numbers = np.fromiter(map(self._numbers.__getitem__, batch.terms), np.int32, len(batch.terms))
        self._file.write(numbers[batch.tokens].data)
        self._lengths.append(batch.lengths)
        self._digests.append(batch.digests)

    def __enter__(self) -> TokenStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Tokens of each document, shape (n_documents,)."""
        return np.concatenate([np.empty(0, np.int32), *self._lengths])

    @property
    def digests(self) -> npt.NDArray[np.uint64]:
        """Hash of each document's text, shape (n_documents, 2)."""
        return np.concatenate([np.empty((0, 2), np.uint64), *self._digests])

    @property
    def terms(self) -> list[str]:
        """Terms in the order of their numbers."""
        return list(self._numbers)

    def chunks(self, keep: npt.NDArray[np.bool_]) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]:
        """Yield ``(tokens, lengths)`` of the kept documents in order, some documents at a time."""
        lengths = self.lengths
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        first = 0
        with self._path.open("rb") as file:
            while first < len(lengths):
                last = max(first + 1, int(np.searchsorted(ends, ends[first] + _TOKENS_AT_ONCE, "right")) - 1)
                tokens = np.fromfile(file, np.int32, int(ends[last] - ends[first]))
                chosen = keep[first:last]
                yield tokens[np.repeat(chosen, lengths[first:last])], lengths[first:last][chosen]
                first = last
