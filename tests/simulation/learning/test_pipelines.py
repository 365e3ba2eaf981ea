from __future__ import annotations

import pytest

from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.spec import Model


@pytest.mark.parametrize(("name", "has"), [("tfidf-logistic-regression", True), ("linear-svm", False)])
def test_pipelines_say_whether_they_have_probabilities(name, has):
    assert learners.has_probabilities(Model(name)) is has
    assert not learners.take_weights(Model(name))
