from __future__ import annotations

import random
import sys
from types import ModuleType

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from modelcollapse.domains.catalogue import run_chain
from modelcollapse.simulation.learning import learners, surroundings
from modelcollapse.simulation.learning.surroundings import one_thread, seeded
from tests.simulation.test_chain import spec


def sizes():
    return {pool["num_threads"] for pool in threadpool_info()}


def test_a_chain_works_on_one_thread_and_gives_the_caller_back_what_it_had(corpus, monkeypatch):
    inside = []
    train = learners.train
    monkeypatch.setattr(learners, "train", lambda *a: inside.append(sizes()) or train(*a))
    with threadpool_limits(2):
        outside = sizes()
        for _ in run_chain(spec(), corpus):
            assert sizes() == outside
    assert inside == [{1}] * 6


def test_libraries_are_looked_for_once_and_again_after_an_import(monkeypatch):
    found = []
    controller = surroundings.ThreadpoolController
    monkeypatch.setattr(surroundings, "ThreadpoolController", lambda: found.append(1) or controller())
    surroundings._thread_pools.cache_clear()
    for _ in range(3):
        with one_thread():
            assert sizes() == {1}
    assert len(found) == 1
    monkeypatch.setitem(sys.modules, "comes_with_a_library", ModuleType("comes_with_a_library"))
    with one_thread():
        pass
    assert len(found) == 2


def test_draws_are_seeded_and_the_process_goes_on_as_it_was():
    def drawn():
        return np.random.random(), random.random()  # noqa: NPY002

    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    undisturbed = [drawn(), drawn()]
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    disturbed = [drawn()]
    with seeded(1):
        first = drawn()
    with seeded(1, 1):
        assert drawn() != first
    with pytest.raises(ValueError, match="mine"), seeded(1):
        raise ValueError("mine")
    with seeded(1):
        assert drawn() == first
    assert [*disturbed, drawn()] == undisturbed
