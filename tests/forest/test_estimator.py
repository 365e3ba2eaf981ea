import pickle
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.estimator_checks import check_estimator

from modelcollapse.forest import SparseForestClassifier
from modelcollapse.forest.shards import ONE_VOTE, ForestParameters, predict_votes, probabilities
from modelcollapse.forest.voting import most_right_turns
from tests.forest.data import generated_counts, generated_reals
from tests.forest.helpers import arrays, grow
from tests.forest.naive_forest import naive_votes

X, LABELS = generated_counts(200, 600, 30)
OTHER, OTHER_LABELS = generated_counts(150, 600, 30, seed=8)


def make(**parameters):
    return SparseForestClassifier(**{"n_estimators": 40, "random_state": 3, **parameters})


@pytest.mark.parametrize("bootstrap", [False, True])
def test_check_estimator(bootstrap):
    results = check_estimator(make(n_estimators=10, bootstrap=bootstrap), on_fail=None, on_skip=None)
    # The array API check is skipped by scikit-learn itself unless SCIPY_ARRAY_API is set; none is expected to fail.
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}


@pytest.mark.parametrize("bootstrap", [False, True])
def test_any_number_of_threads_gives_the_same_bits(bootstrap):
    one, two = (make(bootstrap=bootstrap, n_jobs=n).fit(X, LABELS) for n in (1, 2))
    for field in ("starts", "feature", "threshold", "left", "weights"):
        assert np.array_equal(getattr(one.trees_, field), getattr(two.trees_, field))
    many = sparse.vstack([OTHER] * 20).tocsr()
    assert np.array_equal(one.predict_proba(many), two.predict_proba(many))


@pytest.mark.parametrize("bootstrap", [False, True])
def test_shards_add_up_to_the_same_bits(bootstrap):
    bounds = [0, 7, 8, 30, 40]
    votes = 0
    for start, stop in pairwise(bounds):
        part = grow(X, LABELS, stop - start, seed=11, tree_start=start, bootstrap=bootstrap)
        votes = votes + predict_votes(part, *arrays(OTHER), np.arange(150), 600)
    whole = grow(X, LABELS, 40, seed=11, bootstrap=bootstrap)
    expected = predict_votes(whole, *arrays(OTHER), np.arange(150), 600)
    assert np.array_equal(votes, expected)
    assert np.array_equal(probabilities(votes, 40), expected / (40 * ONE_VOTE))


def test_trees_depend_on_seed_and_number_only():
    some = grow(X, LABELS, 3, seed=5, tree_start=20, bootstrap=False)
    more = grow(X, LABELS, 30, seed=5, bootstrap=False)
    assert np.array_equal(some.feature, more.feature[more.starts[20] : more.starts[23]])
    assert not np.array_equal(more.feature, grow(X, LABELS, 30, seed=6, bootstrap=False).feature)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_probabilities_are_the_mean_shares_of_the_leaves(bootstrap):
    forest = make(bootstrap=bootstrap).fit(X, LABELS)
    expected = np.array(naive_votes(forest.trees_, OTHER.toarray())) / (40 * ONE_VOTE)
    assert np.array_equal(forest.predict_proba(OTHER), np.column_stack([1 - expected, expected]))
    assert np.array_equal(forest.predict(OTHER), (expected > 0.5).astype(int))


def test_documents_may_be_many_few_or_empty():
    forest = make().fit(X, LABELS)
    expected = forest.predict_proba(OTHER)
    many = sparse.vstack([OTHER] * 70).tocsr()  # more than one block of documents
    assert np.array_equal(forest.predict_proba(many), np.tile(expected, (70, 1)))
    assert np.array_equal(forest.predict_proba(OTHER[5]), expected[[5]])
    empty = sparse.csr_matrix((2, 600), dtype=np.int32)
    assert np.array_equal(forest.predict_proba(empty), forest.predict_proba(np.zeros((2, 600))))


def test_all_kinds_of_input_are_the_same_data():
    expected = make().fit(X, LABELS).predict_proba(OTHER)
    kinds = [X.tocsc(), X.tocoo(), sparse.csr_array(X), X.toarray(), X.astype(np.float64), X.astype(np.uint8)]
    unsorted = sparse.csr_matrix((X.data[::-1], X.indices[::-1], len(X.data) - X.indptr[::-1]), shape=X.shape)[::-1]
    with_zeros = X.copy().astype(np.float32)
    with_zeros.data[:5], with_zeros.data[5:9] = 0, -0.0
    for kind in [*kinds, unsorted]:
        assert np.array_equal(make().fit(kind, LABELS).predict_proba(OTHER), expected)
    fewer = with_zeros.copy()
    fewer.eliminate_zeros()
    assert np.array_equal(
        make().fit(with_zeros, LABELS).predict_proba(OTHER), make().fit(fewer, LABELS).predict_proba(OTHER)
    )


def test_read_only_arrays_are_taken_and_left_alone():
    frozen = X.copy()
    for array in (frozen.data, frozen.indices, frozen.indptr):
        array.flags.writeable = False
    labels = LABELS.copy()
    labels.flags.writeable = False
    forest = make().fit(frozen, labels)
    assert np.array_equal(forest.predict_proba(frozen), make().fit(X, LABELS).predict_proba(X))


