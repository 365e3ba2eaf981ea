"""Random draws against their exact distributions. Seeds are fixed; a right sampler fails a test with p < 1e-4."""

from math import comb

import numpy as np
import pytest
from scipy import stats

from modelcollapse.forest.fast_growth import split_of_root
from modelcollapse.forest.sampling import draw_subset, hypergeometric, log_factorials, random_below, random_unit
from tests.forest.data import generated_counts
from tests.forest.helpers import fast_index_of, stream


def assert_drawn_from(observed, probabilities):
    """Chi-square test of counts against probabilities, rare outcomes taken together."""
    expected = observed.sum() * probabilities
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 0
    assert observed[~kept].sum() == 0
    if kept.sum() > 1:
        assert stats.chisquare(observed[kept], expected[kept], sum_check=False).pvalue > 1e-4


@pytest.mark.parametrize(
    ("good", "bad", "n_drawn"),
    [(5, 5, 3), (160, 47_840, 219), (4000, 44_000, 219), (3, 1000, 900), (700, 800, 1200), (10_000, 10_000, 300)],
)
def test_hypergeometric(good, bad, n_drawn):
    state, table = stream(), log_factorials(good + bad)
    drawn = np.array([hypergeometric(state, table, good, bad, n_drawn) for _ in range(20_000)])
    numbers = np.arange(drawn.max() + 1)
    assert_drawn_from(np.bincount(drawn), stats.hypergeom(good + bad, good, n_drawn).pmf(numbers))


@pytest.mark.parametrize(
    ("good", "bad", "n_drawn", "expected"), [(7, 0, 3, 3), (0, 7, 3, 0), (4, 6, 10, 4), (4, 6, 0, 0)]
)
def test_hypergeometric_without_a_choice(good, bad, n_drawn, expected):
    assert hypergeometric(stream(), log_factorials(20), good, bad, n_drawn) == expected


@pytest.mark.parametrize("n_drawn", [0, 1, 2, 5, 6, 9, 10])
def test_subsets_are_uniform(n_drawn):
    state, chosen = stream(1), np.empty(1, np.uint64)
    seen = {}
    for _ in range(20_000):
        draw_subset(state, 10, n_drawn, chosen)
        seen[int(chosen[0])] = seen.get(int(chosen[0]), 0) + 1
    assert all(subset.bit_count() == n_drawn and subset < 2**10 for subset in seen)
    n_subsets = comb(10, n_drawn)
    counts = np.zeros(n_subsets)
    counts[: len(seen)] = list(seen.values())
    assert_drawn_from(counts, np.full(n_subsets, 1 / n_subsets))


def test_subsets_of_many_words_have_the_right_size():
    state, chosen = stream(2), np.empty(4, np.uint64)
    for n_drawn in (0, 1, 100, 128, 129, 199, 200):
        draw_subset(state, 200, n_drawn, chosen)
        members = sum(int(word) << (64 * i) for i, word in enumerate(chosen))
        assert members.bit_count() == n_drawn
        assert members < 2**200


def test_bounded_integers_and_units_are_uniform():
    state = stream(3)
    assert_drawn_from(np.bincount([random_below(state, 7) for _ in range(20_000)]), np.full(7, 1 / 7))
    assert stats.kstest([random_unit(state) for _ in range(20_000)], "uniform").pvalue > 1e-4


def test_streams_of_trees_and_seeds_differ():
    assert len({int(stream(seed, tree)[0]) for seed in range(50) for tree in range(50)}) == 2500


@pytest.mark.parametrize("max_features", [1, 7, 40])
def test_root_is_the_best_of_a_random_subset(max_features):
    X, labels = generated_counts(50, 60)
    index, fast, rules = fast_index_of(X, labels, max_features=max_features)
    state = stream()
    drawn = np.bincount(
        [split_of_root(index, fast, rules, state).term for _ in range(20_000)], minlength=len(index.columns)
    )
    # P(rank r is the best of a subset of size F) = C(V − r − 1, F − 1) / C(V, F), where terms that do not vary do
    # not count unless nothing else was drawn; equals share their probability.
    n, f = index.n_terms, max_features
    probability = np.zeros(n)
    for r in range(n):
        probability[r] = f / (n - r) * np.prod([(n - i - f) / (n - i) for i in range(r)])
    constant = probability[fast.n_root_varying :].sum()
    probability = probability[: fast.n_root_varying] + constant / fast.n_root_varying
    scores = fast.root.scores[fast.root_terms[: fast.n_root_varying]]
    shared = np.array([probability[scores == s].mean() for s in scores])
    assert fast.n_root_splits == fast.n_root_varying
    assert_drawn_from(drawn[fast.root_terms[: fast.n_root_varying]], shared)
