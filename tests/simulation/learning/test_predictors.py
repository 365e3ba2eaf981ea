import numpy as np
import pytest

from modelcollapse.errors import FaultyLearnerError
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.predictors import ClassPredictor, Predictor
from modelcollapse.simulation.spec import Model


def test_scores_that_are_no_numbers_are_an_error():
    class Broken:
        def predict_proba(self, counts):
            return np.full((counts.shape[0], 2), np.nan)

    with pytest.raises(FaultyLearnerError, match="not finite"):
        Predictor(Broken(), predicts_by_probability=True).score(np.zeros((3, 1)))


@pytest.mark.parametrize("classes", [[0, 1], [1, 0]])
def test_a_probability_of_one_half_is_class_0_whatever_the_order_of_the_classes(classes):
    class Fair:
        classes_ = np.array(classes)

        def predict_proba(self, counts):
            return np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]])

    scores = Predictor(Fair(), predicts_by_probability=True).score(np.zeros((3, 1)))
    assert scores.labels.tolist() == [0, *([1, 0] if classes == [0, 1] else [0, 1])]
    assert scores.probability.tolist() == [0.5, *([0.75, 0.25] if classes == [0, 1] else [0.25, 0.75])]


class Few:
    """Knows classes 3 and 1 of five, in this order."""

    classes_ = np.array([3, 1])

    def predict(self, counts):
        return np.array([3, 1, 1])

    def decision_function(self, counts):
        return np.array([-2.0, 0.5, 1.0])


class FewProbable(Few):
    def predict_proba(self, counts):
        return np.array([[0.75, 0.25], [0.25, 0.75], [0.0, 1.0]])


def test_classes_that_were_not_taught_have_probability_0():
    scores = ClassPredictor(FewProbable(), predicts_by_probability=False, n_classes=5, taught=np.array([1, 3])).score(
        np.zeros((3, 1))
    )
    assert scores.labels.tolist() == [3, 1, 1]
    assert scores.labels.dtype == np.uint16
    assert scores.probability.tolist() == [[0, 0.25, 0, 0.75, 0], [0, 0.75, 0, 0.25, 0], [0, 1, 0, 0, 0]]
    assert (scores.ranking == scores.probability).all()
    assert scores[1:].labels.tolist() == [1, 1]


def test_a_decision_between_two_of_many_classes_is_a_ranking_of_both():
    scores = ClassPredictor(Few(), predicts_by_probability=False, n_classes=5, taught=np.array([1, 3])).score(
        np.zeros((3, 1))
    )
    assert scores.probability is None
    assert scores.ranking[:, 1].tolist() == [-2.0, 0.5, 1.0]
    assert scores.ranking[:, 3].tolist() == [2.0, -0.5, -1.0]
    assert (scores.ranking[:, [0, 2, 4]] == scores.ranking[0, 0]).all()


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        ("predict", np.array([3, 1, 2]), "gave 2, expected classes that it was taught"),
        ("predict", np.array([3, 1]), r"has the shape \(2,\), expected \(3,\)"),
        ("predict", np.array(["3", "1", "1"]), "expected classes that it was taught"),
        ("predict", np.zeros((3, 2)), "has the shape"),
        ("predict_proba", np.full((3, 2), 0.7), "do not sum up to 1"),
        ("predict_proba", np.array([[0.0, 0.0], [0.5, 0.5], [0.5, 0.5]]), "do not sum up to 1"),
        ("predict_proba", np.array([[1.5, -0.5]] * 3), "expected probabilities in"),
        ("predict_proba", np.ones((3, 3)) / 3, "has the shape"),
        ("predict_proba", np.full((3, 2), np.nan), "not finite"),
    ],
)
def test_answers_that_no_classifier_gives_are_an_error(method, answer, message):
    odd = FewProbable()
    setattr(odd, method, lambda counts: answer)
    with pytest.raises(FaultyLearnerError, match=message):
        ClassPredictor(odd, predicts_by_probability=False, n_classes=5, taught=np.array([1, 3])).score(np.zeros((3, 1)))


@pytest.mark.parametrize("dtype", ["c16", "m8[s]", "M8[s]", "S1", [("a", "i4"), ("b", "i4")]])
def test_labels_are_numbers_or_objects_that_are(dtype):
    class Odd:
        def predict(self, counts):
            return np.ones(3, dtype)

    for odd in (Predictor(Odd(), False), ClassPredictor(Odd(), False, n_classes=5, taught=np.array([1, 3]))):
        with pytest.raises(FaultyLearnerError, match=r"its predict gave .*, expected "):
            odd.score(np.zeros((3, 1)))
    Odd.predict = lambda self, counts: np.array([1, True, 1.0], object)
    assert ClassPredictor(Odd(), False, n_classes=5, taught=np.array([1, 3])).score(np.zeros((3, 1))).labels.sum() == 3


def test_sums_that_single_precision_misses_for_some_documents_are_made_1():
    odd = FewProbable()
    odd.predict_proba = lambda counts: np.array([[1.0, 1.0], [0.25, 0.75], [0.0, 1.0]])
    scores = ClassPredictor(odd, predicts_by_probability=False, n_classes=5, taught=np.array([1, 3]))
    found = scores.score(np.zeros((3, 1))).probability[:, [3, 1]]
    assert found.tolist() == [[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], r"are \[\], expected each of the 2 taught once"),
        ([1], r"are \[1\], expected each of the 2 taught once"),
        ([1, 1], r"are \[1, 1\], expected each of the 2 taught once"),
        ([1, 3, 3], r"are \[1, 3, 3\], expected each of the 2 taught once"),
        ([0, 1, 2, 3, 4], "gave 0, 2, 4, expected classes that it was taught"),
        (["a", "b"], "gave 'a', 'b', expected classes that it was taught"),
        ([[1, 3]], r"has the shape \(1, 2\)"),
    ],
)
def test_classes_that_are_none_are_an_error(classes, message):
    odd = Few()
    odd.classes_ = np.array(classes)
    with pytest.raises(FaultyLearnerError, match=f"its classes_ {message}"):
        ClassPredictor(odd, predicts_by_probability=False, n_classes=5, taught=np.array([1, 3]))


def test_of_one_class_nothing_is_learnt_but_that():
    model = Model("logistic-regression")
    features, labels = np.zeros((4, 2), np.float32), np.full(4, 2, np.uint16)
    scores = learners.train(model, features, labels, 0, n_classes=4).score(features)
    assert scores.labels.tolist() == [2] * 4
    assert scores.probability.tolist() == [[0, 0, 1, 0]] * 4
    none = learners.train(model, features[:, :0], np.array([0, 1, 1, 3], np.uint16), 0, n_classes=4).score(features)
    assert none.probability[0].tolist() == [0.25, 0.5, 0, 0.25]
    assert none.labels.tolist() == [1] * 4
