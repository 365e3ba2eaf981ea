import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from modelcollapse.forest.fast_growth import search_by_frequency
from modelcollapse.forest.fast_search import FastWorkspace, Growth, with_threshold
from modelcollapse.forest.general_growth import (
    GeneralGrowth,
    GeneralWorkspace,
    best_split_of_node,
    count_groups,
    start_sample,
)
from modelcollapse.forest.splits import are_same, best_threshold, midpoint, split_score
from tests.forest.data import generated_counts
from tests.forest.helpers import fast_index_of, index_of, node_of, search_terms, slots, stream
from tests.forest.naive_forest import best_splits, gini_gain, split_by_feature


@st.composite
def nodes(draw, values=(0, 0, 0, 0, 1, 1, 2, 3, 7)):
    """A small training set, a node of it and some drawn terms."""
    n_documents, n_terms = draw(st.integers(2, 90)), draw(st.integers(1, 8))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    X = rng.choice(values, (n_documents, n_terms)) * (rng.random(n_terms) < 0.8)
    labels = (rng.random(n_documents) < draw(st.sampled_from([0.2, 0.5, 0.8]))).astype(np.uint8)
    labels[:2] = 0, 1
    inside = rng.random(n_documents) < draw(st.sampled_from([0.1, 0.5, 1.0]))
    inside[:2] = True
    drawn = rng.permutation(n_terms)[: draw(st.integers(1, n_terms))]
    return X, labels, inside, drawn, draw(st.sampled_from([1, 1, 2, 5]))


def find_in_fast_node(X, labels, inside, drawn, min_samples_leaf):
    matrix = sparse.csr_matrix(X.astype(np.int32))
    index, fast, rules = fast_index_of(matrix, labels, min_samples_leaf=min_samples_leaf)
    space = FastWorkspace.empty(index, 2)
    space.state[:] = stream()
    node = node_of(inside, labels, fast)
    rank_of = {int(column): rank for rank, column in enumerate(index.columns)}
    terms = np.array([rank_of[f] for f in drawn if f in rank_of], np.int64)
    search = search_terms(Growth(index, fast, rules, space), node, terms)
    split = search.split
    if split.score >= 0 and split.threshold < 0:
        split = with_threshold(index, split, node.members)
    return index, search.varied, split


def assert_among(split, index, X, labels, inside, naive):
    """The split is one of the naive splitter's, with the right sizes."""
    if not naive:
        assert split.score < 0
        return
    assert (int(index.columns[split.term]), split.threshold) in {(s.feature, s.threshold) for s in naive}
    right = X[inside][:, index.columns[split.term]] > split.threshold
    assert (split.right_0, split.right_1) == tuple(np.bincount(labels[inside][right], minlength=2))


@settings(max_examples=300, derandomize=True)
@given(nodes())
def test_fast_search_finds_what_the_naive_splitter_finds(node):
    X, labels, inside, drawn, min_samples_leaf = node
    index, varied, split = find_in_fast_node(*node)
    naive_varied, naive = best_splits(X[inside], labels[inside], np.ones(inside.sum(), int), drawn, min_samples_leaf)
    assert varied == naive_varied
    assert_among(split, index, X, labels, inside, naive)


@settings(max_examples=150, derandomize=True)
@given(nodes())
def test_bounds_leave_out_no_term_that_could_win_or_tie(found_node):
    X, labels, inside, _, min_samples_leaf = found_node
    index, fast, rules = fast_index_of(
        sparse.csr_matrix(X.astype(np.int32)), labels, min_samples_leaf=min_samples_leaf, max_features=None
    )
    growth = Growth(index, fast, rules, FastWorkspace.empty(index, 2))
    node = node_of(inside, labels, fast)
    naive = best_splits(X[inside], labels[inside], np.ones(inside.sum(), int), range(X.shape[1]), min_samples_leaf)[1]
    found = set()
    for tree in range(12):  # all of the best must come up, each being drawn by chance
        growth.space.state[:] = stream(tree=tree)
        nothing = search_terms(growth, node, np.empty(0, np.int64))
        _, search = search_by_frequency(growth, node, 64, index.n_terms, nothing)
        split = search.split
        if split.score >= 0 and split.threshold < 0:
            split = with_threshold(index, split, node.members)
        assert_among(split, index, X, labels, inside, naive)
        found.add(split.term)
    if len(naive) == 2:
        assert len(found) == 2


@settings(max_examples=300, derandomize=True)
@given(nodes(), st.integers(0, 2**32 - 1))
def test_general_threshold_search_finds_what_the_naive_splitter_finds(node, seed):
    X, labels, inside, _, min_samples_leaf = node
    index = index_of(sparse.csr_matrix(X.astype(np.int32)), labels)
    n_slots = index.class_1_start + index.n_class_1
    weights = np.random.default_rng(seed).integers(1, 5, len(labels))
    weight, node_of = np.zeros(n_slots, np.int32), np.full(n_slots, -1, np.int32)
    weight[slots(labels)] = weights
    node_of[slots(labels)[inside]] = 3
    counts = np.zeros((20, 3), np.int64)
    classes = np.bincount(labels[inside], weights[inside], minlength=2).astype(int).tolist()
    for rank, column in enumerate(index.columns):
        count_groups(index, rank, 3, node_of, weight, counts)
        first, last = index.term_groups[rank], index.term_groups[rank + 1]
        varies, split = best_threshold(
            index.group_values, rank, first, last, min_samples_leaf, counts, *classes, int(inside.sum())
        )
        expected_varies, expected = split_by_feature(
            X[inside][:, column], labels[inside], weights[inside], int(column), min_samples_leaf
        )
        assert varies == expected_varies
        assert (split.score >= 0) == (expected is not None)
        if expected is not None:
            assert split.threshold == expected.threshold


def test_general_search_of_all_terms_finds_a_best_split():
    X, labels = generated_counts(60, 200)
    index = index_of(X, labels)
    _, _, rules = fast_index_of(X, labels, max_features=None)
    space = GeneralWorkspace.empty(index)
    space.state[:] = stream()
    space.terms[:] = np.arange(index.n_terms)
    assert start_sample(index, space) == 60  # every document weighs 1
    split = best_split_of_node(GeneralGrowth(index, rules, space, False), 0, index.n_class_0, index.n_class_1, 60)
    naive = best_splits(X.toarray(), labels, np.ones(60, int), range(200))[1]
    assert_among(split, index, X.toarray(), labels, np.ones(60, bool), naive)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_score_is_the_gini_decrease(right_0, right_1, left_0, left_1):
    if right_0 + right_1 == 0 or left_0 + left_1 == 0:
        return
    labels = np.repeat([0, 1, 0, 1], [right_0, right_1, left_0, left_1])
    goes_right = np.arange(len(labels)) < right_0 + right_1
    gain = gini_gain(np.ones(len(labels), int), labels, goes_right)
    assert 2 * split_score(right_0, right_1, right_0 + left_0, right_1 + left_1) == pytest.approx(float(gain))


def test_neighbouring_floats_still_have_a_threshold_between_them():
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2.0))
    assert low <= midpoint(low, high) < high


def test_values_closer_than_a_ten_millionth_are_the_same():
    assert are_same(np.float32(1e-3), np.float32(1e-3 + 5e-8))
    assert not are_same(np.float32(1e-3), np.float32(1e-3 + 2e-7))
