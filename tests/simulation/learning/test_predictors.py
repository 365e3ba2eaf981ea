import numpy as np
import pytest

from modelcollapse.errors import FaultyLearnerError
from modelcollapse.simulation.learning.predictors import Predictor


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
