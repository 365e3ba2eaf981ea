import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from modelcollapse.forest.fast_growth import enter_node, list_terms, open_chain, search_list
from modelcollapse.forest.fast_index import list_rows
from modelcollapse.forest.fast_search import (
    LISTED_SIZE,
    START,
    TERMS_BEGIN,
    TERMS_END,
    FastWorkspace,
    Growth,
    with_threshold,
)
from tests.forest.helpers import bit_set, fast_index_of, node_of, slots, stream
from tests.forest.naive_forest import best_splits
from tests.forest.test_splits import assert_among, nodes


def open_branch(X, labels, inside, min_samples_leaf):
    """A chain at level 0 with the documents `inside`, all terms being rare, and its list of terms."""
    index, fast, rules = fast_index_of(
        sparse.csr_matrix(X.astype(np.int32)), labels, min_samples_leaf=min_samples_leaf, max_features=None
    )
    n_slots = index.class_1_start + index.n_class_1
    row_starts, row_terms = list_rows(index.term_starts, index.postings, 0, n_slots)
    fast = fast._replace(n_frequent=0, sets=fast.sets[:0], row_starts=row_starts, row_terms=row_terms)
    space = FastWorkspace.empty(index, 2)
    documents = slots(labels)[inside]
    space.sets[0] = bit_set(documents, len(fast.all_documents))
    space.documents[: len(documents)] = documents
    open_chain(space, 0, 0, len(documents), len(documents))
    enter_node(space, 0, *np.bincount(labels[inside], minlength=2).tolist(), 0)
    list_terms(index, fast, space, 0)
    return Growth(index, fast, rules, space)


def search(growth, node, tree):
    """The best split of a node of the branch by any listed term."""
    growth.space.state[:] = stream(tree=tree)
    found = search_list(growth, node, 0, growth.training.n_terms, START)
    split = found.split
    if split.score >= 0 and split.threshold < 0:
        split = with_threshold(growth.training, split, node.members)
    return found.varied, split


@settings(max_examples=150, derandomize=True)
@given(nodes())
def test_listed_terms_are_counted(node):
    X, labels, inside, _, min_samples_leaf = node
    index, _, _, space = open_branch(X, labels, inside, min_samples_leaf)
    begin, end, n_listed = space.levels[0, [TERMS_BEGIN, TERMS_END, LISTED_SIZE]]
    listed = {
        int(index.columns[term]): (int(count) & 0xFFFF, int(count) >> 16)
        for term, count in zip(space.terms[begin:end], space.term_counts[begin:end], strict=True)
    }
    has_term = X[inside] > 0
    expected = {
        column: tuple(np.bincount(labels[inside][has_term[:, column]], minlength=2).tolist())
        for column in np.flatnonzero(has_term.any(axis=0)).tolist()
    }
    assert n_listed == inside.sum()
    assert listed == expected
    assert not space.tally.any()


@settings(max_examples=200, derandomize=True)
@given(nodes(), st.sampled_from([0.0, 0.3, 0.8]), st.integers(0, 2**32 - 1))
def test_search_of_a_list_finds_what_the_naive_splitter_finds_also_when_documents_have_left(branch, share, seed):
    X, labels, inside, _, min_samples_leaf = branch
    growth = open_branch(X, labels, inside, min_samples_leaf)
    remains = inside & (np.random.default_rng(seed).random(len(inside)) >= share)
    remains[:2] = True
    node = node_of(remains, labels, growth.fast)
    naive_varied, naive = best_splits(
        X[remains], labels[remains], np.ones(remains.sum(), int), range(X.shape[1]), min_samples_leaf
    )
    found = set()
    for tree in range(12):  # all of the best must come up, each being drawn by chance
        varied, split = search(growth, node, tree)
        assert varied == naive_varied
        assert_among(split, growth.training, X, labels, remains, naive)
        found.add(split.term)
    if len({s.feature for s in naive}) == 2:
        assert len(found) == 2
