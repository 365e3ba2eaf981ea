"""What models are given of documents as numbers: views where that is safe, arrays of their own elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelcollapse import DenseCorpus
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.simulation.learning.training import Columns
from modelcollapse.simulation.spec import TermSelection
from modelcollapse.sweeps.sweep import Sweep


@pytest.fixture(scope="module")
def numbers() -> DenseCorpus:
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    return DenseCorpus.of(random.normal(size=(400, 5)) + labels[:, np.newaxis], labels)


@pytest.mark.parametrize("documents", [np.arange(10, 30), np.array([3]), np.array([1, 3, 2]), np.arange(0)])
def test_documents_are_the_same_whichever_way(numbers, documents):
    columns, own = Columns.of(numbers, documents, TermSelection())
    seen = columns.take(documents, is_careful=True)
    np.testing.assert_array_equal(seen, numbers.features[documents])
    np.testing.assert_array_equal(own, seen)
    own[:] = 0
    if len(documents) > 1 and (np.diff(documents) == 1).all():
        assert np.shares_memory(seen, numbers.features)
    np.testing.assert_array_equal(seen, numbers.features[documents])


def test_a_learner_that_writes_to_its_documents_changes_no_chain(numbers):
    sweep = Sweep(rates=[0.5], initial_size=50, final_size=200, increment=50, test_size=100)
    rows = {}
    for copy in (True, False):
        scaled = make_pipeline(StandardScaler(copy=copy), LogisticRegression())
        (chain,) = sweep.with_learners({"mine": scaled}).chains()
        rows[copy] = [(result.row.accuracy, result.row.log_loss) for result in run_chain(chain, numbers)]
    assert rows[True] == rows[False]
