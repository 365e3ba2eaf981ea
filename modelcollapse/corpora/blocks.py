"""Corpora as blocks of tokens: words in order, with punctuation, cut into pieces of one length."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.block_cache import BLOCKS_FILE, BlockCache, BlockCorpus
from modelcollapse.corpora.cache import VOCABULARY_FILE, write_names
from modelcollapse.corpora.load import cache_key, find_source
from modelcollapse.corpora.options import BlockOptions, TextOptions
from modelcollapse.corpora.origin import Lengths, Origin
from modelcollapse.corpora.progress import silent
from modelcollapse.corpora.reading.files import read_files
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.sources.source import ReviewFiles, Source
from modelcollapse.corpora.sources.synthetic.language import stream
from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters
from modelcollapse.corpora.sources.synthetic.reviews import SyntheticReviews, draw_lengths
from modelcollapse.corpora.sources.synthetic.words import make_words
from modelcollapse.errors import CorpusError

#: A word, with apostrophes inside; or a sign.
TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")

#: The first two tokens: of words that are too rare, and of the end of a document.
UNKNOWN, END = "<unk>", "<end>"

#: Raised whenever the same texts give other blocks than before.
BLOCKS_VERSION = 1

#: In synthetic texts: how often a word depends on the one before, and on how large a share of all words it then falls.
_ORDERED, _WINDOW_BITS = 0.75, 56


def load_blocks(
    name_or_path: str | Path = "movies", block_length: int = 128, min_count: int = 3, **options: Any
) -> BlockCorpus:
    """Read a corpus as blocks of tokens.

    Words are in lower case; vocabulary and blocks are those of the whole corpus. Two blocks may be parts of one text.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load_corpus`.
    block_length : int
        Tokens of a block.
    min_count : int
        How often a word must occur to be a token of its own.
    **options
        How to read files: see `CorpusOptions`. A column of labels is not needed.

    Raises
    ------
    CorpusError
        If there is no such corpus, an option is not valid, or the text has no block or only one word.
    """
    limits = BlockOptions.parse(block_length=block_length, min_count=min_count)
    source = find_source(name_or_path, options)
    identity = {**source.identity(), "blocks": BLOCKS_VERSION, **limits.model_dump()}
    build = partial(_build, source, identity, limits)
    return BlockCache().get_or_build(cache_key(identity), source.name, build)


def _build(source: Source, identity: dict[str, Any], limits: BlockOptions, folder: Path) -> Origin:
    """Write blocks and vocabulary of a source into a folder."""
    length, min_count = limits.block_length, limits.min_count
    report = ReadReport()
    documents = _synthetic(source.parameters, report) if isinstance(source, SyntheticReviews) else _read(source, report)
    tokens, vocabulary, lengths = _number(documents, min_count)
    n_blocks = len(tokens) // length
    if n_blocks == 0:
        raise CorpusError(f"'{source.name}' has {len(tokens):,} tokens, expected at least one block of {length}.")
    if len(vocabulary) < 4:
        raise CorpusError(f"'{source.name}' has no two words that occur {min_count} times, expected a text.")
    kind = np.uint16 if len(vocabulary) <= 2**16 else np.uint32
    np.save(folder / BLOCKS_FILE, tokens[: n_blocks * length].reshape(n_blocks, length).astype(kind))
    write_names(folder / VOCABULARY_FILE, vocabulary)
    report.kept = len(lengths)
    return Origin(identity, report, Lengths.of(lengths))


def _read(source: Any, report: ReadReport) -> Iterator[list[str]]:
    """Yield the words of files, document after document."""
    if not isinstance(source, ReviewFiles):
        raise CorpusError(f"'{source.name}' has numbers, expected text.")
    options = TextOptions(**source.options.model_dump())
    for batch in read_files(source.fetch(silent), options, report):
        for text in batch.texts:
            yield TOKEN.findall(text.lower())
    report.check(options.keep_going)


def _synthetic(parameters: SyntheticParameters, report: ReadReport) -> Iterator[list[str]]:
    """Yield made-up documents: the share of every word is known (Zipf–Mandelbrot), and words depend on the last one.

    Each word is a place on a circle that is divided among the words. A place is the last one moved by a fixed step and
    a little more; or any place: so all places remain equally likely.
    """
    weights = (np.arange(1, parameters.vocabulary + 1) + parameters.zipf_shift) ** -parameters.zipf_exponent
    shuffled = stream(parameters.seed, "places").permutation(parameters.vocabulary)
    ends = np.cumsum((weights / weights.sum())[shuffled])
    lengths = draw_lengths(parameters)
    draw = stream(parameters.seed, "order")
    moves = draw.integers(2**64, size=int(lengths.sum()), dtype=np.uint64)
    ordered = draw.random(len(moves)) < _ORDERED
    moves[ordered] = (moves[ordered] >> np.uint64(64 - _WINDOW_BITS)) + np.uint64(0x9E3779B97F4A7C15)
    places = (np.cumsum(moves, dtype=np.uint64) >> np.uint64(11)) * 2.0**-53
    words = make_words(parameters.vocabulary)
    ranks = shuffled[np.minimum(np.searchsorted(ends, places, "right"), parameters.vocabulary - 1)].tolist()
    first = 0
    for length in lengths.tolist():
        yield [words[rank] for rank in ranks[first : first + length]]
        first += length
    report.read = len(lengths)


def _number(
    documents: Iterable[list[str]], min_count: int
) -> tuple[npt.NDArray[np.int64], tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the tokens of documents, one after the other, each followed by its end; the vocabulary; and lengths."""
    kept = list(documents)
    counts = Counter(chain.from_iterable(kept))
    frequent = sorted((word for word, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
    vocabulary = (UNKNOWN, END, *frequent)
    numbers = {word: number for number, word in enumerate(vocabulary)}
    get, end = numbers.get, [1]
    tokens = [number for words in kept for number in chain((get(word, 0) for word in words), end)]
    return np.array(tokens, np.int64), vocabulary, np.array([len(words) for words in kept], np.int64)
