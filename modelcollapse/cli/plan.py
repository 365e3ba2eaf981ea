"""``plan``: what a sweep would take on clusters that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.options import Given, expanded
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, sweep_from_options
from modelcollapse.simulation.sweep_fields import SweepFields

if TYPE_CHECKING:
    from modelcollapse.planning.clusters import Cluster
    from modelcollapse.planning.forecast import Forecast

#: As cluster.yaml has them: cores of a node, and memory for each.
CORES_PER_NODE, GB_PER_CORE = 32, 4.0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(plan)


@expanded
def plan(
    experiment: Experiment,
    *,
    cores: Annotated[str, typer.Option(help="Numbers of cores to plan for.")] = "8,64,512,4096",
    nodes: Annotated[str, typer.Option(help="Nodes that each number of cores is on.  [one for 32 cores]")] = "",
    node_memory: Annotated[float | None, typer.Option(min=1, help="Of a node, in GB.  [4 for each core]")] = None,
    price: Annotated[float, typer.Option(min=0, help="Of a core for an hour.")] = 0.05,
    corpus: CorpusName = None,
    given: Annotated[Given, SweepFields],
    scale: Scale = None,
) -> None:
    """Foresee a sweep on clusters: time, idle cores, memory, cost, and what limits it. Nothing is run.

    Sizes beyond the corpus are planned for as if it had more documents of the same kind.
    """
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.plan import check_ngrams, plan_from_nothing
    from modelcollapse.execution.ray.memory import CorpusSize
    from modelcollapse.planning.estimate import CalibrationCache
    from modelcollapse.planning.forecast import forecast

    clusters = _clusters(cores, nodes, node_memory)
    sweep, about_corpus = sweep_from_options(experiment, given, corpus, {}, scale)
    about_corpus = {"name_or_path": "movies", **about_corpus}
    documents = load_corpus(**about_corpus)
    check_ngrams(sweep, documents)
    tasks = [chain.task for chain in plan_from_nothing(sweep, documents.fingerprint).to_run]
    known = CalibrationCache()
    kinds = {(task.spec.model, task.spec.terms) for task in tasks}
    laws = {kind: known.load_or_measure(documents, *kind) for kind in kinds}
    n_documents = max(documents.n_documents, sweep.documents_needed)
    size = CorpusSize.of(documents, n_documents)
    forecasts = [
        forecast(tasks, lambda spec: laws[spec.model, spec.terms].generations(spec), cluster, size)
        for cluster in clusters
    ]
    _print(forecasts, price)
    typer.echo(
        f"{len(tasks):,} chains on {n_documents:,} documents, {size.n_bytes / 1e9:.2g} GB of counts; cores like this "
        f"machine's, costs measured on '{documents.name}' ({documents.n_documents:,} documents)."
    )


def _clusters(cores: str, nodes: str, node_memory: float | None) -> list[Cluster]:
    from modelcollapse.cli.experiments import counts
    from modelcollapse.errors import SpecError
    from modelcollapse.planning.clusters import Cluster

    n_cores = counts("cores", cores)
    n_nodes = counts("nodes", nodes) if nodes else tuple(-(-n // CORES_PER_NODE) for n in n_cores)
    if len(n_cores) != len(n_nodes) or any(n > c for c, n in zip(n_cores, n_nodes, strict=True)):
        raise SpecError(f"nodes: found {nodes} for {cores} cores, expected as many numbers, none above its cores.")
    return [
        Cluster(c, n, int(1e9 * (node_memory or GB_PER_CORE * c / n))) for c, n in zip(n_cores, n_nodes, strict=True)
    ]


def _print(forecasts: list[Forecast], price: float) -> None:
    from modelcollapse.cli.tables import print_table
    from modelcollapse.execution.progress import duration

    titles = ("cores", "nodes", "time", "idle", "limit", "driver busy", "sent a node", "memory a node", "core-hours",
              f"cost at {price:g}")  # fmt: skip
    rows = [
        (
            f"{found.cluster.n_cores:,}",
            found.cluster.n_nodes,
            duration(found.makespan),
            f"{found.idle_share:.0%}",
            found.limit,
            f"{found.bounds['driver'] / found.makespan:.0%}",
            f"{found.sent_per_node / 1e9:.2f} GB",
            f"{found.memory_per_node / 1e9:.1f} of {found.cluster.node_bytes / 1e9:.0f} GB",
            f"{found.core_hours:,.1f}",
            f"{found.core_hours * price:,.2f}",
        )
        for found in forecasts
    ]
    print_table(titles, rows)
