from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import SpecError
from modelcollapse.simulation.label_bytes import is_checked, is_human, is_synthetic, origins, value
from modelcollapse.simulation.label_rules import RULES, Increment, find_rule
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.slots import CHECKED, LEFT_OUT, SYNTHETIC
from modelcollapse.simulation.streams import stream, whole


def make_increment(size: int, seed: int, share: float = 0.6, human_positive_rate: float = 0.4) -> Increment:
    random = np.random.default_rng(seed)
    probability = np.round(random.random(size), 3)
    scores = Scores((probability > 0.5).astype(np.uint8), probability, probability)
    first = Scores((probability < 0.5).astype(np.uint8), 1 - probability, 1 - probability)
    return Increment(
        truth=random.integers(0, 2, size).astype(np.uint8),
        selected=random.random(size) < share,
        scores=scores,
        first_scores=lambda: first,
        human_shares=np.array([1 - human_positive_rate, human_positive_rate]),
        stream=lambda purpose: stream(seed, purpose, 0),
        whole=lambda share, n: whole(seed, 0, share, n, "checked"),
    )


INCREMENTS = st.builds(make_increment, st.integers(1, 200), st.integers(0, 1000), st.sampled_from([0.1, 0.6, 1.0]))


CURATED = ["checked:0.2", "checked-uncertain:0.2", "checked-disagreed:0.2", "dropped-uncertain:0.2",
           "verified:0.9:0.3", "provenance:0.9:0.1"]  # fmt: skip


@pytest.mark.parametrize("name", [*RULES, *CURATED, "confident:0.8:human", "confident:0.8:drop"])
@given(increment=INCREMENTS)
def test_every_rule_labels_the_selected_documents(name, increment):
    labels = find_rule(name).label(increment)
    assert labels.shape == (increment.selected.sum(),)
    assert labels.dtype == np.uint8
    assert set(labels.tolist()) <= {0, 1, SYNTHETIC, SYNTHETIC + 1, LEFT_OUT, CHECKED, CHECKED + 1}


@given(INCREMENTS)
def test_argmax_and_frozen_take_the_models_labels(increment):
    assert (value(RULES["argmax"].label(increment)) == increment.scores.labels[increment.selected]).all()
    assert (value(RULES["frozen"].label(increment)) == increment.first_scores().labels[increment.selected]).all()


@given(INCREMENTS)
def test_noise_has_as_many_errors_as_the_model(increment):
    truth = increment.truth[increment.selected]
    wrong = increment.scores.labels[increment.selected] != truth
    random = value(RULES["random-noise"].label(increment)) != truth
    confusion = value(RULES["confusion-noise"].label(increment)) != truth
    assert random.sum() == wrong.sum()
    for label in (0, 1):
        assert confusion[truth == label].sum() == wrong[truth == label].sum()


@pytest.mark.parametrize("rate", [0.25, 0.4, 0.5])
def test_prior_matched_keeps_the_human_positive_rate(rate):
    shares = [value(RULES["prior-matched"].label(make_increment(400, seed, 1.0, rate))).mean() for seed in range(5)]
    assert shares == pytest.approx(5 * [rate], abs=0.005)


def test_sampled_labels_follow_the_probabilities_and_are_nested_over_rates():
    few, many = make_increment(20_000, 1, 0.3), make_increment(20_000, 1, 1.0)
    labels = value(RULES["sampled"].label(many))
    assert labels.mean() == pytest.approx(many.probability.mean(), abs=0.015)  # 4 standard errors
    assert (value(RULES["sampled"].label(few)) == labels[few.selected]).all()


@given(INCREMENTS)
def test_confident_labels_the_sure_ones_only(increment):
    probability = increment.probability[increment.selected]
    sure = np.maximum(probability, 1 - probability) >= 0.8
    human = find_rule("confident:0.8:human").label(increment)
    assert (is_synthetic(human) == sure).all()
    assert (human[~sure] == increment.truth[increment.selected][~sure]).all()
    dropped = find_rule("confident:0.8:drop").label(increment)
    assert (dropped[~sure] == LEFT_OUT).all()
    assert not is_human(dropped).any()


@pytest.mark.parametrize("family", ["checked", "checked-uncertain", "checked-disagreed"])
@given(INCREMENTS)
def test_checked_labels_are_right_as_many_as_said_and_nested_over_shares(family, increment):
    truth, before = increment.truth[increment.selected], np.zeros(int(increment.selected.sum()), bool)
    for share in (0, 0.05, 0.3, 1):
        labels = find_rule(f"{family}:{share}").label(increment)
        checked = is_checked(labels)
        assert abs(checked.sum() - share * len(truth)) <= 1
        assert (value(labels)[checked] == truth[checked]).all()
        assert (labels[~checked] == RULES["argmax"].label(increment)[~checked]).all()
        assert not (before & ~checked).any()
        before = checked


