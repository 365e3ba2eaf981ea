"""The forest against scikit-learn's: the same distribution over trees, within Monte-Carlo error.

Both grow as many trees; eight numbers are taken of every tree (see `describe`) and their means compared by z tests. So
are the features of the roots, by a chi-square test, and the probabilities of unseen documents. Trees are independent,
so the standard errors are those of means of independent numbers. With Z = 4.5 a right forest fails one comparison with
p = 7e-6, and any of those below with p < 0.002. The random seeds are fixed.

Power: the standard error of the mean number of nodes is 0.7 % in the study's setting, so an error of 4 % is more than 5
standard errors; the last tests show that such errors are caught.
"""

from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from modelcollapse.forest.shards import ONE_VOTE, predict_votes
from tests.forest.data import generated_counts, review_counts
from tests.forest.helpers import arrays, grow
from tests.forest.naive_forest import depths_of_nodes, tree_nodes

Z = 4.5

SETTINGS = {
    "the study's": {"max_depth": 20, "bootstrap": False},
    "no depth limit": {"max_depth": None, "bootstrap": False},
    "few features": {"max_depth": 20, "max_features": "log2", "bootstrap": False},
    "many features": {"max_depth": 8, "max_features": 0.3, "bootstrap": False},
    "large leaves": {"max_depth": 20, "min_samples_leaf": 3, "bootstrap": False},
    "large splits": {"max_depth": 20, "min_samples_split": 10, "bootstrap": False},
    "bootstrap": {"max_depth": 20, "bootstrap": True},
    "bootstrap and large leaves": {"max_depth": None, "min_samples_leaf": 3, "bootstrap": True},
}
CASES = [
    ("counts", "the study's"),
    ("counts", "no depth limit"),
    ("counts", "few features"),
    ("counts", "many features"),
    ("counts", "large leaves"),
    ("counts", "large splits"),
    ("counts", "bootstrap"),
    ("counts", "bootstrap and large leaves"),
    ("frequent counts", "the study's"),
    ("frequent counts", "bootstrap"),
    ("reviews", "the study's"),
    ("reviews", "bootstrap"),
]


#: Trees per forest, in four parts of different seeds: most for the settings that matter most.
N_TREES = {setting: 2000 if setting in ("the study's", "bootstrap") else 800 for setting in SETTINGS}


@cache
def data_of(name):
    """Training set, and documents to be scored."""
    if name == "reviews":
        if review_counts(500) is None:
            pytest.skip("the reviews are not at hand")
        X, labels = review_counts(500)
    elif name == "counts":
        X, labels = generated_counts(500, 3000, 35, seed=1)
    else:
        X, labels = generated_counts(500, 60, 80, seed=2)
    return X[:250], labels[:250], X[250:]


def describe(feature, depths, weights, parents, frequency):
    """Numbers that describe a tree: of nodes and leaves, of what splits separate, and of which features they use.

    Parameters
    ----------
    feature, depths, parents : ndarray, shape (n_nodes,)
        The split feature (negative in leaves), the depth, and the parent (0 for the root) of each node.
    weights : ndarray, shape (n_nodes, 2)
        Training documents of each class.
    frequency : ndarray, shape (n_features,)
        Training documents with each feature.
    """
    leaf = feature < 0
    sizes = weights.sum(axis=1)
    impure = 2 * weights.prod(axis=1) / sizes
    in_branch = ~leaf & (sizes >= 8) & (sizes <= sizes[0] / 3)
    gain = impure[in_branch] - np.bincount(parents[1:], impure[1:], len(leaf))[in_branch]
    return (
        len(leaf),
        depths.max(),
        (depths * sizes)[leaf].sum() / sizes[0],
        (sizes[leaf] == 1).sum(),
        np.log(sizes[leaf].max()),
        impure[leaf].sum(),
        gain.mean() if in_branch.any() else 0.0,
        np.log(frequency[feature[~leaf]]).mean() if not leaf[0] else 0.0,
    )


def describe_ours(trees, frequency):
    """`describe` of all our trees; shape (n_trees, 8)."""
    rows = []
    for tree in range(trees.n_trees):
        feature, _, left, weights = tree_nodes(trees, tree)
        parents, internal = np.zeros(len(feature), int), np.flatnonzero(feature >= 0)
        parents[internal + 1] = parents[left[internal]] = internal
        rows.append(describe(feature, depths_of_nodes(trees, tree), weights.astype(float), parents, frequency))
    return np.array(rows, float)


def describe_theirs(forest, frequency):
    """`describe` of all of scikit-learn's trees; shape (n_trees, 8)."""
    rows = []
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        parents, internal = np.zeros(tree.node_count, int), np.flatnonzero(tree.children_left >= 0)
        parents[tree.children_left[internal]] = parents[tree.children_right[internal]] = internal
        weights = tree.value[:, 0] * tree.weighted_n_node_samples[:, None]
        rows.append(describe(tree.feature, tree.compute_node_depths() - 1, weights, parents, frequency))
    return np.array(rows, float)


