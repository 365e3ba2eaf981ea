"""Measures of many classes, against scikit-learn's."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from modelcollapse.domains.multiclass import measures
from modelcollapse.domains.multiclass.measures import prediction_measures, training_measures
from modelcollapse.simulation.label_bytes import coded
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.slots import HUMAN, SYNTHETIC

NAMES = ("a", "b", "c", "d")


def made(seed, n=60):
    random = np.random.default_rng(seed)
    truth = np.concatenate((np.arange(4), random.integers(0, 4, n - 4))).astype(np.uint16)
    p = random.dirichlet(np.ones(4), n)
    p = 0.6 * p + 0.4 * np.eye(4)[truth]
    return truth, Scores(p.argmax(axis=1).astype(np.uint16), p, p)


@given(st.integers(0, 1000))
def test_measures_are_scikit_learns(seed):
    truth, scores = made(seed)
    found, p = prediction_measures(truth, scores, NAMES), scores.probability
    assert found["accuracy"] == metrics.accuracy_score(truth, scores.labels)
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, scores.labels))
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, p, multi_class="ovr", average="macro"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, p))
    assert found["brier"] == pytest.approx(((p - np.eye(4)[truth]) ** 2).sum(axis=1).mean() / 2)
    recalls = metrics.recall_score(truth, scores.labels, average=None)
    assert list(json.loads(found["recalls"]).values()) == pytest.approx(recalls.tolist())
    assert found["least_recall"] == pytest.approx(recalls.min())
    shares, true = (np.bincount(labels, minlength=4) / len(truth) for labels in (scores.labels, truth))
    assert json.loads(found["predicted_shares"]) == pytest.approx(dict(zip(NAMES, shares, strict=True)))
    assert json.loads(found["true_shares"]) == pytest.approx(dict(zip(NAMES, true, strict=True)))
    assert found["share_distance"] == pytest.approx(np.abs(shares - true).sum() / 2)
    assert found["largest_share"] == shares.max()
    assert found["classes_predicted"] == len(np.unique(scores.labels))


@given(st.integers(0, 1000))
def test_the_calibration_error_is_that_of_a_loop_over_bins(seed):
    truth, scores = made(seed)
    confidence, right = scores.probability.max(axis=1), scores.labels == truth
    total = 0.0
    for i in range(10):
        here = (confidence >= i / 10) & ((confidence < (i + 1) / 10) | (i == 9))
        total += abs((right[here] - confidence[here]).sum())
    assert measures.calibration_error(truth, scores.probability) == pytest.approx(total / len(truth))


def test_a_constant_predictor_ranks_by_chance_and_a_missing_class_has_no_recall():
    truth, p = np.array([0, 0, 1, 3], np.uint16), np.tile([0.1, 0.7, 0.1, 0.1], (4, 1))
    found = prediction_measures(truth, Scores(np.full(4, 1, np.uint16), p, p), NAMES)
    assert found["roc_auc"] == 0.5
    assert json.loads(found["recalls"]) == {"a": 0.0, "b": 1.0, "c": None, "d": 0.0}
    assert found["balanced_accuracy"] == pytest.approx(1 / 3)
    assert found["largest_share"] == 1.0
    one = prediction_measures(truth[:2], Scores(np.zeros(2, np.uint16), None, p[:2]), NAMES)
    assert (one["roc_auc"], one["log_loss"], one["brier"], one["calibration_error"]) == (None, None, None, None)


def test_a_class_that_was_never_taught_costs_much_but_not_everything():
    truth, p = np.array([2], np.uint16), np.array([[0.5, 0.5, 0.0, 0.0]])
    assert measures.log_loss(truth, p) == pytest.approx(-np.log(np.finfo(float).eps))


def test_labels_of_a_training_set_are_counted_by_class():
    truth = np.array([0, 0, 1, 1, 2], np.uint16)
    people = coded(truth[:2], HUMAN)
    labels = np.concatenate((people, coded(np.array([1, 2, 2], np.uint16), SYNTHETIC)))
    found = training_measures(labels, truth, NAMES)
    assert json.loads(found["trained_shares"]) == {"a": 0.4, "b": 0.2, "c": 0.4, "d": 0.0}
    assert json.loads(found["synthetic_errors"]) == {"a": None, "b": 0.5, "c": 0.0, "d": None}
    assert found["synthetic_label_error"] == pytest.approx(1 / 3)
    assert training_measures(people, truth[:2], NAMES)["synthetic_label_error"] is None
