"""Real Ray: several workers, a killed worker, shared memory."""

from __future__ import annotations

import json
import signal
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest

from modelcollapse import run_sweep, search_hyperparameters
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.ray.executor import _SharedData
from modelcollapse.execution.ray.sharded_training import useful_shards
from modelcollapse.sweeps.sweep import Sweep
from tests.golden import FILE, golden_corpus, golden_sweep

MODELS = "tests.domains.generation.odd_models"

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

SWEEP = Sweep(
    rates=[0, 0.5, 1], seeds=2, initial_size=100, final_size=450, increment=50, test_size=300,
    model="forest-sklearn,naive-bayes", trees=20,
)  # fmt: skip


FORESTS = Sweep(
    rates=[0.5], seeds=4, initial_size=100, final_size=450, increment=50, test_size=300, trees=40,
)  # fmt: skip


def table(results: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name in results.columns if not name.endswith("_seconds")]
    return results.select(kept).sort("chain_id", "n_seen")


@pytest.fixture(scope="module")
def expected(tmp_path_factory, corpus) -> pl.DataFrame:
    return table(run_sweep(SWEEP, corpus, tmp_path_factory.mktemp("inprocess"), executor="inprocess").results())


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 2, "object_store_memory": 500_000_000, "include_dashboard": False}
    head["_system_config"] = {"health_check_period_ms": 500}  # a dead node is noticed after five of them
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def ray(cluster):
    import ray

    ray.init(address=cluster.address, log_to_driver=False)
    yield ray
    ray.shutdown()


class Meddling(Reporter):
    """Does something when a number of rows have arrived."""

    def __init__(self, after: int, deed) -> None:
        self.after, self.deed = after, deed

    def generation(self, row):
        super().generation(row)
        if self.generations_done == self.after:
            self.deed()


@pytest.fixture(scope="module")
def forests(tmp_path_factory, corpus) -> pl.DataFrame:
    run = run_sweep(FORESTS, corpus, tmp_path_factory.mktemp("forests"), executor="inprocess")
    return table(run.results())


def worker_processes() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.is_running() and any("ray::" in part and "_run_task" in part for part in process.cmdline())
    ]


def test_same_table_as_in_process_by_one_worker(ray, tmp_path, corpus, expected):
    """That of both workers is compared below, where the corpus is let go."""
    results = run_sweep(SWEEP, corpus, tmp_path, executor="ray", workers=1).results()
    assert table(results).equals(expected)


def test_a_forest_in_shards_is_the_golden_one(ray, tmp_path):
    sweep = golden_sweep("forest")
    sweep = sweep.model_copy(update={"seeds": (0,), "rates": sweep.rates[1:2]})
    rows = run_sweep(sweep, golden_corpus(), tmp_path, executor="ray", shards=3).results().sort("n_seen")
    golden = json.loads(FILE.read_text())["forest"][rows["chain_id"][0]]
    assert rows["accuracy"].to_list() == golden["accuracy"]
    assert rows["roc_auc"].to_list() == pytest.approx(golden["roc_auc"], rel=1e-9)


@pytest.mark.parametrize("shards", [None, 3])
def test_a_forest_in_shards_is_the_same_forest(ray, tmp_path, corpus, forests, monkeypatch, shards):
    # so that idle cores are used at this size
    monkeypatch.setattr("modelcollapse.execution.ray.sharded_training.WORTHWHILE", 1)
    chains = FORESTS.model_copy(update={"seeds": (0,)})
    tasks = []
    monkeypatch.setattr(
        "modelcollapse.execution.ray.scheduling.useful_shards", lambda *a: tasks.append(useful_shards(*a)) or tasks[-1]
    )
    results = run_sweep(chains, corpus, tmp_path, executor="ray", shards=shards).results()
    assert table(results).equals(forests.filter(seed=0))
    assert tasks == ([] if shards else [2])


