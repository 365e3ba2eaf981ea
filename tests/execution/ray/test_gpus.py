"""GPUs that chains take: what Ray is asked for, and what is said where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from modelcollapse import run_sweep
from modelcollapse.errors import ClusterError, SpecError
from modelcollapse.execution.ray.executor import _Dispatcher
from modelcollapse.execution.ray.scheduling import Scheduler
from modelcollapse.execution.tasks import Workload
from modelcollapse.simulation.spec import Model
from modelcollapse.sweeps.sweep import Sweep

SWEEP = Sweep(rates=[0, 1], initial_size=100, final_size=200, increment=50, test_size=50, model="naive-bayes")


class AskedRay:
    """Takes note of what tasks are submitted with."""

    def __init__(self) -> None:
        self.options_of_task: dict[str, Any] = {}
        self.options_of_shards: dict[str, Any] = {}

    def nodes(self):
        small, large = ({"CPU": 4, "memory": 4e9, "GPU": 1}, {"CPU": 4, "memory": 64e9})
        return [{"Alive": True, "Resources": resources} for resources in (small, large)]

    def remote(self, *given):
        if len(given) > 1:
            self.options_of_shards = given[-1]
        return self

    def options(self, **options):
        self.options_of_task = options
        return self


class Data:
    maker = None

    def bytes_of(self, workload):
        return 10**10

    def refs(self):
        return []


class OneTask:
    id = "one"
    workload = Workload(Model("forest"), 100, 100)


def asked(gpus: float, shards: int) -> AskedRay:
    ray = AskedRay()
    dispatcher = _Dispatcher(ray, Data(), [OneTask()], lambda task: None, Scheduler.of(4, False, None, shards), gpus)  # type: ignore[arg-type, list-item]
    dispatcher.runtime_env = None
    dispatcher._submit()
    return ray


def test_none_are_asked_for_by_default():
    ray = asked(0, 1)
    assert "num_gpus" not in ray.options_of_task
    assert ray.options_of_task["memory"] == 10**10


@pytest.mark.parametrize("gpus", [0.25, 1, 2])
@pytest.mark.parametrize("shards", [1, 3])
def test_a_chain_takes_them_and_its_shards_none(gpus, shards):
    ray = asked(gpus, shards)
    assert ray.options_of_task["num_gpus"] == gpus
    assert "num_gpus" not in ray.options_of_shards


def test_no_more_memory_is_asked_for_than_nodes_have_with_a_gpu():
    assert asked(0.5, 1).options_of_task["memory"] == 4e9


@pytest.mark.parametrize("gpus", [1.5, -1, float("nan"), float("inf"), 1e-5])
def test_what_is_no_share_is_refused(corpus, tmp_path, gpus):
    with pytest.raises(SpecError, match="gpus: found"):
        run_sweep(SWEEP, corpus, tmp_path / "run", gpus=gpus)
    assert not (tmp_path / "run").exists()


def test_in_this_process_there_are_none_to_be_had(corpus, tmp_path):
    with pytest.raises(SpecError, match="the executor inprocess uses no Ray"):
        run_sweep(SWEEP, corpus, tmp_path / "run", executor="inprocess", gpus=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.ray
@pytest.mark.timeout(120)
def test_chains_on_gpus_are_the_same_and_a_machine_without_any_says_so(corpus, tmp_path):
    import ray

    with pytest.raises(ClusterError, match=r"^Found \d+ GPUs on this machine, expected 1000 for each chain"):
        run_sweep(SWEEP, corpus, tmp_path / "run", gpus=1000)
    ray.init("local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
    try:
        there = run_sweep(SWEEP, corpus, tmp_path / "run", gpus=0.5)
    finally:
        ray.shutdown()
    here = run_sweep(SWEEP, corpus, tmp_path / "here", executor="inprocess")
    seconds = ("fit_seconds", "predict_seconds")
    rows = [run.results().drop(seconds).sort("chain_id", "n_seen") for run in (here, there)]
    assert rows[0].equals(rows[1])
