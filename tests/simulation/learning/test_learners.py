from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from modelcollapse.errors import LearnerError
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.spec import Model


@pytest.fixture(scope="module")
def split(corpus):
    return corpus.counts[:800], corpus.labels[:800], corpus.counts[800:]


def test_forest_is_the_studys(split):
    training, labels, test = split
    found = learners.train(Model("forest-sklearn", (("n_estimators", 30),)), training, labels, 5).score(test)
    expected = RandomForestClassifier(
        30, max_depth=20, max_features="sqrt", min_samples_split=2, min_samples_leaf=1, bootstrap=False, random_state=5
    ).fit(training, labels)
    assert (found.labels == expected.predict(test)).all()
    assert (found.probability == expected.predict_proba(test)[:, 1]).all()


def test_import_path_with_parameters(split):
    training, labels, test = split
    model = Model("sklearn.linear_model:SGDClassifier", (("alpha", 0.01), ("loss", "log_loss")))
    scores = learners.train(model, training, labels, 1).score(test)
    assert scores.probability is not None
    assert scores.labels.mean() == pytest.approx(0.5, abs=0.2)


def test_learner_without_probabilities_ranks_by_its_decision(split):
    training, labels, test = split
    model = Model("sklearn.svm:LinearSVC", (("dual", True),))
    scores = learners.train(model, training, labels, 1).score(test)
    assert scores.probability is None
    assert ((scores.ranking > 0) == scores.labels).all()
    assert not learners.has_probabilities(model)


@pytest.mark.parametrize("positives", [0, 5])
def test_one_class_gives_a_constant(split, positives):
    training, _, test = split
    labels = np.full(5, positives > 0, dtype=np.uint8)
    scores = learners.train(Model("forest-sklearn"), training[:5], labels, 1).score(test)
    assert set(scores.probability) == {float(positives > 0)}


def test_nothing_to_learn_from_gives_an_undecided_constant(split):
    training, labels, test = split
    scores = learners.train(Model("naive-bayes"), training[:0], labels[:0], 1).score(test)
    assert set(scores.probability) == {0.5}
    assert not scores.labels.any()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model("forrest"), "Found no learner 'forrest'"),
        (Model("nowhere.at.all:Thing"), "Found no learner at 'nowhere.at.all:Thing'"),
        (Model("sklearn.linear_model:Nothing"), "Found no learner at"),
        (Model("sklearn.metrics:accuracy_score"), "expected a scikit-learn classifier"),
        (Model("sklearn.ensemble:StackingClassifier"), "cannot be made without arguments"),
        (Model("sklearn.datasets:load_digits"), "Found 'sklearn.datasets:load_digits', expected a scikit-learn class"),
        (Model("modelcollapse:reproduce"), "expected a scikit-learn classifier .* or a function without arguments"),
        (Model("tests.simulation.odd_learners:make_nothing"), "make_nothing', which returns None, expected a scikit"),
        (Model("tests.simulation.odd_learners:make_with"), "or a function without arguments that returns one"),
        (Model("linear-svm", (("linearsvc__C", -1),)), "does not take linearsvc__C=-1: .* Got -1 instead"),
        (Model("linear-svm", (("linearsvc__D", 1),)), "does not take linearsvc__D=1: Invalid parameter 'D'"),
        (Model("naive-bayes", (("depth", 3),)), "does not take depth=3"),
        (Model("naive-bayes", (("alpha", -1),)), r"does not take alpha=-1: .* Got -1 instead\.$"),
        (Model("forest", (("max_depth", "x"),)), "max_depth=x: max_depth='x' is not possible: use an int"),
    ],
)
def test_wrong_learners_are_explained(model, message):
    with pytest.raises(LearnerError, match=message):
        learners.identity(model)


def test_identity_has_every_parameter_and_the_librarys_version():
    one, other = (learners.identity(Model("forest-sklearn", (("max_depth", depth),))) for depth in (20, 21))
    assert one == learners.identity(Model("forest-sklearn"))  # 20 is the default
    assert one != other
    assert one["version"] is not None
    assert learners.identity(Model("forest"))["version"] is None


@pytest.mark.parametrize(("odd", "plain"), [("Reversed", "Probable"), ("ReversedDecision", "Deciding")])
def test_classes_say_which_scores_are_of_class_1(split, odd, plain):
    training, labels, test = split
    found, expected = (
        learners.train(Model(f"tests.simulation.odd_learners:{name}"), training, labels, 1).score(test)
        for name in (odd, plain)
    )
    assert (found.labels == expected.labels).all()
    assert (found.ranking == expected.ranking).all()
    assert ((expected.ranking > expected.ranking.mean()) == (expected.labels == 1)).mean() > 0.7


def test_a_learner_of_the_table_is_the_same_by_its_path():
    assert learners.find_learner("modelcollapse.forest:SparseForestClassifier").is_compiled
    assert learners.identity(Model("sklearn.naive_bayes:MultinomialNB")) == learners.identity(Model("naive-bayes"))


@pytest.mark.parametrize("order", [(1, 1.0), (1.0, 1)])
def test_equal_numbers_of_another_type_are_another_model(order):
    """One term for a split, and all terms, whichever was asked for first."""
    names = [learners.identity(Model("forest-sklearn", (("max_features", value),)))["params"] for value in order]
    assert [params["max_features"] for params in names] == [repr(value) for value in order]


def test_a_function_makes_a_learner_that_is_seeded_throughout(split):
    training, labels, test = split
    path = "tests.simulation.odd_learners:make_nested"
    found = [learners.train(Model(path), training, labels, seed).score(test).ranking for seed in (1, 1, 2)]
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()
    outer = learners.instantiate(Model(path))
    learners._prepare(outer, 1)
    params = outer.get_params(deep=True)
    assert params["baggingclassifier__n_jobs"] == 1
    seeds = {params["baggingclassifier__random_state"], params["baggingclassifier__estimator__random_state"]}
    assert len(seeds) == 2
    assert all(isinstance(seed, int) for seed in seeds)
    assert learners.instantiate(Model(path)).get_params()["baggingclassifier__random_state"] is None, "never changed"


def test_a_functions_learner_is_known_by_its_parts_and_their_parameters():
    one, other = (learners.identity(Model("linear-svm", params)) for params in ((), (("linearsvc__C", 2.0),)))
    assert one != other
    assert one["parts"][""].startswith("sklearn.pipeline:Pipeline 1.")
    assert one["parts"]["linearsvc"].startswith("sklearn.svm._classes:LinearSVC 1.")
    assert "linearsvc__C" in learners.parameter_names("linear-svm")
    assert "linearsvc__random_state" not in learners.parameter_names("linear-svm")


def test_named_pipelines_are_scikit_learns(split):
    training, labels, test = split
    found = learners.train(Model("tfidf-logistic-regression"), training, labels, 1).score(test)
    expected = make_pipeline(TfidfTransformer(), LogisticRegression(max_iter=1000)).fit(training, labels)
    assert (found.probability == expected.predict_proba(test)[:, 1]).all()
    assert learners.train(Model("linear-svm"), training, labels, 1).score(test).probability is None
