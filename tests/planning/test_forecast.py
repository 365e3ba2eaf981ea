from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.execution.ray.scheduling import CorpusSize, task_bytes
from modelcollapse.execution.tasks import ChainTask, Workload
from modelcollapse.planning.estimate import makespan
from modelcollapse.planning.forecast import Cluster, Forecast, Overheads, forecast
from modelcollapse.simulation.spec import ChainSpec, Growth, Model

NOTHING = Overheads(start=0, row=0, row_byte=0, chain=0, row_bytes=0, indivisible=0)
SMALL = CorpusSize(1_000_000, 10_100, 10_000, 30.0)
GB = 10**9

#: Seconds of the generations of some chains.
CHAINS = st.lists(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), min_size=1, max_size=12)


def cluster(n_cores: int, n_nodes: int = 1, node_bytes: int = 1000 * GB) -> Cluster:
    return Cluster(n_cores, n_nodes, node_bytes)


def foresee(chains, where, overheads=NOTHING, corpus=SMALL, model="naive-bayes") -> Forecast:
    """Foresee chains whose generations take so long, longest first; a chain's seed is its place in the list."""
    chains = sorted(chains, key=sum, reverse=True)
    size = {"initial_size": 10_000, "final_size": 10_000, "test_size": 100}
    tasks = [
        ChainTask(str(i), ChainSpec(i, Decimal(0), **size, growth=Growth(), model=Model(model)))
        for i in range(len(chains))
    ]
    return forecast(tasks, lambda spec: chains[spec.seed], where, corpus, overheads)


@given(CHAINS, st.integers(1, 20), st.integers(1, 4))
def test_nothing_ends_before_its_longest_chain_or_before_all_cores_have_done_their_part(chains, n_cores, n_nodes):
    found = foresee(chains, cluster(n_cores * n_nodes, n_nodes), Overheads())
    seconds = [sum(chain) for chain in chains]
    assert found.makespan >= max(seconds)
    assert found.makespan >= sum(seconds) / found.cluster.n_cores
    assert found.makespan >= max(found.bounds.values())
    assert found.busy == pytest.approx(sum(seconds))
    assert 0 <= found.idle_share < 1


@given(CHAINS)
def test_one_core_takes_the_sum(chains):
    found = foresee(chains, cluster(1))
    assert found.makespan == pytest.approx(sum(map(sum, chains)))
    assert found.idle_share == pytest.approx(0, abs=1e-9)
    assert found.limit == "cores"


@given(CHAINS, st.integers(1, 20))
def test_chains_are_given_out_longest_first_to_the_core_that_is_free_first(chains, n_cores):
    assert foresee(chains, cluster(n_cores)).makespan == pytest.approx(makespan(map(sum, chains), n_cores))


def test_nothing_ends_before_the_driver_has_taken_all_rows():
    slow = Overheads(start=0, row=1, row_byte=0, chain=0)
    found = foresee([[0.001] * 20] * 8, cluster(8), slow)
    assert found.limit == "driver"
    assert found.makespan == pytest.approx(160, rel=0.01)


def test_nodes_begin_when_they_have_the_corpus():
    found = foresee([[1.0]] * 4, cluster(4, 4), Overheads(0, 0, 0, 0, 0, 1e6), CorpusSize(10_000_000, 10_100, 100, 1.0))
    assert found.makespan == pytest.approx(14)  # the second node would have it after 20 seconds
    assert found.sent_per_node == pytest.approx(10_000_000 / 4, rel=0.01)
    assert found.limit == "object store"


def test_memory_keeps_cores_idle():
    workload = Workload(Model("naive-bayes"), 10_000, 100)
    found = foresee([[1.0]] * 8, cluster(4, 1, 3 * task_bytes(workload, SMALL)))  # Ray keeps 30 %
    assert found.limit == "memory"
    assert found.makespan == pytest.approx(4)
    assert found.idle_share == pytest.approx(0.5)


def test_a_corpus_larger_than_the_store_of_a_node_is_the_limit():
    assert foresee([[1.0]], cluster(4, 1, GB), corpus=CorpusSize(GB // 2, 10_100, 10_000, 30.0)).limit == "object store"


def test_few_long_chains_are_split_over_the_cores_that_would_idle(monkeypatch):
    monkeypatch.setattr("modelcollapse.execution.ray.sharded_training.WORTHWHILE", 1_000_000)
    assert foresee([[8.0]] * 2, cluster(8), model="forest").makespan == pytest.approx(2)
    repeated = Overheads(start=0, row=0, row_byte=0, chain=0, indivisible=0.5)
    assert foresee([[8.0]] * 2, cluster(8), repeated, model="forest").makespan == pytest.approx(5)
