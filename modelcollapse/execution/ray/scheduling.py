"""When tasks are submitted, over how many of Ray's each is split, and what memory each takes beside the shared corpus.

That is what an executor does and a forecast foresees. Chains come longest first, as `plan.Plan.to_run` has them.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.execution.ray.sharded_training import can_be_sharded, useful_shards
from modelcollapse.execution.tasks import Workload

#: On a cluster of unknown size: enough waiting tasks to make an autoscaler act, few enough for the driver.
MAX_IN_FLIGHT = 2000

#: Results that a task may be ahead of the driver.
MAX_ROWS_AHEAD = 16

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
class Scheduler:
    """Says when the next task is submitted."""

    n_cores: int  # that tasks run on
    most_at_a_time: int  # tasks submitted and not finished
    shards: int | None = None  # tasks that a generation's trees are split over, if the user says so

    @classmethod
    def of(cls, n_cores: int, may_grow: bool, workers: int | None = None, shards: int | None = None) -> Scheduler:
        """Make one for a number of cores, more of which may come when tasks wait."""
        at_a_time = max(n_cores, MAX_IN_FLIGHT) if may_grow else n_cores
        return cls(min(n_cores, workers or n_cores), workers or at_a_time, shards)

    def shards_of(self, workload: Workload, n_unfinished: int) -> int:
        """Return over how many tasks one is split, given how many, itself included, are not finished."""
        if self.shards is not None:
            return self.shards if can_be_sharded(workload.model) else 1
        return useful_shards(workload, self.n_cores // n_unfinished)

    def has_room(self, n_in_flight: int, n_shards: int) -> bool:
        """Return whether a task in shards is admitted beside those in flight; it always is when nothing else runs."""
        return n_in_flight == 0 or n_in_flight + n_shards <= self.most_at_a_time


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
