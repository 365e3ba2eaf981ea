import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.simulation import probabilities
from modelcollapse.simulation.probabilities import confidence, drawn, least_sure_first, matched


def made(n, n_classes, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(n_classes), n)


MANY = st.builds(made, st.integers(1, 60), st.integers(3, 6), st.integers(0, 1000))


@given(MANY)
def test_of_two_columns_all_is_as_of_one(p):
    two = p[:, :2] / p[:, :2].sum(axis=1, keepdims=True)
    assert np.allclose(confidence(two), confidence(two[:, 1]))
    assert (np.diff(np.abs(two[least_sure_first(two), 1] - 0.5)) >= -1e-12).all()


@given(MANY)
def test_draws_take_the_class_whose_interval_holds_the_uniform_number(p):
    uniform = np.random.default_rng(1).random(len(p))
    for row, u, label in zip(p, uniform, drawn(p, uniform), strict=True):
        total = row.sum()
        assert row[:label].sum() / total <= u + 1e-12
        assert u < row[: label + 1].sum() / total + 1e-12


def test_draws_have_the_probabilities():
    p = np.tile([0.2, 0.5, 0.3], (20_000, 1))
    labels = drawn(p, np.random.default_rng(2).random(len(p)))
    assert np.bincount(labels) / len(p) == pytest.approx([0.2, 0.5, 0.3], abs=0.012)


@given(MANY, st.integers(0, 1000))
def test_matched_labels_have_the_shares_of_classes(p, seed):
    shares = np.random.default_rng(seed).dirichlet(np.ones(p.shape[1]))
    counts = np.bincount(matched(p, shares), minlength=p.shape[1])
    assert counts.sum() == len(p)
    assert (np.abs(counts - shares * len(p)) < 1).all()


@settings(max_examples=30)
@given(st.integers(2, 7), st.integers(0, 1000))
def test_matched_labels_have_the_largest_sum_of_probabilities_of_all_that_keep_the_quotas(n, seed):
    p = made(n, 3, seed)
    labels = matched(p, np.array([0.5, 0.2, 0.3]))
    quotas = np.bincount(labels, minlength=3)
    others = [o for o in itertools.product(range(3), repeat=n) if (np.bincount(o, minlength=3) == quotas).all()]
    assert p[np.arange(n), labels].sum() == pytest.approx(max(p[np.arange(n), list(o)].sum() for o in others))


@given(st.integers(1, 300), st.integers(0, 1000))
def test_quotas_hold_over_all_blocks(n, seed):
    p, shares = made(n, 5, seed), np.random.default_rng(seed).dirichlet(np.ones(5) / 3)
    block = probabilities._BLOCK
    probabilities._BLOCK = 7
    try:
        counts = np.bincount(matched(p, shares), minlength=5)
    finally:
        probabilities._BLOCK = block
    assert counts.sum() == n
    assert (np.abs(counts - shares * n) < 2).all()
