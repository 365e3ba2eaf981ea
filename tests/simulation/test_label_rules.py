from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import SpecError
from modelcollapse.simulation.label_bytes import is_human, is_synthetic, value
from modelcollapse.simulation.label_rules import RULES, Increment, find_rule
from modelcollapse.simulation.learning.learners import Scores
from modelcollapse.simulation.slots import LEFT_OUT
from modelcollapse.simulation.streams import stream


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
        human_positive_rate=human_positive_rate,
        stream=lambda purpose: stream(seed, purpose, 0),
    )


INCREMENTS = st.builds(make_increment, st.integers(1, 200), st.integers(0, 1000), st.sampled_from([0.1, 0.6, 1.0]))


@pytest.mark.parametrize("name", [*RULES, "confident:0.8:human", "confident:0.8:drop"])
@given(increment=INCREMENTS)
def test_every_rule_labels_the_selected_documents(name, increment):
    labels = find_rule(name).label(increment)
    assert labels.shape == (increment.selected.sum(),)
    assert labels.dtype == np.uint8
    assert labels.max(initial=0) <= LEFT_OUT


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


@pytest.mark.parametrize("name", ["", "Argmax", "confident", "confident:0.4:human", "confident:x:drop"])
def test_unknown_rules_are_named(name):
    with pytest.raises(SpecError, match="Expected one of argmax"):
        find_rule(name)
