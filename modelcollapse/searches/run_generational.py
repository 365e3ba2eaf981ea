"""The evolutionary search, run in a folder: generation after generation, until one brings nothing better."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.execution.executors import Executor, ExecutorName, find_executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.searches.generational import (
    Genome,
    SearchSettings,
    Variant,
    best_of,
    broods,
    founders,
    offspring,
)
from modelcollapse.searches.units import begin_search, run_units, stored_results

_log = logging.getLogger(__name__)


def run_search(
    settings: SearchSettings,
    corpus: Corpus,
    out: str | Path,
    executor: ExecutorName | Executor = "ray",
    progress: Progress = silent,
) -> tuple[pl.DataFrame, int]:
    """Run what a folder does not have yet of an evolutionary search, and write ``results.csv``.

    The search ends when no child is among the best any more, after ``max_generations``, or when units failed: the same
    call then tries those again.

    Returns
    -------
    DataFrame, int
        One row for every variant: ``generation, number, parent_generation, parent_number, score`` (mean accuracy over
        seeds), ``sd, collapse_rate`` (of its labels; 0 in generation 0), ``inherited_rate`` (what it hands down),
        ``wrong_labels``, its parameters, and ``is_best`` (among the best in the end); and how many units failed.
    """
    settings.check_corpus(corpus)
    folder, workers = RunFolder(out), find_executor(executor)
    everybody: list[Variant] = []
    best: list[Variant] = []
    n_failed = 0
    with folder.locked(PATHS.search), run_log(folder):
        searches = begin_search("generational", settings, corpus, folder, may_differ=("max_generations",))
        last = max(asked["max_generations"] for asked in searches)
        for generation in range(last + 1):
            groups = offspring(settings, best, generation) if generation else founders(settings)
            parents = best if generation else [None] * len(groups)
            units = broods(settings, generation, groups, parents)
            if generation > settings.max_generations and None in stored_results(units, corpus, folder):
                break  # an earlier search was asked for more, but did not come so far
            results = run_units(units, corpus, folder, workers, partial(progress, f"broods of generation {generation}"))
            n_failed = sum(result is None for result in results)
            if n_failed:
                break
            born = _born(settings, generation, groups, parents, results)  # type: ignore[arg-type]
            everybody += born
            best = best_of([*best, *born], settings.parents)
            folder.write(PATHS.results, _table(everybody, best).write_csv().encode())
            _log.info("generation %d: best %.5f", generation, best[0].score)
            if not any(variant.generation == generation for variant in best):
                break
    return _table(everybody, best), n_failed


def _born(
    settings: SearchSettings,
    generation: int,
    groups: Sequence[Sequence[Genome]],
    parents: Sequence[Variant | None],
    results: Sequence[dict[str, list[object]]],
) -> list[Variant]:
    """Gather the variants of a generation from its units: seeds innermost, as they were given out."""
    born: list[Variant] = []
    for i, (genomes, parent) in enumerate(zip(groups, parents, strict=True)):
        by_seed = results[i * settings.seeds : (i + 1) * settings.seeds]
        for j, genome in enumerate(genomes):
            labels, accuracies, wrong = (
                tuple(result[key][j] for result in by_seed) for key in ("labels", "accuracy", "wrong_labels")
            )
            name = None if parent is None else (parent.generation, parent.number)
            born.append(Variant(generation, len(born), genome, name, labels, accuracies, wrong))  # type: ignore[arg-type]
    return born


def _table(everybody: Sequence[Variant], best: Sequence[Variant]) -> pl.DataFrame:
    rows = []
    for variant in everybody:
        genome = asdict(variant.genome)
        rows.append(
            {
                "generation": variant.generation,
                "number": variant.number,
                "parent_generation": variant.parent and variant.parent[0],
                "parent_number": variant.parent and variant.parent[1],
                "score": variant.score,
                "sd": pl.Series(variant.accuracies).std(),
                "collapse_rate": variant.collapse_rate,
                "inherited_rate": genome.pop("collapse_rate"),
                "wrong_labels": sum(variant.wrong_labels) / len(variant.wrong_labels),
                **genome,
                "is_best": variant in best,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)
