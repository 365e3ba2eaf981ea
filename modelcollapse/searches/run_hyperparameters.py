"""The grid of forest parameters, run in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.execution.executors import Executor, ExecutorName, find_executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.searches.hyperparameters import FoldGroup, GridSettings, study_model
from modelcollapse.searches.units import begin_search, run_units, stored_results
from modelcollapse.simulation.spec import Model


def run_grid(
    settings: GridSettings,
    corpus: Corpus,
    out: str | Path,
    executor: ExecutorName | Executor = "ray",
    progress: Progress = silent,
) -> tuple[pl.DataFrame, int]:
    """Run what a folder does not have yet of a grid search, and write ``results.csv``.

    Returns
    -------
    DataFrame, int
        One row for every combination of parameters and fold: the parameters as text, ``is_study``, ``fold``,
        ``accuracy``, ``seconds``; earlier grids in the folder included. And the number of units that failed.
    """
    settings.check_corpus(corpus)
    folder = RunFolder(out)
    with folder.locked(PATHS.search), run_log(folder):
        searches = begin_search("hyperparameters", settings, corpus, folder, may_differ=("grid", "folds_per_task"))
        units = list(settings.units())
        results = run_units(units, corpus, folder, find_executor(executor), partial(progress, "combinations and folds"))
        earlier = [unit for asked in searches[:-1] for unit in GridSettings.of("hyperparameters", **asked).units()]
        stored = stored_results(earlier, corpus, folder)
        frame = _table([*units, *earlier], [*results, *stored])
        folder.write(PATHS.results, frame.write_csv().encode())
    return frame, sum(result is None for result in results)


def _table(units: Sequence[FoldGroup], results: Sequence[Mapping[str, Any] | None]) -> pl.DataFrame:
    rows: dict[tuple[Model, int], dict[str, Any]] = {}
    for unit, result in zip(units, results, strict=True):
        if result is None:
            continue
        names = {name: str(value) for name, value in unit.model.params}
        for fold, accuracy, seconds in zip(result["fold"], result["accuracy"], result["seconds"], strict=True):
            row = {**names, "is_study": unit.model == study_model(), "fold": fold}
            rows.setdefault((unit.model, fold), {**row, "accuracy": accuracy, "seconds": seconds})
    return pl.DataFrame(list(rows.values()))
