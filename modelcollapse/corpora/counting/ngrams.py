"""From sequences of terms to counts: what scikit-learn's CountVectorizer gives, for any number of documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.counting.npy_files import ArrayWriter
from modelcollapse.corpora.counting.token_store import TokenStore
from modelcollapse.corpora.progress import Progress, silent

Ints = npt.NDArray[np.int64]

_MERGE_AT = 20_000_000
_TERMS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class NgramIndex:
    """All n-grams of a corpus as a tree of word ranks, and where each stands in the sorted vocabulary.

    An n-gram of order k is a node at level k; its parent is its first k − 1 words. Since a space sorts before every
    character a word can hold, the order of the joined strings by code point is the tree's pre-order.
    """

    words: list[str]  # the single words, sorted by code point
    codes: list[Ints]  # for the orders from 2 up: the sorted ``parent · n_words + last word`` of all n-grams of it

    @property
    def n_terms(self) -> int:
        """Terms of all orders."""
        return len(self.words) + sum(map(len, self.codes))

    def ancestors(self, nodes: Ints, level: int) -> list[Ints]:
        """Node at each level from 0 to `level` above nodes of that level (the last: themselves)."""
        path = [nodes]
        for lower in range(level, 0, -1):
            nodes = self.codes[lower - 1][nodes] // len(self.words)
            path.insert(0, nodes)
        return path

    def spell(self, nodes: Ints, level: int) -> list[Ints]:
        """Rank of the first, second, … word of nodes at a level."""
        path = self.ancestors(nodes, level)
        return [path[0]] + [self.codes[i - 1][path[i]] % len(self.words) for i in range(1, level + 1)]

    def positions(self) -> list[Ints]:
        """Place in the sorted vocabulary of every node, level by level."""
        sizes = [len(self.words), *map(len, self.codes)]
        paths = [self.ancestors(np.arange(size), level) for level, size in enumerate(sizes)]
        result = []
        for level, path in enumerate(paths):
            place = path[level].copy()
            for above in path[:level]:
                place += above + 1
            for below in paths[level + 1 :]:
                place += np.searchsorted(below[level], path[level], "left")
            result.append(place)
        return result

    def nodes(self, tokens: Ints, document: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield ``(nodes, starts)`` of every n-gram in some documents, level by level.

        `tokens` are word ranks, document after document; `document` says which document each belongs to.
        """
        nodes, starts = tokens, np.arange(len(tokens))
        yield nodes, starts
        for level, codes in enumerate(self.codes, start=1):
            found, starts = self.extend(nodes, starts, tokens, document, level)
            nodes = np.searchsorted(codes, found)
            yield nodes, starts

    def extend(self, nodes: Ints, starts: Ints, tokens: Ints, document: Ints, level: int) -> tuple[Ints, Ints]:
        """Codes of all n-grams of order ``level + 1``, and their starts, from the nodes of order `level`."""
        inside = starts + level < len(tokens)
        inside[inside] = document[starts[inside]] == document[starts[inside] + level]
        return nodes[inside] * len(self.words) + tokens[starts[inside] + level], starts[inside]


def index_ngrams(
    store: TokenStore, keep: npt.NDArray[np.bool_], order: int
) -> tuple[NgramIndex, npt.NDArray[np.int32]]:
    """Find all terms of the kept documents; also return the rank of each term number (-1: does not occur)."""
    terms = store.terms
    used = np.zeros(len(terms), bool)
    for tokens, _ in store.chunks(keep):
        used[tokens] = True
    by_code_point = sorted(np.flatnonzero(used).tolist(), key=terms.__getitem__)
    rank = np.full(len(terms), -1, np.int32)
    rank[by_code_point] = np.arange(len(by_code_point), dtype=np.int32)
    index = NgramIndex([terms[i] for i in by_code_point], [])
    for level in range(1, order):
        index.codes.append(_find_codes(store, keep, index, rank, level))
    return index, rank


def _find_codes(
    store: TokenStore, keep: npt.NDArray[np.bool_], index: NgramIndex, rank: npt.NDArray[np.int32], level: int
) -> Ints:
    """Sorted distinct codes of order ``level + 1``."""
    known = np.empty(0, np.int64)
    fresh: list[Ints] = []
    for tokens, document, _ in ranked_chunks(store, keep, rank):
        *_, (nodes, starts) = index.nodes(tokens, document)
        fresh.append(np.unique(index.extend(nodes, starts, tokens, document, level)[0]))
        if sum(map(len, fresh)) > _MERGE_AT:
            known, fresh = np.unique(np.concatenate([known, *fresh])), []
    return np.unique(np.concatenate([known, *fresh]))


def ranked_chunks(
    store: TokenStore, keep: npt.NDArray[np.bool_], rank: npt.NDArray[np.int32]
) -> Iterator[tuple[Ints, Ints, int]]:
    """Yield word ranks, the document that each belongs to, and the number of documents, some documents at a time."""
    for tokens, lengths in store.chunks(keep):
        yield rank[tokens].astype(np.int64), np.repeat(np.arange(len(lengths)), lengths), len(lengths)


def count_terms(
    store: TokenStore, keep: npt.NDArray[np.bool_], order: int, folder: Path, progress: Progress = silent
) -> NgramIndex:
    """Count every term up to an n-gram order in every kept document; terms that occur in no other do not exist.

    Writes ``data.npy``, ``indices.npy``, ``indptr.npy`` and ``term_orders.npy`` (see `Corpus`) to a folder.
    """
    index, rank = index_ngrams(store, keep, order)
    positions = index.positions()
    term_orders = np.empty(index.n_terms, np.uint8)
    for level, places in enumerate(positions):
        term_orders[places] = level + 1
    n_counts = [np.zeros(1, np.int64)]
    n_counted = 0
    with ArrayWriter(folder / "data.npy", np.int32) as data, ArrayWriter(folder / "indices.npy", np.int32) as indices:
        for tokens, document, n_documents in ranked_chunks(store, keep, rank):
            keys = np.concatenate(
                [
                    document[starts] * index.n_terms + places[nodes]
                    for places, (nodes, starts) in zip(positions, index.nodes(tokens, document), strict=True)
                ]
            )
            distinct, counts = np.unique(keys, return_counts=True)
            data.append(counts)
            indices.append(distinct % index.n_terms)
            n_counts.append(np.bincount(distinct // index.n_terms, minlength=n_documents))
            n_counted += n_documents
            progress("counting", n_counted / keep.sum())
    np.save(folder / "indptr.npy", np.cumsum(np.concatenate(n_counts)))
    np.save(folder / "term_orders.npy", term_orders)
    return index


def write_vocabulary(index: NgramIndex, path: Path) -> None:
    """Write the terms in order as UTF-8 text, one a line (no term holds a line break)."""
    words = np.array(index.words, object)
    levels = index.positions()
    by_place = np.argsort(np.concatenate(levels))
    level_starts = np.cumsum([0, *map(len, levels)])
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for first in range(0, len(by_place), _TERMS_AT_ONCE):
            chosen = by_place[first : first + _TERMS_AT_ONCE]
            lines = np.empty(len(chosen), object)
            for level in range(len(levels)):
                here = (chosen >= level_starts[level]) & (chosen < level_starts[level + 1])
                parts = index.spell(chosen[here] - level_starts[level], level)
                lines[here] = [" ".join(term) for term in zip(*(words[part] for part in parts), strict=True)]
            file.writelines(f"{line}\n" for line in lines)
