"""How much memory a task takes for itself; the corpus is shared."""

from __future__ import annotations

from dataclasses import dataclass

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.execution.tasks import Workload

# Measured: the peak of anonymous memory (RssAnon, every 10 ms) of a process that runs one generation, on 15,000, 30,000
# and 60,000 documents of synthetic:100000, and 8,000 and 30,000 of movies with and without 2-grams. Beyond what there
# was before it, a count takes 30 bytes and a term 100 with the forest, 40 and 260 with logistic regression, less with
# naive Bayes. A worker of Ray's takes 190 MB, the forest's compiled code 40 more, a thousand trees of depth 20 some 30.
# Trees without a limit of depth may take much more: a chain that runs out of memory is given twice as much.

#: A worker with its libraries, compiled code, and trees.
WORKER_BYTES = 300_000_000

#: For every document of the corpus: the order in which a chain sees them, scipy's own copy of where each begins.
BYTES_PER_DOCUMENT = 16

#: For every count of the documents that a generation trains on and scores: its copies, the forest's index.
BYTES_PER_COUNT = 50

#: For every term that may be in them: coefficients and their gradients, the forest's index.
BYTES_PER_TERM = 300

#: Vocabularies grow like this power of the text (Heaps' law: 0.4 to 0.6 for words).
_HEAPS = 0.6


@dataclass(frozen=True)
class CorpusSize:
    """What of a corpus matters here: its bytes, documents, terms or columns, and values in a document on average."""

    n_bytes: int
    n_documents: int
    n_terms: int
    counts_per_document: float

    @classmethod
    def of(cls, corpus: AnyCorpus, n_documents: int) -> CorpusSize:
        """Return the size of this number of documents like those of a corpus."""
        share = n_documents / max(1, corpus.n_documents)
        n_terms = int(corpus.n_terms * share**_HEAPS) if isinstance(corpus, Corpus) else corpus.n_terms
        return cls(int(corpus.n_bytes * share), n_documents, n_terms, corpus.n_values / max(1, corpus.n_documents))


def task_bytes(workload: Workload, corpus: CorpusSize) -> int:
    """Return the most memory that a task takes for itself, in bytes: an estimate on the safe side."""
    n_counts = corpus.counts_per_document * (workload.n_train + workload.n_test)
    n_terms = min(n_counts, corpus.n_terms, workload.max_terms or corpus.n_terms)
    documents = BYTES_PER_DOCUMENT * corpus.n_documents
    return int(WORKER_BYTES + documents + BYTES_PER_COUNT * n_counts + BYTES_PER_TERM * n_terms)
