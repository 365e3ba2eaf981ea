"""The worlds obey their laws when the engine retrains them on their own draws."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from modelcollapse.domains.catalogue import run_chain
from modelcollapse.domains.closed_form import laws
from modelcollapse.domains.closed_form.domain import ClosedForm, HumanText
from modelcollapse.domains.closed_form.worlds import Discrete, Gaussian, LeastSquares, Logistic, Text
from modelcollapse.simulation.spec import ChainSpec, Growth, Model

REGIMES = ("accumulate", "replace")


def histories(
    model: str, sizes: Sequence[int], rate: str, regime: str, n_seeds: int, data: HumanText | None = None, **params: Any
) -> dict[str, Any]:
    """Run chains in the engine; return every column of the world, shape (n_seeds, n_generations)."""
    chains = []
    for seed in range(n_seeds):
        spec = ChainSpec(
            seed, Decimal(rate), sizes[0], sizes[-1], 1, Growth(sizes=tuple(sizes)), Model(model, (*params.items(),)),
            regime, "sampled", domain="closed_form",
        )  # fmt: skip
        chains.append([vars(result.row) for result in run_chain(spec, data or HumanText(np.empty(0, np.int32)))])
    columns = [name for name in ClosedForm.measures if chains[0][0][name] is not None]
    return {name: np.array([[row[name] for row in chain] for chain in chains]) for name in columns}


def assert_due(found: Any, due: Any, within: float = 0.0) -> None:
    """Demand the due means, but for five standard errors and a relative margin."""
    error = 5 * found.std(axis=0, ddof=1) / np.sqrt(len(found)) + within * np.abs(due)
    assert (np.abs(found.mean(axis=0) - due) < error + 1e-12).all(), found.mean(axis=0) / due


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("rate", ["0", "0.3", "1"])
def test_a_discrete_distribution_follows_the_recursion(regime, rate):
    sizes = [100, 150, 190, 300]
    synthetic = [int(float(rate) * (b - a)) for a, b in itertools.pairwise(sizes)]
    found = histories("discrete", sizes, rate, regime, 40)["risk"]
    due = laws.discrete_errors(Discrete().truth, sizes, synthetic, regime)
    assert_due(found, due)
    assert np.allclose(found.mean(axis=0), due, rtol=0.05)


@pytest.mark.parametrize("regime", REGIMES)
def test_diversity_shrinks_as_a_variance_does(regime):
    truth, sizes = Discrete().truth, range(50, 501, 50)
    diversity = 1 - float((truth**2).sum())
    found = histories("discrete", sizes, "1", regime, 20)["diversity"]
    assert_due(found, diversity * laws.shrinkage(50, 10, regime))
    assert_due(found, diversity - np.array(laws.discrete_errors(truth, sizes, [50] * 9, regime)))


@pytest.mark.parametrize("regime", REGIMES)
def test_a_gaussian_forgets(regime):
    found = histories("gaussian", range(50, 501, 50), "1", regime, 20)
    shrinkage = laws.shrinkage(50, 10, regime)
    assert_due(found["risk"], 1 - shrinkage)
    assert_due(found["variance"], shrinkage)
    if regime == "replace":
        assert_due(found["log_variance"], laws.log_variance(50, 10))


@pytest.mark.parametrize("regime", REGIMES)
def test_least_squares_on_the_same_inputs(regime):
    found = histories("least-squares", range(100, 2001, 100), "1", regime, 25, inputs="same")["risk"]
    assert_due(found, laws.least_squares_errors(100, 10, 20, regime))


def test_accumulating_keeps_all_but_a_bounded_part():
    assert 1 - np.pi**2 / 6 / 30 < laws.shrinkage(30, 10_000, "accumulate")[-1] < 1 - 1.6 / 30
    assert laws.shrinkage(30, 10_000, "replace")[-1] < 1e-100
    assert laws.least_squares_errors(100, 10, 10_000, "accumulate")[-1] < 10 / 89 * np.pi**2 / 6


def test_logistic_regression_of_the_published_run():
    augment = histories("logistic", range(309, 309 * 12 + 1, 309), "1", "accumulate", 1)["risk"][0]
    discard = histories("logistic", range(309, 309 * 40 + 1, 309), "1", "replace", 1)["risk"][0]
    assert augment[0] == discard[0] == pytest.approx(0.428460, abs=1e-6)
    assert 0.42 < augment[-1] < 0.47
    assert discard[-1] > 1


def test_vocabulary_left_of_a_text():
    counts = (1 + 20_000 / (np.arange(4_000) + 3.7)).astype(int)
    n, text = counts.sum(), HumanText(np.repeat(np.arange(4_000, dtype=np.int32), counts))
    found = histories("text", range(n, 12 * n, n), "1", "replace", 3, text)["types_left"]
    due = laws.types_left(counts, 10)
    assert (found[:, 0] == 4_000).all()
    assert np.allclose(found[:, 1:].mean(axis=0), due, rtol=0.01)


def test_a_frequency_of_zero_is_never_drawn():
    drawn = Discrete(3, replicates=1).draw(np.array([[0.1, 0.9, 0.0]]), np.empty((1000, 0)), np.random.default_rng(0))
    assert set(drawn.ravel()) == {0, 1}


@pytest.mark.parametrize(
    "world", [Discrete(), Gaussian(), LeastSquares(), Logistic(2), Text(np.repeat(np.arange(5), (3, 2, 1, 10, 30)))]
)
def test_more_slots_begin_with_the_same_draws(world):
    few, many = np.random.default_rng(1), np.random.default_rng(1)
    inputs = world.draw_inputs(40, np.random.default_rng(2))
    assert (world.human(inputs[:10], few) == world.human(inputs, many)[:10]).all()
    assert world.human(inputs, many).shape[1] == world.replicates
