"""What a sweep is, and what it would take, before anything runs."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import SpecError
from modelcollapse.execution.executors import ExecutorName, RayOptions, check_ray
from modelcollapse.execution.plan import chain_tasks, check_ngrams, make_plan, plan_from_nothing
from modelcollapse.execution.ray.scheduling import CorpusSize
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.models import check_same_objects, resolve
from modelcollapse.runs.run_spec import check_same_corpus, default_folder
from modelcollapse.simulation.rows import axes_of
from modelcollapse.sweeps.sweep import Sweep

if TYPE_CHECKING:
    from modelcollapse.planning.forecast import Cluster

#: As cluster.yaml has them: cores of a node, and memory for each.
CORES_PER_NODE, GB_PER_CORE = 32, 4.0

#: Cores or nodes beyond this are a slip of the pen.
MOST_CORES = 1_000_000

#: Axes of a chain that `dry_run` lists.
_LISTED_AXES = ("seed", "collapse_rate", "model", "model_params", "regime", "label_rule", "initial_size")


def dry_run(
    sweep: Sweep, corpus: AnyCorpus | None = None, out: str | Path | None = None, retry_failed: bool = False
) -> pl.DataFrame:
    """List the chains of a sweep, and what its folder has of each. Nothing is run or written.

    Parameters
    ----------
    sweep : Sweep
        What would be simulated.
    corpus : Corpus or DenseCorpus, optional
        On which documents; a domain may do without.
    out : str or Path, optional
        The run's folder; ``runs/<experiment>`` by default.
    retry_failed : bool
        Whether chains that failed before would be run again.

    Returns
    -------
    DataFrame
        One row per chain: ``chain_id``, its axes, ``initial_size`` and ``final_size``, generations ``done`` and
        ``asked`` for, and its ``state``: "finished", "begun", "to run", or "failed" and left out.

    Raises
    ------
    SpecError
        If the corpus is too small for the sweep.
    RunFolderError
        If the folder holds a run on another corpus.

    Examples
    --------
    >>> dry_run(sweep, corpus, "runs/first")["state"].unique().to_list()
    ['finished']
    """
    sweep = sweep.on(corpus)
    folder = RunFolder(default_folder(sweep) if out is None else out)
    data = find_domain(sweep.domain).data(corpus, sweep)
    known = folder.spec.read()
    check_same_corpus(known, sweep.domain, data, folder)
    check_same_objects([] if known is None else known.models, resolve(sweep), folder)
    rows = []
    for chain in make_plan(sweep, data, folder, retry_failed).chains:
        axes = axes_of(chain.task.spec)
        rows.append(
            {
                "chain_id": chain.task.id,
                **{name: axes[name] for name in _LISTED_AXES},
                "final_size": chain.task.spec.final_size,
                "done": chain.n_done,
                "asked": chain.n_generations,
                "state": chain.state,
            }
        )
    return pl.DataFrame(rows)


def estimate(sweep: Sweep, corpus: AnyCorpus, cores: Sequence[int] | None = None) -> dict[int, float]:
    """Estimate how long a sweep takes here; what its trainings cost is measured once (some seconds), and kept.

    Parameters
    ----------
    sweep : Sweep
        What would be simulated.
    corpus : Corpus or DenseCorpus
        Of at least 512 documents; the sweep's sizes may be larger.
    cores : sequence of int, optional
        Numbers of cores like this machine's, with nothing else to do; all of this machine's by default.

    Returns
    -------
    dict of int to float
        Seconds, by number of cores.

    Raises
    ------
    CorpusError
        If the corpus is too small to measure anything.

    Examples
    --------
    >>> list(estimate(sweep, corpus, cores=[1, 8]))
    [1, 8]
    """
    from modelcollapse.planning.estimate import find_law, law_by_chain, makespan

    sweep = sweep.on(corpus)
    check_domain(sweep)
    numbers = cores or (os.cpu_count() or 1,)
    check_counts("cores", numbers)
    chains = [task.spec for task in chain_tasks(sweep, corpus.fingerprint)]
    law_of = law_by_chain(find_law, corpus)
    seconds = [law_of(chain).chain_seconds(chain) for chain in chains]
    return {n: makespan(seconds, n) for n in numbers}


def plan(
    sweep: Sweep,
    corpus: AnyCorpus,
    cores: Sequence[int] = (8, 64, 512, 4096),
    nodes: Sequence[int] | None = None,
    node_memory: float | None = None,
    price: float = 0.05,
) -> pl.DataFrame:
    """Foresee a sweep on clusters. Nothing is run, but for what measures the cost of trainings here (some seconds).

    Sizes beyond the corpus are planned for as if it had more documents of the same kind.

    Parameters
    ----------
    sweep : Sweep
        What would be simulated.
    corpus : Corpus or DenseCorpus
        Of at least 512 documents.
    cores : sequence of int
        Numbers of cores, each a cluster.
    nodes : sequence of int, optional
        Nodes that each number of cores is on; one for 32 cores by default.
    node_memory : float, optional
        Of a node, in GB; 4 for each core by default.
    price : float
        Of a core for an hour.

    Returns
    -------
    DataFrame
        One row per cluster: ``cores, nodes, seconds``; the ``idle`` share of core-seconds; the part that is its
        ``limit``; the share of time in which the driver is busy (``driver``); bytes ``sent`` to a node, and its memory
        (``used`` of ``node_bytes``); ``core_hours`` and ``cost``; and ``chains``, ``documents`` and ``corpus_bytes`` of
        the sweep, the same for all.

    Raises
    ------
    SpecError
        If numbers of cores and nodes do not fit, or the corpus has no n-grams of the order that the sweep needs.
    CorpusError
        If the corpus is too small to measure anything.

    Examples
    --------
    >>> plan(sweep, corpus, cores=[8, 64]).select("cores", "nodes", "chains").rows()
    [(8, 1, 6), (64, 2, 6)]
    """
    from modelcollapse.planning.estimate import find_law, law_by_chain
    from modelcollapse.planning.forecast import forecast

    sweep = sweep.on(corpus)
    check_domain(sweep)
    clusters = find_clusters(cores, nodes, node_memory)
    if not 0 <= price < math.inf:
        raise SpecError(f"price: found {price}, expected a finite number from 0 up.")
    check_ngrams(sweep, corpus)
    tasks = [chain.task for chain in plan_from_nothing(sweep, corpus.fingerprint).to_run]
    law_of = law_by_chain(find_law, corpus)
    n_documents = max(corpus.n_documents, sweep.documents_needed)
    size = CorpusSize.of(corpus, n_documents)
    rows = []
    for cluster in clusters:
        found = forecast(tasks, lambda spec: law_of(spec).generations(spec), cluster, size)
        rows.append(
            {
                "cores": cluster.n_cores,
                "nodes": cluster.n_nodes,
                "seconds": found.makespan,
                "idle": found.idle_share,
                "limit": found.limit,
                "driver": found.bounds["driver"] / found.makespan,
                "sent": float(found.sent_per_node),
                "used": float(found.memory_per_node),
                "node_bytes": cluster.node_bytes,
                "core_hours": found.core_hours,
                "cost": found.core_hours * price,
                "chains": len(tasks),
                "documents": n_documents,
                "corpus_bytes": size.n_bytes,
            }
        )
    return pl.DataFrame(rows)


def check_domain(sweep: Sweep) -> None:
    """Raise SpecError for chains whose costs are not measured: they train no learner on a corpus."""
    if sweep.domain not in ("classification", "multiclass"):
        raise SpecError(
            f"'{sweep.experiment}' is of the domain '{sweep.domain}', whose time is not foreseen: expected a sweep of "
            "classification."
        )


def idle_options(sweep: Sweep, executor: ExecutorName, ray: RayOptions) -> list[str]:
    """Return, in words, which options for Ray do nothing for a sweep; raise SpecError where more was meant."""
    from modelcollapse.execution.ray.sharded_training import can_be_sharded

    idle = check_ray(executor, ray)
    names = " or ".join(sweep.model)
    if ray.get("gpus") and not any(":" in name for name in sweep.model):
        idle.append(f"gpus keeps GPUs from others, and {names} uses none.")
    has_trees = sweep.domain == "classification" and any(can_be_sharded(model) for model in sweep.models())
    if ray.get("shards") is not None and executor != "inprocess" and not has_trees:
        idle.append(f"shards does nothing: {names} has no trees that tasks could share.")
    return idle


def check_counts(name: str, numbers: Sequence[int]) -> None:
    """Raise SpecError for numbers of cores or nodes that are none."""
    if not numbers or any(n not in range(1, MOST_CORES + 1) for n in numbers):
        found = ",".join(map(str, numbers))
        raise SpecError(f"{name}: found {found or 'none'}, expected whole numbers from 1 to {MOST_CORES:,}.")


def find_clusters(cores: Sequence[int], nodes: Sequence[int] | None, node_memory: float | None) -> list[Cluster]:
    """Return the clusters that `plan` is asked for; raise SpecError if numbers of cores and nodes do not fit."""
    from modelcollapse.planning.forecast import Cluster

    check_counts("cores", cores)
    n_nodes = nodes or [-(-n // CORES_PER_NODE) for n in cores]
    if node_memory is not None and not 0 < node_memory < math.inf:
        raise SpecError(f"node_memory: found {node_memory}, expected a finite number above 0.")
    if len(cores) != len(n_nodes) or any(n > c for c, n in zip(cores, n_nodes, strict=True)):
        named = (",".join(map(str, numbers)) for numbers in (n_nodes, cores))
        raise SpecError("nodes: found {} for {} cores, expected as many numbers, none above its cores.".format(*named))
    return [Cluster(c, n, int(1e9 * (node_memory or GB_PER_CORE * c / n))) for c, n in zip(cores, n_nodes, strict=True)]
