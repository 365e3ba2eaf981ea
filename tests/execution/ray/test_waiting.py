"""A cluster on which no chain can run, until a node comes, with a GPU for them."""

from __future__ import annotations

import logging

import pytest

from modelcollapse import run_sweep
from modelcollapse.execution.log import WAITING
from modelcollapse.sweeps.sweep import Sweep

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


class OnWarning(logging.Handler):
    """Does something when it is said what is waited for."""

    def __init__(self, deed) -> None:
        super().__init__()
        self.deed = deed

    def emit(self, record):
        self.deed()


def test_a_cluster_without_a_working_node_is_waited_for_and_said_so(corpus, tmp_path, capsys):
    from ray.cluster_utils import Cluster

    node = {"object_store_memory": 200_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **node})
    handler = OnWarning(lambda: cluster.add_node(num_cpus=2, num_gpus=1, **node))
    logging.getLogger(WAITING).addHandler(handler)
    sweep = Sweep(rates=[0, 1], initial_size=100, final_size=200, increment=50, test_size=50, model="naive-bayes")
    try:
        there = run_sweep(sweep, corpus, tmp_path / "there", executor="ray", address=cluster.address, gpus=0.5)
    finally:
        logging.getLogger(WAITING).removeHandler(handler)
        cluster.shutdown()
    here = run_sweep(sweep, corpus, tmp_path / "here", executor="inprocess")
    seconds = ("fit_seconds", "predict_seconds")
    rows = [run.results().drop(seconds).sort("chain_id", "n_seen") for run in (here, there)]
    assert rows[0].equals(rows[1])
    needed = "1 core, 0.5 GPUs and 0.3 GB of memory"
    assert capsys.readouterr().err.count(f"No node of the cluster can take a chain ({needed})") == 1
    assert "No node of the cluster" in (tmp_path / "there" / "log.txt").read_text()
