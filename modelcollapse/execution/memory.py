"""How much memory a chain takes for itself; the corpus is shared."""

from __future__ import annotations

from modelcollapse.simulation.spec import ChainSpec

#: A worker with its libraries and compiled code.
WORKER_BYTES = 300_000_000

#: For every count of the documents that a generation trains on and scores: its copies, the forest's index.
BYTES_PER_COUNT = 80


def chain_bytes(spec: ChainSpec, counts_per_document: float) -> int:
    """Return the most memory that a chain takes for itself, in bytes: an estimate on the safe side.

    Parameters
    ----------
    spec : ChainSpec
        What is simulated.
    counts_per_document : float
        Stored counts (distinct terms) of a document of the corpus, on average.
    """
    n_documents = spec.final_size + spec.test_size
    return int(WORKER_BYTES + BYTES_PER_COUNT * counts_per_document * n_documents)
