"""``plan``: what a sweep would take on clusters that are not there."""

from __future__ import annotations

from typing import Annotated

import typer

from modelcollapse.cli.options import Given, expanded
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, sweep_from_options
from modelcollapse.sweeps.sweep_fields import SweepFields


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
    from modelcollapse import runs
    from modelcollapse.cli.experiments import counts
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.progress import duration
    from modelcollapse.runs.foreseeing import check_domain, find_clusters

    clusters = (counts("cores", cores), counts("nodes", nodes) if nodes else None, node_memory)
    find_clusters(*clusters)  # before a corpus is loaded
    sweep, about_corpus = sweep_from_options(experiment, given, corpus, {}, scale)
    check_domain(sweep)
    documents = load_corpus(**about_corpus)
    table = runs.plan(sweep, documents, *clusters, price)
    titles = ("cores", "nodes", "time", "idle", "limit", "driver busy", "sent a node", "memory a node", "core-hours",
              f"cost at {price:g}")  # fmt: skip
    rows = [
        (
            f"{row['cores']:,}",
            row["nodes"],
            duration(row["seconds"]),
            f"{row['idle']:.0%}",
            row["limit"],
            f"{row['driver']:.0%}",
            f"{row['sent'] / 1e9:.2f} GB",
            f"{row['used'] / 1e9:.1f} of {row['node_bytes'] / 1e9:.0f} GB",
            f"{row['core_hours']:,.1f}",
            f"{row['cost']:,.2f}",
        )
        for row in table.iter_rows(named=True)
    ]
    print_table(titles, rows)
    first = table.row(0, named=True)
    measured = f"'{documents.name}' ({documents.n_documents:,} documents)"
    typer.echo(
        f"{first['chains']:,} chains on {first['documents']:,} documents, {first['corpus_bytes'] / 1e9:.2g} GB of "
        f"counts; cores like this machine's, costs measured on {measured}."
    )
