"""``experiments`` and ``plan``: what experiments take here, and a sweep on clusters that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.options import Given, expanded
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, sweep_from_options
from modelcollapse.simulation.sweep_fields import SweepFields

if TYPE_CHECKING:
    from modelcollapse.planning.estimate import CostLaw
    from modelcollapse.simulation.spec import ChainSpec


def experiments(
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Measure this machine (some 10 s) and keep that for the next time.")
    ] = False,
    corpus: Annotated[str, typer.Option(help="The corpus that times are for.")] = "movies",
    cores: Annotated[str, typer.Option(help="Numbers of cores to give times for.  [this machine's, 8, 64]")] = "",
) -> None:
    """List the experiments: chains, generations, documents needed, and – once measured – the time they take."""
    import os

    import modelcollapse
    from modelcollapse.cli.tables import print_table
    from modelcollapse.execution.progress import duration
    from modelcollapse.planning.estimate import makespan

    numbers = counts("cores", cores) if cores else tuple(dict.fromkeys((os.cpu_count() or 1, 8, 64)))
    law_of = _laws(corpus, estimate)
    rows = []
    for name, n_chains, n_generations, n_documents, what in modelcollapse.experiments().iter_rows():
        seconds = [
            law.chain_seconds(chain) for chain in modelcollapse.experiment(name).chains() if (law := law_of(chain))
        ]
        times = [duration(makespan(seconds, n)) if len(seconds) == n_chains else "–" for n in numbers]
        rows.append((name, n_chains, f"{n_generations:,}", f"{n_documents:,}", *times, what))
    rows += _searches(law_of, numbers)
    columns = [f"{n} core{'s' if n > 1 else ''}" for n in numbers]
    print_table(("experiment", "chains", "generations", "documents", *columns, "what"), rows)
    if any("–" in row for row in rows):
        typer.echo(f"Times on '{corpus}' are not known yet: modelcollapse experiments --estimate --corpus {corpus}")
    else:
        typer.echo(f"Times: estimated for '{corpus}', cores like this machine's, nothing else running.")


def _searches(law_of: Callable[[ChainSpec], CostLaw | None], numbers: tuple[int, ...]) -> list[tuple[object, ...]]:
    """Return the rows of the two searches: variants for chains, trainings for generations."""
    from modelcollapse.execution.progress import duration
    from modelcollapse.planning.estimate import grid_seconds, makespan, search_seconds
    from modelcollapse.searches.generational import SearchSettings
    from modelcollapse.searches.hyperparameters import GridSettings
    from modelcollapse.simulation.experiments import experiment_values
    from modelcollapse.simulation.sweep import Sweep

    grid, search = GridSettings.of("hyperparameters"), SearchSettings.of("generational")
    study = next(Sweep(**experiment_values("baseline")).chains())  # any chain with the study's forest
    law = law_of(study)
    works = [] if law is None else [[grid_seconds(grid, law)], search_seconds(search, law)]
    times = [[duration(sum(makespan(part, n) for part in work)) for n in numbers] for work in works]
    times = times or [["–"] * len(numbers)] * 2
    n_combinations, born = len(grid.models()), search.parents * search.children
    trained = search.variants + search.max_generations * (born + search.parents)
    return [
        (
            "hyperparameters",
            f"{n_combinations:,}",
            f"{n_combinations * grid.folds:,}",
            f"{grid.documents:,}",
            *times[0],
            "Cross-validation of a grid of forest parameters (a command; combinations, trainings)",
        ),
        (
            "generational",
            f"{search.variants + search.max_generations * born:,}",
            f"{trained * search.seeds:,}",
            f"{search.train_size + search.test_size:,}",
            *times[1],
            "Evolutionary search, children learning from their parents (a command; variants, trainings, at most)",
        ),
    ]


def counts(option: str, given: str) -> tuple[int, ...]:
    """Read the numbers of cores or nodes that an option lists."""
    from modelcollapse.errors import SpecError
    from modelcollapse.simulation.parsing import parse_integers

    try:
        numbers = parse_integers(given)
        if not 1 <= min(numbers) <= max(numbers) <= 1_000_000:
            raise ValueError(f"found {given}, expected whole numbers from 1 to 1,000,000")
    except ValueError as error:
        raise SpecError(f"{option}: {error}.") from None
    return numbers


def _laws(corpus: str, measure: bool) -> Callable[[ChainSpec], CostLaw | None]:
    """Return what gives the cost law of a chain: measured now, or known from before."""
    from modelcollapse.corpora import load_corpus, load_if_cached
    from modelcollapse.planning.estimate import CalibrationCache, law_by_chain

    documents, laws = (load_corpus if measure else load_if_cached)(corpus), CalibrationCache()
    if documents is None:
        return lambda chain: None
    return law_by_chain(laws.measure if measure else laws.load, documents)


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
    from modelcollapse.runs.foreseeing import find_clusters

    clusters = (counts("cores", cores), counts("nodes", nodes) if nodes else None, node_memory)
    find_clusters(*clusters)  # before a corpus is loaded
    sweep, about_corpus = sweep_from_options(experiment, given, corpus, {}, scale)
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