def test_chains_in_shards_leave_their_shards_the_memory(ray, tmp_path, corpus, forests, monkeypatch):
    monkeypatch.setattr("modelcollapse.execution.ray.executor.task_bytes", lambda *a: 10**15)  # all of a node's
    chains = FORESTS.model_copy(update={"seeds": (0,)})
    results = run_sweep(chains, corpus, tmp_path, executor="ray", shards=2).results()
    assert table(results).equals(forests.filter(seed=0))


def test_a_killed_node_costs_nothing(cluster, ray, tmp_path, corpus, forests):
    node = cluster.add_node(num_cpus=2, object_store_memory=200_000_000)
    cluster.wait_for_nodes()
    meddling = Meddling(12, lambda: cluster.remove_node(node, allow_graceful=False))
    results = run_sweep(FORESTS, corpus, tmp_path, executor="ray", progress=meddling).results()
    assert not node.any_processes_alive()
    assert table(results).equals(forests)
    assert meddling.generations_done == forests.height


def test_the_corpus_is_let_go_once_every_chain_has_it(ray, tmp_path, corpus, expected, monkeypatch):
    released = []
    release = _SharedData.release

    def note(shared: _SharedData) -> None:
        freed = [] if shared._refs is None else [ref.hex() for ref in shared._refs]
        release(shared)
        released.append((meddling.generations_done, freed))

    meddling = Meddling(0, None)
    monkeypatch.setattr(_SharedData, "release", note)
    results = run_sweep(SWEEP, corpus, tmp_path, executor="ray", progress=meddling).results()
    assert table(results).equals(expected)
    first, freed = released[0]
    assert len(freed) == 5
    assert first < expected.height


def test_a_killed_worker_costs_nothing(ray, tmp_path, corpus, expected):
    killed = []

    def kill() -> None:
        for process in worker_processes():
            process.send_signal(signal.SIGKILL)
            killed.append(process.pid)

    meddling = Meddling(20, kill)
    results = run_sweep(SWEEP, corpus, tmp_path, executor="ray", progress=meddling).results()
    assert killed
    assert table(results).equals(expected)
    assert meddling.generations_done == expected.height


def test_other_domains_run_alike_and_survive_a_killed_worker(ray, tmp_path):
    sweep = Sweep(
        domain="closed_form", model="discrete,gaussian,least-squares", model_param={"replicates": [20]}, rates=[0.3, 1],
        initial_size=20, final_size=800, increment=20, regime="accumulate,subsample",
    )  # fmt: skip
    killed = Meddling(100, lambda: worker_processes()[0].kill())
    there = run_sweep(sweep, out=tmp_path / "there", executor="ray", workers=2, progress=killed)
    here = run_sweep(sweep, out=tmp_path / "here", executor="inprocess")
    assert table(there.results()).equals(table(here.results()))
    assert there.laws().equals(here.laws())


def test_many_classes_are_labelled_alike(ray, tmp_path):
    sweep, corpus = golden_sweep("classes"), golden_corpus("classes")
    there, here = (run_sweep(sweep, corpus, tmp_path / name, executor=name) for name in ("ray", "inprocess"))
    assert table(there.results()).equals(table(here.results()))


def test_texts_are_written_alike_and_survive_a_killed_worker(ray, tmp_path):
    """Of the project's model, and of one by import path, which kills its worker in the midst of a chain."""
    flag = tmp_path / "killed"
    sweep = Sweep(
        domain="generation", model=f"ngram,{MODELS}:Bigram,{MODELS}:Killing", model_param={"flag": [str(flag)]},
        rates=[0.3, 1], seeds=2, initial_size=40, final_size=160, increment=40, test_size=30, regime="accumulate",
        label_rule="sample,frozen",
    )  # fmt: skip
    corpus = load_blocks("synthetic:2000,vocabulary=300,zipf_exponent=1,zipf_shift=2")
    there = run_sweep(sweep, corpus, tmp_path / "there", executor="ray")
    assert flag.exists()
    here = run_sweep(sweep, corpus, tmp_path / "here", executor="inprocess")
    assert table(there.results()).equals(table(here.results()))
    assert there.samples().equals(here.samples())