def test_reals_are_split_like_scikit_learn_splits_them():
    data, labels = generated_reals(200, 20)
    ours = make(n_estimators=400, bootstrap=False, max_depth=6).fit(data, labels)
    theirs = RandomForestClassifier(400, bootstrap=False, max_depth=6, random_state=0).fit(data, labels)
    other, _ = generated_reals(200, 20, seed=1)
    assert np.abs(ours.predict_proba(other) - theirs.predict_proba(other)).max() < 0.1


def test_one_class_is_a_constant_predictor():
    forest = make().fit(X, np.full(200, 7))
    assert forest.classes_.tolist() == [7]
    assert np.array_equal(forest.predict_proba(OTHER), np.ones((150, 1)))
    assert (forest.predict(OTHER) == 7).all()


def test_exactly_one_half_is_the_first_class():
    data = sparse.csr_matrix(np.zeros((4, 2)))
    forest = make().set_params(bootstrap=False).fit(data, ["no", "yes", "no", "yes"])
    assert forest.predict_proba(data)[0].tolist() == [0.5, 0.5]
    assert forest.predict(data).tolist() == ["no"] * 4


def test_deep_paths_to_the_right_are_followed():
    """Document i has the terms 0 … i, so that a tree may turn right at every split."""
    n = 150
    data = sparse.csr_matrix(np.tril(np.ones((n, n), np.int32)))
    labels = np.arange(n) % 2
    forest = make(bootstrap=False, max_features=None, n_estimators=5).fit(data, labels)
    assert np.array_equal(forest.predict(data), labels)
    assert most_right_turns(forest.trees_.starts, forest.trees_.feature) >= 32  # more than the workspace begins with


def test_copies_and_pickles():
    forest = make(max_depth=7, max_features="log2").fit(X, LABELS)
    assert clone(forest).get_params() == forest.get_params()
    again = pickle.loads(pickle.dumps(forest))
    assert np.array_equal(again.predict_proba(OTHER), forest.predict_proba(OTHER))


def test_a_fit_grows_the_trees_of_its_parameters_and_its_seed():
    forest = make(bootstrap=False, max_depth=7).fit(X, LABELS)
    assert forest.draw_seed() == make().draw_seed()
    trees = grow(X, LABELS, 40, seed=forest.draw_seed(), **asdict(forest.tree_parameters()))
    assert np.array_equal(trees.feature, forest.trees_.feature)


def test_random_state():
    def votes(random_state):
        return make(random_state=random_state).fit(X, LABELS).predict_proba(OTHER)[:, 1]

    assert np.array_equal(votes(4), votes(4))
    assert np.array_equal(votes(np.random.RandomState(4)), votes(4))
    assert not np.array_equal(votes(4), votes(5))
    assert not np.array_equal(votes(None), votes(None))
    state = np.random.RandomState(4)
    assert not np.array_equal(votes(state), votes(state))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_estimators": 0}, "n_estimators=0 is not possible: use an int of at least 1"),
        ({"max_depth": 0}, "max_depth=0 is not possible: use an int of at least 1 or None"),
        ({"max_features": "all"}, "max_features='all' is not possible: use 'sqrt'"),
        ({"max_features": 1.5}, "max_features=1.5 is not possible"),
        ({"max_features": 0}, "max_features=0 is not possible"),
        ({"min_samples_split": 1}, "min_samples_split=1 is not possible: use an int of at least 2"),
        ({"min_samples_leaf": 0.5}, "min_samples_leaf=0.5 is not possible: use an int of at least 1"),
        ({"bootstrap": "no"}, "bootstrap='no' is not possible: use True or False"),
        ({"criterion": "entropy"}, "criterion='entropy' is not possible: use 'gini'"),
    ],
)
def test_impossible_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters).fit(X, LABELS)


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        ([[1.0], [-1.0]], [0, 1], "Negative values"),
        ([[1.0], [np.nan]], [0, 1], "NaN"),
        ([[1.0], [np.inf]], [0, 1], "infinity"),
        ([[1.0], [2.0], [3.0]], [0, 1, 2], "Only binary classification is supported.*Found 3 classes"),
    ],
)
def test_impossible_data(values, labels, message):
    with pytest.raises(ValueError, match=message):
        make().fit(np.array(values), labels)


@pytest.mark.parametrize(
    ("max_features", "n_terms", "expected"),
    [("sqrt", 10, 3), ("sqrt", 1, 1), ("log2", 1000, 9), ("log2", 1, 1), (None, 7, 7), (5, 3, 3), (0.25, 10, 2)],
)
def test_features_per_split(max_features, n_terms, expected):
    assert ForestParameters(max_features=max_features).features_per_split(n_terms) == expected
    theirs = RandomForestClassifier(1, max_features=max_features).fit(np.eye(2, n_terms), [0, 1])
    assert min(theirs.estimators_[0].max_features_, n_terms) == expected
