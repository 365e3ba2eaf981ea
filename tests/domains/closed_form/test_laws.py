"""The worlds obey their laws when they are retrained on their own draws: the loop written plainly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from modelcollapse.domains.closed_form import laws
from modelcollapse.domains.closed_form.worlds import Discrete, Gaussian, LeastSquares, Logistic, Text, World

REGIMES = ("accumulate", "replace")


def histories(
    world: World, sizes: Sequence[int], rate: float, regime: str, n_seeds: int, same_inputs: bool = False
) -> dict[str, Any]:
    """Return every column of the world, shape (n_seeds, n_generations)."""
    measured = [[world.measure(f) for f in _fits(world, sizes, rate, regime, s, same_inputs)] for s in range(n_seeds)]
    return {name: np.array([[row[name] for row in chain] for chain in measured]) for name in measured[0][0]}


def _fits(world: World, sizes: Sequence[int], rate: float, regime: str, seed: int, same_inputs: bool) -> Any:
    random = np.random.default_rng(seed)
    inputs = world.inputs(sizes[0], random)
    values = world.human(inputs, random)
    last = slice(0, sizes[0])
    for i in range(len(sizes)):
        training = last if regime == "replace" else slice(None)
        fitted = world.fit(inputs[training], values[training])
        yield fitted
        if i + 1 < len(sizes):
            last = slice(sizes[i], sizes[i + 1])
            k = sizes[i + 1] - sizes[i]
            new_inputs = inputs[:k] if same_inputs else world.inputs(k, random)
            drawn = world.draw(fitted, new_inputs, random)
            new = drawn if rate == 1 else np.concatenate((drawn[: int(rate * k)], world.human(new_inputs, random)))[:k]
            inputs, values = np.concatenate((inputs, new_inputs)), np.concatenate((values, new))


def assert_due(found: Any, due: Any, within: float = 0.0) -> None:
    """Demand the due means, but for five standard errors and a relative margin."""
    error = 5 * found.std(axis=0, ddof=1) / np.sqrt(len(found)) + within * np.abs(due)
    assert (np.abs(found.mean(axis=0) - due) < error + 1e-12).all(), found.mean(axis=0) / due


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_a_discrete_distribution_follows_the_recursion(regime, rate):
    world, sizes = Discrete(), [100, 150, 190, 300]
    synthetic = [int(rate * (b - a)) for a, b in itertools.pairwise(sizes)]
    found = histories(world, sizes, rate, regime, 40)["risk"]
    due = laws.discrete_errors(world.truth, sizes, synthetic, regime)
    assert_due(found, due)
    assert np.allclose(found.mean(axis=0), due, rtol=0.05)


@pytest.mark.parametrize("regime", REGIMES)
def test_diversity_shrinks_as_a_variance_does(regime):
    world, sizes = Discrete(), range(50, 501, 50)
    diversity = 1 - float((world.truth**2).sum())
    found = histories(world, sizes, 1, regime, 20)["diversity"]
    assert_due(found, diversity * laws.shrinkage(50, 10, regime))
    assert_due(found, diversity - np.array(laws.discrete_errors(world.truth, sizes, [50] * 9, regime)))


@pytest.mark.parametrize("regime", REGIMES)
def test_a_gaussian_forgets(regime):
    found = histories(Gaussian(), range(50, 501, 50), 1, regime, 20)
    shrinkage = laws.shrinkage(50, 10, regime)
    assert_due(found["risk"], 1 - shrinkage)
    assert_due(found["variance"], shrinkage)
    if regime == "replace":
        assert_due(found["log_variance"], laws.log_variance(50, 10))


@pytest.mark.parametrize("regime", REGIMES)
def test_least_squares_on_the_same_inputs(regime):
    found = histories(LeastSquares(), range(100, 2001, 100), 1, regime, 25, same_inputs=True)["risk"]
    assert_due(found, laws.least_squares_errors(100, 10, 20, regime))


def test_accumulating_keeps_all_but_a_bounded_part():
    assert 1 - np.pi**2 / 6 / 30 < laws.shrinkage(30, 10_000, "accumulate")[-1] < 1 - 1.6 / 30
    assert laws.shrinkage(30, 10_000, "replace")[-1] < 1e-100
    assert laws.least_squares_errors(100, 10, 10_000, "accumulate")[-1] < 10 / 89 * np.pi**2 / 6


def test_logistic_regression_of_the_published_run():
    augment = histories(Logistic(), range(309, 309 * 12 + 1, 309), 1, "accumulate", 1)["risk"][0]
    discard = histories(Logistic(), range(309, 309 * 40 + 1, 309), 1, "replace", 1)["risk"][0]
    assert augment[0] == discard[0] == pytest.approx(0.428460, abs=1e-6)
    assert 0.42 < augment[-1] < 0.47
    assert discard[-1] > 1


def test_vocabulary_left_of_a_text():
    counts = tuple(int(c) for c in 1 + 20_000 / (np.arange(4_000) + 3.7))
    n = sum(counts)
    found = histories(Text(counts), range(n, 12 * n, n), 1, "replace", 3)["types_left"]
    due = laws.types_left(np.array(counts), 10)
    assert (found[:, 0] == 4_000).all()
    assert np.allclose(found[:, 1:].mean(axis=0), due, rtol=0.01)


def test_a_frequency_of_zero_is_never_drawn():
    drawn = Discrete(3, replicates=1).draw(np.array([[0.1, 0.9, 0.0]]), np.empty((1000, 0)), np.random.default_rng(0))
    assert set(drawn.ravel()) == {0, 1}


@pytest.mark.parametrize("world", [Discrete(), Gaussian(), LeastSquares(), Logistic(2), Text((3, 2, 1, 10, 30))])
def test_more_slots_begin_with_the_same_draws(world):
    few, many = np.random.default_rng(1), np.random.default_rng(1)
    inputs = world.inputs(40, np.random.default_rng(2))
    assert (world.human(inputs[:10], few) == world.human(inputs, many)[:10]).all()
    assert world.human(inputs, many).shape[1] == world.replicates