def z_scores(ours, theirs):
    """z of the difference of means, for every column."""
    error = np.sqrt(ours.var(axis=0) / len(ours) + theirs.var(axis=0) / len(theirs))
    return (ours.mean(axis=0) - theirs.mean(axis=0)) / np.maximum(error, 1e-12)


@cache
def theirs_of(data, setting):
    """scikit-learn's forest of several seeds: its descriptions, root features, and votes of every tree."""
    X, labels, other = data_of(data)
    forests = [
        RandomForestClassifier(N_TREES[setting] // 4, random_state=seed, **SETTINGS[setting]).fit(X, labels)
        for seed in range(4)
    ]
    estimators = [tree for forest in forests for tree in forest.estimators_]
    roots = np.bincount([max(tree.tree_.feature[0], -1) + 1 for tree in estimators], minlength=X.shape[1] + 1)
    other = other.astype(np.float32)  # once: checking and converting it took longer than the trees
    votes = np.array([tree.tree_.predict(other)[:, 1] for tree in estimators])
    return np.concatenate([describe_theirs(forest, X.getnnz(axis=0)) for forest in forests]), roots, votes


@cache
def ours_of(data, setting):
    """Our forest of several seeds: its descriptions, root features, and votes of every tree."""
    X, labels, other = data_of(data)
    n_trees, shapes, roots, votes = N_TREES[setting] // 4, [], np.zeros(X.shape[1] + 1, int), []
    for seed in range(4):
        trees = grow(X, labels, n_trees, seed=seed, **SETTINGS[setting])
        shapes.append(describe_ours(trees, X.getnnz(axis=0)))
        roots += np.bincount(trees.feature[trees.starts[:-1]] + 1, minlength=X.shape[1] + 1)  # 0: the root is a leaf
        for tree in range(0, n_trees, 10):  # the votes of ten trees at a time
            ten = grow(X, labels, 10, seed=seed, tree_start=tree, **SETTINGS[setting])
            votes.append(predict_votes(ten, *arrays(other), np.arange(other.shape[0]), X.shape[1]) / ONE_VOTE / 10)
    return np.concatenate(shapes), roots, np.array(votes)


@pytest.mark.parametrize(("data", "setting"), CASES)
def test_trees_have_scikit_learns_shapes(data, setting):
    scores = z_scores(ours_of(data, setting)[0], theirs_of(data, setting)[0])
    assert np.abs(scores).max() < Z, scores


@pytest.mark.parametrize(("data", "setting"), CASES)
def test_roots_use_scikit_learns_features(data, setting):
    ours, theirs = ours_of(data, setting)[1], theirs_of(data, setting)[1]
    seen = ours + theirs >= 10
    ours, theirs = np.append(ours[seen], ours[~seen].sum()), np.append(theirs[seen], theirs[~seen].sum())
    chi_square = ((ours - theirs) ** 2 / np.maximum(ours + theirs, 1)).sum()  # as many trees on both sides
    freedom = len(ours) - 1
    # Wilson & Hilferty: the cube root of a chi-square variable is nearly normal.
    z = ((chi_square / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / np.sqrt(2 / (9 * freedom))
    assert z < Z


@pytest.mark.parametrize(("data", "setting"), CASES)
def test_documents_get_scikit_learns_probabilities(data, setting):
    ours, theirs = ours_of(data, setting)[2], theirs_of(data, setting)[2]
    theirs = theirs.reshape(len(theirs) // 10, 10, -1).mean(axis=1)
    scores = z_scores(ours, theirs)
    assert np.abs(scores).max() < Z + 1  # of 250 documents
    assert abs(z_scores(ours.mean(axis=1, keepdims=True), theirs.mean(axis=1, keepdims=True))[0]) < Z
    assert 0.7 < (scores**2).mean() < 1.4  # would be 1; documents are correlated


@pytest.mark.parametrize("n_tried", [49, 60])
def test_a_tenth_too_few_or_too_many_terms_at_each_node_are_caught(n_tried):
    X, labels, _ = data_of("counts")
    assert int(np.sqrt(X.shape[1])) == 54
    trees = grow(X, labels, N_TREES["the study's"], seed=9, max_features=n_tried, **SETTINGS["the study's"])
    wrong, right = describe_ours(trees, X.getnnz(axis=0)), ours_of("counts", "the study's")[0]
    assert abs(wrong[:, 0].mean() / right[:, 0].mean() - 1) < 0.03  # no larger than what is meant to be caught
    assert np.abs(z_scores(wrong, theirs_of("counts", "the study's")[0])).max() > Z


@pytest.mark.parametrize("error", [0.96, 1.04])
def test_four_per_cent_of_nodes_are_caught(error):
    ours, theirs = ours_of("counts", "the study's")[0][:, :1], theirs_of("counts", "the study's")[0][:, :1]
    assert np.abs(z_scores(error * ours, theirs)).max() > Z
