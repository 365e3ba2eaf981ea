"""Votes by posting lists are those of every document sent down every tree on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from modelcollapse.forest import shards
from modelcollapse.forest.shards import ONE_VOTE, Trees, index_documents, predict_votes, sum_votes
from modelcollapse.forest.voting import most_right_turns
from tests.forest.data import generated_counts, generated_reals
from tests.forest.helpers import arrays, grow
from tests.forest.naive_forest import naive_votes


def trees_of(nodes):
    """Make trees of lists of nodes in preorder: (feature, threshold) for a split, (class_0, class_1) for a leaf."""
    feature, threshold, left, weights, starts = [], [], [], [], [0]

    def write(node):
        at = len(feature)
        is_leaf = isinstance(node[0], int)
        feature.append(-1 if is_leaf else node[0][0])
        threshold.append(0.0 if is_leaf else node[0][1])
        left.append(0)
        weights.append(node if is_leaf else (1, 1))
        if not is_leaf:
            write(node[1])
            left[at] = len(feature) - starts[-1]
            write(node[2])

    for tree in nodes:
        write(tree)
        starts.append(len(feature))
    return Trees(
        np.array(starts), np.array(feature, np.int32), np.array(threshold), np.array(left, np.int32),
        np.array(weights, np.int32),
    )  # fmt: skip


N_TERMS = 6
LEAVES = st.tuples(st.integers(0, 3), st.integers(1, 3))
SPLITS = st.tuples(st.integers(0, N_TERMS - 1), st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.5, 40.0]))
TREES = st.recursive(LEAVES, lambda subtree: st.tuples(SPLITS, subtree, subtree), max_leaves=25)
COUNTS = st.lists(st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 60]), min_size=N_TERMS, max_size=N_TERMS), max_size=90)


@settings(max_examples=150)
@given(
    st.lists(TREES, min_size=1, max_size=4), COUNTS, st.booleans(), st.integers(1, 3),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_equals_every_document_on_its_own(nodes, counts, as_reals, repeats, random):
    dense = np.array(counts, np.int32).reshape(-1, N_TERMS)
    rows = np.array([i for i in range(len(dense)) for _ in range(repeats)], np.int64)
    random.shuffle(rows)
    X = sparse.csr_matrix(dense.astype(np.float32) / 4 if as_reals else dense)
    trees = trees_of(nodes)
    found = predict_votes(trees, *arrays(X), rows, N_TERMS)
    assert found.tolist() == naive_votes(trees, X.toarray()[rows])


@pytest.mark.parametrize("parameters", [{"max_depth": 1}, {"bootstrap": False}, {"max_depth": 20, "bootstrap": False}])
@pytest.mark.parametrize("n_trees", [1, 7])
def test_equals_every_document_on_its_own_for_grown_trees(parameters, n_trees):
    X, labels = generated_counts(200, 400, 30)
    other, _ = generated_counts(400, 400, 30, seed=4)
    trees = grow(X, labels, n_trees, **parameters)
    assert predict_votes(trees, *arrays(other), np.arange(400), 400).tolist() == naive_votes(trees, other.toarray())


def test_terms_with_many_values_are_searched():
    X, labels = generated_reals(200, 20)
    trees = grow(X, labels, 5)
    other = generated_reals(300, 20, seed=1)[0].astype(np.float32)
    assert predict_votes(trees, *arrays(other), np.arange(300), 20).tolist() == naive_votes(trees, other.toarray())


@pytest.mark.parametrize("n_turns", [1, 253, 254, 255, 400])
def test_any_number_of_right_turns_is_followed(n_turns):
    """Term t leads on from level t; documents with the terms 0 … k − 1 leave the tree's right edge after k turns."""
    tree = (1, n_turns + 2)
    for turn in range(n_turns, 0, -1):
        tree = ((turn - 1, 0.5), tree, (1, turn))
    trees = trees_of([tree])
    assert most_right_turns(trees.starts, trees.feature) == n_turns
    dense = np.tril(np.ones((n_turns + 1, n_turns), np.int32), -1)
    X = sparse.csr_matrix(dense)
    found = predict_votes(trees, *arrays(X), np.arange(n_turns + 1), n_turns)
    assert found.tolist() == naive_votes(trees, dense)


def test_lists_of_nested_branches_have_room():
    """Every right branch takes all documents but one, and its own right branch too: lists must not run over."""
    n = 120
    X = sparse.csr_matrix(np.tril(np.ones((n, n), np.int32)))
    trees = grow(X, (np.arange(n) % 2).astype(np.uint8), 4, max_features=None, bootstrap=False)
    rows = np.random.default_rng(0).permutation(np.repeat(np.arange(n), 3))
    found = predict_votes(trees, *arrays(X), rows, n)
    assert found.tolist() == naive_votes(trees, X.toarray()[rows])


def test_more_documents_than_two_bytes_number():
    X, labels = generated_counts(60, 12, 6)
    trees = grow(X, labels, 3, max_depth=4)
    expected = np.array(naive_votes(trees, X.toarray()))
    rows = np.random.default_rng(0).integers(0, 60, 65_536 + 700)
    blocks = index_documents(*arrays(X), rows, np.ones(12, bool))
    assert [block.n_documents for block in blocks] == [65_536, 700]
    assert np.array_equal(sum_votes(trees, blocks), expected[rows])
    assert np.array_equal(predict_votes(trees, *arrays(X), rows, 12, n_threads=2), expected[rows])


def test_one_index_serves_every_forest_and_leaves_out_what_none_splits_by():
    X, labels = generated_counts(150, 300, 30)
    usable = np.arange(300) % 3 > 0
    blocks = index_documents(*arrays(X), np.arange(150), usable)
    assert blocks[0].term_of[~usable].max() == -1
    for seed in range(3):
        trees = grow(sparse.csr_matrix(X.multiply(usable)).astype(np.int32), labels, 5, seed=seed)
        assert np.array_equal(sum_votes(trees, blocks), predict_votes(trees, *arrays(X), np.arange(150), 300))


def test_read_only_arrays_are_scored_by_the_same_kernels():
    X, labels = generated_counts(80, 60, 10)
    trees = grow(X, labels, 3)
    expected = predict_votes(trees, *arrays(X), np.arange(80), 60)
    n_kernels = len(shards.votes_of_block.__globals__["add_votes"].signatures)
    frozen = Trees(*(np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for a in trees))
    counts = [np.frombuffer(a.tobytes(), a.dtype) for a in arrays(X)]
    assert np.array_equal(predict_votes(frozen, *counts, np.arange(80), 60), expected)
    assert len(shards.votes_of_block.__globals__["add_votes"].signatures) == n_kernels


def test_counts_beyond_single_precision_are_compared_exactly():
    large = 2**24
    X = sparse.csr_matrix(np.array([[large], [large + 1], [large + 2]], np.int32))
    trees = trees_of([((0, large + 0.5), (0, 1), (1, 0))])
    assert predict_votes(trees, *arrays(X), np.arange(3), 1).tolist() == [0, ONE_VOTE, ONE_VOTE]


def test_other_kinds_of_numbers_are_refused():
    X, _ = generated_counts(5, 5, 3)
    with pytest.raises(TypeError, match="Found values of type int64, expected int32 or float32"):
        index_documents(X.data.astype(np.int64), *arrays(X)[1:], np.arange(5), np.ones(5, bool))


def test_no_documents_have_no_votes():
    X, labels = generated_counts(20, 30, 5)
    trees = grow(X, labels, 2)
    assert predict_votes(trees, *arrays(X), np.arange(0), 30).shape == (0,)
