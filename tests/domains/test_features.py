"""Learners and options that do not go with a corpus are refused before anything runs."""

import numpy as np
import pytest

from modelcollapse import Sweep, run_sweep
from modelcollapse.corpora.dense import DenseCorpus
from modelcollapse.domains.classification import Classification
from modelcollapse.errors import LearnerError, SpecError

SIZES = {"rates": [0, 1], "initial_size": 60, "final_size": 100, "increment": 20, "test_size": 60}
GAUSSIAN = "sklearn.naive_bayes:GaussianNB"
BOOSTING = "sklearn.ensemble:HistGradientBoostingClassifier"


def numbers(missing=False, shift=0.0):
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 300).astype(np.uint8)
    features = (random.normal(size=(300, 4)) + labels[:, np.newaxis] + shift).astype(np.float32)
    if missing:
        features[::7, 1] = np.nan
    return DenseCorpus(features, labels, fingerprint=f"numbers-{missing}-{shift}")


@pytest.mark.parametrize("model", ["logistic-regression", "forest", GAUSSIAN, "sklearn.svm:LinearSVC"])
def test_learners_of_numbers_run(model, tmp_path):
    sweep = Sweep(**SIZES, model=model, trees=5 if model == "forest" else None)
    results = run_sweep(sweep, numbers(), tmp_path / "run", executor="inprocess").results()
    assert results.height == 6
    assert results["n_features"].unique().to_list() == [4]
    assert results["accuracy"].min() > 0.6
    assert results["model"].unique().to_list() == ["forest-sklearn" if model == "forest" else model]


def test_chains_on_numbers_are_scikit_learns(tmp_path):
    """The first generation is what scikit-learn makes of the same documents."""
    from sklearn.linear_model import LogisticRegression

    from modelcollapse.simulation.streams import document_order

    corpus = numbers()
    run = run_sweep(Sweep(**SIZES, model="logistic-regression"), corpus, tmp_path / "run", executor="inprocess")
    order = document_order(0, 300)
    test, training = order[:60], order[60:120]
    model = LogisticRegression(max_iter=1000).fit(corpus.features[training], corpus.labels[training])
    assert run.results()["accuracy"][0] == model.score(corpus.features[test], corpus.labels[test])


@pytest.mark.parametrize(
    ("fields", "corpus", "error", "message"),
    [
        ({"min_df": 2}, {}, SpecError, "min_df: found 2, .*has numbers, not words"),
        ({"max_terms": 9}, {}, SpecError, "max_terms: found 9"),
        ({"model": "modelcollapse.forest:SparseForestClassifier"}, {}, LearnerError, "use forest-sklearn"),
        ({"model": "naive-bayes"}, {}, SpecError, "numbers below 0 .*which naive-bayes does not take"),
        ({"model": "logistic-regression"}, {"missing": True}, SpecError, "43 missing values, which logistic"),
    ],
)  # fmt: skip
def test_what_does_not_go_is_refused(fields, corpus, error, message, tmp_path):
    with pytest.raises(error, match=message):
        run_sweep(Sweep(**SIZES, **fields), numbers(**corpus), tmp_path / "run", executor="inprocess")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model", [BOOSTING, "forest-sklearn"])
def test_missing_values_are_kept_for_learners_that_take_them(model, tmp_path):
    params = {"max_iter": 3} if model == BOOSTING else {"n_estimators": 5}
    sweep = Sweep(**SIZES, model=model, model_param=params)
    run = run_sweep(sweep, numbers(missing=True), tmp_path / "run", executor="inprocess")
    assert not run.failed(sweep)
    assert run.results().height == 6


def test_more_than_two_classes_are_none_of_the_domain_of_two():
    corpus = DenseCorpus.of(np.eye(3)[np.arange(300) % 3], np.arange(300) % 3)
    with pytest.raises(SpecError, match=r"'table' has 3 classes, which are of the domain multiclass"):
        Classification().data(corpus, Sweep(**SIZES, model="logistic-regression"))


def test_counts_are_what_they_were(corpus, tmp_path):
    with pytest.raises(LearnerError, match="takes dense counts, but not documents as they are here"):
        run_sweep(Sweep(**SIZES, model=GAUSSIAN), corpus, tmp_path / "run", executor="inprocess")
