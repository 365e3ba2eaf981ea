"""The tests of the distribution are sharp: forests that are a few per cent wrong fail them.

The wrong forests are grown by the fast way's own source with one line changed.
"""

import sys
from types import ModuleType

import numba
import numpy as np
import pytest

from modelcollapse.forest import compilation, fast_growth
from modelcollapse.forest.fast_search import FastWorkspace, Growth
from modelcollapse.forest.trees import NodeBuffer, Trees
from tests.forest.helpers import fast_index_of
from tests.forest.test_distribution import N_TREES, Z, data_of, describe_ours, ours_of, theirs_of, z_scores

EXACT = "n_here = hypergeometric(space.state, fast.log_factorial, end - begin, n_others, n_drawn)"

#: Draws of absent terms are repeated now and then: the number of terms that are there is too large.
REPEATED = EXACT.replace("n_drawn)", "min(n_drawn * 6 // 5, n_others))")


def grow_otherwise(monkeypatch, replacement, X, labels, n_trees):
    """Trees in the study's setting, grown by `fast_growth` with another line in place of EXACT."""
    source = fast_growth.__spec__.loader.get_source(fast_growth.__name__)
    assert source.count(EXACT) == 1
    module = ModuleType("other_growth")
    monkeypatch.setitem(sys.modules, "other_growth", module)
    monkeypatch.setattr(
        compilation, "_compile_lazily", lambda function, options: numba.njit(error_model="numpy", **options)(function)
    )
    exec(source.replace(EXACT, replacement), module.__dict__)
    index, fast, rules = fast_index_of(X, labels, max_depth=20)
    space, buffer = FastWorkspace.empty(index, 32), NodeBuffer.empty(2 * len(labels) * n_trees)
    starts = np.zeros(n_trees + 1, np.int64)
    module.grow_fast_trees(Growth(index, fast, rules, space), np.uint64(9), 0, buffer, starts)
    return Trees(starts, *buffer)


def test_repeated_draws_are_caught(monkeypatch):
    X, labels, _ = data_of("counts")
    trees = grow_otherwise(monkeypatch, REPEATED, X, labels, N_TREES["the study's"])
    wrong, right = describe_ours(trees, X.getnnz(axis=0)), ours_of("counts", "the study's")[0]
    excess = wrong[:, 0].mean() / right[:, 0].mean() - 1
    assert 0.005 < abs(excess) < 0.04  # the error is not larger than what the tests are meant to catch
    assert np.abs(z_scores(wrong, theirs_of("counts", "the study's")[0])).max() > Z


@pytest.mark.parametrize("error", [0.96, 1.04])
def test_four_per_cent_of_nodes_are_caught(error):
    ours, theirs = ours_of("counts", "the study's")[0][:, :1], theirs_of("counts", "the study's")[0][:, :1]
    assert np.abs(z_scores(error * ours, theirs)).max() > Z
