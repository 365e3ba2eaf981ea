import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.lm import KneserNeyInterpolated

from modelcollapse.domains.generation.ngram import Ngram
from modelcollapse.domains.generation.trie import build_trie, log_probabilities
from modelcollapse.errors import LearnerError
from tests.domains.generation.naive_ngram import NaiveNgram


def blocks_of(n_types, n_blocks=30, length=12, seed=0):
    weights = 1 / np.arange(1, n_types + 1)
    return np.random.default_rng(seed).choice(n_types, (n_blocks, length), p=weights / weights.sum())


def contexts_of(block, place, n_types, order):
    return tuple([n_types] * (order - 1) + list(block))[place : place + order - 1]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("discount", [0.0, 0.3, 0.75, 1.0])
def test_probabilities_are_those_of_the_plain_definition(order, discount):
    train, test = blocks_of(9), blocks_of(9, seed=1)[:5]
    naive = NaiveNgram(train, 9, [discount] * order)
    with np.errstate(divide="ignore"):
        found = np.exp(Ngram(9, order, discount).fit(train).log_prob(test))
    due = [[naive.probability(contexts_of(b, j, 9, order), b[j]) for j in range(12)] for b in test.tolist()]
    np.testing.assert_allclose(found, due, rtol=1e-12, atol=1e-15)


@settings(max_examples=40)
@given(
    n_types=st.integers(1, 7),
    order=st.integers(1, 5),
    discount=st.floats(0, 1),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 9)),
    seed=st.integers(0, 9),
)
def test_probabilities_add_up_to_one(n_types, order, discount, shape, seed):
    rng = np.random.default_rng(seed)
    model = Ngram(n_types, order, discount).fit(rng.integers(n_types, size=shape))
    before = rng.integers(n_types, size=order)  # seen or not
    blocks = np.array([[*before, token] for token in range(n_types)])
    with np.errstate(divide="ignore"):
        assert np.exp(model.log_prob(blocks)[:, -1]).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("order", [2, 3])
def test_nltk_says_the_same(order):
    """Its single tokens are not discounted; and its counts are to know no n-gram that ends in a mark."""
    n_types, discount = 6, 0.6
    train, test = blocks_of(n_types), blocks_of(n_types, seed=1)[:3]
    marked = [[str(n_types)] * (order - 1) + [str(token) for token in block] for block in train]
    grams = [
        [tuple(block[i : i + n]) for n in range(1, order + 1) for i in range(len(block) - n + 1) if i + n >= order]
        for block in marked
    ]
    theirs = KneserNeyInterpolated(order, discount=discount)
    theirs.fit(grams, [str(token) for token in range(n_types)])
    trie = build_trie(train, n_types, np.array([0.0] + [discount] * (order - 1)))
    due = [
        [theirs.score(str(b[j]), [str(t) for t in contexts_of(b, j, n_types, order)]) for j in range(12)]
        for b in test.tolist()
    ]
    np.testing.assert_allclose(np.exp(log_probabilities(trie, test)), due, rtol=1e-9)


def test_a_block_depends_on_no_other():
    model = Ngram(9).fit(blocks_of(9))
    whole = model.sample(20, 8, np.random.default_rng(3))
    part = model.sample(20, 8, np.random.default_rng(3), rows=np.array([4, 17]))
    np.testing.assert_array_equal(part, whole[[4, 17]])


@pytest.mark.parametrize("parameters", [{"order": 0}, {"order": 6}, {"order": 2.5}, {"discount": 1.2}, {"order": True}])
def test_impossible_parameters_are_refused(parameters):
    with pytest.raises(LearnerError, match=f"{next(iter(parameters))}: found"):
        Ngram(9, **parameters)