def test_random_checks_are_nested_over_rates():
    few, many = (make_increment(500, 3, share) for share in (0.3, 1.0))
    chosen = np.zeros((2, 500), bool)
    for places, one in zip(chosen, (few, many), strict=True):
        places[one.selected] = is_checked(find_rule("checked:0.5").label(one))
    ranks = stream(3, "checked", 0).permutation(500)
    for places, one in zip(chosen, (few, many), strict=True):
        assert ranks[places].max() < ranks[one.selected & ~places].min()


@given(INCREMENTS)
def test_the_least_sure_are_checked_or_dropped_and_disagreement_comes_first(increment):
    margin = np.abs(increment.probability[increment.selected] - 0.5)
    checked = is_checked(find_rule("checked-uncertain:0.3").label(increment))
    dropped = find_rule("dropped-uncertain:0.3").label(increment) == LEFT_OUT
    assert (checked == dropped).all()
    if 0 < checked.sum() < len(margin):
        assert margin[checked].max() <= margin[~checked].min()
    disagrees = (increment.scores.labels != increment.first_scores().labels)[increment.selected]
    checked = is_checked(find_rule("checked-disagreed:0.3").label(increment))
    assert not (checked & ~disagrees).any() or not (disagrees & ~checked).any()


def test_a_verifier_keeps_right_and_wrong_labels_as_often_as_said():
    increment = make_increment(20_000, 1, 1.0)
    right = increment.scores.labels == increment.truth
    kept = find_rule("verified:0.9:0.3").label(increment) != LEFT_OUT
    assert kept[right].mean() == pytest.approx(0.9, abs=0.01)
    assert kept[~right].mean() == pytest.approx(0.3, abs=0.01)
    assert (find_rule("verified:1:1").label(increment) == RULES["argmax"].label(increment)).all()


def test_a_detector_recognises_as_many_as_said():
    dropped = find_rule("provenance:0.9:0.1").label(make_increment(20_000, 1, 1.0)) == LEFT_OUT
    assert dropped.mean() == pytest.approx(0.9, abs=0.01)
    assert find_rule("provenance:0.9:0.1").mistaken_for_synthetic == 0.1


@pytest.mark.parametrize(
    "name",
    ["", "Argmax", "confident", "confident:0.4:human", "confident:x:drop", "checked", "checked:", "checked:1.1",
     "checked:nan", "checked:0.1:0.2", "verified:0.9", "verified:0.9:-1", "argmax:0.1"],
)  # fmt: skip
def test_unknown_rules_are_named(name):
    with pytest.raises(SpecError, match="Expected one of argmax"):
        find_rule(name)


def make_many(size: int, seed: int, share: float = 0.6) -> Increment:
    """Four classes, of which the model is right in half of the documents."""
    random = np.random.default_rng(seed)
    probability, first = (random.dirichlet(np.ones(4) / 2, size) for _ in range(2))
    labels = probability.argmax(axis=1).astype(np.uint16)
    truth = np.where(random.random(size) < 0.5, labels, random.integers(0, 4, size)).astype(np.uint16)
    return Increment(
        truth=truth,
        selected=random.random(size) < share,
        scores=Scores(labels, probability, probability),
        first_scores=lambda: Scores(first.argmax(axis=1).astype(np.uint16), first, first),
        human_shares=np.array([0.4, 0.3, 0.2, 0.1]),
        stream=lambda purpose: stream(seed, purpose, 0),
        whole=lambda share, n: whole(seed, 0, share, n, "checked"),
    )


MANY = st.builds(make_many, st.integers(1, 200), st.integers(0, 1000), st.sampled_from([0.1, 0.6, 1.0]))
OF_MANY = [*(name for name in RULES if name != "soft"), *CURATED, "confident:0.8:human", "confident:0.8:drop"]


@pytest.mark.parametrize("name", OF_MANY)
@given(increment=MANY)
def test_every_rule_labels_documents_of_many_classes(name, increment):
    labels = find_rule(name).label(increment)
    assert labels.shape == (increment.selected.sum(),)
    assert labels.dtype == np.uint16
    assert set(origins(labels).tolist()) <= {0, SYNTHETIC, LEFT_OUT, CHECKED}
    assert (value(labels) < 4).all()
    kept = is_human(labels) | is_checked(labels)
    assert (value(labels)[kept] == increment.truth[increment.selected][kept]).all()


@given(MANY)
def test_noise_among_many_classes_has_as_many_errors_and_the_confusion_matrix_of_the_model(increment):
    truth, answers = increment.truth[increment.selected], increment.scores.labels[increment.selected]
    random = value(RULES["random-noise"].label(increment))
    confusion = value(RULES["confusion-noise"].label(increment))
    assert (random != truth).sum() == (answers != truth).sum()
    pairs = [np.bincount(4 * truth + labels, minlength=16).tolist() for labels in (confusion, answers)]
    assert pairs[0] == pairs[1]


def test_random_noise_among_many_classes_prefers_none():
    increment = make_many(40_000, 1, share=1.0)
    labels = value(RULES["random-noise"].label(increment))
    wrong = labels != increment.truth
    steps = (labels[wrong].astype(int) - increment.truth[wrong]) % 4
    assert np.bincount(steps, minlength=4)[1:] / wrong.sum() == pytest.approx(1 / 3, abs=0.02)
