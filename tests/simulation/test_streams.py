from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.simulation.streams import document_order, model_seed, self_labelled, stream
from tests.naive import naive_self_labelled

RATES = st.decimals(0, 1, places=3).map(float)


@given(st.integers(0, 99), st.integers(0, 99), RATES, RATES, st.integers(0, 300))
def test_smaller_rates_select_subsets(seed, generation, rate, other, size):
    less, more = (self_labelled(seed, generation, r, size) for r in sorted((rate, other)))
    assert not (less & ~more).any()


@given(st.integers(0, 99), st.integers(0, 99), RATES, st.integers(0, 300))
def test_selects_what_the_plain_rule_selects(seed, generation, rate, size):
    assert set(np.flatnonzero(self_labelled(seed, generation, rate, size))) == naive_self_labelled(
        seed, generation, rate, size
    )


@pytest.mark.parametrize(("rate", "size", "expected"), [(0.3, 250, 75), (0.1, 100, 10), (0, 77, 0), (1, 77, 77)])
def test_whole_numbers_are_exact_in_every_generation(rate, size, expected):
    assert {int(self_labelled(1, generation, rate, size).sum()) for generation in range(60)} == {expected}


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.05, 0.07])
@pytest.mark.parametrize("seed", range(8))
def test_small_rates_keep_their_share_of_small_increments(rate, seed):
    selected = sum(int(self_labelled(seed, generation, rate, 10).sum()) for generation in range(90))
    assert abs(selected - rate * 900) <= 2


def test_streams_depend_on_their_name_only():
    first = stream(1, "noise", 2).random(5)
    stream(1, "sampled", 2).random(1000)
    assert (stream(1, "noise", 2).random(5) == first).all()
    others = [stream(2, "noise", 2), stream(1, "sampled", 2), stream(1, "noise", 3)]
    assert all(not np.array_equal(other.random(5), first) for other in others)


def test_values_are_fixed_for_ever():
    # a change here changes every published result: it must come with a new results version
    assert document_order(7, 8).tolist() == [3, 5, 6, 1, 0, 7, 4, 2]
    assert model_seed(7, 3) == 1611865171
    assert np.flatnonzero(self_labelled(7, 1, 0.5, 8)).tolist() == [0, 2, 3, 6]
