from __future__ import annotations

import gc
import itertools
import weakref
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.domains.catalogue import find_domain, run_chain
from modelcollapse.simulation import chain, label_rules, streams
from modelcollapse.simulation.learning.learners import LEARNERS
from modelcollapse.simulation.regimes import REGIMES
from modelcollapse.simulation.spec import ChainSpec, Growth, Model
from tests.naive import naive_chain

SMALL_FOREST = (("n_estimators", 10),)


def spec(**changes: object) -> ChainSpec:
    base = ChainSpec(
        seed=3,
        collapse_rate=Decimal("0.3"),
        initial_size=200,
        final_size=700,
        test_size=400,
        growth=Growth(increment=100),
        model=Model("naive-bayes"),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", ["0", "0.3", "1"])
@pytest.mark.parametrize("final_size", [700, 730])
@pytest.mark.parametrize(
    ("model", "make_classifier"),
    [
        (Model("naive-bayes"), lambda seed: MultinomialNB()),
        (Model("logistic-regression"), lambda seed: LogisticRegression(max_iter=1000)),
        (
            Model("forest-sklearn", SMALL_FOREST),
            lambda seed: RandomForestClassifier(10, max_depth=20, bootstrap=False, random_state=seed),
        ),
    ],
    ids=["naive-bayes", "logistic-regression", "forest-sklearn"],
)
def test_equals_the_procedure_written_plainly(reviews, corpus, model, make_classifier, rate, final_size):
    expected = naive_chain(
        reviews.documents, reviews.labels, make_classifier,
        seed=3, rate=float(rate), initial_size=200, final_size=final_size, increment=100, test_size=400,
    )  # fmt: skip
    results = run_chain(spec(model=model, collapse_rate=Decimal(rate), final_size=final_size), corpus)
    found = [{key: getattr(result.row, key) for key in expected[0]} for result in results]
    assert found == expected


def test_rate_zero_does_not_depend_on_the_label_rule(corpus, rows_of):
    chains = [spec(collapse_rate=Decimal(0), label_rule=rule) for rule in ("argmax", "human-only", "sampled")]
    first, *others = [rows_of(list(run_chain(one, corpus))) for one in chains]
    assert all(other == first for other in others)


@pytest.mark.parametrize("regime", [*REGIMES, "window:200"])
def test_generation_zero_is_the_same_for_all_rates_rules_and_regimes(corpus, rows_of, regime):
    differing = {"chain_id", "collapse_rate", "label_rule", "regime"}
    rows = [
        {key: value for key, value in rows_of([next(run_chain(one, corpus))])[0].items() if key not in differing}
        for one in (spec(), spec(collapse_rate=Decimal(1), regime=regime), spec(label_rule="frozen"))
    ]
    assert rows[0] == rows[1] == rows[2]


def test_renamed_terms_in_the_same_order_change_nothing(reviews, corpus, rows_of):
    from tests.conftest import Reviews, make_corpus

    renamed = make_corpus(Reviews([["aa" + word for word in doc] for doc in reviews.documents], reviews.labels))
    one = spec(model=Model("forest-sklearn", SMALL_FOREST))
    renamed = replace(renamed, fingerprint=corpus.fingerprint)
    assert rows_of(list(run_chain(one, renamed))) == rows_of(list(run_chain(one, corpus)))


def test_file_order_does_not_matter_when_the_permutation_follows_it(corpus, rows_of, monkeypatch):
    expected = rows_of(list(run_chain(spec(), corpus)))
    moved = np.random.default_rng(1).permutation(corpus.n_documents)  # new position → old document
    counts = corpus.counts[moved]
    shuffled = Corpus(
        counts.data, counts.indices, counts.indptr.astype(np.int64), corpus.labels[moved], corpus.term_orders,
        corpus.fingerprint,
    )  # fmt: skip
    original = streams.document_order
    where = np.argsort(moved)
    monkeypatch.setattr(chain.streams, "document_order", lambda seed, n: where[original(seed, n)])
    assert rows_of(list(run_chain(spec(), shuffled))) == expected


#: One takes no counts, and one no training set without human labels.
OTHERS = {"gradient-boosting", "self-training"}


@pytest.mark.parametrize("model", sorted({*LEARNERS} - OTHERS))
def test_every_learner_survives_replacement_by_its_own_labels(corpus, model):
    # increments of 20: single-class training sets do occur on the way
    params = SMALL_FOREST if "forest" in model else ()
    one = spec(
        model=Model(model, params), regime="replace", collapse_rate=Decimal(1), initial_size=20,
        growth=Growth(increment=20), final_size=400,
    )  # fmt: skip
    assert [result.row.n_seen for result in run_chain(one, corpus)] == list(range(20, 401, 20))


def test_a_single_class_gives_the_constant_predictor(corpus):
    truth = replace(corpus, labels=np.zeros_like(corpus.labels))
    row = next(run_chain(spec(initial_size=30), truth)).row
    assert (row.accuracy, row.predicted_positive_rate, row.train_positive_rate) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("rule", ["argmax", "frozen", "random-noise", "sampled", "confident:0.8:drop"])
@pytest.mark.parametrize("regime", [*REGIMES, "window:250"])
def test_goes_on_from_any_generation_to_the_last_bit(corpus, rows_of, rule, regime):
    one = spec(label_rule=rule, regime=regime, final_size=650)
    results = list(run_chain(one, corpus))
    for stop in range(1, len(results)):
        state = chain.ChainState(
            stop,
            np.concatenate([result.new_slots for result in results[:stop]]),
            results[stop - 1].memory,
        )
        again = {result.row.n_seen: result for result in run_chain(one, corpus, state)}
        later = [again[result.row.n_seen] for result in results[stop:]]
        assert rows_of(later) == rows_of(results[stop:])


def test_a_longer_chain_begins_with_the_same_rows_and_goes_on_from_a_shorter_one(corpus, rows_of):
    short = list(run_chain(spec(final_size=500), corpus))
    long = list(run_chain(spec(final_size=800), corpus))
    assert rows_of(long[: len(short)]) == rows_of(short)
    labels = np.concatenate([result.new_slots for result in short])
    state = chain.ChainState(len(short), labels, short[-1].memory)
    went_on = {result.row.n_seen: result for result in run_chain(spec(final_size=800), corpus, state)}
    assert rows_of([went_on[size] for size in (600, 700, 800)]) == rows_of(long[-3:])


def test_rows_count_what_the_training_set_is_made_of(corpus):
    accumulate = list(run_chain(spec(collapse_rate=Decimal(1)), corpus))
    assert [r.row.n_synthetic for r in accumulate] == [0, 100, 200, 300, 400, 500]
    replaced = list(run_chain(spec(collapse_rate=Decimal(1), regime="replace"), corpus))
    assert [(r.row.n_train, r.row.n_synthetic) for r in replaced] == [(200, 0)] + 5 * [(100, 100)]
    subsampled = list(run_chain(spec(collapse_rate=Decimal(1), regime="subsample"), corpus))
    assert {r.row.n_train for r in subsampled} == {200}
    without = list(run_chain(spec(collapse_rate=Decimal(1), label_rule="human-only"), corpus))
    assert {(r.row.n_train, r.row.n_synthetic) for r in without} == {(200, 0)}
    assert accumulate[0].row.synthetic_label_error is None
    assert 0 < accumulate[1].row.synthetic_label_error < 0.5


def test_self_labels_are_counted_as_wrong_where_they_are(corpus, monkeypatch):
    contrary = label_rules.LabelRule(lambda inc: 2 + (1 - inc.truth[inc.selected]))
    monkeypatch.setitem(label_rules.RULES, "contrary", contrary)  # type: ignore[arg-type]
    rows = [result.row for result in run_chain(spec(label_rule="contrary"), corpus)]
    assert {row.synthetic_label_error for row in rows[1:]} == {1.0}


def test_churn_is_the_share_of_changed_predictions(corpus):
    results = list(run_chain(spec(), corpus))
    assert results[0].row.churn is None
    for before, after in itertools.pairwise(results):
        assert after.row.churn == np.mean(before.memory != after.memory)


def test_ladder_and_min_df(corpus):
    one = spec(growth=Growth(sizes=(80, 200, 350, 600)), final_size=600)
    rows = [result.row for result in run_chain(one, corpus)]
    assert [row.n_seen for row in rows] == [200, 350, 600]
    rare = [r.row.n_features for r in run_chain(replace(one, terms=replace(one.terms, min_df=3)), corpus)]
    assert all(few < many for few, many in zip(rare, [row.n_features for row in rows], strict=True))


def test_a_chain_that_ended_leaves_nothing_for_the_collector(corpus):
    one = chain.Chain(spec(label_rule="frozen"), find_domain("classification"), corpus)
    for _ in one.run(None):
        pass
    gone = weakref.ref(one)
    gc.disable()
    try:
        del one
        assert gone() is None
    finally:
        gc.enable()
