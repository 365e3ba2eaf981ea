"""Rules of curation in a chain: what is checked, left out and weighed."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from modelcollapse import run_sweep
from modelcollapse.domains.catalogue import DOMAINS, run_chain
from modelcollapse.domains.classification import Labelling
from modelcollapse.errors import SpecError
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.label_rules import GOLDEN_WEIGHT, find_rule
from modelcollapse.simulation.learning.training import train_here
from modelcollapse.simulation.spec import Model
from modelcollapse.sweeps.sweep import Sweep
from tests.simulation.test_chain import spec

CURATION = ("checked:0.2", "checked-uncertain:0.2", "checked-disagreed:0.2", "dropped-uncertain:0.2",
            "verified:0.9:0.3", "provenance:0.9:0.1", "soft", "weighted:0.3", "weighted:golden")  # fmt: skip
SMALL_FOREST = Model("forest", (("n_estimators", 10),))


def rows(corpus, **changes):
    return [result.row for result in run_chain(spec(**changes), corpus)]


@pytest.mark.parametrize("model", [Model("naive-bayes"), SMALL_FOREST], ids=["naive-bayes", "forest"])
@pytest.mark.parametrize("rule", CURATION)
def test_before_anything_is_labelled_all_rules_are_one_and_chains_go_on_to_the_same_bits(corpus, rows_of, rule, model):
    asked = spec(label_rule=rule, model=model)
    whole = list(run_chain(asked, corpus))
    first = next(iter(run_chain(spec(model=model), corpus))).row
    assert (whole[0].row.accuracy, whole[0].row.log_loss) == (first.accuracy, first.log_loss)
    again = list(run_chain(replace(asked, final_size=400), corpus))
    slots = np.concatenate([result.new_slots for result in again])
    state = ChainState(len(again), slots, again[-1].memory)
    resumed = rows_of(list(run_chain(asked, corpus, state)))
    assert len(resumed) == 4
    assert resumed[1:] == rows_of(whole)[3:]  # the first is known already


def test_checked_labels_are_counted_and_are_no_self_labels(corpus):
    found = rows(corpus, collapse_rate=Decimal(1), label_rule="checked:0.2")
    assert [row.n_checked for row in found] == pytest.approx([20 * g for g in range(6)], abs=1)
    assert all(row.n_synthetic + row.n_checked == row.n_train - 200 for row in found)
    everything = rows(corpus, collapse_rate=Decimal(1), label_rule="checked:1")
    human = rows(corpus, collapse_rate=Decimal(0))
    assert [row.accuracy for row in everything] == [row.accuracy for row in human]
    assert everything[-1].n_checked == 500


def test_what_a_detector_mistakes_for_a_models_is_left_out_too(corpus):
    found = rows(corpus, label_rule="provenance:1:1")
    assert [row.n_train for row in found] == [200] * 6
    found = rows(corpus, label_rule="provenance:1:0")
    human = rows(corpus, label_rule="human-only")
    assert [row.accuracy for row in found] == [row.accuracy for row in human]


def test_a_weight_of_nothing_leaves_out_and_one_of_1_is_the_loop_itself(corpus):
    logistic = Model("logistic-regression")
    nothing = rows(corpus, model=logistic, label_rule="weighted:0")
    human = rows(corpus, model=logistic, label_rule="human-only")
    assert [row.accuracy for row in nothing[1:2]] == pytest.approx([row.accuracy for row in human[1:2]], abs=0.02)
    whole = rows(corpus, model=logistic, label_rule="weighted:1")
    loop = rows(corpus, model=logistic)
    assert [row.accuracy for row in whole] == [row.accuracy for row in loop]
    assert find_rule("weighted:golden").weight == GOLDEN_WEIGHT == pytest.approx(1 / 1.618, abs=1e-3)


@pytest.mark.parametrize("rule", ["soft", "weighted:0.3"])
def test_weights_are_those_of_a_training_set_written_plainly(corpus, rule):
    asked = spec(model=Model("logistic-regression"), label_rule=rule)
    history = Labelling(asked, corpus, train_here)
    n, positive = 40, np.linspace(0.05, 0.95, 40)
    seen = history.human(0, n)
    labels = history._labels(seen)
    labels[10:] = 2 + (positive[10:] > 0.5)
    if rule == "soft":
        seen["positive"][10:] = positive[10:]
    model = history.train(1, seen, np.arange(n))
    counts = history.corpus.counts[history.pool[:n]]
    X = counts[:, np.flatnonzero(np.asarray(counts.sum(axis=0)).ravel() > 0)].toarray()
    human, own = (labels & 1)[:10], (labels & 1)[10:]
    if rule == "soft":
        p = seen["positive"][10:].astype(float)
        X, y = np.vstack([X[:10], X[10:], X[10:]]), [*human, *np.zeros(30), *np.ones(30)]
        weights = [*np.ones(10), *(1 - p), *p]
    else:
        y, weights = [*human, *own], [*np.ones(10), *np.full(30, 0.3)]
    plain = LogisticRegression(max_iter=1000).fit(X, y, weights)
    expected = plain.predict_proba(X[:n])[:, 1]
    assert model.score(history.pool[:n]).probability == pytest.approx(expected, abs=2e-3)


def test_learners_without_weights_are_refused_before_anything_runs(corpus, tmp_path):
    neighbours = "sklearn.neighbors:KNeighborsClassifier"
    DOMAINS["classification"].check_rules(["checked:0.1"], [Model(neighbours)])
    with pytest.raises(SpecError, match="'soft' gives documents weights, which sklearn"):
        run_sweep(
            Sweep(
                model=neighbours, label_rule="soft", seeds=1, rates="0,1", initial_size=100, final_size=200,
                increment=100, test_size=100,
            ),
            corpus, tmp_path, executor="inprocess",
        )  # fmt: skip
