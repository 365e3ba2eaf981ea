"""The experiments that have names: what they are, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.errors import SpecError
from modelcollapse.planning.estimate import (
    CostLaw,
    grid_seconds,
    law_by_chain,
    load_law,
    makespan,
    measure_law,
    search_seconds,
)
from modelcollapse.runs.foreseeing import check_counts
from modelcollapse.searches.generational import SearchSettings
from modelcollapse.searches.hyperparameters import GridSettings
from modelcollapse.simulation.spec import ChainSpec
from modelcollapse.sweeps.experiments import load_experiments
from modelcollapse.sweeps.meaning import find_sweep
from modelcollapse.sweeps.sweep import Sweep

#: What `experiments` says of each.
_COLUMNS = ("domain", "experiment", "chains", "generations", "documents", "what")


def experiment(name: str | Path, scale: float | None = None, **changes: Any) -> Sweep:
    """Return an experiment, or what a spec file says, as a sweep.

    Parameters
    ----------
    name : str or Path
        See `experiments`; or a spec file (TOML). What a file says of its corpus is left to `load_corpus`.
    scale : float, optional
        Multiplies its sizes, increment and test set: 0.1 makes a tenth.
    **changes
        Fields of a `Sweep`, taken as they are. They replace the experiment's, and those that they are said instead of:
        ``increment`` replaces ``sizes``.

    Returns
    -------
    Sweep

    Raises
    ------
    SpecError
        If there is no such experiment, or a field is not valid.

    Examples
    --------
    >>> experiment("low-rates", scale=0.1, seeds=2).final_size
    1000
    """
    return find_sweep(name, changes, {}, scale).sweep


def experiments(corpus: AnyCorpus | None = None, cores: Sequence[int] = (1,), *, measure: bool = False) -> pl.DataFrame:
    """List the experiments, and what they take on a corpus.

    The study's searches are no sweeps; they are listed as of the domain "search", with combinations or variants for
    chains, and trainings for generations.

    Parameters
    ----------
    corpus : Corpus or DenseCorpus, optional
        That times are for.
    cores : sequence of int
        Numbers of cores like this machine's, with nothing else to do, that times are for.
    measure : bool
        Whether to measure (some seconds for each model) what trainings cost here, and keep it; else only what was kept
        before is known.

    Returns
    -------
    DataFrame
        ``domain, experiment, chains, generations, documents`` (that a corpus must have; null where slots are none) and
        ``what`` it is, one row each; and with a corpus, for each number of cores, seconds by its name (null where
        costs are not known).

    Raises
    ------
    SpecError
        If a number of cores is none.
    CorpusError
        If the corpus is too small to measure anything.

    Examples
    --------
    >>> experiments().filter(experiment="low-rates").select("chains", "generations", "documents").row(0)
    (55, 5005, 30000)
    """
    check_counts("cores", cores)
    law_of = _laws(corpus, measure)
    rows = []
    for name, fields in load_experiments().items():
        sweep = experiment(name)
        chains = list(sweep.chains())
        generations = sum(len(chain.sizes()) for chain in chains)
        needed, stages = sweep.documents_needed or None, _stages(sweep, corpus, law_of)
        rows.append((sweep.domain, name, len(chains), generations, needed, fields["description"], stages))
    study = experiment("baseline")
    # the searches grow the study's forest, which takes words in two classes
    rows += _searches(law_of(next(study.chains())) if study.on(corpus).model == study.model else None)
    table = pl.DataFrame([row[:-1] for row in rows], _COLUMNS, orient="row")
    if corpus is None:
        return table
    seconds = {
        str(n): [None if stages is None else sum(makespan(stage, n) for stage in stages) for *_, stages in rows]
        for n in cores
    }
    return table.with_columns(pl.Series(n, values, pl.Float64) for n, values in seconds.items())


def _laws(corpus: AnyCorpus | None, measure: bool) -> Callable[[ChainSpec], CostLaw | None]:
    """Return what gives the cost law of a chain: measured now, or known from before."""
    return (lambda chain: None) if corpus is None else law_by_chain(measure_law if measure else load_law, corpus)


def _stages(
    sweep: Sweep, corpus: AnyCorpus | None, law_of: Callable[[ChainSpec], CostLaw | None]
) -> list[list[float]] | None:
    """Return the seconds of a sweep's chains on a corpus, as one stage; None where they are not known."""
    if corpus is None or sweep.domain != "classification":
        return None
    try:
        chains = list(sweep.on(corpus).chains())
    except SpecError:  # a rule of two classes, on a corpus of more
        return None
    seconds = [law.chain_seconds(chain) for chain in chains if (law := law_of(chain)) is not None]
    return [seconds] if len(seconds) == len(chains) else None


def _searches(law: CostLaw | None) -> list[tuple[Any, ...]]:
    """Return the rows of the two searches, with the seconds of the units of each of their stages."""
    grid, search = GridSettings.of("hyperparameters"), SearchSettings.of("generational")
    n_combinations, born = len(grid.models()), search.parents * search.children
    trained = search.variants + search.max_generations * (born + search.parents)
    return [
        (
            "search",
            "hyperparameters",
            n_combinations,
            n_combinations * grid.folds,
            grid.documents,
            "Cross-validation of a grid of forest parameters (a command; combinations, trainings)",
            law and [grid_seconds(grid, law)],
        ),
        (
            "search",
            "generational",
            search.variants + search.max_generations * born,
            trained * search.seeds,
            search.train_size + search.test_size,
            "Evolutionary search, children learning from their parents (a command; variants, trainings, at most)",
            law and search_seconds(search, law),
        ),
    ]
