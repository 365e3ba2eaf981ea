from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.metrics import (
    Thresholds,
    calibration_error,
    log_loss,
    prediction_metrics,
    training_metrics,
)
from modelcollapse.simulation.slots import HUMAN, SYNTHETIC

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=60)


def scores_of(probability: np.ndarray) -> Scores:
    return Scores((probability > 0.5).astype(np.uint8), probability, probability)


@given(CASES)
def test_agrees_with_scikit_learn(case):
    truth = np.array([label for label, _ in case], dtype=np.uint8)
    probability = np.array([p for _, p in case]) / 20
    found = prediction_metrics(truth, scores_of(probability))
    predicted = probability > 0.5
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(truth, probability, pos_label=1))
    if len(set(truth.tolist())) == 2:
        assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
        assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, probability))
        assert found["recall_positive"] == pytest.approx(sk.recall_score(truth, predicted))
    else:
        assert found["roc_auc"] is None


@given(st.integers(1, 3000), st.integers(1, 1000), st.integers(0, 2**32 - 1))
def test_is_scikit_learns_to_the_last_bit(n, n_ranks, seed):
    random = np.random.default_rng(seed)
    probability = random.integers(0, n_ranks, n) / max(1, n_ranks - 1)  # ties, zeros and ones
    truth = (random.random(n) < 0.5 * probability + 0.25).astype(np.uint8)
    found = prediction_metrics(truth, scores_of(probability))
    assert found["log_loss"] == sk.log_loss(truth, probability, labels=[0, 1])
    if 0 < truth.mean() < 1:
        assert found["roc_auc"] == sk.roc_auc_score(truth, probability)


@given(CASES)
def test_no_threshold_beats_the_best(case):
    truth = np.array([label for label, _ in case], dtype=np.uint8)
    ranking = np.array([p for _, p in case]) / 20
    every = [np.mean((ranking > threshold) == truth) for threshold in np.arange(-0.025, 1.05, 0.05)]
    assert Thresholds.of(truth, ranking).best_accuracy() == pytest.approx(max(every))


def test_calibration_error_of_known_cases():
    truth = np.array([1, 0, 1, 1], dtype=np.uint8)
    assert calibration_error(truth, np.array([1.0, 0.0, 1.0, 1.0])) == 0
    assert calibration_error(truth, np.full(4, 0.75)) == 0
    assert calibration_error(truth, np.array([0.2, 0.2, 0.9, 0.9])) == pytest.approx((2 * 0.3 + 2 * 0.1) / 4)


def test_a_constant_predictor_has_a_clipped_log_loss_and_auc_one_half():
    truth = np.array([1, 0, 0, 1], dtype=np.uint8)
    found = prediction_metrics(truth, scores_of(np.zeros(4)))
    assert found["roc_auc"] == 0.5
    assert 10 < found["log_loss"] < 40


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_what_is_no_probability_has_no_log_loss(wrong):
    with pytest.raises(ValueError, match=r"gave probabilities from .*, expected \[0, 1\]"):
        log_loss(np.array([0, 1], dtype=np.uint8), np.array([0.5, wrong]))


def test_errors_of_self_labels_by_class():
    truth = np.array([0, 0, 1, 1, 1], dtype=np.uint8)
    labels = np.array([0 + HUMAN, 1 + SYNTHETIC, 0 + SYNTHETIC, 1 + SYNTHETIC, 1 + SYNTHETIC], dtype=np.uint8)
    assert training_metrics(labels, truth) == {
        "train_positive_rate": 0.6,
        "synthetic_label_error": 0.5,
        "synthetic_error_negative": 1.0,
        "synthetic_error_positive": pytest.approx(1 / 3),
    }
