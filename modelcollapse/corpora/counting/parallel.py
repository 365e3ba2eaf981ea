"""Tokenises batches in several processes, in order, with a bounded number of batches in flight."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

import loky

from modelcollapse.corpora.counting.tokenizer import TokenBatch, Tokenizer
from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.errors import CorpusError

#: Batches tokenised in this process before others are worth their start (each imports nltk and loads WordNet first).
BATCHES_ALONE = 10

_MOST_WORKERS = 8

_tokenizer: Tokenizer | None = None


def _start_worker(lemmatize: bool, stopwords: bool) -> None:
    global _tokenizer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is the parent's to deal with
    _tokenizer = Tokenizer(lemmatize, stopwords)


def _tokenize(texts: list[str]) -> TokenBatch:
    assert _tokenizer is not None, "the worker was not started"
    return _tokenizer(texts)


def tokenize_batches(
    batches: Iterable[RowBatch], lemmatize: bool, stopwords: bool, workers: int | None = None
) -> Iterator[TokenBatch]:
    """Yield each batch's tokens in the order of the batches, reading only a little ahead; CorpusError if a worker dies.

    Small sources are tokenised in this process. loky's processes, unlike those of the standard library, do not import
    the caller's main module: a script that loads a corpus needs no ``if __name__ == "__main__"``. By default there is
    one for each processor this process may use, but no more than reading the rows can feed; 1 means this process.
    """
    batches = iter(batches)
    workers = min(loky.cpu_count(), _MOST_WORKERS) if workers is None else workers
    alone = Tokenizer(lemmatize, stopwords)
    for batch in islice(batches, None if workers == 1 else BATCHES_ALONE):
        yield alone(batch.texts)
    following = next(batches, None)
    if following is None:
        return
    del alone
    pool = loky.ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(lemmatize, stopwords))
    try:
        waiting = deque([pool.submit(_tokenize, following.texts)])
        for batch in batches:
            waiting.append(pool.submit(_tokenize, batch.texts))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except loky.BrokenProcessPool as error:
        raise CorpusError(
            "a process that tokenises reviews died, probably for lack of memory. Use fewer workers."
        ) from error
    finally:
        pool.shutdown(wait=True, kill_workers=True)
