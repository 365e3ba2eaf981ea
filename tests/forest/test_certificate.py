"""With all features drawn there is no randomness but for ties: every node of a tree can be certified."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from modelcollapse.forest.general_growth import draw_bootstrap_sample
from tests.forest.data import generated_counts, generated_reals, review_counts
from tests.forest.helpers import grow, slots, stream
from tests.forest.naive_forest import best_splits, depths_of_nodes, documents_of_nodes, tree_nodes

RULES = [
    {"max_depth": None, "min_samples_split": 2, "min_samples_leaf": 1},
    {"max_depth": 5, "min_samples_split": 2, "min_samples_leaf": 1},
    {"max_depth": None, "min_samples_split": 12, "min_samples_leaf": 1},
    {"max_depth": None, "min_samples_split": 2, "min_samples_leaf": 4},
]


def data_sets():
    """Counts, reals, a matrix with identical documents of both classes, and real reviews where they are at hand."""
    repeated, labels = generated_counts(60, 40, 6, seed=4)
    yield "counts", *generated_counts(110, 250, 25)
    yield "frequent counts", *generated_counts(150, 30, 60)
    yield "reals", *generated_reals(80, 25)
    yield "identical documents", repeated[np.arange(120) % 60].tocsr(), np.concatenate([labels, 1 - labels])
    if review_counts(100) is not None:
        yield "reviews", *review_counts(100)


DATA = {name: (X, labels) for name, X, labels in data_sets()}


def bootstrap_weights(labels, seed, tree):
    """How often each document is in a tree's bootstrap sample."""
    n_class_0 = int((labels == 0).sum())
    weight = np.zeros(slots(labels).max() + 1, np.int32)
    draw_bootstrap_sample(stream(seed, tree), len(labels), n_class_0, -(-n_class_0 // 64) * 64, weight)
    return weight[slots(labels)]


def certify(trees, tree, X, labels, weights, rules):
    """Check every node of a tree that was grown with all features."""
    feature, threshold, _, recorded = tree_nodes(trees, tree)
    masks, depths = documents_of_nodes(trees, tree, X, weights > 0), depths_of_nodes(trees, tree)
    for node, (mask, depth) in enumerate(zip(masks, depths, strict=True)):
        node_labels, node_weights = labels[mask], weights[mask]
        assert tuple(recorded[node]) == tuple(np.bincount(node_labels, node_weights, minlength=2))
        may_split = (
            (rules["max_depth"] is None or depth < rules["max_depth"])
            and mask.sum() >= rules["min_samples_split"]
            and len(np.unique(node_labels)) == 2
        )
        best = []
        if may_split:
            features = np.flatnonzero(X[mask].any(axis=0))
            best = best_splits(X[mask], node_labels, node_weights, features, rules["min_samples_leaf"])[1]
        if feature[node] < 0:
            assert not best, f"node {node} is a leaf but can be split"
        else:
            assert (feature[node], threshold[node]) in {(s.feature, s.threshold) for s in best}


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("rules", RULES, ids=str)
@pytest.mark.parametrize("data", DATA)
def test_every_node_is_one_the_naive_splitter_could_make(data, rules, bootstrap):
    X, labels = DATA[data]
    trees = grow(X, labels, 2, seed=5, max_features=None, bootstrap=bootstrap, **rules)
    dense = X.toarray().astype(np.float32)
    for tree in range(2):
        weights = bootstrap_weights(labels, 5, tree) if bootstrap else np.ones(len(labels), int)
        assert weights.sum() == len(labels)
        certify(trees, tree, dense, labels, weights, rules)


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("data", DATA)
def test_documents_of_unequal_weight(data, bootstrap):
    X, labels = DATA[data]
    given = np.random.default_rng(3).integers(0, 100, len(labels)).astype(np.int32)
    trees = grow(X, labels, 2, seed=5, max_features=None, bootstrap=bootstrap, weights=given)
    rules = {"max_depth": None, "min_samples_split": 2, "min_samples_leaf": 1}
    for tree in range(2):
        weights = given * (bootstrap_weights(labels, 5, tree) if bootstrap else 1)
        certify(trees, tree, X.toarray().astype(np.float32), labels, weights, rules)


def compare_with_scikit_learn(X, labels):
    """Compare two trees node by node down to the first ties between features; return how many splits were compared."""
    dense = X.toarray().astype(np.float32)
    trees = grow(X, labels, 1, max_features=None, bootstrap=False)
    feature, threshold, left, weights = tree_nodes(trees, 0)
    masks = documents_of_nodes(trees, 0, dense, np.ones(len(labels), bool))
    theirs = DecisionTreeClassifier(random_state=0).fit(dense, labels).tree_
    compared, pending = 0, [(0, 0)]
    while pending:
        node, their_node = pending.pop()
        size = weights[node].sum()
        assert size == theirs.n_node_samples[their_node]
        np.testing.assert_allclose(weights[node] / size, theirs.value[their_node][0])
        mask = masks[node]
        best = best_splits(dense[mask], labels[mask], np.ones(size, int), np.flatnonzero(dense[mask].any(axis=0)))[1]
        assert (feature[node] < 0) == (theirs.children_left[their_node] < 0)
        if len(best) == 1:  # no tie between features, so both must make this split
            assert (feature[node], threshold[node]) == (theirs.feature[their_node], theirs.threshold[their_node])
            pending.append((left[node], theirs.children_left[their_node]))
            pending.append((node + 1, theirs.children_right[their_node]))
            compared += 1
    return compared


@pytest.mark.parametrize("data", DATA)
def test_nodes_are_scikit_learns_down_to_the_first_tie(data):
    X, labels = DATA[data]
    rng = np.random.default_rng(0)
    samples = [rng.choice(len(labels), 3 * len(labels) // 4, replace=False) for _ in range(6)]
    assert sum(compare_with_scikit_learn(X[rows], labels[rows]) for rows in samples) >= 3
