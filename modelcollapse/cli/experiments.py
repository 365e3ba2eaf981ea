"""``experiments`` and ``plan``: what experiments take here, and a sweep on clusters that are not there."""

from __future__ import annotations

from typing import Annotated

import typer

from modelcollapse.cli.options import Given, expanded
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, typed_sweep
from modelcollapse.sweeps.sweep_fields import SweepFields


def experiments(
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Measure this machine (some 10 s) and keep that for the next time.")
    ] = False,
    corpus: Annotated[str, typer.Option(help="The corpus that times are for.")] = "movies",
    cores: Annotated[str, typer.Option(help="Numbers of cores to give times for.  [this machine's, 8, 64]")] = "",
) -> None:
    """List the experiments: chains, generations, documents needed, and – once measured – the time they take."""
    import os

    import polars as pl

    import modelcollapse
    from modelcollapse.cli.tables import print_frame
    from modelcollapse.corpora import load_corpus, load_if_cached
    from modelcollapse.execution.progress import duration
    from modelcollapse.sweeps.experiments import SETS

    numbers = counts("cores", cores) if cores else tuple(dict.fromkeys((os.cpu_count() or 1, 8, 64)))
    documents = (load_corpus if estimate else load_if_cached)(corpus)
    known = modelcollapse.experiments(documents, numbers, measure=estimate)
    times = [str(n) for n in numbers if documents is not None]
    of_labels = pl.col("domain").is_in(["classification", "search"])
    shown = known.filter(of_labels).select("experiment", "chains", "generations", "documents", *times, "what")
    in_words = [pl.col(name).map_elements(duration, return_dtype=pl.String) for name in times]
    print_frame(shown.with_columns(in_words), **{n: f"{n} core{'s' if n != '1' else ''}" for n in times})
    for (domain,), others in known.filter(~of_labels).group_by("domain", maintain_order=True):
        typer.echo(f"\nDomain {domain}:")
        print_frame(others.select("experiment", "chains", "generations", "what"))
    for name, steps in SETS.items():
        typer.echo(f"{name}: {', '.join(steps)}, in one folder.")
    typer.echo()
    if not estimate and (not times or shown[times].null_count().sum_horizontal()[0]):
        typer.echo(f"Times on '{corpus}' are not known yet: modelcollapse experiments --estimate --corpus {corpus}")
    else:
        typer.echo(f"Times: estimated for '{corpus}', cores like this machine's, nothing else running.")


def counts(option: str, given: str) -> tuple[int, ...]:
    """Read the numbers of cores or nodes that an option lists."""
    from modelcollapse.errors import SpecError
    from modelcollapse.runs.foreseeing import check_counts
    from modelcollapse.sweeps.parsing import parse_integers

    try:
        numbers = parse_integers(given)
    except ValueError as error:
        raise SpecError(f"{option}: {error}.") from None
    check_counts(option, numbers)
    return numbers


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
    import modelcollapse
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.progress import duration
    from modelcollapse.runs.foreseeing import check_domain, find_clusters

    clusters = (counts("cores", cores), counts("nodes", nodes) if nodes else None, node_memory)
    find_clusters(*clusters)  # before a corpus is loaded
    sweep, about_corpus = typed_sweep(experiment, given, corpus, {}, scale)
    check_domain(sweep)
    documents = load_corpus(**about_corpus)
    table = modelcollapse.plan(sweep, documents, *clusters, price)
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