def test_a_chain_that_raises_is_recorded_and_the_others_finish(ray, tmp_path, corpus):
    models = {"model": ("sklearn.neighbors:KNeighborsClassifier",), "model_param": {"n_neighbors": (100_000, 3)}}
    sweep = SWEEP.model_copy(update=models)
    run = run_sweep(sweep, corpus, tmp_path, executor="ray")
    assert len(run.failed(sweep)) == 6
    assert "n_neighbors" in next((tmp_path / "failures").iterdir()).read_text()
    assert run.results()["model_params"].unique().to_list() == ["n_neighbors=3"]


def test_what_a_learner_does_wrong_is_its_chains_failure_at_once(ray, tmp_path, corpus):
    """A chain that ends its worker, forks it or raises what cannot be sent is not tried again and again."""
    bad = {"Exiting": "SystemExit 0", "RaisingNoError": "Beyond: all", "RaisingTheUnspeakable": "Unspeakable",
           "LaterMinus": "its predict gave -1", "Interrupting": "it raised KeyboardInterrupt"}  # fmt: skip
    good = ("Good", "Forking", "Printing")
    models = tuple(f"tests.simulation.odd_learners:{name}" for name in (*good, *bad))
    sweep = SWEEP.model_copy(update={"model": models, "rates": (Decimal(1),), "seeds": (0,), "trees": None})
    run = run_sweep(sweep, corpus, tmp_path, executor="ray")
    assert len(run.failed(sweep)) == len(bad)
    failures = {json.loads(path.read_text())["chain"]: json.loads(path.read_text()) for path in
                (tmp_path / "failures").iterdir()}  # fmt: skip
    for name, reason in bad.items():
        (failure,) = (found for chain, found in failures.items() if f":{name}'" in chain)
        assert reason in failure["reason"]
        assert len(failure["reason"]) < 200
        assert failure["is_own"]
    rows = table(run.results()).drop("chain_id", "model").partition_by("generation")
    assert [len(generation) for generation in rows] == [len(good)] * 8
    assert all(generation.n_unique() == 1 for generation in rows)


def private_bytes_of_workers(corpus: Corpus, folder: Path) -> int:
    """Run a sweep and return the most memory (USS) that any worker had to itself in the middle of it."""
    private: list[int] = []

    def measure() -> None:
        private.extend(process.memory_full_info().uss for process in worker_processes())

    sweep = SWEEP.model_copy(update={"model": ("naive-bayes",)})
    run_sweep(sweep, corpus, folder, executor="ray", progress=Meddling(20, measure))
    return max(private)


def wordy_corpus(n_documents: int, n_terms: int = 500) -> Corpus:
    """Make documents that have every term: a chain's own arrays, one entry for each document, are small beside them."""
    random = np.random.default_rng(0)
    return Corpus(
        data=random.integers(1, 4, n_documents * n_terms, dtype=np.int32),
        indices=np.tile(np.arange(n_terms, dtype=np.int32), n_documents),
        indptr=np.arange(0, n_documents * n_terms + 1, n_terms),
        labels=random.integers(0, 2, n_documents, dtype=np.uint8),
        term_orders=np.ones(n_terms, dtype=np.uint8),
        fingerprint=f"wordy-{n_documents}",
    )


def test_workers_share_the_corpus_instead_of_copying_it(ray, tmp_path):
    large = wordy_corpus(50_000)
    before = private_bytes_of_workers(wordy_corpus(900), tmp_path / "small")
    grown = private_bytes_of_workers(large, tmp_path / "large") - before
    assert large.data.nbytes == large.indices.nbytes == 100_000_000
    assert grown < large.data.nbytes / 1.5  # a copy of one of the arrays would be all of it


def test_units_of_a_search_are_the_same_on_workers(ray, corpus, tmp_path):
    settings = {"grid": {"n_estimators": [2, 4]}, "documents": 60, "folds": 3, "folds_per_task": 2}
    here = search_hyperparameters(corpus, tmp_path / "here", "inprocess", **settings)
    there = search_hyperparameters(corpus, tmp_path / "there", "ray", **settings)
    assert there.n_failed == 0
    assert there.results().drop("seconds").equals(here.results().drop("seconds"))
