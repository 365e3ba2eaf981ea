"""Shortcuts from a sparse matrix to the kernels."""

from __future__ import annotations

import numpy as np

from modelcollapse.forest.compilation import lean_kernel
from modelcollapse.forest.fast_index import build_fast_index
from modelcollapse.forest.fast_search import START, Node, consider
from modelcollapse.forest.sampling import start_stream
from modelcollapse.forest.shards import ForestParameters, _read_only, count_documents, grow_trees
from modelcollapse.forest.training_index import build_training_index


def arrays(X):
    """The three arrays of a CSR matrix, as kernels take them."""
    data = X.data if X.dtype == np.int32 else X.data.astype(np.float32)
    return data, X.indices.astype(np.int32), X.indptr.astype(np.int64)


def index_of(X, labels):
    """The training index of all rows of a matrix."""
    documents = *arrays(X), np.arange(X.shape[0]), labels
    frequency = count_documents(*documents, X.shape[1])
    return build_training_index(*_read_only(*documents, np.ones(X.shape[1], bool), frequency))


def fast_index_of(X, labels, **parameters):
    """The training index, the fast index and the rules."""
    index = index_of(X, labels)
    rules = ForestParameters(bootstrap=False, **parameters).rules(index.n_terms)
    return index, build_fast_index(index, rules), rules


def grow(X, labels, n_trees=10, seed=0, tree_start=0, n_threads=1, weights=None, **parameters):
    """Trees on all rows of a matrix."""
    documents = *arrays(X), np.arange(X.shape[0]), labels
    return grow_trees(
        *documents, ForestParameters(**parameters), seed=seed, numbers=range(tree_start, tree_start + n_trees),
        active=np.ones(X.shape[1], bool), frequency=count_documents(*documents, X.shape[1]), n_threads=n_threads,
        weights=weights,
    )  # fmt: skip


def slots(labels):
    """The number of each document in a training index."""
    class_1_start = -(-int((labels == 0).sum()) // 64) * 64
    return np.where(labels == 0, np.cumsum(labels == 0) - 1, class_1_start + np.cumsum(labels == 1) - 1)


def bit_set(numbers, n_words):
    """A set of numbers as 64-bit words."""
    words = np.zeros(n_words, np.uint64)
    for number in numbers:
        words[number >> 6] |= np.uint64(1) << np.uint64(number & 63)
    return words


def stream(seed=0, tree=0):
    """The beginning of a tree's random stream."""
    state = np.empty(1, np.uint64)
    start_stream(state, np.uint64(seed), tree)
    return state


def node_of(inside, labels, fast):
    """A node with the documents `inside` (a mask)."""
    classes = np.bincount(labels[inside], minlength=2).tolist()
    return Node(bit_set(slots(labels)[inside], len(fast.all_documents)), *classes)


@lean_kernel
def search_terms(growth, node, terms):
    """The state of a search after these terms, in this order."""
    search = START
    for term in terms:
        search = consider(growth, node, term, search)
    return search
