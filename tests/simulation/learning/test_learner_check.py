from __future__ import annotations

import pytest

from modelcollapse.errors import LearnerError
from modelcollapse.simulation.learning import learner_check
from modelcollapse.simulation.spec import Model


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("sklearn.neighbors:KNeighborsClassifier", (("n_neighbors", 15),)),
        ("sklearn.neighbors:KNeighborsClassifier", (("n_neighbors", 100_000),)),  # a chain may have as many
        ("sklearn.neighbors:RadiusNeighborsClassifier", ()),
        ("sklearn.neighbors:NearestCentroid", ()),
        ("sklearn.calibration:CalibratedClassifierCV", (("cv", 10),)),
        ("sklearn.neural_network:MLPClassifier", (("early_stopping", True),)),
        ("sklearn.linear_model:LogisticRegressionCV", (("cv", 10),)),
        ("sklearn.linear_model:RidgeClassifierCV", ()),
        ("sklearn.linear_model:SGDClassifier", (("early_stopping", True),)),
        ("sklearn.linear_model:Perceptron", ()),
        ("sklearn.ensemble:GradientBoostingClassifier", (("n_estimators", 100_000),)),
        ("sklearn.ensemble:ExtraTreesClassifier", (("oob_score", True), ("bootstrap", True))),
        ("sklearn.ensemble:AdaBoostClassifier", ()),
        ("sklearn.ensemble:BaggingClassifier", ()),
        ("sklearn.svm:SVC", ()),
        ("sklearn.svm:LinearSVC", ()),
        ("sklearn.svm:NuSVC", ()),
        ("sklearn.tree:DecisionTreeClassifier", ()),
        ("sklearn.naive_bayes:ComplementNB", ()),
        ("sklearn.naive_bayes:BernoulliNB", ()),
        ("sklearn.semi_supervised:LabelSpreading", (("kernel", "knn"),)),
        ("sklearn.dummy:DummyClassifier", ()),
        ("forest", (("n_estimators", 1_000_000),)),
        ("forest-sklearn", (("n_estimators", 1_000_000),)),
        ("naive-bayes", ()),
        ("logistic-regression", ()),
        ("tfidf-logistic-regression", ()),
        ("linear-svm", ()),
        ("complement-naive-bayes", ()),
        ("tests.simulation.odd_learners:make_nested", ()),
    ],
)
def test_good_learners_pass(path, params):
    learner_check.check(Model(path, params))


def test_a_learner_is_tried_once(monkeypatch):
    model = Model("sklearn.naive_bayes:MultinomialNB", (("alpha", 0.123),))
    learner_check.check(model)
    monkeypatch.setattr(learner_check, "_try", lambda *a: pytest.fail("tried again"))
    learner_check.check(model)


def test_gradient_boosting_wants_numbers_and_says_what_takes_counts():
    model = Model("gradient-boosting")
    learner_check.check(model, "numbers")
    with pytest.raises(LearnerError, match=r"takes dense .*, but not documents .* For texts use tfidf-logistic"):
        learner_check.check(model)
