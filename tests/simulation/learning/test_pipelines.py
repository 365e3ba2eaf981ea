from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from modelcollapse.domains.catalogue import run_chain
from modelcollapse.errors import FaultyLearnerError, SpecError
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.training import TrainingSet, train_here
from modelcollapse.simulation.spec import Model, TermSelection
from modelcollapse.sweeps.sweep import Sweep


@pytest.mark.parametrize(("name", "has"), [("tfidf-logistic-regression", True), ("linear-svm", False)])
def test_pipelines_say_whether_they_have_probabilities(name, has):
    assert learners.has_probabilities(Model(name)) is has
    assert not learners.take_weights(Model(name))


def self_trained(synthetic, corpus, model="self-training"):
    documents = np.arange(200)
    training = TrainingSet(
        Model(model), TermSelection(), documents, corpus.labels[documents], seed=3, synthetic=synthetic
    )
    return train_here(training, corpus).score(np.arange(300, 500))


def test_self_training_is_scikit_learns_with_the_models_own_labels_hidden(corpus):
    synthetic = np.arange(200) % 3 > 0
    counts, labels = corpus.counts[:200], np.where(synthetic, -1, corpus.labels[:200].astype(int))
    kept = np.asarray((counts > 0).sum(axis=0)).ravel() > 0
    plain = SelfTrainingClassifier(LogisticRegression(max_iter=1000)).fit(counts[:, kept], labels)
    expected = plain.predict_proba(corpus.counts[300:500][:, kept])[:, 1]
    np.testing.assert_array_equal(self_trained(synthetic, corpus).ranking, expected)
    assert plain.n_iter_ > 1


def test_where_people_labelled_everything_it_is_its_base(corpus):
    base = self_trained(None, corpus, "logistic-regression").ranking
    np.testing.assert_array_equal(self_trained(np.zeros(200, bool), corpus).ranking, base)
    np.testing.assert_array_equal(self_trained(None, corpus, "logistic-regression").ranking, base)


def test_of_one_human_class_it_learns_that_and_of_none_nothing(corpus):
    synthetic = corpus.labels[:200] == 0
    assert (self_trained(synthetic, corpus).ranking == 1).all()
    with pytest.raises(FaultyLearnerError, match="human labels, of which its training set has none"):
        self_trained(np.ones(200, bool), corpus)


def test_learners_that_do_not_ask_get_the_models_labels_as_they_are(corpus):
    for model in ("logistic-regression", "tfidf-logistic-regression", "naive-bayes"):
        plain, told = self_trained(None, corpus, model), self_trained(np.arange(200) % 2 == 0, corpus, model)
        np.testing.assert_array_equal(plain.ranking, told.ranking)


def test_self_training_at_the_end_of_a_pipeline_asks_too():
    ends_in_it = make_pipeline(TfidfTransformer(), SelfTrainingClassifier(LogisticRegression()))
    assert learners.takes_unlabelled(ends_in_it)
    assert not learners.takes_unlabelled(make_pipeline(TfidfTransformer(), LogisticRegression()))


def test_self_training_in_a_chain(corpus):
    sizes = {"initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200}
    rows = {}
    for rule in ("argmax", "frozen", "human-only"):
        sweep = Sweep(rates=[0.9], model="self-training", label_rule=rule, **sizes)
        rows[rule] = [result.row for result in run_chain(next(sweep.chains()), corpus)]
    accuracy = {rule: [row.accuracy for row in of_rule] for rule, of_rule in rows.items()}
    assert accuracy["argmax"] == accuracy["frozen"]  # it labels those documents itself
    assert accuracy["argmax"] != accuracy["human-only"]
    with pytest.raises(SpecError, match="'soft' gives documents weights, which self-training does not take"):
        Sweep(rates=[0.9], model="self-training", label_rule="soft", **sizes).check_learners()
