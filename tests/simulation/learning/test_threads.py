from __future__ import annotations

import sys
from types import ModuleType

from threadpoolctl import threadpool_info, threadpool_limits

from modelcollapse.domains.catalogue import run_chain
from modelcollapse.simulation.learning import learners, threads
from modelcollapse.simulation.learning.threads import one_thread
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
    controller = threads.ThreadpoolController
    monkeypatch.setattr(threads, "ThreadpoolController", lambda: found.append(1) or controller())
    threads._thread_pools.cache_clear()
    for _ in range(3):
        with one_thread():
            assert sizes() == {1}
    assert len(found) == 1
    monkeypatch.setitem(sys.modules, "comes_with_a_library", ModuleType("comes_with_a_library"))
    with one_thread():
        pass
    assert len(found) == 2
