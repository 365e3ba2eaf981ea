from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from modelcollapse.errors import LearnerError
from modelcollapse.simulation.learning import learner_check, learners
from modelcollapse.simulation.learning.estimators import Estimator
from modelcollapse.simulation.learning.training import TrainingSet, train_here
from modelcollapse.simulation.spec import TermSelection


def jittered(counts):
    return counts.multiply(np.random.uniform(0.5, 1.5, counts.shape)).tocsr()  # noqa: NPY002


class Sequence(ClassifierMixin, BaseEstimator):
    """Keeps the seeds it was given."""

    def __init__(self, inner=None, random_state=None, n_jobs=3):
        self.inner = inner
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, counts, labels):
        self.classes_ = np.unique(labels)
        self.seen_ = (self.random_state, self.inner.random_state, self.n_jobs)
        return self

    def predict(self, counts):
        return np.zeros(counts.shape[0])


ESTIMATORS = {
    "pipeline": make_pipeline(TfidfTransformer(), LinearSVC()),
    "calibrated": CalibratedClassifierCV(make_pipeline(TfidfTransformer(), LinearSVC()), cv=3),
    "grid": GridSearchCV(SGDClassifier(), {"alpha": [1e-4, 1e-3]}, cv=StratifiedKFold(3, shuffle=True)),
    "vote": VotingClassifier([("tree", DecisionTreeClassifier()), ("sgd", SGDClassifier())]),
    "bag": BaggingClassifier(DecisionTreeClassifier(max_features=3), n_estimators=3, n_jobs=2),
    "stack": StackingClassifier([("tree", DecisionTreeClassifier())], cv=3),
    "global": make_pipeline(FunctionTransformer(jittered, accept_sparse=True), LogisticRegression()),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_whatever_draws_random_numbers_is_seeded(name, corpus):
    model = Estimator(name, ESTIMATORS[name]).model(())
    learner_check.check(model)
    documents = np.arange(150)

    def scores(model, seed=7):
        training = TrainingSet(model, TermSelection(), documents, corpus.labels[documents], seed)
        return train_here(training, corpus).score(np.arange(200, 400)).ranking

    first = scores(model)
    np.random.random()  # noqa: NPY002 – the process is in another state
    np.testing.assert_array_equal(first, scores(pickle.loads(pickle.dumps(model))))
    if name not in ("pipeline", "calibrated"):
        assert (scores(model, seed=8) != first).any()


def test_parts_are_seeded_and_have_one_thread():
    model = Estimator("mine", Sequence(SGDClassifier())).model(())
    counts, labels = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1], dtype=np.uint8)
    own, inner, n_jobs = learners.train(model, counts, labels, seed=5)._classifier.seen_
    assert own == 5
    assert isinstance(inner, int)
    assert inner != own
    assert n_jobs == 1


def test_the_object_itself_is_left_alone():
    given = make_pipeline(TfidfTransformer(), LogisticRegression())
    estimator = Estimator("mine", given)
    before = estimator.model(())
    given.set_params(logisticregression__C=9)
    assert estimator.model(()) is before
    assert learners.instantiate(before).get_params()["logisticregression__C"] == 1.0


def test_what_it_has_learnt_is_forgotten():
    counts, labels = np.eye(4), [0, 1, 0, 1]
    fitted, other = (
        Estimator("mine", model) for model in (LogisticRegression().fit(counts, labels), LogisticRegression())
    )
    assert fitted.model(()) == other.model(())
    assert not hasattr(learners.instantiate(fitted.model(())), "coef_")


def test_parameters_of_parts_are_swept():
    estimator = Estimator("mine", make_pipeline(TfidfTransformer(), LogisticRegression()))
    assert "logisticregression__C" in estimator.parameter_names()
    assert "logisticregression__random_state" not in estimator.parameter_names()
    model = estimator.model((("logisticregression__C", 0.5),))
    assert learners.instantiate(model).get_params()["logisticregression__C"] == 0.5
    ready = Estimator("mine", make_pipeline(TfidfTransformer(), LogisticRegression(C=0.5))).model(())
    assert learners.identity(model) == learners.identity(ready)
    assert learners.identity(model) != learners.identity(estimator.model(()))
    with pytest.raises(LearnerError, match="does not take logisticregression__D=1"):
        estimator.model((("logisticregression__D", 1),))


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("mine", LinearSVC, r"is the class LinearSVC, expected an object: LinearSVC\(…\)"),
        ("mine", TfidfTransformer(), "a TfidfTransformer, which has no predict"),
        ("mine", "LinearSVC", "a str, which has no fit"),
        ("mine", None, "a NoneType, which has no fit"),
        ("forest", LinearSVC(), "'forest' is a learner of the table already"),
        ("a,b", LinearSVC(), "found the name 'a,b'"),
        ("a:b", LinearSVC(), "found the name 'a:b'"),
        ("", LinearSVC(), "found the name ''"),
        ("x" * 200, LinearSVC(), "found the name 'xxx"),
        ("\x1b[1m", LinearSVC(), r"found the name '\\x1b"),
        (1, LinearSVC(), "found the name 1"),
        (
            "mine",
            make_pipeline(FunctionTransformer(lambda x: x), LinearSVC()),
            "cannot be told from others: found a la",
        ),
        ("mine", Sequence(sys.__stdout__), "cannot be cloned"),
    ],
)
def test_what_is_no_learner_is_refused_in_one_line(name, given, message):
    with pytest.raises(LearnerError, match=message) as refused:
        Estimator(name, given)
    assert "\n" not in str(refused.value)
    assert str(refused.value).isprintable()


def test_what_is_no_classifier_is_refused_when_it_is_tried():
    with pytest.raises(LearnerError, match="'mine' is no classifier"):
        learner_check.check(Estimator("mine", make_pipeline(TfidfTransformer())).model(()))
