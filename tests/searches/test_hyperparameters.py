from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score

from modelcollapse.errors import SpecError
from modelcollapse.searches.hyperparameters import FoldGroup, GridSettings, study_model
from modelcollapse.searches.units import unit_id
from modelcollapse.simulation import streams
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.training import train_here
from modelcollapse.simulation.spec import Model


def settings(**given: object) -> GridSettings:
    return GridSettings.of("hyperparameters", **given)


def test_the_studys_grid_without_what_is_invalid_and_with_what_the_study_used():
    models = settings().models()
    assert len(models) == 2001
    assert models[0] == study_model()
    assert all(dict(model.params)["min_samples_split"] >= 2 for model in models)
    assert {dict(model.params)["max_depth"] for model in models} == {1, 5, 10, 20, None}
    used = {"n_estimators": 1000, "max_depth": 20, "max_features": "sqrt", "min_samples_split": 2,
            "min_samples_leaf": 1, "bootstrap": False}  # fmt: skip
    assert dict(models[0].params) == used


def test_folds_are_grouped_into_units():
    grid = {"n_estimators": [10]}
    units = list(settings(grid=grid, folds=5, folds_per_task=2).units())
    assert [unit.folds for unit in units] == 2 * [(0, 1), (2, 3), (4,)]
    assert len({unit_id(unit, "x") for unit in units}) == 6
    assert (units[0].workload.n_train, units[0].workload.n_test) == (640, 160)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"grid": {"depth": [1]}}, "grid: found 'depth', expected one of n_estimators"),
        ({"folds": 1}, "folds: found 1"),
        ({"documents": 8, "folds": 5}, "found 5 folds of 8 documents"),
    ],
)
def test_bad_settings_are_one_clear_line(given, message):
    with pytest.raises(SpecError, match=message):
        settings(**given)


def test_scores_are_those_of_scikit_learns_cross_validation(corpus):
    model = Model("naive-bayes")
    result = FoldGroup(model, (0, 1, 2), 3, 240, seed=5).run(corpus, train_here)
    documents = streams.document_order(5, corpus.n_documents)[:240]
    plain = cross_val_score(
        learners.instantiate(model), corpus.counts[documents], corpus.labels[documents], cv=StratifiedKFold(3)
    )
    assert result["fold"] == [0, 1, 2]
    assert np.abs(np.array(result["accuracy"]) - plain).max() < 0.03  # terms unseen in training smooth differently
    again = FoldGroup(model, (1,), 3, 240, seed=5).run(corpus, train_here)
    assert again["accuracy"] == result["accuracy"][1:2]


def test_too_small_a_corpus(corpus):
    with pytest.raises(SpecError, match="needs 2,000 documents, the corpus 'generated' has 1,500"):
        settings(documents=2000).check_corpus(corpus)
