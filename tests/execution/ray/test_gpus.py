"""GPUs that chains take: what Ray is asked for, and what is said where there are none."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from modelcollapse import run_sweep
from modelcollapse.errors import ClusterError, SpecError
from modelcollapse.execution.ray import executor
from modelcollapse.execution.ray.executor import _Dispatcher
from modelcollapse.execution.ray.scheduling import Scheduler
from modelcollapse.execution.tasks import Workload
from modelcollapse.simulation.spec import Model
from modelcollapse.sweeps.sweep import Sweep

SWEEP = Sweep(rates=[0, 1], initial_size=100, final_size=200, increment=50, test_size=50, model="naive-bayes")


class AskedRay:
    """Takes note of what tasks are submitted with."""

    __version__ = "2"

    def __init__(self) -> None:
        self.options_of_task: dict[str, Any] = {}
        self.options_of_shards: dict[str, Any] = {}

    def cluster_resources(self):
        return {"CPU": 4, "GPU": 1}

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


def dispatcher_of(gpus: float, shards: int) -> _Dispatcher:
    scheduler = Scheduler.of(4, False, None, shards)
    dispatcher = _Dispatcher(AskedRay(), Data(), [OneTask()], lambda task: None, scheduler, gpus)  # type: ignore[arg-type, list-item]
    dispatcher.runtime_env = None
    dispatcher._submit()
    return dispatcher


def asked(gpus: float, shards: int) -> AskedRay:
    found: AskedRay = dispatcher_of(gpus, shards)._ray
    return found


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


def test_a_cluster_without_enough_is_waited_for_and_says_so(caplog):
    dispatcher_of(2, 1)._say_what_is_waited_for()
    assert "No node of the cluster can take a chain (1 core, 2 GPUs and 10.0 GB of memory)" in caplog.text
    caplog.clear()
    dispatcher_of(1, 1)._say_what_is_waited_for()
    assert not caplog.text


def test_a_machine_without_enough_says_so(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "connected", lambda address, workers: nullcontext((AskedRay(), True)))
    monkeypatch.setattr(executor, "session", lambda ray: "session")
    with pytest.raises(ClusterError, match=r"^Found 1 GPUs on this machine, expected 2 for each chain"):
        run_sweep(SWEEP, corpus, tmp_path / "run", gpus=2)
